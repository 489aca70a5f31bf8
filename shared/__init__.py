"""What every service may use and no service owns: plan language, events, store, broker, HTTP edge, telemetry."""

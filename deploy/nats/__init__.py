"""How the broker is configured, per server version and profile."""

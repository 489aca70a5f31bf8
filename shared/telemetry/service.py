"""The telemetry of one service in one value, as the composition root makes it and hands it on."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.clock import Clock
from shared.settings import ServiceSettings
from shared.telemetry.health import Health
from shared.telemetry.logs import configure_logs
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Traces, metrics and health of one service."""

    tracing: Tracing
    metrics: Metrics = field(default_factory=Metrics)
    health: Health = field(default_factory=Health)

    async def aclose(self) -> None:
        """Send the spans that are queued."""
        await self.tracing.aclose()


def start_telemetry(settings: ServiceSettings, *, service: str, clock: Clock, version: str = "") -> Telemetry:
    """Configure the process's logs and make the service's traces, metrics and (empty) health."""
    configure_logs(service=service, clock=clock, level=settings.log_level, format=settings.log_format)
    tracing = Tracing(
        service=service,
        version=version,
        otlp_endpoint=settings.otlp_endpoint,
        sample_ratio=settings.trace_sample_ratio,
    )
    return Telemetry(tracing)

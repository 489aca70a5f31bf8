"""What scoring can be told from outside."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Port, ServiceSettings


class Settings(ServiceSettings):
    """Settings of scoring."""

    port: Port = Field(default=8102, description="TCP port of the HTTP server; 0 takes a free one.")
    public_url: str = Field(default="http://127.0.0.1:8102", description="URL under which scoring is reached.")
    schedule_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between two looks at what has become due."
    )
    debounce_seconds: float = Field(
        default=0.2,
        ge=0,
        le=60,
        description="How long a changed input waits for others before recomputing, in seconds.",
    )
    pause_cost_factor: float = Field(
        default=10.0,
        ge=0,
        description="Pause between two recomputations of one evaluation, in multiples of their cost.",
    )
    pause_seconds_max: float = Field(default=2.0, ge=0, le=60, description="Longest such pause, in seconds.")
    lease_seconds: float = Field(
        default=15.0, gt=0, description="After a crash, how long until the recomputation is taken up again, in seconds."
    )

"""What intake can be told from outside."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Port, ServiceSettings


class Settings(ServiceSettings):
    """Settings of intake."""

    port: Port = Field(default=8101, description="TCP port of the HTTP server; 0 takes a free one.")
    public_url: str = Field(
        default="http://127.0.0.1:8101", description="URL under which unit systems reach intake; part of receipts."
    )
    schedule_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Seconds of real time between two passes of the schedule."
    )
    horizon_days: int = Field(
        default=400,
        ge=1,
        le=4000,
        description="Obligations are written ahead for periods that begin within so many days.",
    )
    due_soon_days: int = Field(
        default=7, ge=0, le=90, description="The clock of an obligation says DUE_SOON so many days before it is due."
    )

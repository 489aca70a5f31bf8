"""What intake can be told from outside."""

from __future__ import annotations

from pathlib import Path

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
    key_requests_per_minute: int = Field(
        default=3000, ge=1, description="Requests that one key of a unit system may make in a minute, per process."
    )
    key_requests_per_second: int = Field(
        default=200, ge=1, description="Requests that one key may make within one second, per process."
    )
    outbox_seconds_max: float = Field(
        default=900.0,
        gt=0,
        description="Unit systems get 429 for writes once an event has waited so many seconds for the broker.",
    )
    import_dir: Path | None = Field(
        default=None,
        description="Folder of files being imported; instances that share it take over each other's. "
        "Empty: a folder of the system's temporary files, where a restart of the machine loses what waits.",
    )
    import_bytes_max: int = Field(default=67_108_864, ge=1, description="Largest file to import, in bytes.")
    import_rows_max: int = Field(default=1_000_000, ge=1, description="Most rows of values in one imported file.")
    import_workers: int = Field(default=2, ge=1, le=16, description="Imports that one process carries out at once.")
    evidence_dir: Path | None = Field(
        default=None,
        description="Folder of evidence files. Empty: none are taken, and a value may name a file that nobody has.",
    )
    evidence_bytes_max: int = Field(default=10_485_760, ge=1, description="Largest evidence file, in bytes.")
    due_soon_days: int = Field(
        default=7, ge=0, le=90, description="The clock of an obligation says DUE_SOON so many days before it is due."
    )

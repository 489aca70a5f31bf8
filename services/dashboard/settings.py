"""What the dashboard can be told from outside."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Port, ServiceSettings


class Settings(ServiceSettings):
    """Settings of the dashboard."""

    port: Port = Field(default=8100, description="TCP port of the HTTP server; 0 takes a free one.")
    public_url: str = Field(default="http://127.0.0.1:8100", description="URL under which people reach the dashboard.")
    schedule_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between two looks at the watermark and the broker."
    )
    notify_url: str = Field(
        default="http://127.0.0.1:8103",
        description="Where the dashboard reaches notify's HTTP API, as seen from inside.",
    )
    notify_timeout_seconds: float = Field(
        default=5.0, gt=0, le=25, description="Longest wait for an answer of notify, in seconds."
    )
    digest_timeout_seconds: float = Field(
        default=20.0,
        gt=0,
        le=25,
        description="Longest wait for a digest that notify composes for a reader, in seconds.",
    )
    live_clients_max: int = Field(
        default=200, ge=1, le=10_000, description="Most browsers on the live channel of one instance."
    )
    live_stream_seconds_max: float = Field(
        default=3600.0, gt=0, description="Longest time of one live stream, in seconds; browsers then connect again."
    )
    session_seconds_max: int = Field(
        default=43_200, ge=60, description="How long a browser keeps the session cookie, in seconds."
    )

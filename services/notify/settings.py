"""What notify can be told from outside."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import Port, ServiceSettings


class NotifySettings(ServiceSettings):
    """Settings of notify, besides those that all services share."""

    port: Port = Field(default=8103, description="TCP port of the HTTP server; 0 takes a free one.")
    public_url: str = Field(default="http://127.0.0.1:8103", description="URL under which this service is reached.")
    dashboard_url: str = Field(default="http://127.0.0.1:8100", description="URL that links in messages lead to.")
    schedule_seconds: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Seconds between two looks at what is due."
    )
    smtp_host: str = Field(default="127.0.0.1", description="SMTP server that takes our mail.")
    smtp_port: Port = Field(default=8125, description="Port of the SMTP server; 587 where STARTTLS is used.")
    smtp_start_tls: bool = Field(default=False, description="Insist on STARTTLS with a valid certificate.")
    smtp_username: str | None = Field(default=None, description="SMTP account; none sends without signing in.")
    smtp_password: SecretStr | None = Field(default=None, description="Password of the SMTP account.")
    smtp_timeout_seconds: float = Field(
        default=15.0, gt=0, le=30, description="Longest wait for each answer of the SMTP server, in seconds."
    )
    mail_sender: str = Field(default="tiendo@tiendo.example", description="Address that messages come from.")
    mail_sender_name: str = Field(default="Tiến độ", description="Name shown beside the sender's address.")

    mail_at_once: int = Field(default=8, ge=1, le=64, description="Most messages that are being sent side by side.")
    instance: str = Field(
        default="",
        description="Name of this process among its like, the same after a restart; empty takes the host's name. "
        "A start takes up again what its earlier life was sending.",
    )

    @model_validator(mode="after")
    def _mail_is_private(self) -> Self:
        if self.smtp_username and self.smtp_password is None:
            raise ValueError("TIENDO_SMTP_USERNAME needs TIENDO_SMTP_PASSWORD")
        if self.smtp_username and not self.smtp_start_tls:
            raise ValueError("set TIENDO_SMTP_START_TLS: a password is not sent in the clear")
        return self

"""What notify can be told from outside."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notify.domain.contacts import is_address
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
    mail_sender: str = Field(default="tiendo@tiendo.example", description="Address that messages come from, in ASCII.")
    mail_sender_name: str = Field(default="Tiến độ", description="Name shown beside the sender's address.")

    smtp_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that sign the SMTP server's; none takes the system's."
    )
    bounce_address: str = Field(
        default="",
        description="Mailbox whose messages are posted to /v1/bounces, such as bounces@tiendo.example. Each message "
        "then returns to an address of its own within it (bounces+...@); empty sends from the sender's address.",
    )

    messages_per_day_max: int = Field(
        default=5,
        ge=1,
        le=500,
        description="Messages to one recipient on one day; reminders and alerts beyond it wait for the next morning.",
    )
    link_days: int = Field(
        default=60, ge=30, le=366, description="Days for which the links in a message (preferences, unsubscribe) hold."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0, gt=0, le=60, description="Longest attempt of one webhook, in seconds."
    )
    webhook_private_networks: str = Field(
        default="",
        description="Private networks (CIDR, separated by commas) that webhooks may call, by http too, such as "
        "127.0.0.0/8; empty allows public https only.",
    )
    chat_schemes: str = Field(
        default="tgram,msteams,workflows,slack,mmost,mmosts,rocket,rockets,gchat,zulip,matrix,matrixs",
        description="Chat services that recipients may have: URL schemes of Apprise, separated by commas.",
    )
    sms_schemes: str = Field(
        default="twilio,vonage,sinch,msg91,clickatell,plivo,messagebird,sns",
        description="SMS services that recipients may have: URL schemes of Apprise, separated by commas.",
    )
    chat_timeout_seconds: float = Field(
        default=20.0, gt=0, le=60, description="Longest attempt of one chat message or SMS, in seconds."
    )

    mail_at_once: int = Field(default=8, ge=1, le=64, description="Most messages that are being sent side by side.")
    instance: str = Field(
        default="",
        description="Name of this process among its like, the same after a restart; empty takes the host's name. "
        "A start takes up again what its earlier life was sending.",
    )

    @field_validator("webhook_private_networks")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        for part in filter(None, map(str.strip, given.split(","))):
            ip_network(part)
        return given

    @field_validator("mail_sender")
    @classmethod
    def _is_sender(cls, given: str) -> str:
        if not is_address(given):
            raise ValueError("one mail address in printable ASCII, such as tiendo@tiendo.example")
        return given

    @field_validator("bounce_address")
    @classmethod
    def _is_mailbox(cls, given: str) -> str:
        # The return address adds 46 characters to what stands before the @, of which mail systems take 64.
        local, at, domain = given.rpartition("@")
        if given and not (0 < len(local) <= 18 and at and domain):
            raise ValueError("an address with at most 18 characters before its @, or empty")
        return given

    @model_validator(mode="after")
    def _mail_is_private(self) -> Self:
        if self.smtp_username and self.smtp_password is None:
            raise ValueError("TIENDO_SMTP_USERNAME needs TIENDO_SMTP_PASSWORD")
        if self.smtp_username and not self.smtp_start_tls:
            raise ValueError("set TIENDO_SMTP_START_TLS: a password is not sent in the clear")
        return self

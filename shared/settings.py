"""What every service can be told from outside, and how a list of it is made for the documentation.

Values come from arguments, then the environment (`TIENDO_*`), then files named like the variables in the directory
that `TIENDO_SECRETS_DIR` names (mounted secrets). Each service subclasses `ServiceSettings` in its `settings.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticUndefined
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from shared.clock import Clock, FileClock, SystemClock

ENV_PREFIX = "TIENDO_"
SECRETS_DIR_VARIABLE = "TIENDO_SECRETS_DIR"
TOKEN_SECRET_CHARACTERS_MIN = 32

Port = Annotated[int, Field(ge=0, le=65_535)]


class ServiceSettings(BaseSettings):
    """Settings that all services share. Frozen; a subclass gives `port` its default and adds its own fields."""

    # An error message must not print what was given: it may be a secret.
    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    profile: Literal["local", "production"] = Field(
        default="local",
        description="local: one machine, on loopback. production: identities and real time are required.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the HTTP server listens on.")
    port: Port = Field(default=8000, description="TCP port of the HTTP server; 0 takes a free one.")
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="URL under which people and unit systems reach the service."
    )
    store_url: str = Field(
        description="Document store: sqlite:///absolute/path/file.sqlite3 (one per service) or mongodb://<hosts>/."
    )
    nats_url: str = Field(default="nats://127.0.0.1:4222", description="NATS servers, separated by commas.")
    nats_user: str | None = Field(default=None, description="NATS account of this service; required in production.")
    nats_password: SecretStr | None = Field(
        default=None, description="Password of the NATS account; required in production."
    )
    ack_wait_seconds: float = Field(
        default=30.0,
        ge=0.5,
        description="Seconds of silence after which the broker hands an event to another instance.",
    )
    token_secret: SecretStr = Field(
        min_length=TOKEN_SECRET_CHARACTERS_MIN,
        description="Signs the tokens of people and services; at least 32 characters, the same in all services.",
    )
    clock_file: Path | None = Field(
        default=None, description="File of the virtual clock (simulation); refused in production."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object a line, or text for a person's terminal."
    )
    otlp_endpoint: str = Field(
        default="", description="OTLP/HTTP collector, such as http://127.0.0.1:4318; empty exports nothing."
    )
    trace_sample_ratio: float = Field(
        default=0.1, ge=0, le=1, description="Share of traces recorded (0 to 1), where the caller has not decided."
    )
    body_bytes_max: int = Field(default=1_048_576, ge=1, description="Largest request body, in bytes.")
    request_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Longest time until an answer starts, reading the body included, in seconds."
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks (CIDR, separated by commas) of proxies whose X-Forwarded-For is believed.",
    )
    stop_timeout_seconds: float = Field(
        default=3.0, gt=0, description="How long open requests and streams may finish after a stop signal, in seconds."
    )

    @model_validator(mode="after")
    def _fits_profile(self) -> Self:
        if self.profile == "local":
            return self
        if self.clock_file is not None:
            raise ValueError("TIENDO_CLOCK_FILE is for simulation; remove it, production runs on real time")
        if not self.nats_user or self.nats_password is None:
            raise ValueError("set TIENDO_NATS_USER and TIENDO_NATS_PASSWORD: production has one identity per service")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, secret files. No dotenv file: what starts the process decides its environment."""
        directory = os.environ.get(SECRETS_DIR_VARIABLE)
        if not directory:
            return init_settings, env_settings
        if not Path(directory).is_dir():
            raise ValueError(f"{SECRETS_DIR_VARIABLE} names {directory}, which is not a directory")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=directory)

    def clock(self) -> Clock:
        """The time of this process: virtual when a clock file is named, else real."""
        return FileClock(self.clock_file) if self.clock_file else SystemClock()


def document_settings(cls: type[BaseSettings]) -> list[tuple[str, str, str, str]]:
    """(variable, type, default or `required`, description) of every field, in the order of declaration."""
    prefix = str(cls.model_config.get("env_prefix", ""))
    return [
        (f"{prefix}{name}".upper(), _type_name(field.annotation), _default(field), field.description or "")
        for name, field in cls.model_fields.items()
    ]


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("pydantic.types.", "").replace("pathlib.", "")


def _default(field: Any) -> str:
    if field.default is PydanticUndefined and field.default_factory is None:
        return "required"
    default = field.get_default(call_default_factory=True)
    return "" if default is None else str(default)

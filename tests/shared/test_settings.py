from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError
from pydantic_settings import SettingsError

from shared.clock import FileClock, SystemClock, write_clock_file
from shared.settings import Port, ServiceSettings, document_settings

SECRET = "a secret of the tests, long enough to sign with"


class IntakeSettings(ServiceSettings):
    port: Port = Field(default=8101, description="TCP port of the HTTP server.")
    due_scan_seconds: float = Field(default=5.0, gt=0, description="Seconds between two looks at what is due.")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("TIENDO_TOKEN_SECRET", SECRET)
    monkeypatch.setenv("TIENDO_STORE_URL", "sqlite:///unused")
    monkeypatch.delenv("TIENDO_SECRETS_DIR", raising=False)
    return monkeypatch


def test_values_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TIENDO_DUE_SCAN_SECONDS", "2.5")
    environment.setenv("TIENDO_LOG_LEVEL", "warning")
    settings = IntakeSettings()
    assert (settings.port, settings.due_scan_seconds, settings.log_level) == (8101, 2.5, "warning")
    assert settings.token_secret.get_secret_value() == SECRET


def test_secrets_come_from_mounted_files_unless_the_environment_has_them(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tiendo_token_secret").write_text("x" * 40 + "\n")
    (tmp_path / "tiendo_nats_password").write_text("from a file")
    environment.setenv("TIENDO_SECRETS_DIR", str(tmp_path))
    settings = IntakeSettings()
    assert settings.token_secret.get_secret_value() == SECRET
    assert settings.nats_password is not None
    assert settings.nats_password.get_secret_value() == "from a file"
    environment.delenv("TIENDO_TOKEN_SECRET")
    assert IntakeSettings().token_secret.get_secret_value() == "x" * 40


def test_a_secrets_directory_that_is_not_there_is_an_error(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("TIENDO_SECRETS_DIR", str(tmp_path / "missing"))
    with pytest.raises((ValueError, SettingsError), match="not a directory"):
        IntakeSettings()


def test_the_token_secret_has_no_default_and_a_short_one_is_refused_without_being_shown(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("TIENDO_TOKEN_SECRET")
    with pytest.raises(ValidationError, match="token_secret"):
        IntakeSettings()
    environment.setenv("TIENDO_TOKEN_SECRET", "too-short-s3cret")
    with pytest.raises(ValidationError) as caught:
        IntakeSettings()
    assert "s3cret" not in str(caught.value)


def test_production_refuses_virtual_time_and_missing_identities(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TIENDO_PROFILE", "production")
    with pytest.raises(ValidationError, match="TIENDO_NATS_USER"):
        IntakeSettings()
    environment.setenv("TIENDO_NATS_USER", "intake")
    environment.setenv("TIENDO_NATS_PASSWORD", "held")
    assert IntakeSettings().profile == "production"
    environment.setenv("TIENDO_CLOCK_FILE", "clock.json")
    with pytest.raises(ValidationError, match="TIENDO_CLOCK_FILE"):
        IntakeSettings()


def test_the_clock_is_real_unless_a_file_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert isinstance(IntakeSettings().clock(), SystemClock)
    write_clock_file(tmp_path / "clock.json", virtual_ms=1_300_000_000_000, rate=0)
    environment.setenv("TIENDO_CLOCK_FILE", str(tmp_path / "clock.json"))
    clock = IntakeSettings().clock()
    assert isinstance(clock, FileClock)
    assert clock.now_ms() == 1_300_000_000_000


def test_settings_are_frozen_and_unknown_arguments_refused() -> None:
    settings = IntakeSettings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        IntakeSettings(prot=1)  # type: ignore[call-arg]


def test_every_setting_is_documented() -> None:
    rows = {name: (kind, default, text) for name, kind, default, text in document_settings(IntakeSettings)}
    assert len(rows) == len(IntakeSettings.model_fields)
    assert rows["TIENDO_PORT"] == ("int", "8101", "TCP port of the HTTP server.")
    assert rows["TIENDO_TOKEN_SECRET"][:2] == ("SecretStr", "required")
    assert rows["TIENDO_NATS_PASSWORD"][:2] == ("SecretStr | None", "")
    assert rows["TIENDO_LOG_FORMAT"][:2] == ("Literal['json', 'console']", "json")
    assert all(text.endswith(".") for _, _, text in rows.values())
    units = {name: text for name, (_, _, text) in rows.items() if name.endswith("_SECONDS")}
    assert all("econds" in text for text in units.values())

"""No container engine is needed to know that the compose file fits the code: every setting, port, command, path."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.generate_docs import settings_of
from shared.http.app import create_app
from shared.settings import document_settings
from shared.telemetry.service import Telemetry
from shared.telemetry.tracing import Tracing

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "scoring", "notify", "dashboard")
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_named_is_one_that_the_service_has(compose: dict[str, Any], service: str) -> None:
    known = {name for name, *_ in document_settings(settings_of(service))}
    assert set(compose["services"][service]["environment"]) - known == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_the_values_given(
    compose: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings class accepts the environment that compose would give it, in the production profile."""
    for name, value in compose["services"][service]["environment"].items():
        monkeypatch.setenv(name, VARIABLE.sub("x" * 40, str(value)).replace(":?set it in .env}", "").split(":?")[0])
    monkeypatch.setenv("TIENDO_OTLP_ENDPOINT", "")
    settings = settings_of(service)()
    assert settings.profile == "production"
    assert settings.port == compose["services"][service]["environment"]["TIENDO_PORT"]


@pytest.mark.parametrize("service", SERVICES)
def test_required_settings_are_given(compose: dict[str, Any], service: str) -> None:
    required = {name for name, _, default, _ in document_settings(settings_of(service)) if default == "required"}
    production = {"TIENDO_NATS_USER", "TIENDO_NATS_PASSWORD"}
    assert (required | production) - set(compose["services"][service]["environment"]) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_default_port_is_the_published_one(compose: dict[str, Any], service: str) -> None:
    port = next(default for name, _, default, _ in document_settings(settings_of(service)) if name == "TIENDO_PORT")
    assert compose["services"][service]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_every_command_names_a_module_that_can_be_run(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            module = importlib.import_module(command[2])
            assert hasattr(module, "main") or (Path(str(module.__file__)).with_name("__main__.py")).exists(), name


def test_the_image_holds_what_the_commands_need(compose: dict[str, Any]) -> None:
    copied = set(re.findall(r"^COPY (\w+) ", (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8"), re.M))
    packages = {
        service["command"][2].split(".")[0]
        for service in compose["services"].values()
        if service.get("command", [])[:2] == ["python", "-m"]
    }
    assert packages | {"shared"} <= copied


@pytest.mark.anyio
async def test_the_health_path_is_one_that_every_service_has(compose: dict[str, Any]) -> None:
    telemetry = Telemetry(Tracing(service="t", otlp_endpoint="", sample_ratio=0))
    app = create_app(title="t", version="0", summary="s", routers=[], telemetry=telemetry)
    for service in SERVICES:
        assert "/readyz" in compose["services"][service]["healthcheck"]["test"][-1]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        assert (await client.get("/readyz")).status_code == httpx.codes.OK
    await telemetry.aclose()


def test_the_broker_syncs_every_write(tmp_path: Path) -> None:
    from deploy.nats.write_conf import main

    main(["--version", "2.14.0", "--out", str(tmp_path / "nats.conf")])
    assert "sync_interval: always" in (tmp_path / "nats.conf").read_text(encoding="utf-8")


def test_secrets_have_no_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for variable in re.findall(r"\$\{([A-Z_]*(?:PASSWORD|SECRET)[A-Z_]*)(.*?)\}", text):
        assert variable[1].startswith(":?"), f"{variable[0]} must be asked for, not defaulted"


def test_every_variable_asked_for_is_in_the_example(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    missing = [name for name in sorted(set(VARIABLE.findall(text))) if f"{name}=" not in example]
    assert missing == []

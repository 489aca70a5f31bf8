"""Every service has the same rooms with the same names, and only `main` knows the settings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "scoring", "notify", "dashboard")
ROOMS = {"__init__.py", "main.py", "settings.py", "schedule.py", "routes", "handlers", "domain", "repository"}
EXTRA = {
    "intake": {"formats"},
    "scoring": {"consumer.py", "formats", "wiring"},
    "notify": {"consumer.py", "channels", "formats", "templates", "locale", "wiring"},
    "dashboard": {"consumer.py", "channels", "pages", "charts", "templates", "static", "locale", "wiring"},
}


def entries(service: str) -> set[str]:
    return {path.name for path in (ROOT / "services" / service).iterdir() if path.name != "__pycache__"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_rooms_and_no_drawers(service: str) -> None:
    allowed = ROOMS | EXTRA[service] | {"consumer.py"}
    assert entries(service) - allowed == set()
    missing = (ROOMS | EXTRA[service]) - entries(service)
    assert missing - ({"schedule.py", "domain"} if service == "dashboard" else set()) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_owns(service: str) -> None:
    text = (ROOT / "services" / service / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring is not None
    assert "owns" in docstring.lower()


@pytest.mark.parametrize("service", SERVICES)
def test_only_main_reads_settings(service: str) -> None:
    readers = set()
    for path in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == f"services.{service}.settings":
                readers.add(path.name)
    assert readers <= {"main.py"}


def test_drivers_are_imported_in_one_place_each() -> None:
    """nats in shared/nats, motor and pymongo in shared/store/mongo.py, sqlite3 where the store's files are."""
    homes = {
        "nats": ("shared/nats/",),
        "motor": ("shared/store/mongo",),
        "pymongo": ("shared/store/mongo",),
        "sqlite3": ("shared/store/", "deploy/local/doctor.py", "deploy/local/backup.py"),
    }
    strangers = []
    for folder in ("shared", "services", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom) and node.level == 0
                    else []
                )
                for module in modules:
                    home = homes.get(module.split(".")[0])
                    if home is not None and not place.startswith(home):
                        strangers.append(f"{place} imports {module}")
    assert strangers == []

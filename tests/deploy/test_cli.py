"""`tiendo ...` as a user meets it: what it says and how it ends, against a real intake."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from tests.services.intake import small_plan
from tests.services.intake.served import Served, served
from tests.support.nats_server import free_port

UNITS = """code,name_vi,name_en,kind,peer_group,valid_from,valid_to,successor
U1,U1,U1,DEPT,A,2007-01-01,,
C1,Cục Một,Authority One,DEPT,A,2011-01-01,,
C2,Cục Hai,Authority Two,DEPT,B,2011-01-01,2011-06-30,C1
"""


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("cli"), schedule_seconds=0.1) as running:
        yield running


def tiendo(
    *arguments: str, intake: Served | None = None, given: str | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """One command, at an intake or (None) at nothing that runs."""
    address = {"TIENDO_ADDRESS": intake.address, "TIENDO_TOKEN": intake.admin} if intake else {}
    environment: dict[str, str | None] = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1", **address, **(env or {})}
    done = CliRunner().invoke(app, [*arguments], env=environment, input=given)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def written(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_without_a_command_it_lists_what_there_is() -> None:
    done = tiendo()
    for command in (
        "up",
        "doctor",
        "plan",
        "units",
        "keys",
        "report",
        "verify",
        "backup",
        "restore",
        "dead-letters",
        "demo",
    ):
        assert re.search(rf"\b{command}\b", done.output), command


def test_where_no_platform_runs_it_says_how_to_have_one(tmp_path: Path) -> None:
    done = tiendo("keys", "create", "U1", env={"TIENDO_DATA": str(tmp_path)})
    assert done.exit_code == 2
    assert "make run" in done.output
    (tmp_path / "local.json").write_text("{", encoding="utf-8")
    broken = tiendo("keys", "create", "U1", env={"TIENDO_DATA": str(tmp_path)})
    assert (broken.exit_code, "remove it" in broken.output) == (1, True)
    left = {"pid": 1, "addresses": {"intake": f"http://127.0.0.1:{free_port()}"}, "operator_token": "t"}
    written(tmp_path, "local.json", left)
    away = tiendo("keys", "create", "U1", env={"TIENDO_DATA": str(tmp_path)})
    assert (away.exit_code, "does not answer" in away.output) == (1, True)


@pytest.mark.parametrize("port", ["many", "0", "70000", ""])
def test_a_port_that_is_none_is_named(port: str, tmp_path: Path) -> None:
    done = tiendo("doctor", env={"TIENDO_DATA": str(tmp_path), "TIENDO_LOCAL_NATS_PORT": port})
    assert done.exit_code == 2
    assert "TIENDO_LOCAL_NATS_PORT" in done.output


def test_doctor_ends_with_1_when_something_is_wrong_and_says_what_to_do(tmp_path: Path) -> None:
    ports = {f"TIENDO_LOCAL_{name}_PORT": str(free_port()) for name in ("DASHBOARD", "INTAKE", "SCORING", "NOTIFY")}
    ports |= {f"TIENDO_LOCAL_{name}_PORT": str(free_port()) for name in ("NATS", "SMTP", "MAIL")}
    fine = tiendo("doctor", env={"TIENDO_DATA": str(tmp_path / "none"), **ports})
    assert (fine.exit_code, "wrong" in fine.output) == (0, False), fine.output
    store = tmp_path / "store"
    store.mkdir()
    (store / "intake.sqlite3").write_text("no database " * 100, encoding="utf-8")
    done = tiendo("doctor", env={"TIENDO_DATA": str(tmp_path), **ports})
    assert done.exit_code == 1
    assert re.search(r"wrong\s+store of intake: .*\n\s+-> .*backup", done.output), done.output


@pytest.mark.parametrize(
    "command", [("plan", "check"), ("plan", "publish"), ("units", "import"), ("report", "--key", "tdo_x")]
)
def test_a_file_that_cannot_be_read_is_one_clear_message(
    command: tuple[str, ...], intake: Served, tmp_path: Path
) -> None:
    missing = tiendo(*command, str(tmp_path / "none"), intake=intake)
    assert (missing.exit_code, "No such file" in missing.output) == (1, True), missing.output
    (tmp_path / "latin").write_bytes("Cục".encode("utf-16"))
    latin = tiendo(*command, str(tmp_path / "latin"), intake=intake)
    assert (latin.exit_code, "not UTF-8" in latin.output) == (1, True), latin.output


def test_a_plan_is_checked_without_a_server_and_published_once(intake: Served, tmp_path: Path) -> None:
    path = written(tmp_path, "plan.yaml", small_plan.document(code="OTHER"))
    assert "OTHER 1: 6 indicators" in tiendo("plan", "check", path).output
    wrong = written(tmp_path, "wrong.yaml", small_plan.document(forms="none"))
    refused = tiendo("plan", "check", wrong)
    assert (refused.exit_code, "forms" in refused.output) == (1, True), refused.output
    for arguments, said in ((["--dry-run"], "could be published"), ([], "published."), ([], "stood already")):
        done = tiendo("plan", "publish", path, *arguments, intake=intake)
        assert (done.exit_code, said in done.output) == (0, True), done.output
    changed = written(tmp_path, "plan.yaml", small_plan.document(code="OTHER", scoring={"scale_max": 7}))
    done = tiendo("plan", "publish", changed, intake=intake)
    assert done.exit_code == 1


def test_units_are_imported_whole_or_not_at_all(intake: Served, tmp_path: Path) -> None:
    path = written(tmp_path, "units.csv", UNITS)
    dry = tiendo("units", "import", path, "--dry-run", intake=intake)
    assert (dry.exit_code, "Nothing was written. 3 units: 2 new, 1 changed" in dry.output) == (0, True), dry.output
    done = tiendo("units", "import", path, intake=intake)
    assert "3 units: 2 new, 1 changed, 0 as they were." in done.output
    assert re.search(r"Obligations: \d+ added", done.output), done.output
    again = tiendo("units", "import", path, intake=intake)
    assert "3 units: 0 new, 0 changed, 3 as they were." in again.output
    fault = written(tmp_path, "fault.csv", UNITS.replace("C1,Cục", "C3,Cục").replace(",C1\n", ",NONE\n"))
    refused = tiendo("units", "import", fault, intake=intake)
    assert (refused.exit_code, "/lines/4" in refused.output) == (1, True), refused.output
    assert tiendo("keys", "create", "C3", intake=intake).exit_code == 1, "no line of it was taken"


def test_a_key_is_shown_once_and_sends_a_report(intake: Served, tmp_path: Path) -> None:
    done = tiendo("keys", "create", "U2", intake=intake)
    key = done.output.strip()
    assert re.fullmatch(r"tdo_\S{40,}", key), done.output
    unknown = tiendo("keys", "create", "NOBODY", intake=intake)
    assert (unknown.exit_code, "There is no unit NOBODY" in unknown.output) == (1, True)
    held = small_plan.monthly("U2", used=40)
    held["values"] = [value for value in held["values"] if value["indicator"] != "LAWS"]
    path = written(tmp_path, "report.json", held)
    dry = tiendo("report", path, "--key", key, "--dry-run", intake=intake)
    assert (dry.exit_code, json.loads(dry.output)["dry_run"]) == (0, True), dry.output
    sent = tiendo("report", "-", "--key", key, intake=intake, given=json.dumps(held))
    assert (sent.exit_code, json.loads(sent.output)["version"]) == (0, 1), sent.output
    verified = tiendo("verify", path, intake=intake)
    assert (verified.exit_code, verified.output.startswith("GENUINE")) == (0, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "/problems/"),
        (json.dumps(small_plan.monthly()).replace('"unit"', '"unit": "U2", "unit"'), "duplicate-member"),
        ('{"plan": "SMALL"}', "This field is missing"),
    ],
)
def test_what_is_wrong_with_a_report_is_told_as_intake_tells_it(
    text: str, said: str, intake: Served, tmp_path: Path
) -> None:
    done = tiendo("report", written(tmp_path, "report.json", text), intake=intake, env={"TIENDO_KEY": intake.key})
    assert (done.exit_code, said in done.output) == (1, True), done.output

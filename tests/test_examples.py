"""The examples, and the commands of the guide, run as they are against a real intake and do what they promise."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.clock import write_clock_file
from tests.services.intake.served import Served, served
from tests.support.nats_server import free_port

EXAMPLES = Path(__file__).parents[1] / "examples"
ROOT = EXAMPLES.parent


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("examples"), schedule_seconds=0.1) as running:
        yield running


def run(intake: Served, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TIENDO_ADDRESS": intake.address, "TIENDO_KEY": intake.key, **more}
    return subprocess.run(
        command, check=False, env=environment, cwd=EXAMPLES, capture_output=True, text=True, timeout=60
    )


def job(intake: Served, file: Path | str, *extra: str, **more: str) -> subprocess.CompletedProcess[str]:
    named = ["--plan", "SMALL", "--form", "MONTHLY", "--unit", "U1", "--backoff-seconds", "0.01", *extra]
    return run(intake, sys.executable, "post_from_csv.py", *named, str(file), **more)


def test_the_shell_script_posts_a_report_and_checks_its_receipt(intake: Served) -> None:
    done = run(intake, "sh", "curl.sh", "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"genuine":true' in done.stdout
    again = run(intake, "sh", "curl.sh", "report.json")
    assert again.returncode == 0, again.stderr


def test_the_script_says_what_became_of_a_report(intake: Served, tmp_path: Path) -> None:
    done = run(intake, sys.executable, "post_report.py", "report.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "report-SMALL-MONTHLY-U1-2011-M03 version 1, ON_TIME" in done.stdout
    held = json.loads((EXAMPLES / "report.json").read_text(encoding="utf-8"))
    held["period"] = "2011-M02"
    held["values"][0]["numerator"] = 60
    (tmp_path / "wrong.json").write_text(json.dumps(held), encoding="utf-8")
    refused = run(intake, sys.executable, "post_report.py", str(tmp_path / "wrong.json"))
    assert refused.returncode == 1
    assert "/values/0/numerator" in refused.stderr
    away = run(intake, sys.executable, "post_report.py", "report.json", TIENDO_ADDRESS=nowhere())
    assert away.returncode == 2


def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_the_job_can_run_again_and_again_and_amends_what_was_corrected(intake: Served, tmp_path: Path) -> None:
    first = job(intake, "figures.csv")
    assert (first.returncode, first.stderr) == (0, ""), first.stderr
    again = job(intake, "figures.csv")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    corrected = (EXAMPLES / "figures.csv").read_text(encoding="utf-8").replace("2011-M02,MAIL,,38", "2011-M02,MAIL,,39")
    (tmp_path / "figures.csv").write_text(corrected, encoding="utf-8")
    amended = job(intake, tmp_path / "figures.csv")
    assert amended.returncode == 0, amended.stderr
    assert "2011-M02: SUCCESS version 2" in amended.stdout


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("period,indicator,value\n2011-M01,CALLS,many\n", 3, "line 2: value is no number"),
        ("month,value\n", 3, "columns missing: indicator, period"),
        ("period,indicator,value\n2011-M01,NONE,1\n", 1, "/values/0/indicator"),
    ],
)
def test_the_job_says_what_is_wrong(intake: Served, tmp_path: Path, text: str, code: int, told: str) -> None:
    (tmp_path / "figures.csv").write_text(text, encoding="utf-8")
    done = job(intake, tmp_path / "figures.csv")
    assert done.returncode == code, done.stderr
    assert told in done.stderr


def test_the_job_gives_up_for_now_when_nobody_answers(intake: Served) -> None:
    done = job(intake, "figures.csv", "--attempts", "3", TIENDO_ADDRESS=nowhere())
    assert done.returncode == 2
    assert done.stderr.count("attempt ") == 3


def test_tiendo_verify_says_genuine_changed_since_or_unknown(intake: Served, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    held = json.loads((EXAMPLES / "report.json").read_text(encoding="utf-8"))
    held["period"] = "2011-M01"
    file.write_text(json.dumps(held, indent=3), encoding="utf-8")
    assert verify(intake, file).returncode == 4
    assert run(intake, sys.executable, "post_report.py", str(file)).returncode == 0
    genuine = verify(intake, file)
    assert (genuine.returncode, genuine.stdout.split()[0]) == (0, "GENUINE"), genuine.stderr
    held["values"][2]["value"] = 4
    changed = tmp_path / "changed.csv"
    lines = ["period,indicator,value,numerator,denominator"]
    lines += [
        ",".join(["2011-M01", value["indicator"], *(str(value.get(name, "")) for name in COLUMNS)])
        for value in held["values"]
    ]
    changed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert job(intake, changed).returncode == 0
    told = verify(intake, file)
    assert told.returncode == 3
    assert "version 2 stands now" in told.stdout
    assert verify(intake, genuine.stdout.split()[1]).returncode == 3
    assert verify(intake, "0" * 64).returncode == 4
    assert verify(intake, "README.md").returncode == 1


COLUMNS = ("value", "numerator", "denominator")


def verify(intake: Served, named: Path | str) -> subprocess.CompletedProcess[str]:
    return run(
        intake, sys.executable, "-m", "deploy.cli", "verify", str(named), TIENDO_TOKEN=intake.key, PYTHONPATH=str(ROOT)
    )


# --- the commands of docs/api-guide.md

GUIDE = ROOT / "docs" / "api-guide.md"
PLANS = ROOT / "deploy" / "plans"
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 30\nnoproxy = *\n"
"""What a test adds to the reader's curl: an answer of 400 and more ends the command."""


def commands() -> list[str]:
    """The shell blocks of the guide that ask intake, in their order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "$INTAKE" in block or "INTAKE=" in block]


@pytest.fixture
def real_plan(tmp_path: Path) -> Iterator[Served]:
    """An intake at today's date with the plan and the units that the guide names, and a key of VCNTT."""
    with served(tmp_path, schedule_seconds=0.1, import_dir=tmp_path / "imports") as intake:
        write_clock_file(tmp_path / "clock", virtual_ms=time.time_ns() // 1_000_000, rate=1)
        headers = {"Authorization": f"Bearer {intake.admin}"}
        with httpx.Client(base_url=intake.address, headers=headers, trust_env=False, timeout=60) as http:
            plan = (PLANS / "mic-2011-2015.yaml").read_bytes()
            yaml, csv = {"Content-Type": "application/yaml"}, {"Content-Type": "text/csv"}
            path = "/v1/plans/MIC-ITAPP-2011-2015/versions/2011.1"
            http.put(path, content=plan, headers=yaml).raise_for_status()
            units = (PLANS / "units.csv").read_bytes()
            http.post("/v1/units/import", content=units, headers=csv).raise_for_status()
            made = http.post("/v1/keys", json={"unit": "VCNTT", "label": "guide"}).raise_for_status()
        yield Served(intake.address, intake.port, intake.admin, str(made.json()["key"]), intake.pid)


def test_the_commands_of_the_guide_do_what_it_says(real_plan: Served, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / ".curlrc").write_text(CURLRC, encoding="utf-8")
    named = {"INTAKE": real_plan.address, "KEY": real_plan.key, "TOKEN": real_plan.admin, "HOME": str(folder)}
    told = []
    for block in commands():
        done = subprocess.run(
            ["sh", "-eu", "-c", block],
            check=False,
            env={**os.environ, **named},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        told.append(done.stdout)
    assert len(told) >= 11
    whole = "".join(told)
    for promised in (
        '"version":1',
        '"version":2',
        "Đếm sót một máy",
        '"phase":"DONE"',
        '"dry_run":true',
        '"intact":true',
    ):
        assert promised in whole, promised
    assert (folder / "q2.xlsx").read_bytes().startswith(b"PK")
    assert "INF-01" in (folder / "reports.csv").read_text(encoding="utf-8-sig")

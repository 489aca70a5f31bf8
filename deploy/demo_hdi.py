"""The Human Development Index through the whole platform, compared with what UNDP published.

Inputs and results: UNDP, Human Development Report 2023/24 (CC BY 3.0 IGO). Countries are units, each year's figures
an annual report; 5,808 unit-years from 1990 to 2022.
"""

from __future__ import annotations

import asyncio
import csv
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from deploy.client import IN_FLIGHT, Client
from deploy.local.layout import Layout, Ports
from deploy.local.platform import LocalPlatform
from deploy.local.up import operator_token
from shared.errors import Permanent
from shared.plan.load import load_plan
from shared.plan.model import Plan

ROOT = Path(__file__).parents[1]
PLAN = ROOT / "deploy" / "plans" / "hdi.yaml"
TABLE = ROOT / "tests" / "acceptance" / "data" / "hdi-1990-2022.csv"
COLUMNS = {"LE": "le", "EYS": "eys", "MYS": "mys", "GNIPC": "gnipc"}
CATCH_UP_SECONDS = 180.0
RANKED_YEAR = 2022


@dataclass(frozen=True, slots=True)
class Row:
    """One country in one year: what went in, and UNDP's answer as published."""

    unit: str
    name: str
    year: int
    inputs: dict[str, float]
    published: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How scoring's answers compare with the published ones."""

    compared: int
    differing: tuple[str, ...]
    ranks_compared: int
    ranks_differing: tuple[str, ...]


def read_table(path: Path = TABLE) -> list[Row]:
    """UNDP's table. An input that was not published is left out of `inputs`."""
    with path.open(encoding="utf-8", newline="") as source:
        return [
            Row(
                unit=line["iso3"],
                name=line["country"],
                year=int(line["year"]),
                inputs={code: float(line[column]) for code, column in COLUMNS.items() if line[column]},
                published=line["hdi"],
            )
            for line in csv.DictReader(source)
        ]


def unit_body(code: str, name: str, peer_group: str) -> dict[str, Any]:
    """A country as a unit."""
    return {
        "code": code,
        "names": {"vi": name, "en": name},
        "kind": "COUNTRY",
        "peer_group": peer_group,
        "valid_from": "1990-01-01",
        "time_zone": "UTC",
    }


def report_body(plan: Plan, row: Row) -> dict[str, Any]:
    """A country's year as a report."""
    return {
        "plan": plan.code,
        "form": plan.forms[0].code,
        "unit": row.unit,
        "period": str(row.year),
        "values": [{"indicator": code, "value": value} for code, value in row.inputs.items()],
    }


async def post_all(intake: Client, plan: Plan, rows: list[Row], *, told: Callable[[int], None]) -> None:
    """Publish the plan, register the countries and post every row; `told(n)` hears of every row accepted."""
    await intake.publish_plan(plan.code, plan.version, PLAN.read_text(encoding="utf-8"))
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def register(code: str, name: str) -> None:
        async with gate:
            await intake.put_unit(unit_body(code, name, plan.peer_groups[0].code))

    async def post(row: Row) -> None:
        async with gate:
            await intake.post_report(report_body(plan, row))
            told(1)

    async with asyncio.TaskGroup() as group:
        for code, name in {row.unit: row.name for row in rows}.items():
            group.create_task(register(code, name))
    async with asyncio.TaskGroup() as group:
        for row in rows:
            group.create_task(post(row))


async def evaluation(scoring: Client, plan: Plan, year: int) -> dict[str, dict[str, Any]]:
    """Scoring's answer for a year, by unit."""
    found: dict[str, dict[str, Any]] = {}
    async for item in scoring.pages(f"/v1/evaluations/{plan.code}/{year}"):
        found[item["unit"]] = item
    return found


async def compare(scoring: Client, plan: Plan, rows: list[Row]) -> Comparison:
    """Every published value against scoring's, and the last year's ranks against competition ranks."""
    differing: list[str] = []
    by_year: dict[int, list[Row]] = {}
    for row in rows:
        by_year.setdefault(row.year, []).append(row)
    ranks_differing: list[str] = []
    for year, of_year in sorted(by_year.items()):
        answers = await evaluation(scoring, plan, year)
        for row in of_year:
            index = answers.get(row.unit, {}).get("index")
            if index is None or f"{index:.3f}" != f"{float(row.published):.3f}":
                differing.append(f"{row.unit} {year}: published {row.published}, computed {index}")
        if year == RANKED_YEAR:
            ranks_differing = _wrong_ranks(of_year, answers)
    return Comparison(len(rows), tuple(differing), len(by_year.get(RANKED_YEAR, ())), tuple(ranks_differing))


def _wrong_ranks(rows: list[Row], answers: dict[str, dict[str, Any]]) -> list[str]:
    published = {row.unit: float(row.published) for row in rows}
    wrong = []
    for unit, value in published.items():
        rank = 1 + sum(other > value for other in published.values())
        if answers.get(unit, {}).get("rank") != rank:
            wrong.append(f"{unit}: rank {answers.get(unit, {}).get('rank')}, published scores give {rank}")
    return wrong


async def caught_up(
    scoring: Client, plan: Plan, rows: list[Row], *, within_seconds: float = CATCH_UP_SECONDS
) -> Comparison:
    """Compare again and again until everything agrees or time is up; the last comparison is returned."""
    until = time.monotonic() + within_seconds
    while True:
        try:
            found = await compare(scoring, plan, rows)
        except Permanent:  # not computed yet
            found = Comparison(0, ("not computed yet",), 0, ())
        if (found.compared and not found.differing and not found.ranks_differing) or time.monotonic() > until:
            return found
        await asyncio.sleep(0.25)


async def demo(intake: Client, scoring: Client, *, console: Console, path: Path | None = None) -> None:
    """Post, wait, compare, say how it went; `Permanent` when anything differs."""
    plan = load_plan(PLAN.read_text(encoding="utf-8"))
    rows = read_table(path or TABLE)
    started = time.monotonic()
    with Progress(console=console) as bar:
        task = bar.add_task(f"Posting {len(rows):,} reports", total=len(rows))
        await post_all(intake, plan, rows, told=lambda n: bar.advance(task, n))
    posted = time.monotonic() - started
    with console.status("Waiting for the 33 evaluations ..."):
        found = await caught_up(scoring, plan, rows)
    console.print(f"Posted {len(rows):,} reports in {posted:.1f} s ({len(rows) / posted:,.0f}/s).")
    agree = found.compared - len(found.differing)
    console.print(f"{agree:,} of {found.compared:,} values agree with UNDP's at 3 decimals.")
    ranks = found.ranks_compared - len(found.ranks_differing)
    console.print(f"{ranks} of {found.ranks_compared} ranks of {RANKED_YEAR} agree.")
    if found.differing or found.ranks_differing:
        raise Permanent("\n".join([*found.differing[:10], *found.ranks_differing[:10]]))


async def demo_on_a_platform_of_its_own(*, console: Console, path: Path | None = None) -> None:
    """The demonstration beside whatever runs here: a folder and ports of its own, real time, nothing left behind."""
    with tempfile.TemporaryDirectory(prefix="tiendo-hdi-") as folder:
        layout = Layout(data=Path(folder), ports=Ports.free())
        platform = LocalPlatform(layout, virtual_clock=False)
        with console.status("Starting the broker and the four services ..."):
            await platform.start()
        try:
            token = operator_token(layout)
            async with (
                Client(layout.address("intake"), token) as intake,
                Client(layout.address("scoring"), token) as scoring,
            ):
                await demo(intake, scoring, console=console, path=path)
        finally:
            await platform.stop()

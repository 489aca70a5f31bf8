"""`tiendo up`: start, make the sample year at the first start, print where everything is, stop on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.client import IN_FLIGHT, Client
from deploy.local.doctor import examine, ports_taken
from deploy.local.layout import Layout
from deploy.local.platform import LocalPlatform
from deploy.simulate.behaviour import Action
from deploy.simulate.content import Author
from deploy.simulate.year import Year, day_of, planned
from shared.clock import FileClock, write_clock_file
from shared.errors import Permanent
from shared.http.tokens import issue_token
from shared.plan.load import load_plan
from shared.plan.units import UnitInput, read_units

PLANS = Path(__file__).parents[1] / "plans"
SAMPLE_PLAN = PLANS / "mic-2011-2015.yaml"
SAMPLE_UNITS = PLANS / "units.csv"
SAMPLE_YEAR = 2011
SAMPLE_SEED = 2016
SAMPLE_STARTS = datetime(
    2010, 12, 27, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")
)  # two working days after the decision
SAMPLE_LAST_DAY = date(2011, 12, 30)
OPERATOR_ROLES = ("operator", "administrator")
NEVER_MS = 4_102_444_800_000  # 2100: local tokens outlive any virtual clock


def operator_token(layout: Layout) -> str:
    """A token of a local operator, signed with this folder's secret."""
    return issue_token(
        layout.token_secret(),
        subject="operator@local",
        roles=OPERATOR_ROLES,
        unit=None,
        scopes=(),
        expires_at_ms=NEVER_MS,
        now_ms=0,
    )


async def up(layout: Layout, *, empty: bool, console: Console, once: bool = False) -> None:
    """Start the platform and keep it running until SIGINT or SIGTERM (`once`: stop right after the sample).

    Data of an earlier start is found again. The sample year is made once; an interrupted one goes on where it was.
    """
    _refuse_when_impossible(layout)
    layout.data.mkdir(parents=True, exist_ok=True)
    held = layout.write_local(pid=os.getpid())  # from now on `tiendo doctor` knows whose ports these are
    sample = held.get("sample", {})
    wants_sample = not empty and not sample.get("done")
    if wants_sample and not layout.clock_file.exists():
        write_clock_file(layout.clock_file, virtual_ms=int(SAMPLE_STARTS.timestamp() * 1000), rate=0)
    platform = LocalPlatform(layout, virtual_clock=layout.clock_file.exists())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with console.status("Starting the broker and the four services ..."):
        await platform.start()
    try:
        _write_local(layout)
        if wants_sample and not await _unless_stopped(_make_sample(layout, console), stop):
            return
        _print_addresses(layout, console)
        if not once:
            await stop.wait()
    finally:
        with console.status("Stopping ..."):
            await platform.stop()
        layout.write_local(pid=None)
        console.print("Stopped. The data stays in", str(layout.data))


def _refuse_when_impossible(layout: Layout) -> None:
    taken = ports_taken(layout)
    if taken:
        told = ", ".join(f"{port} ({name})" for name, port in taken.items())
        raise Permanent(f"these ports are taken: {told}. `tiendo doctor` says how to find who has them.")
    for finding in examine(layout):
        if not finding.fine and finding.what != "packages":
            raise Permanent(f"{finding.what}: {finding.detail}. {finding.mend}")


def _write_local(layout: Layout) -> None:
    token = operator_token(layout)
    addresses = {name: layout.address(name) for name in ("dashboard", "intake", "scoring", "notify", "mail")}
    layout.write_local(
        pid=os.getpid(),
        addresses=addresses,
        nats=layout.nats_url,
        operator_token=token,
        sign_in=f"{addresses['dashboard']}/sign-in?token={token}",
    )


async def _unless_stopped(work: Any, stop: asyncio.Event) -> bool:
    """Run `work` to its end (True), or cancel it when a stop is asked for first (False)."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        await task
        return True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return False


async def _make_sample(layout: Layout, console: Console) -> None:
    text = SAMPLE_PLAN.read_text(encoding="utf-8")
    plan = load_plan(text)
    units = read_units(SAMPLE_UNITS.read_text(encoding="utf-8"))
    async with Client(layout.address("intake"), operator_token(layout)) as client:
        await client.publish_plan(plan.code, plan.version, text)
        await _register(client, units)
        keys = await _keys(layout, client, units)
        owed = [item async for item in client.pages("/v1/obligations", plan=plan.code, year=SAMPLE_YEAR)]
        author = Author(plan, units, seed=SAMPLE_SEED)
        todo = planned(plan, owed, seed=SAMPLE_SEED)
        await _simulate(layout, console, Year(layout=layout, plan=plan, client=client, keys=keys, author=author), todo)
    layout.write_local(sample={"done": True, "year": SAMPLE_YEAR, "plan": plan.code})


async def _register(client: Client, units: list[UnitInput]) -> None:
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(unit: UnitInput) -> None:
        async with gate:
            await client.put_unit(unit.model_dump(mode="json"))

    async with asyncio.TaskGroup() as group:
        for unit in units:
            group.create_task(one(unit))


async def _keys(layout: Layout, client: Client, units: list[UnitInput]) -> dict[str, str]:
    """One key per simulated unit system, made anew at each attempt; the first is left in local.json for people."""
    keys = {unit.code: await client.make_key(unit.code, "sample unit system") for unit in units}
    first = units[0].code
    layout.write_local(unit_key={"unit": first, "key": keys[first]})
    return keys


async def _simulate(layout: Layout, console: Console, year: Year, todo: list[Action]) -> None:
    resume_after_ms = FileClock(layout.clock_file).now_ms()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"Simulating {SAMPLE_YEAR}", total=None)

        def progress(done: int, of: int, at_ms: int) -> None:
            day = day_of(at_ms, year.plan.time_zone)
            bar.update(task, completed=done, total=of, description=f"Simulating {day:%d/%m/%Y}")

        await year.run(
            todo,
            first=SAMPLE_STARTS.date(),
            last=SAMPLE_LAST_DAY,
            resume_after_ms=resume_after_ms,
            progress=progress,
        )
    write_clock_file(layout.clock_file, virtual_ms=FileClock(layout.clock_file).now_ms(), rate=1)
    console.print(f"Sample year {SAMPLE_YEAR}: {year.tally.accepted} reports accepted, {year.tally.refused} refused.")


def _print_addresses(layout: Layout, console: Console) -> None:
    held = layout.read_local()
    at = held["addresses"]
    key = held.get("unit_key", {})
    lines = [
        f"Dashboard     {at['dashboard']}",
        f"Mail sent     {at['mail']}",
        f"Intake API    {at['intake']}/docs",
        f"Scoring API   {at['scoring']}/docs",
        f"Notify API    {at['notify']}/docs",
        f"For scripts   {layout.local_json}",
    ]
    console.print(Panel("\n".join(lines), title="Tiendo is running", subtitle="Ctrl-C stops it"))
    # Outside the panel and unwrapped: a link that is cut at the terminal's edge cannot be followed.
    console.print("Sign in as an operator:", highlight=False)
    console.print(f"  {held['sign_in']}", soft_wrap=True, highlight=False, markup=False)
    if layout.clock_file.exists():
        now = datetime.fromtimestamp(FileClock(layout.clock_file).now_ms() / 1000, tz=UTC)
        console.print(f"The platform's clock is virtual and stands at {now:%Y-%m-%d %H:%M} UTC.")
    if key:
        console.print("Try it:", highlight=False)
        query = f"{at['intake']}/v1/obligations?unit={key['unit']}&limit=3"
        console.print(
            f'  curl -s -H "Authorization: Bearer {key["key"]}" "{query}"',
            soft_wrap=True,
            highlight=False,
            markup=False,
        )

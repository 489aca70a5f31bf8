"""`tiendo ...`: start, look, publish, import, make keys, send a report, look after dead letters, back up."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.client import Client, Refused
from deploy.local.layout import Layout, Ports
from shared.errors import Permanent, TiendoError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Tiendo: watch over a plan that many units carry out."
)
plan_app = typer.Typer(no_args_is_help=True, help="Plans.")
units_app = typer.Typer(no_args_is_help=True, help="Units.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys of unit systems.")
dead_app = typer.Typer(no_args_is_help=True, help="Events that a consumer could not use.")
demo_app = typer.Typer(no_args_is_help=True, help="Demonstrations on published data.")
app.add_typer(plan_app, name="plan")
app.add_typer(units_app, name="units")
app.add_typer(keys_app, name="keys")
app.add_typer(dead_app, name="dead-letters")
app.add_typer(demo_app, name="demo")

console = Console(highlight=False)
DATA_VARIABLE = "TIENDO_DATA"


def layout() -> Layout:
    """The platform's folder (`TIENDO_DATA`, default `.data`) and ports (`TIENDO_LOCAL_<NAME>_PORT`)."""
    ports = {
        field.name: _port_in(variable)
        for field in fields(Ports)
        if (variable := f"TIENDO_LOCAL_{field.name.upper()}_PORT") in os.environ
    }
    return Layout(data=Path(os.environ.get(DATA_VARIABLE, ".data")).resolve(), ports=Ports(**ports))


def _port_in(variable: str) -> int:
    text = os.environ[variable]
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise typer.BadParameter(f"{variable} must be a port from 1 to 65535, not {text!r}")
    return int(text)


def operator(service: str) -> Client:
    """A client with the local operator's token; other platforms are named by TIENDO_ADDRESS and TIENDO_TOKEN."""
    if "TIENDO_ADDRESS" in os.environ:
        return Client(os.environ["TIENDO_ADDRESS"], os.environ.get("TIENDO_TOKEN", ""))
    held = layout().read_local()
    if not held:
        raise typer.BadParameter(
            "no platform found here: start one with `make run`, or set TIENDO_ADDRESS and TIENDO_TOKEN"
        )
    return Client(held["addresses"][service], held["operator_token"])


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a command's work; our own errors become one clear message and exit code 1."""
    try:
        asyncio.run(work())
    except TiendoError as fault:
        console.print(str(fault), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from fault


@app.command()
def up(
    empty: Annotated[bool, typer.Option("--empty", help="Start without the sample plan and year.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop again when the start (and the sample) is done.")] = False,
) -> None:
    """Start the platform here; the first start makes a sample year. Ctrl-C stops it."""
    from deploy.local.up import up as start

    run(lambda: start(layout(), empty=empty, console=console, once=once))


@app.command()
def doctor() -> None:
    """Say what is wrong here and how to mend it; exit code 1 when something is."""
    from deploy.local.doctor import examine

    findings = examine(layout())
    for finding in findings:
        mark = "[green]fine[/green] " if finding.fine else "[red]wrong[/red]"
        console.print(f"{mark}  {finding.what}: ", end="")
        console.print(finding.detail, markup=False, soft_wrap=True)
        if not finding.fine:
            console.print(f"       -> {finding.mend}", markup=False, soft_wrap=True)
    raise typer.Exit(0 if all(finding.fine for finding in findings) else 1)


@app.command()
def backup(folder: Path) -> None:
    """Copy stores, evidence and the local secret into a new folder, while the platform runs or not."""
    from deploy.local.backup import back_up

    async def work() -> None:
        found = await asyncio.to_thread(back_up, layout(), folder, now=datetime.now(UTC).isoformat(timespec="seconds"))
        size = sum(one.bytes for one in found) / 2**20
        console.print(f"Backed up {len(found)} files, {size:.1f} MiB, to {folder}.", soft_wrap=True)
        console.print("It holds the secret that signs tokens and links: keep it as you keep that.")

    run(work)


@app.command()
def restore(folder: Path) -> None:
    """Check a backup and make it the data of this platform, which must be stopped and its data moved away."""
    from deploy.local.backup import restore as restored

    async def work() -> None:
        found = await asyncio.to_thread(restored, layout(), folder)
        console.print(f"Restored {len(found)} files. Start the platform: the broker is rebuilt from the stores.")

    run(work)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Permanent(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Permanent(f"{path}: not UTF-8 text at byte {error.start}") from error


@plan_app.command("check")
def plan_check(path: Path) -> None:
    """Check a plan document without publishing it: every fault with its line, path and how to mend it."""
    from shared.plan.load import load_plan

    async def work() -> None:
        plan = load_plan(_text_of(path))
        points = sum(indicator.weight for indicator in plan.indicators())
        console.print(f"{plan.code} {plan.version}: {len(plan.indicators())} indicators, {points:g} points. No faults.")

    run(work)


@plan_app.command("publish")
def plan_publish(path: Path, dry_run: Annotated[bool, typer.Option("--dry-run")] = False) -> None:
    """Publish a plan document through intake. A published version never changes."""
    from shared.plan.load import load_plan

    async def work() -> None:
        text = _text_of(path)
        plan = load_plan(text)
        async with operator("intake") as client:
            status = await client.publish_plan(plan.code, plan.version, text, dry_run=dry_run)
        told = "could be published" if dry_run else "published" if status == 201 else "stood already, unchanged"
        console.print(f"{plan.code} {plan.version}: {told}.")

    run(work)


@units_app.command("import")
def units_import(path: Path, dry_run: Annotated[bool, typer.Option("--dry-run")] = False) -> None:
    """Register or change the units of a CSV file, all lines or none; units that have not changed are left alone."""
    from shared.plan.units import read_units

    async def work() -> None:
        text = _text_of(path)
        total = len(read_units(text))
        async with operator("intake") as client:
            done = await client.import_units(text, dry_run=dry_run)
        fresh = sum(unit["before"] is None for unit in done["units"])
        changed = len(done["units"]) - fresh
        said = "Nothing was written. " if dry_run else ""
        console.print(f"{said}{total} units: {fresh} new, {changed} changed, {total - fresh - changed} as they were.")
        owed = {name: sum(held[name] for held in done["obligations"]) for name in ("added", "cancelled")}
        if any(owed.values()):
            console.print(f"Obligations: {owed['added']} added, {owed['cancelled']} cancelled.")

    run(work)


@keys_app.command("create")
def keys_create(unit: str, label: str = "unit system") -> None:
    """Make an API key of a unit. It is shown once."""

    async def work() -> None:
        async with operator("intake") as client:
            console.print(await client.make_key(unit, label), markup=False)

    run(work)


@app.command()
def report(
    path: Annotated[Path, typer.Argument(help="JSON file with a report; - reads standard input.")],
    key: Annotated[str, typer.Option(envvar="TIENDO_KEY", help="The unit's API key.")],
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
) -> None:
    """Send one report and print intake's summary; exit code 1 when it was refused."""

    async def work() -> None:
        text = sys.stdin.read() if str(path) == "-" else _text_of(path)
        async with operator("intake") as client:
            try:
                answer = await client.post_file(text.encode(), key=key, dry_run=dry_run)
            except Refused as refusal:
                console.print_json(json.dumps(refusal.problem, ensure_ascii=False))
                raise
            console.print_json(json.dumps(answer, ensure_ascii=False))

    run(work)


@app.command()
def verify(
    named: Annotated[
        str,
        typer.Argument(
            metavar="FILE|SHA256|EDITION",
            help="A report as it was sent (JSON), its receipt, or an edition such as edition-MIC-2011-1.",
        ),
    ],
) -> None:
    """Say whether a receipt or an edition is genuine; exit code 0 genuine, 3 changed since, 4 unknown."""
    from deploy.verify import EXIT_CODES
    from deploy.verify import verify as ask
    from deploy.verify_edition import EDITION, verify_edition

    async def edition() -> None:
        async with operator("scoring") as client:
            proof = await verify_edition(client, named)
        for line in proof.lines():
            console.print(line, markup=False, soft_wrap=True)
        if proof.exit_code:
            raise typer.Exit(proof.exit_code)

    async def receipt() -> None:
        async with operator("intake") as client:
            found = await ask(client, named)
        for line in found.lines():
            console.print(line, markup=False, soft_wrap=True)
        if EXIT_CODES[found.outcome]:
            raise typer.Exit(EXIT_CODES[found.outcome])

    run(edition if EDITION.fullmatch(named) else receipt)


@dead_app.command("list")
def dead_list(limit: int = 50) -> None:
    """Dead letters, oldest first, with the reason of each."""
    from deploy.dead_letters import list_all

    async def work() -> None:
        table = Table("sequence", "consumer", "subject", "attempts", "reason", "last failure", "state")
        for letter in await list_all(layout(), limit=limit):
            table.add_row(*(str(value) for value in letter))
        console.print(table)

    run(work)


@dead_app.command("replay")
def dead_replay(sequence: int) -> None:
    """Send one dead letter to its consumers again, under its own event id."""
    from deploy.dead_letters import replay_one

    run(lambda: replay_one(layout(), sequence))


@dead_app.command("discard")
def dead_discard(sequence: int, reason: str) -> None:
    """Mark one dead letter as dealt with; the reason is kept."""
    from deploy.dead_letters import discard_one

    run(lambda: discard_one(layout(), sequence, reason))


@demo_app.command("hdi")
def demo_hdi(
    path: Annotated[Path | None, typer.Argument(help="UNDP's table; default: the one in tests.")] = None,
) -> None:
    """Post UNDP's 5,808 published inputs and compare the Human Development Index with what UNDP published.

    Starts a platform of its own on free ports, in real time, and removes it afterwards.
    """
    from deploy.demo_hdi import demo_on_a_platform_of_its_own

    run(lambda: demo_on_a_platform_of_its_own(console=console, path=path))


def main() -> None:
    app()


if __name__ == "__main__":
    main()

"""A year of the sample plan: the clock is stepped from working day to working day and unit systems post reports.

Each step waits until nothing is in flight, so that reminders, alerts and digests fire as they would have fired.
The year is deterministic, and a run that was interrupted goes on where the clock stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.client import IN_FLIGHT, Client, Refused
from deploy.local.layout import Layout
from deploy.local.platform import wait_settled
from deploy.simulate.behaviour import Action, actions
from deploy.simulate.content import Author
from shared.clock import write_clock_file
from shared.plan.model import Plan
from shared.plan.working_days import working_days_of

MORNING = time(9, 0, 5)  # just after reminders are due
SETTLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Step:
    """The clock is set to `at_ms`; these requests are sent; everything settles."""

    at_ms: int
    actions: tuple[Action, ...]


@dataclass(slots=True)
class Tally:
    """What the simulated units experienced."""

    accepted: int = 0
    refused: int = 0


def steps(plan: Plan, todo: list[Action], *, first: date, last: date) -> Iterator[Step]:
    """A morning step on every working day and one step for each instant at which units post, in order."""
    zone = ZoneInfo(plan.time_zone)
    working = working_days_of(plan.holidays)
    by_instant: dict[int, list[Action]] = {}
    for action in todo:
        by_instant.setdefault(action.at_ms, []).append(action)
    day = first
    while day <= last:
        if working.is_working(day):
            by_instant.setdefault(int(datetime.combine(day, MORNING, zone).timestamp() * 1000), [])
        day += timedelta(days=1)
    end_ms = int(datetime.combine(last + timedelta(days=1), time(0), zone).timestamp() * 1000)
    for at_ms in sorted(by_instant):
        if at_ms < end_ms:
            yield Step(at_ms, tuple(sorted(by_instant[at_ms], key=lambda action: (action.unit, action.form))))


def planned(plan: Plan, obligations: list[dict[str, Any]], *, seed: int) -> list[Action]:
    """What all unit systems will send, from the obligations that intake has materialised."""
    found: list[Action] = []
    for owed in obligations:
        if owed["outcome"] == "CANCELLED":
            continue
        found.extend(
            actions(
                seed=seed,
                unit=owed["unit"],
                form=owed["form"],
                period=owed["period"],
                open_at_ms=owed["open_at_ms"],
                period_end_ms=owed["period_end_ms"],
                due_at_ms=owed["due_at_ms"],
                zone=ZoneInfo(plan.time_zone),
            )
        )
    return found


class Year:
    """Runs the steps against a platform."""

    def __init__(
        self,
        *,
        layout: Layout,
        plan: Plan,
        client: Client,
        keys: Mapping[str, str],
        author: Author,
    ) -> None:
        self._layout = layout
        self.plan = plan
        self._client = client
        self._keys = keys
        self._author = author
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self.tally = Tally()

    async def run(
        self,
        todo: list[Action],
        *,
        first: date,
        last: date,
        resume_after_ms: int,
        progress: Callable[[int, int, int], None],
    ) -> None:
        """Run every step later than `resume_after_ms`; the clock stands at the last step afterwards.

        `progress(done, of, at_ms)` is told after each.
        """
        all_steps = [step for step in steps(self.plan, todo, first=first, last=last) if step.at_ms > resume_after_ms]
        for done, step in enumerate(all_steps, start=1):
            write_clock_file(self._layout.clock_file, virtual_ms=step.at_ms, rate=0)
            async with asyncio.TaskGroup() as group:
                for action in step.actions:
                    group.create_task(self._send(action))
            await wait_settled(self._layout, since_ms=step.at_ms, within_seconds=SETTLE_SECONDS)
            progress(done, len(all_steps), step.at_ms)

    async def _send(self, action: Action) -> None:
        report = self._author.report(action)
        async with self._gate:
            headers = {"If-Match": '"1"'} if action.what == "amend" else {}
            try:
                for name, content in self._author.files_of(report):
                    await self._client.upload_evidence(name, content, "text/plain", key=self._keys[action.unit])
                await self._client.post_report(report, key=self._keys[action.unit], headers=headers)
                self.tally.accepted += 1
            except Refused as refusal:
                if refusal.status not in (409, 412, 422):
                    raise
                self.tally.refused += 1


def day_of(at_ms: int, zone: str) -> date:
    """The local day of an instant, for progress lines."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(zone)).date()

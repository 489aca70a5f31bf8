"""The day's message, worked out the naive way from the words of PRODUCT.md section 7.

    Rungs fire at 09:00 in the recipient's zone on a working day, so many working days from the due day. What is
    fulfilled or waived is superseded; of several due rungs the latest is sent, the others are skipped; one that is more
    than a day late is skipped when a newer one exists. One message per recipient and day, over all forms, units and
    inspections. Nothing on days off or between 20:00 and 07:00: it waits for 09:00 of the next working day. A rung that
    was over for more than a day when its obligation (or its extension) became known is never sent.

Deadlines of inspections have rungs as well, and a first word on the working day after the conclusion (or after a
remedy was given back). One that was over when its deadline became known is never sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from heapq import heappop, heappush

from shared.events.obligation import ObligationState
from tests.services.notify.year.days import DAY, clock, is_working, local, working
from tests.services.notify.year.known import Inspected, Known, last_instant
from tests.services.notify.year.words import CENTER, FINDING_RUNGS, HOME, RUNGS, STEP_RUNGS, TOLD_FIRST

Key = tuple[str, str, int]
"""What it is about (an obligation; unit, step or finding of an inspection), rung, due instant."""

NEWEST = max(RUNGS, key=lambda rung: rung[1])[0]


@dataclass(slots=True)
class Line:
    """One rung of one obligation or deadline. `place`: the unit whose people are told."""

    key: Key
    day: date
    roles: tuple[str, ...]
    place: str
    look_ms: int
    status: str = "PENDING"
    told: set[str] = field(default_factory=set)
    unreached: set[str] = field(default_factory=set)

    @property
    def is_of_ladder(self) -> bool:
        return self.key[0].startswith("obligation-")


@dataclass(slots=True)
class DayMail:
    """`lines`: what became of every rung. `send(to, subjects)` and `lacks(unit, role)` are told what follows."""

    known: Known
    send: Callable[[str, frozenset[str], list[Line]], None]
    lacks: Callable[[str, str], None]
    lines: dict[Key, Line] = field(default_factory=dict)
    waiting: dict[str, set[Key]] = field(default_factory=dict)
    agenda: list[tuple[int, str]] = field(default_factory=list)
    had: set[tuple[str, date]] = field(default_factory=set)

    # --- planning ---

    def plan(self) -> None:
        """Every obligation and inspection that changed gets its rungs."""
        for obligation in sorted(self.known.changed):
            self._plan(self.known.held[obligation])

    def _plan(self, state: ObligationState) -> None:
        first = self.known.first_seen[state.obligation]
        known = state.changed_at_ms if state.cause in ("extended", "recalculated") else first
        for line in self._of(state.obligation):
            if line.key[2] != state.due_at_ms:
                self._end(line, "SENT" if line.told else "REPLANNED")
        if state.outcome != "PENDING":
            return
        due_day = local(state.due_at_ms, state.time_zone).date()
        for code, days, roles in RUNGS:
            key = (state.obligation, code, state.due_at_ms)
            held = self.lines.get(key)
            if held is not None and held.status != "REPLANNED":
                continue
            day = working(due_day, days)
            zones = {self.known.units[place].time_zone for place in self.known.climb(state.unit)} | {state.time_zone}
            look = max(known, min(clock(day, "09:00", zone) for zone in zones))
            line = Line(key, day, roles, state.unit, look)
            too_late = known - clock(day, "09:00", state.time_zone) > DAY
            self._add(line, too_late=too_late)

    def plan_inspections(self) -> None:
        for unit in sorted(self.known.moved):
            held = self.known.inspections[unit]
            if held.step is not None and held.due is not None:
                about = f"{unit} {held.step}"
                for rung in STEP_RUNGS:
                    self._deadline(held, about, held.due, rung, CENTER)
            for number, finding in held.findings.items():
                if not finding.is_open or finding.due is None or finding.told_on is None:
                    continue
                about = f"{unit} finding {number}"
                for rung in FINDING_RUNGS:
                    self._deadline(held, about, finding.due, rung, unit)
                code = "RETURNED" if finding.is_returned else "NEW"
                key = (about, code, last_instant(finding.due))
                if key not in self.lines:
                    day = working(finding.told_on, 1)
                    self._add(Line(key, day, TOLD_FIRST, unit, clock(day, "09:00", HOME)))

    def _deadline(
        self, held: Inspected, about: str, due: date, rung: tuple[str, int, tuple[str, ...]], place: str
    ) -> None:
        code, days, roles = rung
        key = (about, code, last_instant(due))
        day = working(due, days)
        fires = clock(day, "09:00", HOME)
        if key not in self.lines:
            self._add(Line(key, day, roles, place, fires), too_late=fires < held.changed_at_ms)

    def _add(self, line: Line, *, too_late: bool = False) -> None:
        self.lines[line.key] = line
        if too_late:
            line.status = "SKIPPED_LATE"
            return
        self.waiting.setdefault(line.key[0], set()).add(line.key)
        heappush(self.agenda, (line.look_ms, line.key[0]))

    def _of(self, about: str) -> list[Line]:
        return [self.lines[key] for key in sorted(self.waiting.get(about, ()))]

    # --- telling ---

    def look(self, now: int) -> None:
        """One look at the clock: decide every rung whose time has come."""
        asked: set[str] = set()
        while self.agenda and self.agenda[0][0] <= now:
            asked.add(heappop(self.agenda)[1])
        packets: dict[str, list[Line]] = {}
        waits: dict[Key, list[int]] = {}
        for about in sorted(asked):
            lines = [line for line in self._of(about) if line.look_ms <= now]
            line = self._chosen(about, lines, now) if lines else None
            if line is not None:
                waits[line.key] = self._share(line, packets, now)
        for address, wanted in packets.items():
            self._post(address, wanted, waits, now)
        for key, until in waits.items():
            line = self.lines[key]
            if line.status != "PENDING":
                continue
            if until:
                line.look_ms = min(until)
                heappush(self.agenda, (line.look_ms, key[0]))
            else:
                self._end(line, "SENT")

    def _chosen(self, about: str, lines: list[Line], now: int) -> Line | None:
        lines = [line for line in lines if not self._is_done(line)]
        if not lines:
            return None
        latest = max(lines, key=lambda line: (line.day, line.key[1] in ("NEW", "RETURNED")))
        for line in lines:
            if line is not latest:
                self._end(line, "SENT" if line.told else "SKIPPED_LATE")
        if latest.is_of_ladder and latest.key[1] != NEWEST and now - latest.look_ms > DAY:
            self._end(latest, "SENT" if latest.told else "SKIPPED_LATE")
            return None
        return latest

    def _is_done(self, line: Line) -> bool:
        """What is fulfilled, waived, taken or remedied is not told of any more."""
        if self._is_owed(line):
            return False
        self._end(line, "SENT" if line.told else "SUPERSEDED")
        return True

    def _is_owed(self, line: Line) -> bool:
        if line.is_of_ladder:
            return self.known.held[line.key[0]].outcome == "PENDING"
        unit, what, *number = line.key[0].split()
        held = self.known.inspections[unit]
        if what == "finding":
            return held.findings[int(number[0])].is_open
        return held.step == what

    def _share(self, line: Line, packets: dict[str, list[Line]], now: int) -> list[int]:
        """Put the line into the packet of each recipient whose hour it is; until when the others wait."""
        for role in line.roles:
            if not self.known.holders(role, line.place):
                self.lacks(line.place, role)
        people = self.known.people(line.roles, line.place)
        if not people:
            self._end(line, "FAILED")
        until: list[int] = []
        for address, zone in people.items():
            if address in line.told:
                continue
            nine = clock(line.day, "09:00", zone)
            here = local(now, zone)
            if now < nine:
                until.append(nine)
            elif not is_working(here.date()) or here.hour >= 20:
                until.append(clock(working(here.date(), 1), "09:00", zone))
            elif here.hour < 7:
                until.append(clock(here.date(), "09:00", zone))
            else:
                packets.setdefault(address, []).append(line)
        return until

    def _post(self, address: str, wanted: list[Line], waits: dict[Key, list[int]], now: int) -> None:
        first = wanted[0]
        zone = self.known.people(first.roles, first.place)[address]
        today = local(now, zone).date()
        if (address, today) in self.had:
            tomorrow = clock(working(today, 1), "09:00", zone)
            for line in wanted:
                waits[line.key].append(tomorrow)
            return
        self.had.add((address, today))
        for line in wanted:
            line.told.add(address)
        self.send(address, frozenset(subject(line.key) for line in wanted), wanted)

    def _end(self, line: Line, status: str) -> None:
        line.status = status
        self.waiting.get(line.key[0], set()).discard(line.key)


def subject(key: Key) -> str:
    """A rung as one text."""
    return f"{key[0]} {key[1]} {key[2]}"

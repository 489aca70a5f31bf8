"""What should have been sent, worked out the naive way from the words of PRODUCT.md section 7.

It shares no code with notify: plain dicts and lists, its own calendar, its own climb through the unit tree. It is
told the same things at the same moments as the service, and says for every moment who gets a message about what.

    The ladder's rungs fire at 09:00 in the recipient's zone on a working day, so many working days from the due day.
    What is fulfilled or waived is superseded; of several due rungs the latest is sent, the others are skipped; one
    that is more than a day late is skipped when a newer one exists. One message per recipient and day. Nothing on
    days off or between 20:00 and 07:00: it waits for 09:00 of the next working day. A rung that was over for more
    than a day when its obligation (or its extension) became known is never sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from shared.events.obligation import ObligationState
from shared.events.unit import UnitState

DAY = 86_400_000
Ladder = tuple[tuple[str, int, tuple[str, ...]], ...]
Key = tuple[str, str, int]
"""Obligation, rung, due instant."""


@dataclass(slots=True)
class Line:
    """One rung of one obligation for one due day."""

    key: Key
    day: date
    roles: tuple[str, ...]
    look_ms: int
    status: str = "PENDING"
    told: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Oracle:
    """`messages`: (recipient, local day) -> keys. `lines`: what became of every rung."""

    ladder: Ladder
    days_off: frozenset[date]
    worked: frozenset[date]
    top: str
    units: dict[str, UnitState] = field(default_factory=dict)
    held: dict[str, ObligationState] = field(default_factory=dict)
    first_seen: dict[str, int] = field(default_factory=dict)
    lines: dict[Key, Line] = field(default_factory=dict)
    waiting: dict[str, set[Key]] = field(default_factory=dict)
    agenda: list[tuple[int, str]] = field(default_factory=list)
    messages: dict[tuple[str, date], set[Key]] = field(default_factory=dict)

    def hear(self, states: Iterable[UnitState | ObligationState]) -> None:
        """Newer revisions replace older ones; then each obligation that changed gets its rungs."""
        changed: set[str] = set()
        for state in states:
            if isinstance(state, UnitState):
                self.units[state.unit] = state
                continue
            seen = self.first_seen.setdefault(state.obligation, state.changed_at_ms)
            before = self.held.get(state.obligation)
            if before is None or state.revision > before.revision:
                self.held[state.obligation] = state
                # When it became known is what the kept revisions say: one that came too late to be kept says nothing.
                self.first_seen[state.obligation] = min(seen, state.changed_at_ms)
                changed.add(state.obligation)
        for obligation in sorted(changed):
            self._plan(self.held[obligation])

    def _plan(self, state: ObligationState) -> None:
        known = (
            state.changed_at_ms if state.cause in ("extended", "recalculated") else self.first_seen[state.obligation]
        )
        for line in self._of(state.obligation):
            if line.key[2] != state.due_at_ms:
                self._end(line, "SENT" if line.told else "REPLANNED")
        if state.outcome != "PENDING":
            return
        due_day = self._local(state.due_at_ms, state.time_zone).date()
        for code, days, roles in self.ladder:
            key = (state.obligation, code, state.due_at_ms)
            held = self.lines.get(key)
            if held is not None and held.status != "REPLANNED":
                continue
            day = self._working(due_day, days)
            zones = {self.units[place].time_zone for place in self._climb(state.unit)} | {state.time_zone}
            look = max(known, min(self._nine(day, zone) for zone in zones))
            line = Line(key, day, roles, look)
            self.lines[key] = line
            if known - self._nine(day, state.time_zone) > DAY:
                line.status = "SKIPPED_LATE"
            else:
                self.waiting.setdefault(state.obligation, set()).add(key)
                heappush(self.agenda, (look, state.obligation))

    def _of(self, obligation: str) -> list[Line]:
        return [self.lines[key] for key in sorted(self.waiting.get(obligation, ()))]

    def look(self, now: int) -> None:
        """One look at the clock: decide every rung whose time has come."""
        asked: set[str] = set()
        while self.agenda and self.agenda[0][0] <= now:
            asked.add(heappop(self.agenda)[1])
        due = {
            obligation: lines
            for obligation in sorted(asked)
            if (lines := [line for line in self._of(obligation) if line.look_ms <= now])
        }
        packets: dict[str, list[Line]] = {}
        waits: dict[Key, list[int]] = {}
        for obligation, lines in due.items():
            line = self._chosen(self.held[obligation], lines, now)
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

    def _chosen(self, state: ObligationState, lines: list[Line], now: int) -> Line | None:
        if state.outcome != "PENDING":
            for line in lines:
                self._end(line, "SENT" if line.told else "SUPERSEDED")
            return None
        latest = max(lines, key=lambda line: line.day)
        for line in lines:
            if line is not latest:
                self._end(line, "SENT" if line.told else "SKIPPED_LATE")
        newest = max(self.ladder, key=lambda rung: rung[1])[0]
        if latest.key[1] != newest and now - latest.look_ms > DAY:
            self._end(latest, "SENT" if latest.told else "SKIPPED_LATE")
            return None
        return latest

    def _share(self, line: Line, packets: dict[str, list[Line]], now: int) -> list[int]:
        """Put the line into the packet of each recipient whose hour it is; until when the others wait."""
        unit = self.held[line.key[0]].unit
        people = self._people(line.roles, unit)
        if not people:
            self._end(line, "FAILED")
        until: list[int] = []
        for address, zone in people.items():
            if address in line.told:
                continue
            nine = self._nine(line.day, zone)
            local = self._local(now, zone)
            if now < nine:
                until.append(nine)
            elif not self._is_working(local.date()) or local.hour >= 20:
                until.append(self._nine(self._working(local.date(), 1), zone))
            elif local.hour < 7:
                until.append(self._nine(local.date(), zone))
            else:
                packets.setdefault(address, []).append(line)
        return until

    def _post(self, address: str, wanted: list[Line], waits: dict[Key, list[int]], now: int) -> None:
        first = wanted[0]
        zone = self._people(first.roles, self.held[first.key[0]].unit)[address]
        today = self._local(now, zone).date()
        if (address, today) in self.messages:
            tomorrow = self._nine(self._working(today, 1), zone)
            for line in wanted:
                waits[line.key].append(tomorrow)
            return
        self.messages[(address, today)] = {line.key for line in wanted}
        for line in wanted:
            line.told.add(address)

    def _people(self, roles: tuple[str, ...], unit: str) -> dict[str, str]:
        zones: dict[str, str] = {}
        for role in roles:
            for address, zone in self._holders(role, unit):
                zones.setdefault(address, zone)
        return zones

    def _end(self, line: Line, status: str) -> None:
        line.status = status
        self.waiting.get(line.key[0], set()).discard(line.key)

    def _holders(self, role: str, unit: str) -> list[tuple[str, str]]:
        for place in self._climb(unit):
            found = [
                (contact.email.lower(), self.units[place].time_zone)
                for contact in self.units[place].contacts
                if contact.role == role
            ]
            if found:
                return found
        return []

    def _climb(self, unit: str) -> list[str]:
        places: list[str] = []
        at: str | None = unit
        while at is not None:
            places.append(at)
            at = self.units[at].parent
        return places if self.top in places else [*places, self.top]

    def _is_working(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < 5 and day not in self.days_off)

    def _working(self, day: date, days: int) -> date:
        step = timedelta(days=1 if days > 0 else -1)
        for _ in range(abs(days)):
            day += step
            while not self._is_working(day):
                day += step
        return day

    def _nine(self, day: date, zone: str) -> int:
        return int(datetime.combine(day, time(9), ZoneInfo(zone)).timestamp() * 1000)

    def _local(self, at_ms: int, zone: str) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))

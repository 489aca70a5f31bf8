"""What anybody could know at a moment: units and their people, obligations, inspections, and what people declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from shared.events.base import State
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.events.unit import UnitState
from tests.services.notify.year.acts import Act
from tests.services.notify.year.days import end_of, first_working, local, working
from tests.services.notify.year.words import CENTER, HOME, REMEDY_DAYS, STEP_DAYS


@dataclass(slots=True)
class Remedy:
    """One finding of an inspection. `returned_on`: when a remedy was last given back."""

    severity: str
    is_open: bool = True
    due: date | None = None
    told_on: date | None = None
    is_returned: bool = False
    revision: int = 1


@dataclass(slots=True)
class Inspected:
    """One inspection: which step is owed by which day, and the findings by number."""

    step: str | None
    due: date | None
    changed_at_ms: int
    findings: dict[int, Remedy] = field(default_factory=dict)


@dataclass(slots=True)
class Known:
    """The newest of everything. `changed`, `reported`, `moved`: what is new since the last look."""

    units: dict[str, UnitState] = field(default_factory=dict)
    held: dict[str, ObligationState] = field(default_factory=dict)
    of_unit: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    first_seen: dict[str, int] = field(default_factory=dict)
    reports: dict[str, ReportState] = field(default_factory=dict)
    inspections: dict[str, Inspected] = field(default_factory=dict)
    silences: list[Act] = field(default_factory=list)
    outages: list[Act] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def hear(self, states: Iterable[State]) -> None:
        """Newer revisions replace older ones."""
        for state in states:
            match state:
                case UnitState():
                    if state.unit not in self.units or state.revision > self.units[state.unit].revision:
                        self.units[state.unit] = state
                case ReportState():
                    if state.report not in self.reports or state.revision > self.reports[state.report].revision:
                        self.reports[state.report] = state
                        self.reported.add(state.report)
                case ObligationState():
                    self._obligation(state)

    def _obligation(self, state: ObligationState) -> None:
        before = self.held.get(state.obligation)
        if before is not None and state.revision <= before.revision:
            return
        # When it became known is what the kept revisions say: one that came too late to be kept says nothing.
        seen = self.first_seen.get(state.obligation, state.changed_at_ms)
        self.first_seen[state.obligation] = min(seen, state.changed_at_ms)
        self.held[state.obligation] = state
        self.of_unit[state.unit].add(state.obligation)
        self.changed.add(state.obligation)

    # --- people ---

    def people(self, roles: Iterable[str], unit: str) -> dict[str, str]:
        """Address -> time zone of everybody who holds one of these roles for a unit."""
        zones: dict[str, str] = {}
        for role in roles:
            for address, zone in self.holders(role, unit):
                zones.setdefault(address, zone)
        return zones

    def holders(self, role: str, unit: str) -> list[tuple[str, str]]:
        """At the unit itself, else above it, else at the standing body."""
        for place in self.climb(unit):
            found = [
                (contact.email.lower(), self.units[place].time_zone)
                for contact in self.units[place].contacts
                if contact.role == role
            ]
            if found:
                return found
        return []

    def climb(self, unit: str) -> list[str]:
        places: list[str] = []
        at: str | None = unit
        while at is not None:
            places.append(at)
            at = self.units[at].parent
        return places if CENTER in places else [*places, CENTER]

    def naming(self, address: str) -> list[str]:
        """The units that have an address on record."""
        return sorted(unit for unit in self.units if self.names(unit, address))

    def names(self, unit: str, address: str) -> bool:
        return any(contact.email.lower() == address for contact in self.units[unit].contacts)

    # --- inspections ---

    def act(self, act: Act) -> None:
        """What people declare, and the steps of inspections."""
        match act.what:
            case "silence":
                self.silences.append(act)
            case "outage":
                self.outages.append(act)
            case "propose" | "step" | "find" | "remedy" | "give_back" | "accept":
                self._inspect(act)

    def _inspect(self, act: Act) -> None:
        about, today = act.about, local(act.at_ms, HOME).date()
        unit: str = about["unit"]
        self.moved.add(unit)
        if act.what == "propose":
            self.inspections[unit] = Inspected("decision", working(today, STEP_DAYS["decision"]), act.at_ms)
            return
        held = self.inspections[unit]
        held.changed_at_ms = act.at_ms
        if act.what == "step":
            self._step(held, about["step"], today)
        elif act.what == "find":
            held.findings[about["number"]] = Remedy(about["severity"])
        else:
            _judge(held.findings[about["number"]], act.what, today)

    def _step(self, held: Inspected, step: str, today: date) -> None:
        following = {"decision": "visit", "visit": "conclusion", "conclusion": "closure", "closure": None}[step]
        last = today
        if step == "conclusion":
            for finding in held.findings.values():
                finding.due = first_working(today + timedelta(days=REMEDY_DAYS[finding.severity]))
                finding.told_on = today
                finding.revision += 1
                last = max(last, finding.due)
        held.step = following
        held.due = working(last, STEP_DAYS[following]) if following else None


def _judge(finding: Remedy, what: str, today: date) -> None:
    finding.is_open = what == "give_back"
    finding.revision += 1
    if what == "give_back":
        finding.is_returned, finding.told_on = True, today


def last_instant(day: date) -> int:
    """The last instant of a deadline."""
    return end_of(day, HOME)

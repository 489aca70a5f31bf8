"""What should have been sent, worked out the naive way from the words of PRODUCT.md, sections 7 to 9.

It shares no code with notify: plain dicts and lists, its own calendar, its own climb through the unit tree. It is told
the same things at the same moments as the service, and says for every look at the clock who gets a message about what.
What is known stands in `known`, the day's mail in `mail`, alerts in `alarms`, digests in `bulletins`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

from shared.events.base import State
from shared.events.obligation import ObligationState
from tests.services.notify.year.acts import Act
from tests.services.notify.year.alarms import Alarms
from tests.services.notify.year.bulletins import Bulletins
from tests.services.notify.year.known import Known, last_instant
from tests.services.notify.year.mail import DayMail, Line
from tests.services.notify.year.words import CENTER


@dataclass(frozen=True, slots=True)
class Message:
    """One message: kind, recipient, instant, reason, what it is about, whether it arrived."""

    kind: str
    to: str
    at: int
    why: str
    about: frozenset[str]
    arrived: bool = True


class Oracle:
    """`messages`: all that should have been sent. `may`: what a repeat to somebody at an instant may name besides."""

    def __init__(self) -> None:
        self.known = Known()
        self.mail = DayMail(self.known, self._mail, self._lacks)
        self.alarms = Alarms(self.known, self._alert)
        self.bulletins = Bulletins(self.known, self.alarms, partial(self._post, "digest"))
        self.messages: list[Message] = []
        self.may: dict[tuple[str, int], frozenset[str]] = {}
        self._now = 0
        self._box: list[tuple[str, str, str, frozenset[str], list[Line]]] = []
        self._broken: set[str] = set()
        self._off: set[str] = set()
        self._agenda: list[tuple[int, str]] = []

    def hear(self, states: Iterable[State]) -> None:
        self.known.hear(states)

    def act(self, act: Act) -> None:
        """What people do, or a mail server."""
        match act.what:
            case "breaks":
                self._broken.add(act.about["address"])
            case "works":
                self._broken.discard(act.about["address"])
            case "enable":
                self._off.discard(act.about["address"])
                for name in self._about_address(act.about["address"]):
                    self.alarms.say(name, act.at_ms, firing=False)
            case "promise" | "resolve":
                self.alarms.act(act)
            case _:
                self.known.act(act)

    def look(self, now: int) -> None:
        """One look at the clock, in the order in which one follows from the other."""
        self._now = now
        self.mail.plan()
        self.mail.look(now)
        self._watch(now)
        self.mail.plan_inspections()
        self._forget(now)
        self.alarms.look(now)
        self.bulletins.look(now)
        self._deliver(now)
        self.alarms.look(now)
        self._deliver(now)

    # --- what sources say ---

    def _watch(self, now: int) -> None:
        """Every rule about everything that changed, or whose time has come."""
        asked = set(self.known.changed)
        for obligation in self.known.changed:
            heappush(self._agenda, (self.known.held[obligation].grace_end_ms + 1, obligation))
        while self._agenda and self._agenda[0][0] <= now:
            asked.add(heappop(self._agenda)[1])
        for obligation in asked:
            self._overdue(self.known.held[obligation], now)
        for unit, form in {(self.known.held[one].unit, self.known.held[one].form) for one in asked}:
            self._two_in_a_row(unit, form, now)
        for report in self.known.reported:
            state = self.known.reports[report]
            name = (state.unit, "R3", state.obligation)
            self.alarms.say(name, now, firing=bool(state.findings), source=state.revision)
        for name in [name for name in self.alarms.ongoing if name[1] == "MISSING_CONTACT"]:
            if self.known.holders(name[2], name[0]):
                self.alarms.say(name, now, firing=False)
        for unit, held in self.known.inspections.items():
            for number, finding in held.findings.items():
                late = finding.is_open and finding.due is not None and now > last_instant(finding.due)
                self.alarms.say((unit, "R9", f"finding {number}"), now, firing=late, source=finding.revision)
        self.known.changed, self.known.reported = set(), set()

    def _overdue(self, state: ObligationState, now: int) -> None:
        firing = state.outcome == "PENDING" and now > state.grace_end_ms
        name = (state.unit, "R1", state.obligation)
        self.alarms.say(name, now, firing=firing, source=state.revision, form=state.form)

    def _two_in_a_row(self, unit: str, form: str, now: int) -> None:
        """The newest periods whose limit has passed, in none of which anything came in time; one is still owed."""
        own = [self.known.held[one] for one in self.known.of_unit[unit] if self.known.held[one].form == form]
        closed = [one for one in own if one.grace_end_ms < now and one.outcome in ("PENDING", "FULFILLED", "NIL")]
        row: list[ObligationState] = []
        for state in sorted(closed, key=lambda one: one.period_end_ms, reverse=True):
            if state.outcome != "PENDING" and state.timeliness != "LATE":
                break
            row.append(state)
        firing = len(row) >= 2 and any(state.outcome == "PENDING" for state in row)
        newest = max(state.changed_at_ms for state in own)
        self.alarms.say((unit, "R2", form), now, firing=firing, source=newest, form=form)

    def _lacks(self, unit: str, role: str) -> None:
        self.alarms.say((unit, "MISSING_CONTACT", role), self._now, firing=True)

    def _forget(self, now: int) -> None:
        """A unit that names another address now has no trouble with the old one."""
        for name in [name for name in self.alarms.ongoing if name[1] == "DELIVERY_PROBLEM"]:
            if not self.known.names(name[0], name[2]):
                self.alarms.say(name, now, firing=False)

    def _about_address(self, address: str) -> list[tuple[str, str, str]]:
        return [name for name in self.alarms.ongoing if name[1] == "DELIVERY_PROBLEM" and name[2] == address]

    # --- what is sent ---

    def _mail(self, to: str, about: frozenset[str], lines: list[Line]) -> None:
        self._box.append(("day", to, "due", about, lines))

    def _alert(self, to: str, why: str, about: frozenset[str], also: frozenset[str]) -> None:
        if also:
            self.may[to, self._now] = also | self.may.get((to, self._now), frozenset())
        self._box.append(("alert", to, why, about, []))

    def _post(self, kind: str, to: str, why: str, about: str) -> None:
        self._box.append((kind, to, why, frozenset({about}), []))

    def _deliver(self, now: int) -> None:
        """An address that refuses one message is not written to again until a person says so, and operations hear."""
        box, self._box = self._box, []
        for kind, to, why, about, lines in box:
            arrives = to not in self._off and to not in self._broken
            self.messages.append(Message(kind, to, now, why, about, arrives))
            if arrives:
                continue
            self.bulletins.failed.append(now)
            for line in lines:
                line.unreached.add(to)
            if to not in self._off:
                self._off.add(to)
                for unit in self.known.naming(to)[:20] or [CENTER]:
                    self.alarms.say((unit, "DELIVERY_PROBLEM", to), now, firing=True)

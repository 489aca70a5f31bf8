"""What notify tells over its public API, as far as the pages show it. Values only; what is new there is ignored.

Alerts, deliveries and inspections are the very states that their events carry, with a little more. Instants are
RFC 3339 texts, as the API gives them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from shared.clock import from_iso
from shared.events.base import Names, Part
from shared.events.notice import AlertState, DeliveryState, OutageState, SilenceState, WindowStanding


class Line(Part):
    """One line of an alert's history."""

    at: str
    phase: str
    reason: str
    by: str


class AlertTold(AlertState):
    """An alert with what happened to it. `notice`: the last decision about telling it."""

    notice: str = ""
    next_step_at: str | None = None
    history: tuple[Line, ...] = ()


class Step(Part):
    """One state of a delivery, the named reason, and when."""

    status: str
    decision: str
    at: str


class DeliveryTold(DeliveryState):
    """A delivery with the steps that it took."""

    cause: str = ""
    covers: tuple[str, ...] = ()
    legal: bool = False
    template: str = ""
    next_try_at: str | None = None
    held: str | None = None
    origin: str | None = None
    resends: int = 0
    note: str | None = None
    steps: tuple[Step, ...] = ()


class Window(Part):
    """A silence or an outage: what it is about (empty fits all), who, why, until when. Half-open, epoch ms."""

    id: str
    plan: str
    unit: str = ""
    alert: str = ""
    rule: str = ""
    form: str = ""
    owner: str
    reason: str
    by: str
    starts_at_ms: int
    ends_at_ms: int

    @classmethod
    def of(cls, state: SilenceState | OutageState) -> Window:
        """The window that a state tells of."""
        held = state.model_dump()
        names = {name: held.get(name) or "" for name in ("unit", "alert", "rule", "form")}
        same = {name: held[name] for name in ("plan", "owner", "reason", "by", "starts_at_ms", "ends_at_ms")}
        return cls(id=held.get("silence") or held["outage"], **names, **same)


class WindowTold(Part):
    """A silence or an outage as notify answers; `state` is the state that its event carries."""

    id: str
    plan: str
    unit: str = ""
    alert: str = ""
    rule: str = ""
    form: str = ""
    owner: str
    reason: str
    by: str
    standing: WindowStanding
    starts_at: str
    ends_at: str
    created_at: str
    ended_by: str = ""
    ended_reason: str = ""
    version: int

    def state(self, noun: str, now_ms: int) -> SilenceState | OutageState:
        """The state as of now; `noun` is `silences` or `outages`."""
        given = {
            "revision": self.version,
            "plan": self.plan,
            "unit": self.unit or None,
            "owner": self.owner,
            "reason": self.reason,
            "by": self.by,
            "standing": self.standing,
            "starts_at_ms": from_iso(self.starts_at),
            "ends_at_ms": from_iso(self.ends_at),
            "created_at_ms": from_iso(self.created_at),
            "changed_at_ms": now_ms,
            "ended_by": self.ended_by or None,
            "ended_reason": self.ended_reason or None,
        }
        if noun == "outages":
            return OutageState.model_validate({**given, "outage": self.id})
        named = {"alert": self.alert or None, "rule": self.rule or None, "form": self.form or None}
        return SilenceState.model_validate({**given, **named, "silence": self.id})


@dataclass(frozen=True, slots=True)
class Windows:
    """Silences and outages that are in force or still to come, the first to end first."""

    silences: tuple[Window, ...]
    outages: tuple[Window, ...]


class Proposal(Part):
    """A unit to inspect and why; most risk points come first."""

    unit: str
    causes: tuple[str, ...]
    points: int
    rules: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    draw: str | None = None
    visited_on: str | None = None
    inspect_by: str
    under_way: str | None = None


class Draw(Part):
    """The random draw of a year: what was announced, and what the seed made of it."""

    draw: str
    plan: str
    year: int
    percent: int
    rule: str
    units: tuple[str, ...]
    commitment: str
    seed_source: str
    seed_day: str
    announced_by: str
    announced_at: str
    seed: str | None = None
    drawn: tuple[str, ...] = ()
    drawn_by: str | None = None
    drawn_at: str | None = None


class Verdict(Part):
    """What repeating a draw gave; None where no seed was entered yet."""

    draw: str
    commitment: str
    commitment_now: str
    commitment_holds: bool
    draw_holds: bool | None = None
    seed_after_announcement: bool | None = None


class Decision(Part):
    """One decision behind what was or was not sent."""

    kind: str
    id: str
    about: str
    about_words: Names | None = None
    status: str
    reason: str
    words: Names
    at: str
    next_at: str | None = None
    recipient: str | None = None
    unit: str | None = None


class AuditorPass(Part):
    """The auditor's last look: when, and how many differences there were."""

    at: str
    differences: int


class ReminderLevel(Part):
    """What notify says of its own service level. `undecided`: rungs that are due and not looked at yet."""

    undecided: int
    auditor: AuditorPass | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as it is shown: a letter in HTML, its text, or a PDF."""

    media_type: str
    body: bytes
    name: str = ""


class Listing(Part):
    """A page of a list, its items still plain."""

    items: tuple[dict[str, object], ...]
    next_cursor: str | None = Field(default=None)

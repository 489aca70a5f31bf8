"""Every decision in one shape: about what, what was decided, why, when. Each source keeps its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from services.notify.domain.about_words import about_group, about_nudge, about_rung
from services.notify.domain.alerts import Alert
from services.notify.domain.contacts import shortened
from services.notify.domain.contacts_quality import Address
from services.notify.domain.deliveries import Delivery
from services.notify.domain.grouping import Group
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import NEVER_MS
from services.notify.domain.preferences import Preferences
from services.notify.domain.reason_words import words_of
from services.notify.domain.rungs import Reminder
from services.notify.domain.silences import SYSTEM, Outage, Silence
from shared.events.base import Names
from shared.events.notice import DigestState

WORK_STEPS = frozenset({"claimed"})
"""Steps of the sender's own work: they decide nothing."""

INHIBITED = "inhibited"


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision: about what, what was decided, why, when (epoch ms); `words` say the code in both languages.

    `next_at_ms`: of what waits, when it is looked at next. `about_words`: what it is about, where `about` is a code.
    """

    kind: str
    id: str
    about: str
    status: str
    reason: str
    at_ms: int
    number: int = 0
    recipient: str | None = None
    unit: str | None = None
    words: Names = field(default_factory=lambda: Names(vi="", en=""))
    next_at_ms: int | None = None
    about_words: Names | None = None

    @property
    def key(self) -> tuple[int, str, str, int]:
        """The newest first; of one instant, the last step of a thing first."""
        return (-self.at_ms, self.kind, self.id, -self.number)


class RunState(Protocol):
    """A digest run, as far as `why` asks it."""

    @property
    def id(self) -> str: ...
    @property
    def decision(self) -> str: ...
    @property
    def made_at_ms(self) -> int: ...
    def state(self) -> DigestState: ...


def of_reminder(row: Reminder) -> Reason:
    """A rung of an obligation."""
    found = _of_rung("reminder", row, f"{row.form} {row.period}: {row.rung}")
    return replace(found, about_words=about_rung(row))


def of_nudge(row: Nudge) -> Reason:
    """A reminder of an inspection's deadline."""
    found = _of_rung("inspection", row, f"{row.about} ({row.inspection}): {row.rung}")
    return replace(found, about_words=about_nudge(row))


def _of_rung(kind: str, row: Reminder | Nudge, about: str) -> Reason:
    return Reason(
        kind,
        row.id,
        about,
        row.status,
        row.decision,
        row.decided_at_ms,
        row.revision,
        None,
        row.unit,
        words_of(row.decision),
        row.next_at_ms if row.status == "PENDING" else None,
    )


def of_alert(alert: Alert) -> list[Reason]:
    """The alert as it is, and each step on its way there; the last one too, where another reason has followed it."""
    now = alert.reason or alert.notice
    if now == INHIBITED and alert.muted_by:
        now = f"{INHIBITED}: {alert.muted_by}"
    last = len(alert.history) + 1
    found = [
        Reason(
            "alert", alert.id, alert.rule, alert.phase, now, alert.changed_at_ms, last, None, alert.unit, words_of(now)
        )
    ]
    steps = alert.history[:-1] if _says(alert, now) else alert.history
    for number, step in enumerate(steps):
        reason = str(step["reason"])
        words = words_of(reason)
        at_ms = int(step["at_ms"])
        found.append(
            Reason("alert", alert.id, alert.rule, str(step["phase"]), reason, at_ms, number, None, alert.unit, words)
        )
    return [replace(one, about_words=alert.names) for one in found]


def _says(alert: Alert, reason: str) -> bool:
    """Whether the last line of the history gives this reason itself."""
    return bool(alert.history) and str(alert.history[-1]["reason"]) == reason


def of_window(window: Silence | Outage) -> list[Reason]:
    """Who muted what and why; and how it ended, unless it simply ran out. A person's own words stand as they are."""
    kind = "silence" if isinstance(window, Silence) else "outage"
    about = f"{window.plan}: {window.unit or '*'}"
    declared = Names(vi=window.reason, en=window.reason)
    found = [
        Reason(kind, window.id, about, "pending", "declared", window.created_at_ms, 0, None, window.unit, declared)
    ]
    if window.ended_by:
        at_ms, why = window.changed_at_ms, window.ended_reason
        words = words_of(why) if window.ended_by == SYSTEM else Names(vi=why, en=why)
        found.append(Reason(kind, window.id, about, window.phase, why, at_ms, 1, None, window.unit, words))
    return found


def of_group(group: Group) -> Reason:
    """The last look of a group of alerts for one receiver."""
    about = f"{group.kind} -> {group.receiver or 'audience'}"
    words = words_of(group.decision)
    found = Reason("group", group.id, about, "", group.decision, group.decided_at_ms, 0, None, group.unit, words)
    return replace(found, about_words=about_group(group))


def of_digest(run: RunState) -> Reason:
    """A run of a digest."""
    state = run.state()
    return Reason(
        "digest", run.id, state.audience, state.status, run.decision, run.made_at_ms, 0, words=words_of(run.decision)
    )


def of_delivery(delivery: Delivery) -> list[Reason]:
    """Each step of one delivery. Preferences, quiet hours and the budget have left theirs among them."""
    now = {"status": delivery.status, "decision": delivery.decision, "at_ms": delivery.changed_at_ms}
    to, about = shortened(delivery.recipient), f"{delivery.title} -> {delivery.channel}"
    waits = delivery.status in ("CREATED", "TEMPORARY_FAILURE") and delivery.next_at_ms < NEVER_MS
    last = max(len(delivery.trail), 1) - 1
    return [
        Reason(
            "delivery",
            delivery.id,
            about,
            str(step["status"]),
            str(step["decision"]),
            int(step["at_ms"]),
            number,
            to,
            delivery.unit,
            words_of(str(step["decision"])),
            delivery.next_at_ms if waits and number == last else None,
        )
        for number, step in enumerate(delivery.trail or (now,))
        if step["decision"] not in WORK_STEPS
    ]


def of_preferences(preferences: Preferences) -> list[Reason]:
    """Each change of what a recipient wants."""
    to = shortened(preferences.recipient)
    return [
        Reason(
            "preference",
            preferences.id,
            str(step["what"]),
            f"off: {step['off']}" if step["off"] else "all_on",
            str(step["how"]),
            int(step["at_ms"]),
            number,
            to,
            None,
            words_of(str(step["how"])),
        )
        for number, step in enumerate(preferences.trail)
    ]


def of_address(address: Address) -> list[Reason]:
    """Each time that an address was switched off or on."""
    to = shortened(address.recipient)
    return [
        Reason(
            "address",
            address.id,
            f"{address.channel} {address.shown}",
            str(step["status"]),
            str(step["reason"]),
            int(step["at_ms"]),
            number,
            to,
            None,
            words_of(str(step["reason"])),
        )
        for number, step in enumerate(address.trail)
    ]

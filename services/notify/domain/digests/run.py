"""A digest run: its key, its window, and when one that was missed is still made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.notify.domain.instants import DAY_MS
from shared.events.base import Names
from shared.events.notice import DigestState

MAKE_UP_MS = 7 * DAY_MS
"""After downtime, runs of this long are made up; older ones are skipped: they would be history, not news."""


@dataclass(frozen=True, slots=True)
class DigestRun:
    """One run for an audience and a closed window (from, to]; content pinned per language when it is made.

    `letters_json`: language -> title, html, text and the references of its enclosures. `standing_json`: what the next
    run of the audience compares with.
    """

    id: str
    plan: str
    audience: str
    window_from_ms: int
    window_to_ms: int
    status: Literal["CREATED", "COMPLETED"]
    recipients: int
    all_clear: bool
    headline_vi: str
    headline_en: str
    made_at_ms: int
    decision: str
    letters_json: str
    standing_json: str
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def state(self) -> DigestState:
        return DigestState(
            revision=self.revision,
            digest=self.id,
            plan=self.plan,
            audience=self.audience,
            window_from_ms=self.window_from_ms,
            window_to_ms=self.window_to_ms,
            status=self.status,
            recipients=self.recipients,
            all_clear=self.all_clear,
            headline=Names(vi=self.headline_vi, en=self.headline_en),
            made_at_ms=self.made_at_ms,
        )


def digest_id(plan: str, audience: str, window_to_ms: int) -> str:
    """The key under which a run is found or created: one run per audience and moment, however often it is asked for."""
    return f"digest-{plan}-{audience}-{window_to_ms}"


def decision_of(*, silent: bool, late_ms: int) -> str:
    """The named reason of a run: `nothing_to_tell`, `made_up_after_downtime` (a day late or more), `scheduled`."""
    if silent:
        return "nothing_to_tell"
    return "made_up_after_downtime" if late_ms > DAY_MS else "scheduled"

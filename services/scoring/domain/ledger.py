"""What the ledger of obligations says for an evaluation: who is in it, what is due, what was on time.

- A unit is in the cohort of a year when it owes at least one report of it (waived, not applicable and cancelled ones
  are not owed). Its peer group is that of its last obligation of the year.
- An obligation is due once its last instant on time has passed; equal to the limit is still on time.
- `reports_on_time`: of the obligations that are due, how many had their first valid version on time and were never
  returned; each counts as its share, as it does in intake's rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OWED = frozenset({"PENDING", "FULFILLED", "NIL"})


@dataclass(frozen=True, slots=True)
class Owed:
    """One obligation of the year, as scoring needs it. Instants are epoch ms.

    `share` is what it counts in rates: less than 1 where the unit existed for a part of the period and the form
    prorates. `period_last` is the period's last day (ISO date), empty where it is not known.
    """

    obligation: str
    plan_version: str
    form: str
    unit: str
    peer_group: str
    period: str
    period_end_ms: int
    due_at_ms: int
    outcome: str
    timeliness: str
    returned_count: int
    changed_at_ms: int
    share: float = 1.0
    period_last: str = ""

    @property
    def expected(self) -> bool:
        return self.outcome in OWED

    def due(self, now_ms: int) -> bool:
        return self.due_at_ms < now_ms

    @property
    def on_time(self) -> bool:
        return self.timeliness == "ON_TIME" and self.returned_count == 0


def peer_groups(obligations: Iterable[Owed]) -> dict[str, str]:
    """Unit -> peer group of every unit in the cohort."""
    last: dict[str, tuple[int, str, str]] = {}
    for owed in obligations:
        if owed.expected:
            place = (owed.period_end_ms, owed.obligation, owed.peer_group)
            last[owed.unit] = max(last.get(owed.unit, place), place)
    return {unit: place[2] for unit, place in last.items()}


def next_change_ms(obligations: Iterable[Owed], now_ms: int) -> int | None:
    """The next instant at which time alone changes the evaluation: something becomes due. None when all is."""
    instants = [owed.due_at_ms + 1 for owed in obligations if owed.expected and not owed.due(now_ms)]
    return min(instants, default=None)


def versions(obligations: Iterable[Owed]) -> frozenset[str]:
    """The plan versions that what is owed was materialised from; where nothing is owed any more, what was."""
    named = [(owed.plan_version, owed.expected) for owed in obligations]
    return frozenset(version for version, expected in named if expected) or frozenset(version for version, _ in named)

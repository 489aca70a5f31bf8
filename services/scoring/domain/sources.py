"""What stands in the store for one (plan, year): obligations, accepted reports, appraisals, findings, earlier years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.earlier import Earlier
from services.scoring.domain.findings import Finding
from services.scoring.domain.last_year import Last
from services.scoring.domain.ledger import Owed
from services.scoring.domain.values import Cells

Values = Sequence[Mapping[str, Any]]

_CANONICAL = attrgetter("unit", "form", "period_end_ms", "obligation")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One report that counts (approved or sealed): its content and where it came from.

    A value is `{"indicator", "status"?, "value"?, "numerator"?, "denominator"?}`; what was not given is absent.
    """

    report: str
    obligation: str
    version: int
    nil: bool
    received_at_ms: int
    changed_at_ms: int
    values: Values

    @property
    def cells(self) -> Cells:
        """The values as columns."""
        return self.values if isinstance(self.values, Cells) else Cells.of(self.values)


@dataclass(frozen=True)
class Sources:
    """Everything an evaluation is computed from, each in any order; no order changes a number."""

    obligations: tuple[Owed, ...]
    accepted: tuple[Accepted, ...]
    appraised: tuple[Appraised, ...] = ()
    findings: tuple[Finding, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    last_year: tuple[Last, ...] = ()

    @cached_property
    def owed(self) -> tuple[Owed, ...]:
        """The obligations that are owed, by unit, form, period: sums over them come out the same in every order."""
        return tuple(sorted((entry for entry in self.obligations if entry.expected), key=_CANONICAL))

    @cached_property
    def _standing(self) -> dict[str, tuple[Owed, Accepted]]:
        last: dict[str, Accepted] = {}
        for report in sorted(self.accepted, key=lambda r: (r.received_at_ms, r.report)):
            last[report.obligation] = report
        return {entry.obligation: (entry, last[entry.obligation]) for entry in self.owed if entry.obligation in last}

    def standing(self) -> dict[str, tuple[Owed, Accepted]]:
        """Obligation -> itself and the report that counts for it; only what is owed, in the order of `owed`."""
        return self._standing

"""What inspections found at a unit, and whether it was remedied: counted for `findings_remedied`. Pure.

A finding counts in the evaluation year in which it has to be remedied, once that day has passed: in the denominator,
and in the numerator too when it was remedied by then. An open finding that is not due yet counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the year. `due_at_ms` is the last instant on time; `remedied_at_ms` None while it is open."""

    finding: str
    unit: str
    due_at_ms: int
    remedied_at_ms: int | None
    changed_at_ms: int
    revision: int = 1

    def due(self, now_ms: int) -> bool:
        return self.due_at_ms < now_ms

    @property
    def next_change_ms(self) -> int:
        """When time alone makes it count."""
        return self.due_at_ms + 1

    @property
    def on_time(self) -> bool:
        return self.remedied_at_ms is not None and self.remedied_at_ms <= self.due_at_ms

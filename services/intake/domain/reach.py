"""Whose reports a file may hold: the bounds of who sent it, carried to wherever its rows are read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

SHOWN_MAX = 10


class Reach(BaseModel):
    """Units, forms and the plan that may be reported for; None (or "" for the plan) binds nothing."""

    model_config = ConfigDict(frozen=True)

    units: frozenset[str] | None = None
    forms: frozenset[str] | None = None
    plan: str = ""

    @classmethod
    def of(
        cls, *, unit: str | None, units: Iterable[str] | None, forms: Iterable[str] | None, plan: str | None
    ) -> Self:
        """The reach of somebody bound to a unit and, of a subtree, to all `units` below it; nothing named binds not."""
        bound = frozenset((unit, *(units or ()))) if unit else None
        return cls(units=bound, forms=frozenset(forms or ()) or None, plan=plan or "")

    def bound(self, *, plan: str, form: str, unit: str) -> str:
        """The bound that a report is outside of, as it is told; "" when it is within all of them."""
        if self.units is not None and unit not in self.units:
            return _listed(self.units)
        if self.plan and plan != self.plan:
            return self.plan
        if self.forms is not None and form not in self.forms:
            return _listed(self.forms)
        return ""


ANYWHERE = Reach()


def _listed(codes: frozenset[str]) -> str:
    shown = sorted(codes)
    more = f", ... ({len(shown)})" if len(shown) > SHOWN_MAX else ""
    return ", ".join(shown[:SHOWN_MAX]) + more

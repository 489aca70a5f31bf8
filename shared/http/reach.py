"""How far a principal reaches: its units, its plan, its forms."""

from __future__ import annotations

from shared.http.identity import Principal
from shared.http.language import Text
from shared.http.problems import Problem


def check_reach(
    principal: Principal, *, unit: str | None = None, plan: str | None = None, form: str | None = None
) -> None:
    """403 when the principal is bound to other units, another plan or other forms; it says to which."""
    if unit is not None and not principal.reaches(unit):
        raise Problem(403, detail=Text(f"Chỉ được làm việc với đơn vị {principal.unit}.", _only(principal.unit)))
    if plan is not None and principal.plan not in (None, plan):
        raise Problem(403, detail=Text(f"Chỉ được làm việc với kế hoạch {principal.plan}.", _only(principal.plan)))
    if form is not None and principal.forms is not None and form not in principal.forms:
        held = ", ".join(sorted(principal.forms))
        raise Problem(403, detail=Text(f"Chỉ được làm việc với biểu mẫu {held}.", _only(held)), pointer="/form")


def within_reach(principal: Principal, *, unit: str | None, plan: str | None) -> tuple[str | None, str | None]:
    """The unit and plan to filter a list by: what was asked for, else what the principal is bound to.

    A key of a subtree names the unit that it asks about; without a name it is told about its top unit.
    """
    check_reach(principal, unit=unit, plan=plan)
    return unit or principal.unit, plan or principal.plan


def _only(bound: str | None) -> str:
    return f"This identity is bound to {bound}."

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


def is_in_reach(principal: Principal, *, unit: str | None, plan: str) -> bool:
    """Whether a listed thing may be shown: of the principal's plan and, when bound to units, about one of them."""
    if principal.plan not in (None, plan):
        return False
    return principal.unit is None or (unit is not None and principal.reaches(unit))


def only_unit(principal: Principal) -> str | None:
    """The one unit that a list can be of at most; None when it may be of more."""
    return principal.unit if principal.units is None else None


def check_about(principal: Principal, *, unit: str | None, plan: str) -> None:
    """403 for one thing that `is_in_reach` would not show; without a unit it concerns more than any one unit."""
    check_reach(principal, unit=unit, plan=plan)
    if not is_in_reach(principal, unit=unit, plan=plan):
        raise _too_wide(principal)


def check_unbound(principal: Principal) -> None:
    """403 when the principal is bound to a unit or a plan: this concerns everybody's."""
    if principal.unit is not None or principal.plan is not None:
        raise _too_wide(principal)


def _too_wide(principal: Principal) -> Problem:
    bound = principal.unit or principal.plan
    return Problem(403, detail=Text(f"Việc này vượt phạm vi của {bound}.", f"This goes beyond {bound}."))


def within_reach(principal: Principal, *, unit: str | None, plan: str | None) -> tuple[str | None, str | None]:
    """The unit and plan to filter a list by: what was asked for, else what the principal is bound to.

    A key of a subtree names the unit that it asks about; without a name it is told about its top unit.
    """
    check_reach(principal, unit=unit, plan=plan)
    return unit or principal.unit, plan or principal.plan


def _only(bound: str | None) -> str:
    return f"This identity is bound to {bound}."

"""Who may ask about what: the keys of unit systems, and the reach of a principal."""

from __future__ import annotations

from services.intake.domain.keys import SCOPES
from services.intake.handlers.keys import UnitKeys
from shared.http.identity import Principal
from shared.http.language import Text
from shared.http.problems import Problem


class KeyAuthenticator:
    """Knows the keys of unit systems. A key speaks for its own unit only."""

    def __init__(self, keys: UnitKeys) -> None:
        self._keys = keys

    async def authenticate(self, bearer: str) -> Principal | None:
        key = await self._keys.recognise(bearer)
        if key is None:
            return None
        return Principal(subject=key.id, kind="unit_system", unit=key.unit, scopes=SCOPES)


def check_reach(principal: Principal, *, unit: str | None = None, plan: str | None = None) -> None:
    """403 when the principal is bound to another unit or another plan."""
    if unit is not None and principal.unit not in (None, unit):
        raise Problem(403, detail=Text(f"Chỉ được làm việc với đơn vị {principal.unit}.", _only(principal.unit)))
    if plan is not None and principal.plan not in (None, plan):
        raise Problem(403, detail=Text(f"Chỉ được làm việc với kế hoạch {principal.plan}.", _only(principal.plan)))


def within_reach(principal: Principal, *, unit: str | None, plan: str | None) -> tuple[str | None, str | None]:
    """The unit and plan to filter a list by: what was asked for, else what the principal is bound to."""
    check_reach(principal, unit=unit, plan=plan)
    return unit or principal.unit, plan or principal.plan


def _only(bound: str | None) -> str:
    return f"This identity is bound to {bound}."

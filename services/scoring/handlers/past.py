"""Answer how an evaluation stood at a past instant: computed again from what was known by then.

The answer depends on nothing but the instant: not on when it is asked, not on what arrived later. So it carries no
revision and no moment of computation, and its bytes are the same every time.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.saved import listing_order
from services.scoring.domain.summary import LISTED
from shared.errors import Permanent


class Computing(Protocol):
    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Units(Protocol):
    async def names(self, units: Sequence[str], *, as_of_ms: int | None = None) -> Mapping[str, dict[str, str]]: ...


class Past:
    """Evaluations as they stood."""

    def __init__(self, *, computing: Computing, units: Units) -> None:
        self._computing = computing
        self._units = units

    async def evaluation(
        self, plan: str, year: int, at_ms: int, *, peer_group: str | None, limit: int, cursor: str | None
    ) -> dict[str, Any] | None:
        """The evaluation with a page of its units by peer group, rank, code. None where there was none yet.

        Permanent for a cursor that was not given by this list.
        """
        after = _read_cursor(cursor)
        computation = await self._computing.as_of(plan, year, at_ms)
        if computation is None:
            return None
        rows = await asyncio.to_thread(_rows, computation, peer_group, after, limit + 1)
        page = rows[:limit]
        names = await self._units.names([row["unit"] for row in page], as_of_ms=at_ms)
        return {
            "evaluation": evaluation_id(plan, year),
            "plan": plan,
            "year": year,
            "asked_as_of_ms": at_ms,
            **computation.content(),
            "items": [{"names": names.get(row["unit"]), **row} for row in page],
            "next_cursor": _cursor(_order(page[-1])) if len(rows) > limit else None,
        }


def _rows(computation: Computation, peer_group: str | None, after: str, most: int) -> list[dict[str, Any]]:
    units, orders = computation.evaluation.cohort.units, computation.orders()
    wanted = [at for at in sorted(range(len(orders)), key=orders.__getitem__) if orders[at] > after]
    peers = computation.evaluation.cohort
    wanted = [at for at in wanted if peer_group in (None, peers.peer_group(at))][:most]
    contents = computation.units(np.array(wanted, dtype=np.int64))
    rows = [{"unit": units[at], **content} for at, content in zip(wanted, contents, strict=True)]
    return [{name: row[name] for name in LISTED} for row in rows]


def _order(row: Mapping[str, Any]) -> str:
    return listing_order(row["peer_group"], row["rank"], row["unit"])


def _cursor(order: str) -> str:
    return base64.urlsafe_b64encode(order.encode()).decode()


def _read_cursor(cursor: str | None) -> str:
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode() if cursor else ""
    except (binascii.Error, ValueError) as err:
        raise Permanent("the cursor is not one of this list") from err

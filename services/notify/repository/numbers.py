"""The numbers that a unit reported on a form, period by period: what its next report is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from services.notify.domain.signals_outliers import PERIODS_KEPT, numbers_of
from shared.errors import Transient
from shared.events.report import ReportState
from shared.store.documents import Collection, Documents

NUMBERS = Collection("numbers")
ATTEMPTS_MAX = 5


class Numbers:
    """One document per (plan, unit, form), bounded to the newest periods. Codes of one form's periods sort by time."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def put(self, report: ReportState) -> Mapping[str, Mapping[str, float]]:
        """Keep a report's numbers in the place of older ones of its period; those of the periods before it."""
        id = _id(report)
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(NUMBERS.name, id)
            rows: dict[str, Any] = orjson.loads(held["rows_json"]) if held else {}
            known = rows.get(report.period)
            earlier = {period: row["numbers"] for period, row in rows.items() if period < report.period}
            if known is not None and known["revision"] >= report.revision:
                return earlier
            rows[report.period] = {"revision": report.revision, "numbers": numbers_of(report)}
            kept = dict(sorted(rows.items())[-PERIODS_KEPT:])
            document = {"_id": id, "rows_json": orjson.dumps(kept).decode()}
            if held is None and await self._store.insert(NUMBERS.name, document):
                return earlier
            if held is not None and await self._store.replace(NUMBERS.name, {**document, "rev": held["rev"]}):
                return earlier
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was saved")


def _id(report: ReportState) -> str:
    key = "\n".join((report.plan, report.unit, report.form))
    return "numbers-" + hashlib.sha256(key.encode()).hexdigest()[:32]

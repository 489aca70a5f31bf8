"""Evaluations as files: the ranking as CSV, XLSX and PDF, the sheet of a unit as PDF. Reads; writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.versions import PlanVersion
from services.scoring.formats.facts import Facts, Language
from services.scoring.formats.ranking import csv_file, xlsx_file
from services.scoring.formats.typeset import book_pdf, sheet_pdf
from shared.events.score import EvaluationState
from shared.plan.model import Plan
from shared.refusal import Refusal

PAGE = 500
BOOK_UNITS_MAX = 5_000
XLSX_CELLS_MAX = 150_000
AT_ONCE = 2
"""Documents that are made at the same time: each takes a processor for as long as it takes."""


class Page(Protocol):
    @property
    def states(self) -> list[dict[str, Any]]: ...

    @property
    def cursor(self) -> str | None: ...


class Results(Protocol):
    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...

    async def ranking(self, evaluation: str, *, peer_group: str | None, limit: int, cursor: str | None) -> Page: ...


class Units(Protocol):
    async def names(self, units: Sequence[str]) -> Mapping[str, dict[str, str]]: ...


class Plans(Protocol):
    async def versions(self, plan: str) -> list[PlanVersion]: ...

    async def plan(self, version: PlanVersion) -> Plan: ...


class Explanations(Protocol):
    async def explanation(self, plan: str, year: int, unit: str) -> dict[str, Any] | None: ...


class Files:
    """Makes files; None where there is no such evaluation, or unit in it."""

    def __init__(self, *, results: Results, units: Units, plans: Plans, explanations: Explanations) -> None:
        self._results = results
        self._units = units
        self._plans = plans
        self._explanations = explanations
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def csv(self, plan: str, year: int, language: Language, peer_group: str | None = None) -> bytes | None:
        """The ranking as CSV."""
        facts = await self._facts(plan, year, peer_group)
        return None if facts is None else await self._made(csv_file, facts, language)

    async def xlsx(self, plan: str, year: int, language: Language, peer_group: str | None = None) -> bytes | None:
        """The ranking and every indicator as a workbook. Refused beyond XLSX_CELLS_MAX lines of indicators."""
        facts = await self._facts(plan, year, peer_group)
        if facts is None:
            return None
        _bounded(len(facts.scores) * len(facts.plan.indicators()), XLSX_CELLS_MAX)
        return await self._made(xlsx_file, facts, language)

    async def book(self, plan: str, year: int, language: Language, peer_group: str | None = None) -> bytes | None:
        """The ranking as a printed book. Refused beyond BOOK_UNITS_MAX units."""
        facts = await self._facts(plan, year, peer_group)
        if facts is None:
            return None
        _bounded(len(facts.scores), BOOK_UNITS_MAX)
        return await self._made(book_pdf, facts, language)

    async def sheet(self, plan: str, year: int, unit: str, language: Language) -> bytes | None:
        """The sheet of one unit, beside its peers."""
        explanation = await self._explanations.explanation(plan, year, unit)
        facts = None if explanation is None else await self._facts(plan, year, explanation["peer_group"])
        if explanation is None or facts is None or all(state["unit"] != unit for state in facts.scores):
            return None
        return await self._made(sheet_pdf, facts, explanation, language)

    async def _facts(self, plan: str, year: int, peer_group: str | None) -> Facts | None:
        evaluation = evaluation_id(plan, year)
        saved = await self._results.evaluation(evaluation)
        if saved is None:
            return None
        versions = await self._plans.versions(plan)
        version = next((one for one in versions if one.version == saved[0].plan_version), None)
        if version is None:
            return None
        scores: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self._results.ranking(evaluation, peer_group=peer_group, limit=PAGE, cursor=cursor)
            scores += page.states
            cursor = page.cursor
            if cursor is None:
                break
        names = await self._units.names([state["unit"] for state in scores])
        return Facts(await self._plans.plan(version), saved[0], scores, names)

    async def _made(self, make: Any, *of: Any) -> bytes:
        """In a thread, a few at once: a large book must not hold up consumers and probes."""
        async with self._turns:
            made: bytes = await asyncio.to_thread(make, *of)
        return made


def _bounded(size: int, most: int) -> None:
    if size > most:
        raise Refusal(
            "not_valid",
            f"Tệp có {size} dòng, nhiều hơn {most}: hãy chọn một nhóm so sánh, hoặc tải CSV.",
            f"The file would have {size} lines, more than {most}: choose a peer group, or take the CSV.",
            members={"lines": size, "lines_max": most},
        )

"""Ask for analyses, tell how far they are, cancel them; other weights answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from services.scoring.domain.analysis.job import ENDED, METHOD, Job, job_id
from services.scoring.domain.analysis.kinds import PARAMETERS, Kind
from services.scoring.domain.analysis.refused import refused
from services.scoring.domain.analysis.what_if import WhatIfWeights, what_if_weights
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.handlers.pinned import Pinned
from shared.audit.log import Audit
from shared.clock import Clock
from shared.refusal import Refusal, not_found

UNFINISHED_MAX = 50
KEPT_MAX = 500
ATTEMPTS_MAX = 8


class JobPage(Protocol):
    @property
    def jobs(self) -> list[Job]: ...

    @property
    def cursor(self) -> str | None: ...


class Jobs(Protocol):
    async def add(self, job: Job) -> bool: ...

    async def get(self, id: str) -> Job | None: ...

    async def again(self, job: Job) -> bool: ...

    async def cancel(self, job: Job, *, now_ms: int) -> bool: ...

    async def unfinished(self) -> int: ...

    async def prune(self, *, kept: int) -> int: ...

    async def of_plan(self, plan: str | None, *, limit: int, cursor: str | None) -> JobPage: ...

    async def rows(self, id: str, *, first: int, limit: int) -> list[list[Any]]: ...

    def each(self, id: str) -> AsyncIterator[list[list[Any]]]: ...


class AskAnalyses:
    """Everything that is asked about analyses. `plan` limits a caller to one plan."""

    def __init__(self, *, jobs: Jobs, pinned: Pinned, audit: Audit, clock: Clock) -> None:
        self._jobs = jobs
        self._pinned = pinned
        self._audit = audit
        self._clock = clock
        self.asked: Callable[[], None] = lambda: None
        """Called when one was asked for: whoever computes them may look at once."""

    async def ask(
        self, plan: str, year: int, kind: Kind, parameters: Mapping[str, Any], *, by: str
    ) -> tuple[Job, bool]:
        """(the job, whether it is new). The same question about the same inputs is the same job.

        What failed or was cancelled is queued again.
        """
        given = _parameters(kind, parameters)
        state = await self._pinned.saved(plan, year)
        job = Job(
            id=job_id(plan, year, kind, given, inputs_sha256=state.inputs_sha256, plan_version=state.plan_version),
            plan=plan,
            year=year,
            kind=kind,
            parameters=given,
            plan_version=state.plan_version,
            inputs_sha256=state.inputs_sha256,
            as_of_ms=state.as_of_ms,
            computed_at_ms=state.computed_at_ms,
            asked_by=by,
            asked_ms=self._clock.now_ms(),
        )
        held = await self._jobs.get(job.id)
        if held is not None and held.state not in ("failed", "cancelled"):
            return held, False
        if await self._jobs.unfinished() >= UNFINISHED_MAX:
            vi = f"Đang có {UNFINISHED_MAX} phân tích chờ; hãy gửi lại sau."
            raise Refusal("state", vi, f"{UNFINISHED_MAX} analyses are waiting already: ask again later.")
        added = await (self._jobs.add(job) if held is None else self._jobs.again(held))
        await self._jobs.prune(kept=KEPT_MAX)
        if added:
            self.asked()
            await self._audit.record(plan, "analysis.asked", job.id, by=by, at_ms=job.asked_ms, analysis=kind)
        return await self.get(job.id, plan=None), added

    async def get(self, id: str, *, plan: str | None) -> Job:
        """The job; Refusal where there is none, or none of the caller's plan."""
        job = await self._jobs.get(id)
        if job is None or plan not in (None, job.plan):
            raise not_found("phân tích này", "such analysis")
        return job

    async def page(self, plan: str | None, *, limit: int, cursor: str | None) -> dict[str, Any]:
        """A page of analyses, newest first, without their summaries."""
        page = await self._jobs.of_plan(plan, limit=limit, cursor=cursor)
        items = [{**job.content(), "summary": None} for job in page.jobs]
        return {"items": items, "next_cursor": page.cursor}

    async def result(self, id: str, *, plan: str | None, first: int, limit: int) -> dict[str, Any]:
        """The summary, and rows `first` to `first + limit` of the table."""
        job = await self._finished(id, plan)
        rows = await self._jobs.rows(id, first=first, limit=limit)
        following = first + len(rows)
        return {
            **job.content(),
            "items": [dict(zip(job.columns, row, strict=True)) for row in rows],
            "next_cursor": str(following) if rows and following < job.rows else None,
        }

    async def table(self, id: str, *, plan: str | None) -> tuple[Job, AsyncIterator[list[list[Any]]]]:
        """The whole table, chunk by chunk."""
        job = await self._finished(id, plan)
        return job, self._jobs.each(id)

    async def cancel(self, id: str, *, plan: str | None, by: str) -> Job:
        """Stop it; what has ended stays as it is."""
        for _ in range(ATTEMPTS_MAX):
            job = await self.get(id, plan=plan)
            if job.state in ENDED:
                return job
            now_ms = self._clock.now_ms()
            if await self._jobs.cancel(job, now_ms=now_ms):
                await self._audit.record(job.plan, "analysis.cancelled", id, by=by, at_ms=now_ms)
                return await self.get(id, plan=plan)
        raise Refusal("state", "Phân tích đang thay đổi; hãy thử lại.", "The analysis is being changed: try again.")

    async def what_if(self, plan: str, year: int, given: WhatIfWeights) -> dict[str, Any]:
        """Other weights, now. Nothing is kept."""
        state, models = await self._pinned.models(plan, year)
        found = await asyncio.to_thread(what_if_weights, models, given)
        return {
            "evaluation": evaluation_id(plan, year),
            "plan": plan,
            "plan_version": state.plan_version,
            "year": year,
            "as_of_ms": state.as_of_ms,
            "inputs_sha256": state.inputs_sha256,
            "method": METHOD,
            **found,
        }

    async def _finished(self, id: str, plan: str | None) -> Job:
        job = await self.get(id, plan=plan)
        if job.state != "done":
            vi, en = "Phân tích chưa có kết quả.", "The analysis has no result."
            raise Refusal("state", vi, en, members={"state": job.state})
        return job


def _parameters(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Checked, with every default in place, so that the same question is always spelt alike."""
    try:
        return PARAMETERS[kind].model_validate(given).model_dump(mode="json")
    except ValidationError as err:
        fault = err.errors(include_url=False, include_context=False)[0]
        at = ".".join(str(part) for part in fault["loc"])
        said = str(fault["msg"])
        raise refused(f"parameters.{at}", f"Tham số {at} không hợp lệ: {said}", f"{at}: {said}") from err

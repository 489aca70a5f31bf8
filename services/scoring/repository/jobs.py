"""Analyses: what was asked for, under whose lease it is computed, steps kept against a crash, results in chunks.

`queued` -> `running` (leased) -> `done`, `failed` or `cancelled`. A crash leaves `running` with a lease that runs out:
then another takes it over, and goes on behind the steps that were kept. Leases run on real time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.scoring.domain.analysis.job import Job
from services.scoring.repository.collections import JOB_PARTS, JOBS
from shared.clock import Clock
from shared.errors import Transient
from shared.store.documents import Document, Documents, scan

CHUNK_ROWS = 500
STEP_BYTES_MAX = 4 * 1024 * 1024
AT_ONCE = 16
ATTEMPTS_MAX = 8


@dataclass(frozen=True, slots=True)
class JobPage:
    jobs: list[Job]
    cursor: str | None


class Jobs:
    def __init__(self, store: Documents, *, owner: str, lease_ms: int, lease_clock: Clock) -> None:
        self._store = store
        self._owner = owner
        self._lease_ms = lease_ms
        self._clock = lease_clock

    async def add(self, job: Job) -> bool:
        """False when it is there already."""
        return await self._store.insert(JOBS.name, _document(job, owner="", lease_until_ms=0))

    async def get(self, id: str) -> Job | None:
        held = await self._store.get(JOBS.name, id)
        return None if held is None else _job(held)

    async def again(self, job: Job) -> bool:
        """Queue what failed or was cancelled once more. False when it has moved on."""
        await self.forget_parts(job.id, "result")
        fresh = replace(job, state="queued", done=0, fault=None, summary=None, columns=(), rows=0, ended_ms=0)
        return await self._replace(fresh, owner="", lease_until_ms=0)

    async def of_plan(self, plan: str | None, *, limit: int, cursor: str | None) -> JobPage:
        """Newest first."""
        equals = {"plan": plan} if plan else None
        page = await self._store.find(
            JOBS.name, equals, order_by="asked_ms", descending=True, limit=limit, cursor=cursor
        )
        return JobPage([_job(held) for held in page.documents], page.cursor)

    async def unfinished(self) -> int:
        return await self._store.count(JOBS.name, {"state": "queued"}) + await self._store.count(
            JOBS.name, {"state": "running"}
        )

    async def claim(self) -> Job | None:
        """The longest waiting one, leased; None when nothing waits."""
        now_ms = self._clock.now_ms()
        for state in ("running", "queued"):
            async for held in scan(self._store, JOBS.name, {"state": state}, order_by="asked_ms"):
                if state == "running" and held["lease_until_ms"] > now_ms:
                    continue
                job = _job(held)
                taken = replace(job, state="running", takeovers=job.takeovers + (state == "running"))
                if await self._replace(taken, owner=self._owner, lease_until_ms=now_ms + self._lease_ms):
                    return await self.get(job.id)
        return None

    async def renew(self, job: Job) -> bool:
        """The progress of our job, and another lease. False when it was cancelled or taken over: stop."""
        return await self._settle(job, owner=self._owner, lease_until_ms=self._clock.now_ms() + self._lease_ms)

    async def release(self, job: Job) -> bool:
        """Give our job back unfinished."""
        return await self._settle(replace(job, state="queued"), owner="", lease_until_ms=0)

    async def end(self, job: Job) -> bool:
        """The last state of our job. False when it was cancelled or taken over meanwhile."""
        return await self._settle(job, owner="", lease_until_ms=0)

    async def cancel(self, job: Job, *, now_ms: int) -> bool:
        """Anybody's job. False when it has moved on."""
        return await self._replace(replace(job, state="cancelled", ended_ms=now_ms), owner="", lease_until_ms=0)

    async def keep_step(self, job: Job, number: int, text: str) -> bool:
        """Against a crash. False when it is too large for that."""
        if len(text) > STEP_BYTES_MAX:
            return False
        folder = _folder(job.id, "steps")
        part = {"_id": f"{folder}-{number:06d}", "folder": folder, "number": number, "text": text}
        await self._store.insert(JOB_PARTS.name, part)
        return True

    async def steps(self, id: str) -> dict[int, str]:
        """Number -> text of the steps that were kept."""
        folder = {"folder": _folder(id, "steps")}
        return {
            held["number"]: held["text"] async for held in scan(self._store, JOB_PARTS.name, folder, page_size=AT_ONCE)
        }

    async def keep_rows(self, id: str, rows: Sequence[list[Any]]) -> None:
        """The table, in chunks. A crash in between leaves some; keeping again keeps the rest."""
        folder = _folder(id, "result")
        parts: list[Document] = [
            {
                "_id": f"{folder}-{at // CHUNK_ROWS:06d}",
                "folder": folder,
                "number": at // CHUNK_ROWS,
                "text": orjson.dumps(rows[at : at + CHUNK_ROWS]).decode(),
            }
            for at in range(0, len(rows), CHUNK_ROWS)
        ]
        for start in range(0, len(parts), AT_ONCE):
            await self._store.insert_many(JOB_PARTS.name, parts[start : start + AT_ONCE])

    async def rows(self, id: str, *, first: int, limit: int) -> list[list[Any]]:
        """Some rows of the table."""
        folder = _folder(id, "result")
        found: list[list[Any]] = []
        for chunk in range(first // CHUNK_ROWS, (first + limit - 1) // CHUNK_ROWS + 1):
            held = await self._store.get(JOB_PARTS.name, f"{folder}-{chunk:06d}")
            found.extend(orjson.loads(held["text"]) if held else [])
        skipped = first % CHUNK_ROWS
        return found[skipped : skipped + limit]

    async def each(self, id: str) -> AsyncIterator[list[list[Any]]]:
        """The whole table, chunk by chunk."""
        folder = {"folder": _folder(id, "result")}
        async for held in scan(self._store, JOB_PARTS.name, folder, order_by="number", page_size=AT_ONCE):
            yield orjson.loads(held["text"])

    async def forget_parts(self, id: str, what: str) -> None:
        folder = {"folder": _folder(id, what)}
        ids = [held["_id"] async for held in scan(self._store, JOB_PARTS.name, folder, page_size=AT_ONCE)]
        for part in ids:
            await self._store.delete(JOB_PARTS.name, part)

    async def prune(self, *, kept: int) -> int:
        """Forget the oldest that ended beyond so many of each end; how many."""
        gone = 0
        for state in ("done", "failed", "cancelled"):
            over = await self._store.count(JOBS.name, {"state": state}) - kept
            page = await self._store.find(JOBS.name, {"state": state}, order_by="asked_ms", limit=max(over, 1))
            for held in page.documents[: max(over, 0)]:
                for what in ("steps", "result"):
                    await self.forget_parts(held["_id"], what)
                gone += await self._store.delete(JOBS.name, held["_id"], rev=held["rev"])
        return gone

    async def _settle(self, job: Job, *, owner: str, lease_until_ms: int) -> bool:
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(JOBS.name, job.id)
            if held is None or held["state"] != "running" or held["owner"] != self._owner:
                return False
            document = _document(job, owner=owner, lease_until_ms=lease_until_ms)
            if await self._store.replace(JOBS.name, {**document, "rev": held["rev"]}):
                return True
        raise Transient(f"{job.id} is being changed by many at once")

    async def _replace(self, job: Job, *, owner: str, lease_until_ms: int) -> bool:
        document = _document(job, owner=owner, lease_until_ms=lease_until_ms)
        return await self._store.replace(JOBS.name, {**document, "rev": job.document["rev"]})


def _folder(id: str, what: str) -> str:
    return f"{id}-{what}"


def _document(job: Job, *, owner: str, lease_until_ms: int) -> Document:
    told = {
        "parameters": job.parameters,
        "fault": job.fault,
        "summary": job.summary,
        "columns": list(job.columns),
    }
    return {
        "_id": job.id,
        "plan": job.plan,
        "year": job.year,
        "kind": job.kind,
        "state": job.state,
        "asked_ms": job.asked_ms,
        "asked_by": job.asked_by,
        "plan_version": job.plan_version,
        "inputs_sha256": job.inputs_sha256,
        "as_of_ms": job.as_of_ms,
        "computed_at_ms": job.computed_at_ms,
        "done": job.done,
        "total": job.total,
        "seconds": job.seconds,
        "takeovers": job.takeovers,
        "rows": job.rows,
        "ended_ms": job.ended_ms,
        "owner": owner,
        "lease_until_ms": lease_until_ms,
        "told": orjson.dumps(told).decode(),
    }


def _job(held: Document) -> Job:
    told = orjson.loads(held["told"])
    return Job(
        id=held["_id"],
        plan=held["plan"],
        year=held["year"],
        kind=held["kind"],
        parameters=told["parameters"],
        plan_version=held["plan_version"],
        inputs_sha256=held["inputs_sha256"],
        as_of_ms=held["as_of_ms"],
        computed_at_ms=held["computed_at_ms"],
        asked_by=held["asked_by"],
        asked_ms=held["asked_ms"],
        state=held["state"],
        done=held["done"],
        total=held["total"],
        seconds=held["seconds"],
        takeovers=held["takeovers"],
        fault=told["fault"],
        summary=told["summary"],
        columns=tuple(told["columns"]),
        rows=held["rows"],
        ended_ms=held["ended_ms"],
        document=held,
    )

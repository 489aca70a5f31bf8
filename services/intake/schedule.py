"""The clock edge of intake: what is asked at every pass."""

from __future__ import annotations

from services.intake.handlers.imports import RunImports
from services.intake.handlers.materialise import Materialise
from services.intake.handlers.receipts import Receipts
from services.intake.handlers.relief import GrantRelief
from services.intake.handlers.sealing import SealYears
from services.intake.handlers.shedding import Shedding
from services.intake.handlers.unit_changes import ChangeUnits
from shared.audit.log import AskAudit
from shared.audit.mend import Mend
from shared.http.idempotency import PURGE_LIMIT, Idempotency
from shared.schedule import Job

PURGE_EVERY_MS = 60_000


def jobs(*, materialise: Materialise, idempotency: Idempotency) -> list[Job]:
    """Write obligations as time goes on; forget answers whose 24 hours are over."""
    return [Job("materialise", materialise.due), Job("purge", Purge(idempotency))]


def ledger_jobs(*, units: ChangeUnits, relief: GrantRelief, seals: SealYears) -> list[Job]:
    """End reliefs whose time is over; go on with unit changes and seals that a crash interrupted."""
    return [Job("unit_changes", units.due), Job("reliefs", relief.due), Job("seals", seals.due)]


def record_jobs(*, receipts: Receipts, mend: Mend, ask_audit: AskAudit, shedding: Shedding) -> list[Job]:
    """Chain what was accepted, make up what a crash left out, anchor the days, watch the outbox."""
    return [
        Job("receipts", receipts.link_due),
        Job("mend", mend.due),
        Job("anchors", ask_audit.anchor_due),
        Job("outbox", shedding.look),
    ]


def file_jobs(*, imports: RunImports) -> list[Job]:
    """Begin imports that wait: they are carried out beside the schedule, not in it."""
    return [Job("imports", imports.due)]


class Purge:
    """Deletes expired answers once a minute; after an interruption the next pass goes on."""

    def __init__(self, idempotency: Idempotency) -> None:
        self._idempotency = idempotency
        self._next_ms = 0

    async def __call__(self, now_ms: int) -> int:
        if now_ms < self._next_ms:
            return 0
        deleted = await self._idempotency.purge(now_ms)
        self._next_ms = now_ms + (0 if deleted >= PURGE_LIMIT else PURGE_EVERY_MS)
        return deleted

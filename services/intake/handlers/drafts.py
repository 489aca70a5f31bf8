"""Keep drafts: find, save over what was read, delete. A draft changes nothing in the ledger and announces nothing."""

from __future__ import annotations

from typing import Protocol

from services.intake.domain.drafts import DRAFT_CHARACTERS_MAX, Draft, DraftInput
from services.intake.domain.entry import Entry
from services.intake.domain.window import check_unsealed
from shared.audit.log import Audit
from shared.clock import Clock, iso
from shared.refusal import Refusal, not_found


class DraftStore(Protocol):
    async def get(self, obligation: str) -> Draft | None: ...
    async def save(self, draft: Draft) -> bool: ...
    async def delete(self, obligation: str, *, rev: int | None = None) -> bool: ...


class KeepDrafts:
    """The drafts of reports."""

    def __init__(self, *, drafts: DraftStore, audit: Audit, clock: Clock) -> None:
        self._drafts = drafts
        self._audit = audit
        self._clock = clock

    async def get(self, obligation: str) -> Draft:
        """The draft, refused as not found when there is none."""
        found = await self._drafts.get(obligation)
        if found is None:
            raise not_found(f"bản nháp của {obligation}", f"draft for {obligation}")
        return found

    async def save(self, entry: Entry, given: DraftInput, *, by: str, named_version: int | None) -> tuple[Draft, bool]:
        """The draft as kept, and whether it is new. Refused when sealed, too large, or moved on from what is named."""
        check_unsealed(entry)
        content = given.model_dump_json()
        if len(content) > DRAFT_CHARACTERS_MAX:
            raise Refusal(
                "not_valid",
                f"Bản nháp dài quá {DRAFT_CHARACTERS_MAX} ký tự.",
                f"The draft is longer than {DRAFT_CHARACTERS_MAX} characters.",
            )
        held = await self._drafts.get(entry.id)
        _check_version(held, named_version)
        rev, now_ms = held.rev if held else 0, self._clock.now_ms()
        draft = Draft(entry.id, content, by, now_ms, rev)
        if not await self._drafts.save(draft):
            raise _moved(await self._drafts.get(entry.id))
        await self._audit.record(entry.obligation.plan, "draft.saved", entry.id, by=by, at_ms=now_ms)
        return Draft(entry.id, content, by, now_ms, rev + 1), rev == 0

    async def delete(self, entry: Entry, *, by: str, named_version: int | None) -> None:
        """Take the draft away. Again is harmless."""
        if await self._drafts.delete(entry.id, rev=named_version):
            plan, now_ms = entry.obligation.plan, self._clock.now_ms()
            await self._audit.record(plan, "draft.deleted", entry.id, by=by, at_ms=now_ms)
        elif named_version is not None and (held := await self._drafts.get(entry.id)) is not None:
            raise _moved(held)

    async def submitted(self, draft: Draft) -> None:
        """Its report stands: the draft goes, unless someone wrote on in the meantime."""
        await self._drafts.delete(draft.obligation, rev=draft.rev)


def _check_version(held: Draft | None, named: int | None) -> None:
    if named is not None and named != (held.rev if held else 0):
        raise _moved(held)


def _moved(held: Draft | None) -> Refusal:
    since = {"saved_by": held.by, "saved_at": iso(held.saved_ms)} if held else {}
    return Refusal(
        "version_moved",
        "Bản nháp đã thay đổi; hãy đọc lại trước khi lưu.",
        "The draft has moved on; read it before saving.",
        members={"current_version": held.rev if held else 0, **since},
    )

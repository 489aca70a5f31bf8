"""Read what is sealed: lines, rows and units of the files that an edition, a proposal or a snapshot keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import orjson

from services.scoring.domain.editions.content import (
    DIFF,
    INPUTS,
    LAYOUT,
    PLACES,
    PLAN,
    REFERENCE,
    RESULTS,
    STATISTICS,
    SUMMARY,
)
from services.scoring.domain.editions.files import File, lines_of
from services.scoring.domain.editions.texts import Row, Rows, reference_of, result_of, sources_of
from services.scoring.domain.inputs import Sources
from services.scoring.domain.reference import Reference
from shared.errors import Permanent
from shared.plan.model import Plan


class Parts(Protocol):
    async def texts(self, folder: str, file: File) -> list[str | None]: ...

    def each(self, folder: str, file: File, *, first: int = 0) -> AsyncIterator[str | None]: ...


class Filed(Protocol):
    """Whatever keeps files in a folder."""

    @property
    def folder(self) -> str: ...

    @property
    def files(self) -> Mapping[str, File]: ...


class SealedResults:
    """Permanent where a part is gone: the store was tampered with, and `verify` says where."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def lines(self, filed: Filed, kind: str, *, first: int = 0, limit: int | None = None) -> list[str]:
        """Lines of a file from `first` on, at most `limit`; none of a file that is not kept."""
        file = filed.files.get(kind)
        if file is None or first >= file.lines:
            return []
        number, inside = file.part_of(first)
        last = file.lines if limit is None else first + limit
        found: list[str] = []
        async for text in self._parts.each(filed.folder, file, first=number):
            if text is None:
                raise _gone(kind, filed)
            found += lines_of([text])
            if len(found) - inside >= last - first:
                break
        return found[inside : inside + last - first]

    async def rows(self, filed: Filed, *, first: int = 0, limit: int | None = None) -> list[Row]:
        """Units by peer group, rank, code."""
        layout = await self._layout(filed)
        return [result_of(line, layout) for line in await self.lines(filed, RESULTS, first=first, limit=limit)]

    async def all_rows(self, filed: Filed) -> Rows:
        """Every unit, by peer group, rank, code, to be gone through one at a time."""
        found = [text async for text in self._parts.each(filed.folder, filed.files[RESULTS])]
        texts = [text for text in found if text is not None]
        if len(texts) < len(found):
            raise _gone(RESULTS, filed)
        return Rows(await self._layout(filed), texts)

    async def unit(self, filed: Filed, unit: str) -> Row | None:
        """One unit, None when it was not in the cohort."""
        place = await self._place(filed, unit)
        found = [] if place is None else await self.rows(filed, first=place, limit=1)
        return found[0] if found else None

    async def objects(self, filed: Filed, kind: str, *, first: int = 0, limit: int | None = None) -> list[Any]:
        """Lines of a file as JSON values."""
        return [orjson.loads(line) for line in await self.lines(filed, kind, first=first, limit=limit)]

    async def summary(self, filed: Filed) -> dict[str, Any]:
        found: dict[str, Any] = (await self.objects(filed, SUMMARY))[0]
        return found

    async def statistics(self, filed: Filed) -> list[dict[str, Any]]:
        return await self.objects(filed, STATISTICS)

    async def changes(self, filed: Filed, *, first: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """What is different from the edition before."""
        return await self.objects(filed, DIFF, first=first, limit=limit)

    async def reference(self, filed: Filed) -> Reference:
        return reference_of((await self.lines(filed, REFERENCE))[0])

    async def plan(self, filed: Filed) -> Plan:
        """The plan version that it was computed with."""
        return Plan.model_validate_json((await self.lines(filed, PLAN))[0])

    async def sources(self, filed: Filed) -> Sources:
        """The inputs that it was computed from."""
        return sources_of(await self.lines(filed, INPUTS))

    async def _layout(self, filed: Filed) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (await self.objects(filed, LAYOUT))[0]
        return found

    async def _place(self, filed: Filed, unit: str) -> int | None:
        """The line of a unit in the results: of the places, only the part that can hold it is read."""
        file = filed.files[PLACES]
        low, high = 0, len(file.parts)
        starts = file.starts()
        while high - low > 1:
            middle = (low + high) // 2
            [first] = await self.objects(filed, PLACES, first=starts[middle], limit=1)
            low, high = (middle, high) if first[0] <= unit else (low, middle)
        if not file.parts:
            return None
        found = await self.objects(filed, PLACES, first=starts[low], limit=file.parts[low].lines)
        return next((at for code, at in found if code == unit), None)


def _gone(kind: str, filed: Filed) -> Permanent:
    return Permanent(f"a part of {kind} in {filed.folder} is missing; verify the edition")

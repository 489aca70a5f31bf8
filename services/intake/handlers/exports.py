"""Reports that stand, as a file: read a page at a time, written as they come."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from typing import IO, Protocol

from services.intake.domain.entry import Entry
from services.intake.formats.exports import Cell, XlsxExport, csv_header, csv_lines, rows_of
from shared.refusal import Refusal

Filter = str | int | bool

PAGE = 200
CSV_ROWS_MAX = 2_000_000
XLSX_ROWS_MAX = 50_000
"""A workbook must be whole before its first byte is sent: this many rows take a few seconds."""
CHUNK_BYTES = 256 * 1024


class LedgerStore(Protocol):
    async def page(
        self,
        filters: Mapping[str, Filter],
        *,
        limit: int,
        cursor: str | None,
        only: Callable[[Entry], bool] = ...,
    ) -> tuple[list[Entry], str | None]: ...


class ExportReports:
    """Writes exports; changes nothing."""

    def __init__(self, *, ledger: LedgerStore) -> None:
        self._ledger = ledger

    async def csv(self, filters: Mapping[str, Filter | None]) -> AsyncIterator[bytes]:
        """Lines of CSV, in pieces. Past CSV_ROWS_MAX the answer is cut short, so that it shows."""
        yield csv_header()
        rows = 0
        async for page in self._pages(filters):
            rows += len(page)
            if rows > CSV_ROWS_MAX:
                raise _too_many(CSV_ROWS_MAX)
            yield csv_lines(page)

    async def xlsx(self, filters: Mapping[str, Filter | None]) -> AsyncIterator[bytes]:
        """The bytes of a workbook that is complete. Refused when it would have more than XLSX_ROWS_MAX rows."""
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="tiendo-export-")
        file = await asyncio.to_thread(tempfile.TemporaryFile)
        try:
            export = await asyncio.to_thread(XlsxExport, file, folder.name)
            async for page in self._pages(filters):
                if export.rows + len(page) > XLSX_ROWS_MAX:
                    raise _too_many(XLSX_ROWS_MAX)
                await asyncio.to_thread(export.add, page)
            await asyncio.to_thread(export.close)
            await asyncio.to_thread(file.seek, 0)
        except BaseException:
            file.close()
            raise
        finally:
            await asyncio.to_thread(folder.cleanup)
        return _pieces(file)

    async def _pages(self, filters: Mapping[str, Filter | None]) -> AsyncIterator[list[list[Cell]]]:
        given = {name: value for name, value in filters.items() if value is not None}
        cursor: str | None = None
        while True:
            found, cursor = await self._ledger.page(given, limit=PAGE, cursor=cursor)
            rows = [row for entry in found if entry.report is not None for row in rows_of(entry.report.state)]
            if rows:
                yield rows
            if cursor is None:
                return


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield piece
    finally:
        file.close()


def _too_many(rows_max: int) -> Refusal:
    return Refusal(
        "not_valid",
        f"Hơn {rows_max} dòng; hãy thu hẹp bộ lọc hoặc tải CSV.",
        f"More than {rows_max} rows: narrow the filters, or take the CSV.",
        members={"rows_max": rows_max},
    )

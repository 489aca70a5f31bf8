"""Evidence files across units: whose a file is. Pure.

A file belongs to the unit that gave it first, as long as the report that it came with still has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.intake.domain.entry import Entry
from services.intake.domain.submission import ReportInput


@dataclass(frozen=True, slots=True)
class Use:
    """A file (SHA-256), the unit that gave it, with which obligation's report. `rev` 0: not stored yet."""

    file: str
    unit: str
    obligation: str
    rev: int = 0


def files_of(given: ReportInput) -> tuple[str, ...]:
    """The files that the submission names, each once."""
    named = (value.evidence.sha256 for value in given.values if value.evidence)
    return tuple(dict.fromkeys(file for file in named if file))


def held_elsewhere(uses: Iterable[Use], entries: Mapping[str, Entry], unit: str) -> dict[str, str]:
    """File -> the other unit that still uses it."""
    return {use.file: use.unit for use in uses if use.unit != unit and _still_used(use, entries.get(use.obligation))}


def to_note(files: Sequence[str], uses: Iterable[Use], entry: Entry) -> list[Use]:
    """What to keep once the report is accepted: files that nobody had, and those whose user dropped them."""
    held = entry.obligation
    known = {use.file: use for use in uses}
    return [
        Use(file, held.unit, held.obligation, known[file].rev if file in known else 0)
        for file in files
        if file not in known or known[file].unit != held.unit
    ]


def _still_used(use: Use, entry: Entry | None) -> bool:
    if entry is None or entry.report is None:
        return False
    return any(value.evidence is not None and value.evidence.sha256 == use.file for value in entry.report.state.values)

"""The record of a provisional result as it was when its round entered PROVISIONAL. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.scoring.domain.editions.files import File


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`number` counts from 1, `entered_at_ms` is when the round entered PROVISIONAL, `taken_at_ms` when this was kept.

    `reference` names the edition whose numbers were frozen, "" where none was sealed before.
    """

    plan: str
    year: int
    number: int
    entered_at_ms: int
    taken_at_ms: int
    inputs_sha256: str
    as_of_ms: int
    reference: str
    units: int
    ranked: int
    files: dict[str, File]

    @property
    def folder(self) -> str:
        return f"{self.plan}-{self.year}-provisional-{self.number}-{self.entered_at_ms}"

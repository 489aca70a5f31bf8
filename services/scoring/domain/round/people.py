"""Who may decide about a unit: nobody about their own. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.scoring.domain.round.refusals import forbidden


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: identity, and the units that they belong to, their own first, then those above it."""

    subject: str
    lineage: tuple[str, ...] = ()


def check_not_own(person: Person, unit: str, reporters: Collection[str]) -> None:
    """Refused for a member of the unit (or of anything below it), and for who sent in its values or explanations."""
    if unit in person.lineage:
        raise forbidden(
            "own_unit",
            f"Không được thẩm định đơn vị của mình: {person.lineage[0]} thuộc {unit}.",
            f"Nobody appraises their own unit: {person.lineage[0]} belongs to {unit}.",
            unit=unit,
        )
    if person.subject in reporters:
        raise forbidden(
            "own_report",
            f"Người đã gửi số liệu của {unit} không được thẩm định số liệu đó.",
            f"Who sent in the values of {unit} does not appraise them.",
            unit=unit,
        )

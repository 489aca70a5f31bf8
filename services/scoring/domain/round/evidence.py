"""What came with the reports of a unit: who sent them, and what supports each value. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sent:
    """One report as it was sent. `evidence`: indicator -> `{"kind", "reference", "sha256"}`."""

    report: str
    version: int
    submitted_by: str
    evidence: dict[str, dict[str, Any]]


def reporters(sent: Iterable[Sent]) -> frozenset[str]:
    """Who sent the reports."""
    return frozenset(one.submitted_by for one in sent if one.submitted_by)


def evidence_of(sent: Iterable[Sent], indicator: str) -> list[dict[str, Any]]:
    """The evidence of an indicator with the report and version that it came with."""
    return [
        {"report": one.report, "version": one.version, **one.evidence[indicator]}
        for one in sent
        if indicator in one.evidence
    ]

"""The content of a report: what two submissions must share to be the same, and what its receipt is a hash of. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from shared.canonical import canonical
from shared.events.report import ReportedValue

CHANGES_MAX = 100

# One call for all values: a call each costs three times as much.
_VALUES = TypeAdapter(list[ReportedValue])


@dataclass(frozen=True)
class Content:
    """What was reported, without who, when and how. The order of values and the mode are not content."""

    plan: str
    form: str
    unit: str
    period: str
    nil: bool
    nil_reason: str | None
    values: tuple[ReportedValue, ...]
    explanations: Mapping[str, str]

    def canonical(self) -> bytes:
        """RFC 8785 JSON: equal content gives equal bytes, whatever the order in which it was sent."""
        held: dict[str, Any] = {
            "plan": self.plan,
            "form": self.form,
            "unit": self.unit,
            "period": self.period,
            "nil": self.nil,
            "nil_reason": self.nil_reason,
            "values": _VALUES.dump_python(
                sorted(self.values, key=lambda value: value.indicator), mode="json", exclude_none=True
            ),
            "explanations": dict(self.explanations),
        }
        return canonical(held)

    @cached_property
    def sha256(self) -> str:
        """The receipt: 64 hexadecimal digits. Computed once: canonical JSON is the dearest step of a submission."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _plain(value: ReportedValue) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True, slots=True)
class Change:
    """One indicator that differs between two versions; None where a version has no value."""

    indicator: str
    was: ReportedValue | None
    now: ReportedValue | None

    def document(self) -> dict[str, Any]:
        return {
            "indicator": self.indicator,
            "was": _plain(self.was) if self.was else None,
            "now": _plain(self.now) if self.now else None,
        }


def changes(was: Iterable[ReportedValue], now: Iterable[ReportedValue]) -> list[Change]:
    """What differs, by indicator code."""
    before = {value.indicator: value for value in was}
    after = {value.indicator: value for value in now}
    return [
        Change(code, before.get(code), after.get(code))
        for code in sorted(before.keys() | after.keys())
        if before.get(code) != after.get(code)
    ]

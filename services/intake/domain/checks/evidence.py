"""Checks of what supports the values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.checks.context import Context, Found
from shared.events.base import Names


def evidence_required(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """Evidence of the right kind where the indicator asks for it."""
    for indicator, value in context.chosen(parameters):
        wanted = indicator.evidence
        if not wanted.required:
            continue
        if value.evidence is None:
            message = Names(vi="Thiếu minh chứng", en="Evidence is missing")
            yield Found(message, (indicator.code,), "evidence", wanted.kind, "missing")
        elif wanted.kind not in ("any", value.evidence.kind):
            message = Names(vi="Minh chứng không đúng loại", en="The evidence is of another kind")
            yield Found(message, (indicator.code,), "evidence", wanted.kind, value.evidence.kind)


def evidence_shared(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """No file that another unit has given as its evidence."""
    for indicator, value in context.chosen({}):
        digest = value.evidence.sha256 if value.evidence else None
        if digest is not None and digest in context.evidence_elsewhere:
            other = context.evidence_elsewhere[digest]
            message = Names(
                vi=f"Tệp minh chứng này đã được đơn vị {other} sử dụng", en=f"Unit {other} has given the same file"
            )
            yield Found(message, (indicator.code,), "evidence", "a file of the unit's own", digest)

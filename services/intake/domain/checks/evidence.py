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


def evidence_unknown(context: Context) -> Iterator[Found]:
    """Evidence of kind `file` is one that the unit has uploaded, where files are kept at all. No rule of a plan."""
    if context.evidence_missing is None:
        return
    for value in context.values.values():
        evidence = value.evidence
        if evidence is None or evidence.kind != "file":
            continue
        if evidence.sha256 is None or evidence.sha256 in context.evidence_missing:
            message = Names(
                vi="Tệp minh chứng chưa được tải lên; gửi tệp qua POST /v1/evidence trước",
                en="The evidence file was not uploaded; send it to POST /v1/evidence first",
            )
            got = evidence.sha256 or "no sha256"
            yield Found(message, (value.indicator,), "evidence", "the sha256 of an uploaded file", got)


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

"""Whether a plan that is coherent in itself can be published under a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.events.base import Names
from shared.plan.faults import PlanErrors
from shared.refusal import Detail, Refusal

_STORABLE_KEY = re.compile(r"[A-Za-z0-9_]+")
_STEP = re.compile(r"[^.\[\]]+")
FAULTS_SHOWN_MAX = 100


def not_a_plan(errors: PlanErrors) -> Refusal:
    """All faults of a document, each with its place."""
    details = [
        Detail(
            _pointer(fault.path), fault.message, fault.hint if not fault.line else _with_line(fault.hint, fault.line)
        )
        for fault in errors.faults[:FAULTS_SHOWN_MAX]
    ]
    count = len(errors.faults)
    return Refusal(
        "not_valid",
        f"Kế hoạch có {count} lỗi.",
        f"The plan has {count} faults.",
        details=details,
        members={"faults_total": count},
    )


def _pointer(path: str) -> str:
    """`groups[0].indicators[3].method` as a JSON pointer."""
    return "".join("/" + step.replace("~", "~0") for step in _STEP.findall(path))


def _with_line(hint: str | None, line: int) -> Names:
    said = f"{hint}; " if hint else ""
    return Names(vi=f"{said}dòng {line}", en=f"{said}line {line}")


def check_name(code: str, version: str, *, plan: str, plan_version: str) -> None:
    """The document must be the one that the address names."""
    if (code, version) != (plan, plan_version):
        raise Refusal(
            "not_valid",
            f"Địa chỉ nêu {plan} phiên bản {plan_version}, nội dung là {code} phiên bản {version}.",
            f"The address names {plan} version {plan_version}, the document is {code} version {version}.",
            pointer="/code" if code != plan else "/version",
        )


def check_announceable(document: Mapping[str, Any]) -> None:
    """Keys that an event in the store cannot carry are refused here, with their place, and not found out later."""
    details = [
        Detail(pointer, f"the key {key!r} may hold only letters, digits and `_`")
        for pointer, key in _unstorable(document, "")
    ]
    if details:
        raise Refusal(
            "not_valid",
            "Kế hoạch có khóa không lưu được.",
            "The plan has keys that cannot be announced.",
            details=details[:FAULTS_SHOWN_MAX],
        )


def _unstorable(held: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(held, Mapping):
        for key, value in held.items():
            if not _STORABLE_KEY.fullmatch(key):
                yield f"{pointer}/{key}", key
            yield from _unstorable(value, f"{pointer}/{key}")
    elif isinstance(held, Sequence) and not isinstance(held, str):
        for place, value in enumerate(held):
            yield from _unstorable(value, f"{pointer}/{place}")

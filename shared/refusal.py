"""Why a service says no: one exception whose kind the HTTP edge maps to a status, with a text that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import Permanent
from shared.events.base import Names

RefusalKind = Literal[
    "not_found",
    "forbidden",
    "state",
    "content_exists",
    "version_moved",
    "not_valid",
    "sealed",
]


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing wrong at a place of the request's body (JSON pointer)."""

    pointer: str
    detail: Names | str
    hint: Names | str | None = None


class Refusal(Permanent):
    """A request that will not succeed unchanged. `members` are further facts for the caller (JSON values)."""

    def __init__(
        self,
        kind: RefusalKind,
        vi: str,
        en: str,
        *,
        pointer: str | None = None,
        details: Sequence[Detail] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(en)
        self.kind: RefusalKind = kind
        self.text = Names(vi=vi, en=en)
        self.pointer = pointer
        self.details = tuple(details)
        self.members = dict(members or {})


def not_found(what_vi: str, what_en: str) -> Refusal:
    """The thing that the request names is not there."""
    return Refusal("not_found", f"Không có {what_vi}.", f"There is no {what_en}.")

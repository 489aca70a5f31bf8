"""Asking notify on behalf of a reader: who asks, and the two ways in which it can fail. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Permanent, Transient


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: their own token, and the language of the answer. The token is never shown in a log."""

    bearer: str
    language: str
    subject: str = ""

    def __repr__(self) -> str:
        return f"Reader({self.subject!r}, {self.language!r})"


class Away(Transient):
    """Notify did not answer in time, or not in a way that can be read. What was asked for may have happened."""


class Refused(Permanent):
    """Notify said no. `says` is its own reason in the reader's language; `scope` the right that is missing."""

    def __init__(self, status: int, says: str, scope: str = "") -> None:
        super().__init__(f"{status}: {says}")
        self.status = status
        self.says = says
        self.scope = scope

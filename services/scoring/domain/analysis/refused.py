"""Why an analysis cannot be made: one fault of its parameters."""

from __future__ import annotations

from shared.refusal import Refusal


def refused(at: str, vi: str, en: str) -> Refusal:
    """The refusal of a parameter; `at` is its path."""
    return Refusal("not_valid", vi, en, pointer="/" + at.replace(".", "/"), members={"parameter": at})

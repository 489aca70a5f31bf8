"""Anchors of the audit logs that a digest prints: who keeps it can prove later that nothing before was rewritten."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

SERVICES = ("intake", "scoring", "notify")


@dataclass(frozen=True, slots=True)
class AnchorOf:
    """The last link of one chain of a service's log on a day (UTC, ISO date)."""

    service: str
    chain: str
    day: str
    seq: int
    sha256: str


def printed(anchors: Iterable[AnchorOf], plan: str, plans: Collection[str]) -> tuple[AnchorOf, ...]:
    """Those of the plan first, then of what concerns no single plan; none of other plans."""
    ours = [one for one in anchors if one.chain == plan or one.chain not in plans]
    return tuple(sorted(ours, key=lambda one: (one.chain != plan, _place(one.service), one.chain)))


def _place(service: str) -> int:
    return SERVICES.index(service) if service in SERVICES else len(SERVICES)

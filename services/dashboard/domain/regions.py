"""Which regions of the pages an event changes: what the live channel tells the browsers to fetch again. Pure."""

from __future__ import annotations

REGIONS: dict[str, frozenset[str]] = {
    "plan": frozenset({"headline", "matrix", "ranking", "profile"}),
    "unit": frozenset({"headline", "matrix", "ranking", "profile"}),
    "obligation": frozenset({"headline", "matrix", "profile"}),
    "report": frozenset({"profile"}),
    "score": frozenset({"headline", "ranking", "profile"}),
    "evaluation": frozenset({"headline", "ranking"}),
    "reminder": frozenset({"notices", "profile"}),
    "alert": frozenset({"headline", "alerts", "alert", "profile"}),
    "silence": frozenset({"windows", "alerts"}),
    "outage": frozenset({"windows", "alerts"}),
    "inspection": frozenset({"inspections", "inspection", "profile"}),
    "digest": frozenset({"notices", "digests"}),
    "delivery": frozenset({"notices", "deliveries", "profile"}),
}
ALWAYS = frozenset({"freshness", "pipeline"})


def regions_of(noun: str) -> frozenset[str]:
    """Names of the regions that show something about the noun."""
    return REGIONS[noun] | ALWAYS

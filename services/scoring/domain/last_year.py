"""What bands may depend on of the last year that was sealed: where its cuts lay, and each unit's band. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.scoring.domain.bands import LastYear
from services.scoring.domain.reference import Reference
from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class LastCut:
    """The lower bound of the band at `place`, 0 being the highest one."""

    edition: str
    place: int
    at_least: float


@dataclass(frozen=True, slots=True)
class LastBand:
    """The band (its code) that one unit was in."""

    edition: str
    unit: str
    band: str


Last = LastCut | LastBand


def looks_at_last_year(plan: Plan) -> bool:
    """Whether last year's cuts or bands can change a band."""
    return plan.scoring.band_guardrail is not None or plan.scoring.band_hysteresis > 0


def last_of(edition: str, plan: Plan, reference: Reference, bands: Mapping[str, str | None]) -> tuple[Last, ...]:
    """What an edition says; `bands`: unit -> code, None where it was not rated. `plan` made it."""
    # A reference holds the cuts that came from data; without them the plan's own were used.
    cuts = reference.cuts or tuple(band.at_least for band in plan.scoring.bands)
    placed = [LastCut(edition, place, cut) for place, cut in enumerate(cuts)]
    return (*placed, *(LastBand(edition, unit, band) for unit, band in sorted(bands.items()) if band is not None))


def last_year_of(last: Iterable[Last]) -> LastYear:
    """As the bands take it."""
    held = tuple(last)
    cuts = sorted((one.place, one.at_least) for one in held if isinstance(one, LastCut))
    bands = {one.unit: one.band for one in held if isinstance(one, LastBand)}
    return LastYear(tuple(cut for _, cut in cuts), bands)

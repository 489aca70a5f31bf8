"""From scored leaves to what is published: index, ranks, bands; with the numbers that were taken from data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.bands import NOT_RATED, LastYear, cuts_of, held
from services.scoring.domain.cells import Bools, Floats, Ints, Status
from services.scoring.domain.comparisons import Among
from services.scoring.domain.impute import RAW
from services.scoring.domain.inputs import Cohort
from services.scoring.domain.leaves import Leaf
from services.scoring.domain.rank import UNRANKED, Ranking, ranking
from services.scoring.domain.reference import Reference
from services.scoring.domain.rounding import half_up
from services.scoring.domain.tree import Node, Scored, Terms, grow, walk
from shared.plan.model import Plan, Scoring

_TOLERANCE = 1e-12
PUTS_IN_PLACE = RAW | {"floor"}
"""Policies after which a share may not be what was reported."""


@dataclass(frozen=True, slots=True)
class Overall:
    """One entry per unit. `shown` is False where ranks are kept back because too little of the group is reported."""

    index: Node
    published: Floats
    ranking: Ranking
    band: Ints
    shown: Bools
    cuts: tuple[float, ...]
    reference: Reference


def overall(
    plan: Plan, cohort: Cohort, leaves: Mapping[str, Leaf], *, reference: Reference | None, last: LastYear
) -> Overall:
    """The index of every unit and where it stands."""
    scoring, among = plan.scoring, ranked_together(plan.scoring, cohort)
    index = grow(plan, scored(leaves), terms_of(plan, cohort, reference))
    published = half_up(index.combined.score, scoring.decimals)
    places = _ranking(scoring, index, leaves, published, among)
    cuts = cuts_of(scoring, published, frozen=reference.cuts if reference else (), last=last.cuts)
    return Overall(
        index=index,
        published=published,
        ranking=places,
        band=held(published, cuts, scoring.band_hysteresis, _before(scoring, cohort, last)),
        shown=ranks_shown(scoring, index.combined.coverage, places, among),
        cuts=cuts,
        reference=_used(index, leaves, cuts if scoring.bands_from != "fixed" else (), reference),
    )


def scored(leaves: Mapping[str, Leaf]) -> dict[str, Scored]:
    """What the leaves bring to the tree."""
    return {code: Scored(leaf.share, leaf.applicable, _reported(leaf)) for code, leaf in leaves.items()}


def _reported(leaf: Leaf) -> Bools | None:
    """Where the share was reported; None: wherever there is one, as long as nothing was put in place."""
    if leaf.policy not in PUTS_IN_PLACE:
        return None
    put_in_place = (leaf.status == Status.IMPUTED) | (leaf.status == Status.CARRIED)
    return leaf.reported if bool(put_in_place.any()) else None


def ranked_together(scoring: Scoring, cohort: Cohort) -> Among:
    """Who is ranked, and compared, with whom."""
    if scoring.rank_within == "peer_group":
        return Among(cohort.peer, max(len(cohort.peer_groups), 1))
    return Among(np.zeros(len(cohort.units), dtype=np.int64), 1)


def terms_of(plan: Plan, cohort: Cohort, reference: Reference | None) -> Terms:
    """The terms that the plan's own evaluation is grown under."""
    return Terms(
        peer=cohort.peer,
        peer_groups=cohort.peer_groups,
        among=ranked_together(plan.scoring, cohort),
        frozen=reference.weights if reference else {},
    )


def ranks_shown(scoring: Scoring, coverage: Floats, places: Ranking, among: Among) -> Bools:
    """Whether enough of the weight of those ranked together is reported, of what is due, for ranks to be shown."""
    ranked = places.rank != UNRANKED
    whole = np.bincount(among.group[ranked], weights=coverage[ranked], minlength=among.groups)
    units = np.bincount(among.group[ranked], minlength=among.groups)
    enough = whole >= (scoring.rank_shown_from - _TOLERANCE) * units
    return np.asarray(enough[among.group])


def _ranking(scoring: Scoring, index: Node, leaves: Mapping[str, Leaf], published: Floats, among: Among) -> Ranking:
    on_published = scoring.rank_on == "published"
    decimals = scoring.decimals if on_published else None
    breaks = tie_breaks(scoring, index, leaves)
    value = published if on_published else index.combined.score
    dense = scoring.rank_rule == "dense"
    return ranking(value, among.group, among.groups, dense=dense, decimals=decimals, tie_breaks=breaks)


def tie_breaks(scoring: Scoring, index: Node, leaves: Mapping[str, Leaf]) -> list[Floats]:
    """The scores that decide ties by the plan, in its order, as they are compared; NaN where there is none."""
    nodes = {node.code: node.combined.score for node in walk(index)}
    breaks = [leaves[code].share if code in leaves else nodes[code] for code in scoring.tie_break]
    return [half_up(row, scoring.decimals) for row in breaks] if scoring.rank_on == "published" else breaks


def _before(scoring: Scoring, cohort: Cohort, last: LastYear) -> Ints:
    position = {band.code: at for at, band in enumerate(scoring.bands)}
    if not last.bands or not scoring.band_hysteresis:
        return np.full(len(cohort.units), NOT_RATED, dtype=np.int64)
    return np.array([position.get(last.bands.get(unit, ""), NOT_RATED) for unit in cohort.units], dtype=np.int64)


def _used(index: Node, leaves: Mapping[str, Leaf], cuts: tuple[float, ...], reference: Reference | None) -> Reference:
    """The numbers that came from data, as they were used, ready to be frozen."""
    nodes = (index, *walk(index))
    return Reference(
        edition=reference.edition if reference else "",
        posts={code: leaf.posts for code, leaf in leaves.items() if leaf.posts},
        weights={node.code: dict(node.weights.values) for node in nodes if node.weights.from_data},
        cuts=cuts,
        floors={code: leaf.floor for code, leaf in leaves.items() if leaf.floor is not None},
    )

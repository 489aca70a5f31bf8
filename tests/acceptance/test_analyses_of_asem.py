"""Analyses of the ASEM index, held against its published components and against what COINr computes from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.scoring.domain.analysis.audit import correlation, cronbach_alpha
from services.scoring.domain.analysis.intervals import IntervalParameters, Intervals
from services.scoring.domain.analysis.leave_one_out import LeaveOneOut, LeaveOneOutParameters
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Analysis, Outcome
from services.scoring.domain.analysis.slots import Uniform
from services.scoring.domain.analysis.variations import Case, Switch
from services.scoring.domain.cells import Floats
from services.scoring.domain.evaluate import evaluate
from tests.acceptance.test_published_tables import asem_plan, column, rows
from tests.services.scoring.matrices import matrix

pytestmark = pytest.mark.acceptance

PILLARS = {
    "Conn": ("Physical", "ConEcFin", "Political", "Instit", "P2P"),
    "Sust": ("Environ", "Social", "SusEcFin"),
}


@pytest.fixture(scope="module")
def asem() -> Case:
    normalised = rows("asem/normalised.csv")
    values = {"I-" + name.upper(): column(normalised, name) for name in normalised[0] if name != "uCode"}
    hierarchy = asem_plan("arithmetic")
    inputs = matrix(hierarchy, {row["uCode"]: "ALL" for row in normalised}, values)
    return Case(evaluate(hierarchy, 2018, inputs), inputs)


def outcome(analysis: Analysis) -> Outcome:
    return analysis.finish([analysis.step(number) for number in range(analysis.steps)])


def competition_ranks(values: Floats) -> list[int]:
    return [1 + int((values > own + 1e-9).sum()) for own in values]


@pytest.mark.parametrize("left", [pillar for pillars in PILLARS.values() for pillar in pillars])
def test_leaving_a_pillar_out_is_the_mean_of_the_published_others(asem: Case, left: str) -> None:
    table = rows("asem/arithmetic.csv")
    dimensions = [
        np.mean([column(table, pillar) for pillar in pillars if pillar != left], axis=0) for pillars in PILLARS.values()
    ]
    expected = competition_ranks(np.mean(dimensions, axis=0))
    own = [int(row["Index"]) for row in rows("asem/arithmetic-ranks.csv")]
    found = outcome(LeaveOneOut(asem, LeaveOneOutParameters(indicators=False)))
    told: dict[str, Any] = dict(zip(found.columns, next(r for r in found.rows if r[0] == left.upper()), strict=True))
    shift = np.abs(np.array(expected) - own)
    assert told["mean_rank_shift"] == pytest.approx(float(shift.mean()))
    assert told["largest_rank_shift"] == int(shift.max())
    assert told["unmoved"] == int((shift == 0).sum())


def test_the_geometric_alternative_has_the_published_scores(asem: Case) -> None:
    models = Models(asem)
    index = models.drawn([Switch(mean="geometric")], models.slots.weight[None, :]).index[0]
    np.testing.assert_allclose(index * 100, column(rows("asem/geometric.csv"), "Index"), rtol=1e-12)


def test_intervals_of_the_published_ranking_hold_the_published_ranks(asem: Case) -> None:
    found = outcome(Intervals(asem, IntervalParameters(draws=1000, weights=Uniform(kind="uniform")), run="asem"))
    told = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    own = [int(row["Index"]) for row in rows("asem/arithmetic-ranks.csv")]
    assert [row["rank"] for row in told] == own
    inside = [row["rank_low"] <= row["rank"] <= row["rank_high"] for row in told]
    assert sum(inside) >= 50, "of 51"
    assert found.summary["kendall_tau"] > 0.9


def test_coherence_of_the_published_components(asem: Case) -> None:
    """Figures of the audit against numpy's on the published table."""
    table = rows("asem/arithmetic.csv")
    nodes = {node.code: node for node in asem.evaluation.index.nodes}
    found = correlation(nodes["CONN"].combined.score, asem.evaluation.full)
    assert found == pytest.approx(float(np.corrcoef(column(table, "Conn"), column(table, "Index"))[0, 1]))
    pillars = np.array([column(table, name) for name in PILLARS["Conn"]])
    covariance = np.atleast_2d(np.cov(pillars))
    k = len(pillars)
    alpha = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
    assert cronbach_alpha(np.array([child.score for child in nodes["CONN"].children])) == pytest.approx(float(alpha))

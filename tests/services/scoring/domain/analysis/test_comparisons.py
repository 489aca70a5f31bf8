"""Leave-one-out, alternatives, what-if, dual run: each against the engine with the same change made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.scoring.domain.analysis.alternatives import Alternatives, AlternativesParameters
from services.scoring.domain.analysis.dual_run import DualRun
from services.scoring.domain.analysis.leave_one_out import LeaveOneOut, LeaveOneOutParameters
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Analysis, Outcome
from services.scoring.domain.analysis.what_if import WhatIf, WhatIfParameters, WhatIfWeights, patched, what_if_weights
from shared.refusal import Refusal
from tests.services.scoring.domain.analysis.cases import case


def outcome(analysis: Analysis) -> Outcome:
    return analysis.finish([analysis.step(number) for number in range(analysis.steps)])


def rows(found: Outcome) -> list[dict[str, Any]]:
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_leaving_one_out_is_the_evaluation_without_its_weight() -> None:
    given = case(units=20, missing=0.1)
    told = {row["code"]: row for row in rows(outcome(LeaveOneOut(given, LeaveOneOutParameters())))}
    assert set(told) == {"P0", "P1", "P2", *given.evaluation.leaves}
    for code, path in (("P1", "groups/P1/weight"), ("I2-1", "groups/P2/indicators/I2-1/weight")):
        document = given.plan.model_dump(mode="json")
        group = next(one for one in document["groups"] if one["code"] == path.split("/")[1])
        (group if code == "P1" else next(leaf for leaf in group["indicators"] if leaf["code"] == code))["weight"] = 0
        after = given.again(type(given.plan).model_validate(document)).ranking.rank
        before = given.evaluation.ranking.rank
        both = (before > 0) & (after > 0)
        assert told[code]["mean_rank_shift"] == pytest.approx(float(np.abs(after - before)[both].mean()))
        assert told[code]["largest_rank_shift"] == int(np.abs(after - before)[both].max())
    assert not [row for row in told.values() if row["kind"] not in ("indicator", "group")]


def test_each_alternative_is_thrown_alone() -> None:
    given = case(units=20, missing=0.2)
    told = {(row["choice"], row["value"]): row for row in rows(outcome(Alternatives(given, AlternativesParameters())))}
    assert told["mean", "arithmetic"]["mean_rank_shift"] == 0
    assert told["missing", "reweight"]["mean_rank_shift"] == 0
    assert told["mean", "geometric"]["mean_rank_shift"] > 0
    assert told["normaliser", "percentile"]["mean_rank_shift"] > 0
    assert told["missing", "missing"]["left"] > 0
    assert told["weights", "equal"]["refused"] is None
    document = given.plan.model_dump(mode="json")
    document["scoring"]["aggregate"] = "geometric"
    for group in document["groups"]:
        group["aggregate"] = "geometric"
    after = given.again(type(given.plan).model_validate(document)).ranking.rank
    expected = float(np.abs(after - given.evaluation.ranking.rank).mean())
    assert told["mean", "geometric"]["mean_rank_shift"] == pytest.approx(expected)


def test_other_weights_at_once_are_what_the_engine_computes() -> None:
    given = case(units=50, missing=0.1)
    asked = WhatIfWeights(weights={"": {"P0": 5.0}, "P1": {"I1-0": 0.0}}, units=("u0007",), movers=3)
    found = what_if_weights(Models(given), asked)
    changes = {"groups/P0/weight": 5.0, "groups/P1/indicators/I1-0/weight": 0.0}
    after = given.again(patched(given.plan, changes))
    position = given.evaluation.cohort.position
    assert found["items"][0]["unit"] == "u0007"
    for item in found["items"]:
        at = position[item["unit"]]
        assert item["index_after"] == pytest.approx(after.published[at])
        assert (item["rank_after"] or 0) == after.ranking.rank[at]
        assert (item["rank_before"] or 0) == given.evaluation.ranking.rank[at]
    moved = np.abs(after.ranking.rank - given.evaluation.ranking.rank)
    assert found["largest_rank_shift"] == moved.max()
    assert found["unmoved"] == int((moved == 0).sum())


def test_a_patch_is_checked_like_a_plan() -> None:
    given = case()
    for changes, says in (
        ({"groups/P0/indicators/I0-0/method/high": -5}, "low"),
        ({"groups/NONE/weight": 1}, "NONE"),
        ({"groups/P0/wieght": 1}, "wieght"),
        ({"scoring/decimals/x": 1}, "x"),
    ):
        with pytest.raises(Refusal, match=says):
            patched(given.plan, changes)


def test_a_what_if_of_methods_gives_the_table_of_shifts_and_keeps_the_record() -> None:
    given = case(units=20)
    before = given.plan.model_dump_json()
    told = rows(outcome(WhatIf(given, WhatIfParameters(changes={"groups/P0/indicators/I0-0/method/high": 30.0}))))
    assert given.plan.model_dump_json() == before
    after = given.again(patched(given.plan, {"groups/P0/indicators/I0-0/method/high": 30.0}))
    position = given.evaluation.cohort.position
    for row in told:
        at = position[row["unit"]]
        assert row["rank_change"] == given.evaluation.ranking.rank[at] - after.ranking.rank[at]
    assert [row["rank_change"] for row in told] == sorted((row["rank_change"] for row in told), reverse=True)
    assert any(row["rank_change"] for row in told)


def test_a_what_if_may_not_add_or_drop_indicators() -> None:
    with pytest.raises(Refusal, match="dual run"):
        WhatIf(case(), WhatIfParameters(changes={"groups/P0/indicators/I0-0": None}))


def test_a_dual_run_of_a_plan_with_itself_moves_nobody() -> None:
    given = case(missing=0.3)
    found = outcome(DualRun(given, given))
    assert (found.summary["mean_rank_shift"], found.summary["kendall_tau"], found.summary["band_changes"]) == (0, 1, 0)
    assert found.summary["indicators_dropped"] == found.summary["indicators_added"] == []


def test_a_dual_run_names_what_only_one_version_has() -> None:
    given = case(units=15)
    groups = given.plan.groups
    fewer = groups[0].model_copy(update={"indicators": groups[0].indicators[1:]})
    other = given.changed(given.plan.model_copy(update={"groups": (fewer, *groups[1:]), "version": "2"}))
    found = outcome(DualRun(given, other))
    assert found.summary["indicators_dropped"] == ["I0-0"]
    assert (found.summary["version_before"], found.summary["version_after"]) == ("1", "2")
    assert found.summary["mean_rank_shift"] > 0

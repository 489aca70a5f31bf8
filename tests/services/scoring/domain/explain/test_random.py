"""Explanations of random plans: they are JSON, they add up, and formulas and sentences say the same as the numbers."""

from __future__ import annotations

import math
import re
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.explain import explain
from services.scoring.domain.sources import Sources
from services.scoring.domain.wording import FLAGS, REASONS
from services.scoring.domain.wording.numbers import rounded
from tests.services.scoring.domain.random_plans import YEAR, Case, cases

relaxed = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NOTHING = Sources((), ())
COMPUTABLE = re.compile(r"^(1 - )?\(*(clip|\(|-?\d)")
NAMES = {
    "clip": lambda value, low, high: max(low, min(high, value)),
    "ln": math.log,
    "__builtins__": {},
}


def explained(case: Case) -> list[dict[str, Any]]:
    computed = evaluate(case.plan, YEAR, case.inputs())
    return [explain(computed, NOTHING, unit, now_ms=0) for unit in computed.cohort.units]


@relaxed
@given(case=cases())
def test_contributions_and_weights_sum_and_everything_is_json(case: Case) -> None:
    for why in explained(case):
        assert orjson.loads(orjson.dumps(why)) == why, "no NaN, nothing but JSON"
        index = why["index"]
        rows = why["indicators"]
        if index["unrounded"] is None:
            assert {row["contribution"] for row in rows} == {0.0}
            continue
        assert math.isclose(math.fsum(row["contribution"] for row in rows), index["unrounded"], abs_tol=1e-9)
        assert index["contributions_sum"] == pytest.approx(index["unrounded"], abs=1e-9)
        assert math.fsum(row["effective_weight"] for row in rows) == pytest.approx(1, abs=1e-9)
        losses = [one["lost"] for one in why["lost"]]
        assert losses == sorted(losses, reverse=True)


@relaxed
@given(case=cases())
def test_every_status_and_flag_has_words_in_both_languages(case: Case) -> None:
    for why in explained(case):
        for row in why["indicators"]:
            assert row["status"] in REASONS
            assert {flag["code"] for flag in row["flags"]} <= set(FLAGS)
            for words in (row["reason"], row["sentence"]):
                assert words["vi"]
                assert words["en"]
                assert "nan" not in words["en"]


@relaxed
@given(case=cases())
def test_every_formula_gives_the_share_that_it_is_said_to_give(case: Case) -> None:
    for why in explained(case):
        for row in why["indicators"]:
            if row["share_formula"] in (None, "-"):
                continue
            formula, _, said = row["share_formula"].rpartition(" = ")
            assert math.isclose(float(said), row["share"], rel_tol=1e-11, abs_tol=1e-12)
            if COMPUTABLE.match(formula) and "->" not in formula and ": " not in formula:
                code = re.sub(r"ln (-?[\d.e+-]+)", r"ln(\1)", formula.replace(" x ", " * "))
                found = eval(code, dict(NAMES))
                assert math.isclose(found, row["share"], rel_tol=1e-9, abs_tol=1e-9), row["share_formula"]


@relaxed
@given(case=cases())
def test_sentences_round_the_numbers_of_the_json_and_nothing_else(case: Case) -> None:
    for why in explained(case):
        for row in why["indicators"]:
            for language, points, gives in (("en", "points: ", " gives "), ("vi", "điểm: ", " đạt ")):
                text = row["sentence"][language]
                if row["share"] is None:
                    continue
                assert f"{gives}{rounded(row['share'], 4, language)}" in text
                if row["points"] is not None:
                    assert text.endswith(f"{points}{rounded(row['points'], 2, language)}.")


@pytest.mark.parametrize(
    ("value", "decimals", "english", "vietnamese"),
    [
        (5.625, 2, "5.63", "5,63"),
        (0.575, 2, "0.58", "0,58"),
        (5.0, 2, "5", "5"),
        (-0.0, 2, "0", "0"),
        (0.00012, 2, "0.00012", "0,00012"),
        (1234.5, 0, "1235", "1235"),
        (100.0, 4, "100", "100"),
        (2e20, 2, "2e+20", "2e+20"),
    ],
)
def test_numbers_for_people(value: float, decimals: int, english: str, vietnamese: str) -> None:
    assert rounded(value, decimals, "en") == english
    assert rounded(value, decimals, "vi") == vietnamese

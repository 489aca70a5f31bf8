"""What may be written, what it means, and that whatever is let through has an answer, quickly."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.expression.evaluate import Answer, Environment, EvaluationError, check_compiles
from shared.plan.expression.meaning import Comparison, condition_of, meaning_of
from shared.plan.expression.tokens import ExpressionError

GOOD = [
    "numerator <= denominator",
    "-numerator < 0.0 || !(value > 5.0)",
    'v["SVC-03"].numerator <= v["SVC-02"].numerator',
    "v['A'].previous.ratio >= year_before.ratio",
    'unit.peer_group in ["SO", "CUC"] ? numerator > 0.0 : true',
    "abs(value - previous.value) <= 20.0",
    "min(value, 3.0) + max(1.0, target) == 4.5e0",
    "size(values.filter(i, i.value == i.target)) * 2 <= size(values)",
    "values.all(i, i.numerator >= 0.0 && i.code != code)",
    "values.exists(one, one.value > 1.0) && values.exists_one(one, one.previous.value > 1.0)",
    "denominator == values[0].denominator",
    'form == "ANNUAL" && period != "2011" && year >= 2011',
    "year % 2 == 0",
    "unit.headcount - denominator < 5.0",
    "double(year) > value",
    "1 < 2.5",
]

BAD = [
    ("", "a value is missing at the end"),
    ("numerator <=", "a value is missing at the end"),
    ("numerator = 3", "'=' is not understood at character 11"),
    ("numerator <= denominator extra", "an operator is missing before `extra` at character 26"),
    ("(numerator < 1.0", "`)` is missing at the end"),
    ("numerater < 1.0", "there is no name `numerater`"),
    ("x < 1.0", "there is no name `x`"),
    ("numerator", "the expression is not true or false"),
    ("1.0 + 2.0", "the expression is not true or false"),
    ("numerator < null", "there is no null here"),
    ("numerator + 1 < 2.0", "`+` does not mix numbers with whole numbers"),
    ("numerator % 2.0 == 0.0", "`%` is for whole numbers only"),
    ("'a' + 'b' == 'ab'", "`+` reckons with numbers, not with a text"),
    ("'a' * 1000000 == 'b'", "`*` reckons with numbers, not with a text"),
    ("code == 5", "`==` does not compare a text with a whole number"),
    ("!numerator", "`!` is true or false, not a number"),
    ("-code == 'a'", "`-` goes before a number, not before a text"),
    ("numerator && true", "the left of `&&` is true or false, not a number"),
    ("true || 1.0", "the right of `||` is true or false, not a number"),
    ("value ? true : false", "what stands before `?` is true or false, not a number"),
    ("true ? value : code", "`? :` gives a number or a text: let both be the same"),
    ("v.SVC > 1.0", "`v.SVC` names no indicator"),
    ("v[code].value > 1.0", "the code of an indicator is written out"),
    ("v['A'] == v['B']", "`==` does not compare an indicator with an indicator"),
    ("v['A'].size > 1.0", "an indicator has no `.size`"),
    ("previous > 1.0", "`>` does not compare an earlier report with a number"),
    ("previous.target > 1.0", "an earlier report has no `.target`"),
    ("unit.name == 'a'", "the unit has no `.name`"),
    ("value.real > 1.0", "a number has no `.real`"),
    ("values[1].value > 1.0", "only v[...] and values[0] may be indexed"),
    ("values.filter(i, true)[0].value > 1.0", "only v[...] and values[0] may be indexed"),
    ("values.map(i, i.value) == values", "there is no function `.map()`"),
    ("values.all(i, i.value)", "the condition of `all` is true or false, not a number"),
    ("values.all(value, true)", "`value` cannot be the name of a value"),
    ("values.all(in, true)", "a value is missing before `in`"),
    ("values.all(for, true)", "`for` cannot be the name of a value"),
    ("values.all(i)", "`all` takes a name and a condition"),
    ("[1.0, 2.0].all(i, i > 0.0)", "`all` walks over `values`, not over a list of numbers"),
    ("values.all(a, values.all(b, true))", "`all` stands inside another one"),
    ("values.all(i, i.value > 0.0) && i.value > 0.0", "there is no name `i`"),
    ("size(code) == 3", "size() counts values"),
    ("abs(1) == 1.0", "abs() takes 1 numbers"),
    ("min(1.0) == 1.0", "min() takes 2 numbers"),
    ("double(code) == 1.0", "double() takes one number"),
    ("matches(code, '(a+)+')", "there is no function `matches`"),
    ("code.matches('(a{1000}){1000}')", "there is no function `.matches()`"),
    ("timestamp('2011-01-01T00:00:00Z') == 1", "there is no function `timestamp`"),
    ("has(previous.value)", "there is no function `has`"),
    ("[] == []", "a list holds texts, or numbers such as 2.0"),
    ("code in ['a', 1.0]", "a list holds texts, or numbers such as 2.0"),
    ("value in ['a']", "a number is not sought in a list of texts"),
    ("{'a': 1}.a == 1", "'{' is not understood"),
    ("'a\\n' == code", "is not understood"),
    ("1u == 1u", "an operator is missing"),
    ("b'abc' == b'abc'", "an operator is missing"),
    ("0x1F == 31", "an operator is missing"),
    ("true // comment", "a value is missing"),
    ("1.0 <= " + "(" * 30 + "1.0" + ")" * 30, "nested deeper than 20 levels"),
    ("!" * 30 + "true", "nested deeper than 20 levels"),
    ("1.0" + " + 1.0" * 150 + " > 0.0", "more than 250 words"),
    ("true" + " " * 1000, "longer than 1000 characters"),
    ("'" + "x" * 2000 + "' == code", "longer than 1000 characters"),
]


@pytest.mark.parametrize("source", GOOD)
def test_what_is_good_is_let_through_and_the_library_reads_it(source: str) -> None:
    assert condition_of(source, "indicator").type == "truth"
    check_compiles(source)


@pytest.mark.parametrize(("source", "says"), BAD, ids=[source[:40] for source, _ in BAD])
def test_what_is_not_is_refused_with_what_is_wrong(source: str, says: str) -> None:
    began = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        condition_of(source, "indicator")
    assert says in caught.value.message
    assert time.process_time() - began < 0.05


def test_a_misspelt_name_is_guessed_and_a_lone_one_told_where_it_belongs() -> None:
    with pytest.raises(ExpressionError) as misspelt:
        condition_of("numerater < 1.0", "indicator")
    assert misspelt.value.hint == "did you mean `numerator`?"
    with pytest.raises(ExpressionError) as lone:
        condition_of("numerator < 1.0", "report")
    assert lone.value.hint == 'write v["CODE"].numerator, or `for_each: indicator` in the rule'


def test_the_meaning_says_what_is_spoken_of_and_compared() -> None:
    meaning = meaning_of('(v["B"].numerator + 1.0) * 2.0 <= v["A"].previous.ratio', "report")
    assert meaning.operands == (("v", "B", "numerator"), ("v", "A", "previous", "ratio"))
    assert meaning.codes == ("B", "A")
    assert meaning.comparison == Comparison("<=", '(v["B"].numerator + 1.0) * 2.0', 'v["A"].previous.ratio')
    assert not meaning.uses_rows


def test_a_walk_says_which_fields_it_asks_for_and_who_is_at_fault() -> None:
    meaning = meaning_of("values.all(i, i.value <= i.previous.value)", "report")
    assert (meaning.row_paths, meaning.operands) == ((("value",), ("previous", "value")), ())
    assert meaning.choosing is not None
    assert (meaning.choosing.body, meaning.choosing.at_fault) == ("i.value <= i.previous.value", False)


def test_a_walk_costs_more_with_more_values_and_a_filter_more_than_that() -> None:
    every = meaning_of("values.all(i, i.value > 0.0)", "report")
    kept = meaning_of("size(values.filter(i, i.value > 0.0)) > 3", "report")
    assert every.steps_of(200) > 10 * every.steps_of(10)
    assert kept.steps_of(200) > 2 * every.steps_of(200)
    assert meaning_of("1.0 < 2.0", "report").steps_of(500) == meaning_of("1.0 < 2.0", "report").steps_of(0)


# --- whatever is let through has an answer: our types are the library's ---

NUMBERS = ["value", "numerator", "denominator", "ratio", "target", "previous.value", 'v["A"].numerator', "1.5", "0.0"]
WHOLE = ["year", "2", "size(values)", "size(values.filter(k, k.value > 1.0))"]
TEXTS = ["code", "form", "period", "unit.peer_group", '"SO"']

numbers = st.recursive(
    st.sampled_from(NUMBERS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda one: f"-({one})"),
        inner.map(lambda one: f"abs({one})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.sampled_from(WHOLE).map(lambda one: f"double({one})"),
    ),
    max_leaves=5,
)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
compared = st.one_of(
    st.tuples(numbers, signs, numbers).map(" ".join),
    st.tuples(st.sampled_from(WHOLE), signs, st.sampled_from(WHOLE)).map(" ".join),
    st.tuples(st.sampled_from(WHOLE), signs, numbers).map(" ".join),
    st.tuples(st.sampled_from(TEXTS), signs, st.sampled_from(TEXTS)).map(" ".join),
    st.sampled_from(TEXTS).map(lambda one: f'{one} in ["SO", "VU"]'),
    numbers.map(lambda one: f"values.all(k, k.value <= {one})"),
    st.just("values.exists(k, k.target == k.value)"),
)
conditions = st.recursive(
    compared,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) ? ({t[1]}) : ({t[2]})"),
    ),
    max_leaves=4,
)
figures = st.floats(-1e6, 1e6)


@given(source=conditions, held=st.lists(figures, min_size=9, max_size=9))
@settings(derandomize=True, max_examples=400, deadline=None)
def test_what_is_let_through_is_true_or_false_for_all_numbers(source: str, held: list[float]) -> None:
    refused, answer = _answer(source, held)
    if refused is not None:  # for its size or a walk in a walk: whatever else is written here is sound
        assert any(word in refused for word in ("words", "nested", "longer", "inside")), (source, refused)
    elif answer is None:  # 0 / 0 has no order; nothing else is without an answer
        assert "/" in source
    else:
        assert isinstance(answer, bool)


def _answer(source: str, held: list[float]) -> tuple[str | None, Answer | None]:
    """Why the expression was refused, and what it was answered; None where it has no answer."""
    try:
        condition_of(source, "indicator")
    except ExpressionError as refused:
        return refused.message, None
    check_compiles(source)
    environment = Environment([{"value": number, "target": held[0]} for number in held])
    environment.bind(_variables(held))
    try:
        return None, environment.evaluate(source)
    except EvaluationError:
        return None, None


def _variables(held: list[float]) -> dict[str, Any]:
    return {
        "value": held[0],
        "numerator": held[1],
        "denominator": held[2],
        "ratio": held[3],
        "target": held[4],
        "previous": {"value": held[5]},
        "v": {"A": {"numerator": held[6]}},
        "year": 2011,
        "code": "A",
        "form": "Q",
        "period": "2011-Q1",
        "unit": {"peer_group": "SO"},
    }


# --- nothing that is let through can hang ---

COSTLY = [
    " && ".join(["values.all(i, i.value <= 1.0 && i.value <= 2.0 && i.value <= 3.0)"] * 8),
    " || ".join(["size(values.filter(i, i.value > 5.0)) > 900"] * 12),
    "values.all(i, " + " && ".join(["i.value + 1.0 > 0.0"] * 25) + ")",
    "values.all(i, " + " && ".join(["abs(i.value) < 2.0"] * 20) + ")",
    " + ".join(["1.0"] * 100) + " > 0.0",
]


@pytest.mark.parametrize("source", COSTLY, ids=range(len(COSTLY)))
@pytest.mark.parametrize("rows", [24, 100, 500])
def test_what_may_be_published_is_answered_within_milliseconds(source: str, rows: int) -> None:
    meaning = condition_of(source, "report")
    steps = meaning.steps_of(rows)
    environment = Environment([{"value": 1.0} for _ in range(rows)])
    environment.evaluate(source)
    best = min(_seconds(environment, source) for _ in range(5))
    assert best < 0.004 or steps > 10_000, f"{steps} steps took {best * 1000:.1f} ms"


def _seconds(environment: Environment, source: str) -> float:
    began = time.process_time()
    environment.evaluate(source)
    return time.process_time() - began


def test_only_one_file_knows_the_library() -> None:
    root = Path(__file__).parents[4]
    knowing = [
        str(path.relative_to(root))
        for folder in ("shared", "services", "deploy")
        for path in (root / folder).rglob("*.py")
        if re.search(r"^(import|from) cel\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert knowing == ["shared/plan/expression/evaluate.py"]

"""docs/plan.md is complete and true: it names every key, kind and check, and its examples are what the loader says."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from shared.plan import model
from shared.plan.calendar import obligation_instants
from shared.plan.check_expressions import STEPS_MAX, STEPS_OF_ALL_MAX
from shared.plan.checks import CHECKS, SIGNALS
from shared.plan.expression.syntax import NESTING_MAX, WORDS_MAX
from shared.plan.expression.tokens import CHARACTERS_MAX
from shared.plan.expression.vocabulary import EARLIER, FUNCTIONS, MACROS, UNIT, names_of
from shared.plan.load import PlanErrors, load_plan
from shared.plan.periods import Period
from shared.plan.units import CONTACT_PREFIX, read_units

DOCUMENT = (Path(__file__).parents[3] / "docs" / "plan.md").read_text(encoding="utf-8")
SAID = set(re.findall(r"`([^`\n]+)`", DOCUMENT))
MODELS = [
    found
    for found in vars(model).values()
    if isinstance(found, type) and issubclass(found, model.Model) and found is not model.Model
]
EXAMPLE, RULES = re.findall(r"```yaml\n(.*?)```", DOCUMENT, flags=re.DOTALL)
OUTPUTS = re.findall(r"```text\n(.*?)```", DOCUMENT, flags=re.DOTALL)


def choices(kind: type[BaseModel]) -> set[str]:
    """Every word that a model allows for one of its keys."""
    return {word for found in kind.model_fields.values() for word in words(found.annotation)}


def words(annotation: Any) -> set[str]:
    """The strings among the literals of a type, however deep."""
    inside = get_args(annotation)
    if get_origin(annotation) is Literal:
        return {word for word in inside if isinstance(word, str)}
    return set().union(*(words(part) for part in inside))


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_key_and_every_choice_is_documented(kind: type[BaseModel]) -> None:
    assert set(kind.model_fields) <= SAID
    assert choices(kind) <= SAID


def test_the_models_are_found() -> None:
    assert {"Plan", "Indicator", "Steps", "AfterDue", "Holidays"} <= {kind.__name__ for kind in MODELS}
    assert "zscore_minmax" in choices(model.ZScoreMinMax)


def test_every_check_and_signal_is_documented_with_its_parameters() -> None:
    for name, parameters in [*((name, check.parameters) for name, check in CHECKS.items()), *SIGNALS.items()]:
        rows = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}` |")]
        assert rows, name
        assert any(all(f"`{parameter}`" in row for parameter in parameters) for row in rows), name
        for parameter in parameters.values():
            assert set(parameter.choices) <= SAID


def test_every_word_of_an_expression_is_documented() -> None:
    section = DOCUMENT.partition("### Expressions")[2].partition("\n## ")[0]
    said = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", section))))
    assert {*names_of("indicator"), *UNIT, *EARLIER, *FUNCTIONS, *MACROS} <= said
    bounds = (CHARACTERS_MAX, WORDS_MAX, NESTING_MAX, STEPS_MAX, STEPS_OF_ALL_MAX)
    assert all(f"{bound:,}" in section for bound in bounds)


def test_the_rules_that_are_shown_can_be_published(mic_text: str) -> None:
    head, _, rest = mic_text.partition("validation:\n")
    shown = "".join(f"  {line}\n" if line else "\n" for line in RULES.splitlines())
    plan = load_plan(f"{head}validation:\n{shown}\ninspection:\n{rest.partition('inspection:')[2]}")
    assert [rule.code for rule in plan.validation] == ["V04.1", "V15.1", "V12"]


def test_the_first_plan_loads_and_is_due_as_it_says() -> None:
    plan = load_plan(EXAMPLE)
    instants = obligation_instants(plan, plan.form("QUARTERLY"), Period.parse("2027-Q2"), plan.time_zone)
    assert (instants.due_day - instants.last_day).days == 7


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ([("weight: 60", "wieght: 60"), ("lower_is_better", "lower_is_beter"), ("days: 5", "days: five")], OUTPUTS[0]),
        ([("2027: 80, 2028: 90", "2027: 80"), ("tier: clinic_to_district", "tier: clinic_to_distict")], OUTPUTS[1]),
    ],
)
def test_errors_look_as_the_document_shows(changes: list[tuple[str, str]], output: str) -> None:
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(PlanErrors) as caught:
        load_plan(text)
    assert str(caught.value).splitlines() == output.splitlines()


def test_the_worked_index_is_right() -> None:
    health = (83.393 - 20) / 65
    education = (1 + 13.06 / 15) / 2
    income = (math.log(69190) - math.log(100)) / (math.log(75000) - math.log(100))
    assert [f"{share:.3f}" for share in (health, education, income)] == ["0.975", "0.935", "0.988"]
    assert f"{(health * education * income) ** (1 / 3):.3f}" == "0.966"
    assert "= 0.966: very high" in DOCUMENT


def test_every_column_of_the_sample_units_is_documented() -> None:
    text = (Path(__file__).parents[3] / "deploy" / "plans" / "units.csv").read_text(encoding="utf-8")
    columns = text.splitlines()[0].split(",")
    assert read_units(text)
    assert {name for name in columns if not name.startswith(CONTACT_PREFIX)} <= SAID

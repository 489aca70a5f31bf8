"""An expression that cannot be answered safely is refused when the plan is checked, at its path and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from shared.plan.load import PlanErrors, load_plan, plan_document, plan_from_document
from shared.plan.model import Plan

NAMES = {"vi": "Quy tắc", "en": "Rule"}
HERE = "validation[0]"
FOR_EACH = {"for_each": "indicator"}


def faults(mic: Plan, **more: Any) -> dict[str, str]:
    """What is wrong with the default plan and one more rule, put first: the message of each path."""
    document = plan_document(mic)
    document["validation"].insert(0, {"code": "X", "severity": "error", "names": NAMES, **more})
    try:
        plan_from_document(document)
    except PlanErrors as errors:
        return {fault.path: f"{fault.message} ({fault.hint})" for fault in errors.faults}
    return {}


@pytest.mark.parametrize(
    "more",
    [
        {"expression": 'v["SVC-03"].numerator <= v["SVC-02"].numerator'},
        {"expression": "numerator <= denominator", **FOR_EACH, "indicators": ["INF-01"], "forms": ["QUARTERLY"]},
        {"expression": "value <= target * 2.0", **FOR_EACH, "indicators": ["SVC-07"], "missing": "missing_is_zero"},
        {
            "expression": "value >= previous.value",
            **FOR_EACH,
            "messages": {"vi": "{value}", "en": "{value - 1.0} {code == code ? 1 : 2}"},
        }
        | {"expression": 'value >= 0.0 || code == "A"'},
        {"expression": "values.all(i, i.value >= 0.0)", "messages": {"vi": "{size(values)}", "en": "none"}},
    ],
)
def test_a_good_rule_is_taken_and_survives_the_canonical_document(mic: Plan, more: dict[str, Any]) -> None:
    assert faults(mic, **more) == {}
    document = plan_document(mic)
    document["validation"].append({"code": "X", "severity": "error", "names": NAMES, **more})
    plan = plan_from_document(document)
    assert plan_from_document(plan_document(plan)) == plan


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ({}, "", "give either `check` or `expression`"),
        ({"check": "non_negative", "expression": "true"}, "", "give either `check` or `expression`"),
        ({"expression": "true", "parameters": {"a": 1}}, "", "an expression takes no `parameters`"),
        ({"check": "non_negative", "indicators": ["INF-01"]}, "", "belong to an expression"),
        ({"check": "non_negative", **FOR_EACH}, "", "belong to an expression"),
        ({"check": "non_negative", "messages": NAMES}, "", "belong to an expression"),
        ({"expression": "true", "for_each": "unit"}, ".for_each", "'unit' is not one of"),
        ({"expression": "true", "missing": "skip"}, ".missing", "'skip' is not one of"),
        ({"expression": "1 <= "}, ".expression", "a value is missing at the end"),
        ({"expression": "numerator > 1.0"}, ".expression", "`numerator` of which indicator?"),
        ({"expression": 'v["SVC-33"].value > 1.0'}, ".expression", "there is no indicator `SVC-33` (did you mean"),
        ({"expression": 'v["SVC-04"].ratio > 1.0'}, ".expression", 'SVC-04 has no ratio (write v["SVC-04"].value)'),
        (
            {"expression": 'v["SVC-04"].previous.numerator > 1.0'},
            ".expression",
            'SVC-04 has no numerator (write v["SVC-04"].previous.value)',
        ),
        ({"expression": 'v["INF-03"].target > 1.0'}, ".expression", "INF-03 has no targets"),
        (
            {"expression": "numerator > 1.0", **FOR_EACH, "indicators": ["SVC-04"]},
            ".expression",
            "SVC-04 has no numerator (write value)",
        ),
        (
            {"expression": "values.all(i, i.numerator > 1.0)", "indicators": ["SVC-04"]},
            ".expression",
            "SVC-04 has no numerator",
        ),
        ({"expression": "value > 1.0", **FOR_EACH, "indicators": ["SVC-4"]}, ".indicators[0]", "there is no indicator"),
        (
            {"expression": "value > 1.0", **FOR_EACH, "indicators": ["SVC-04"], "forms": ["ANNUAL"]},
            ".indicators[0]",
            "no form that the rule looks at has SVC-04",
        ),
        (
            {"expression": 'v["INF-01"].value < v["INF-03"].value'},
            ".expression",
            "no form that the rule looks at has INF-01 and INF-03",
        ),
        ({"expression": "true", "forms": ["YEARLY"]}, ".forms[0]", "there is no form `YEARLY`"),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{value}", "en": "{target}"}},
            ".messages.en",
            "the expression does not speak of `target`",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{value", "en": ""}},
            ".messages.vi",
            "a `{` without its `}`",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{value > 1.0}", "en": ""}},
            ".messages.vi",
            "`value > 1.0` is neither a number nor a text",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{nothing}", "en": ""}},
            ".messages.vi",
            "there is no name `nothing`",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{size(values)}", "en": ""}},
            ".messages.vi",
            "the expression does not speak of `size(values)`",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "{value}" * 11, "en": ""}},
            ".messages.vi",
            "quotes more than 10 numbers",
        ),
        (
            {"expression": "value > 1.0", **FOR_EACH, "messages": {"vi": "x" * 501, "en": ""}},
            ".messages.vi",
            "longer than 500 characters",
        ),
        (
            {"expression": "values.all(i, " + " && ".join(["i.value > 1.0"] * 20) + ")", **FOR_EACH},
            ".expression",
            "steps for a report, 10000 are allowed",
        ),
    ],
)
def test_a_bad_rule_is_told_at_its_path(mic: Plan, more: dict[str, Any], path: str, says: str) -> None:
    found = faults(mic, **more)
    assert found.keys() == {HERE + path}
    assert says in found[HERE + path]


def test_the_steps_of_all_rules_are_bounded_too(mic: Plan) -> None:
    document = plan_document(mic)
    costly = "values.all(i, " + " && ".join(["i.value > 1.0"] * 15) + ")"
    for number in range(20):
        rule = {"code": f"X{number}", "severity": "error", "names": NAMES, "expression": costly, **FOR_EACH}
        document["validation"].append(rule | {"forms": ["ANNUAL"]})
    with pytest.raises(PlanErrors) as caught:
        plan_from_document(document)
    (fault,) = caught.value.faults
    assert fault.path == "validation"
    assert "steps for a report, 50000 are allowed" in fault.message


OLD = 'v["SVC-04"].value <= v["SVC-03"].numerator'


def test_a_fault_in_an_expression_has_its_line(mic_text: str) -> None:
    line = mic_text.splitlines().index(f"    expression: {OLD}") + 1
    with pytest.raises(PlanErrors) as caught:
        load_plan(mic_text.replace(OLD, 'v["SVC-04"].value <= v["SVC-03"].numerators'))
    assert [str(fault) for fault in caught.value.faults] == [
        f"line {line}: validation[4].expression: an indicator has no `.numerators` (did you mean `numerator`?)"
    ]


def test_the_command_line_prints_faults_with_their_lines(mic_text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(mic_text.replace(OLD, "1 <= 'a'").replace("grace_days: 0", "grace_days: zero", 1), "utf-8")
    shape = CliRunner().invoke(app, ["plan", "check", str(path)])
    assert (shape.exit_code, "line " in shape.output, "forms[0].grace_days" in shape.output) == (1, True, True)
    path.write_text(mic_text.replace(OLD, "1 <= 'a'"), "utf-8")
    told = CliRunner().invoke(app, ["plan", "check", str(path)])
    line = mic_text.splitlines().index(f"    expression: {OLD}") + 1
    assert told.exit_code == 1
    assert f"line {line}: validation[4].expression: `<=` does not compare a whole number with a text" in told.output
    path.write_text(mic_text, "utf-8")
    assert "No faults." in CliRunner().invoke(app, ["plan", "check", str(path)]).output


def test_a_file_that_is_no_text_or_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    absent = CliRunner().invoke(app, ["plan", "check", str(path)])
    assert (absent.exit_code, "No such file" in absent.output) == (1, True)
    path.write_bytes("names: Kế hoạch".encode("utf-16"))
    wrong = CliRunner().invoke(app, ["plan", "check", str(path)])
    assert (wrong.exit_code, "not UTF-8 text" in wrong.output) == (1, True)

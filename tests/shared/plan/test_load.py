"""Loading: round trips, bounds, and faults that tell their writer where, what and how to mend it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Permanent
from shared.plan.load import PlanErrors, load_plan, plan_document, plan_from_document, plan_sha256
from shared.plan.model import Plan

Change = Callable[[dict[str, Any]], object]


def faults(text: str) -> list[str]:
    with pytest.raises(PlanErrors) as caught:
        load_plan(text)
    return [str(fault) for fault in caught.value.faults]


def faults_of(document: dict[str, Any], change: Change) -> list[tuple[str, str, str | None]]:
    change(document)
    with pytest.raises(PlanErrors) as caught:
        plan_from_document(document)
    return [(fault.path, fault.message, fault.hint) for fault in caught.value.faults]


def indicator(document: dict[str, Any], code: str) -> dict[str, Any]:
    return next(i for group in document["groups"] for i in group["indicators"] if i["code"] == code)


def at(document: dict[str, Any], code: str) -> str:
    for g, group in enumerate(document["groups"]):
        for i, found in enumerate(group["indicators"]):
            if found["code"] == code:
                return f"groups[{g}].indicators[{i}]"
    raise KeyError(code)


def test_the_document_loads_to_an_equal_plan(mic: Plan) -> None:
    document = plan_document(mic)
    assert plan_from_document(document) == mic
    assert load_plan(json.dumps(document)) == mic
    assert plan_document(plan_from_document(document)) == document


def test_the_hash_is_of_the_meaning_and_not_of_the_layout(mic: Plan, mic_text: str, document: dict[str, Any]) -> None:
    assert plan_sha256(load_plan("# a remark\n" + mic_text)) == plan_sha256(mic)
    assert len(plan_sha256(mic)) == 64
    indicator(document, "INF-01")["targets"]["2011"] = 86
    assert plan_sha256(plan_from_document(document)) != plan_sha256(mic)


def test_json_documents_may_have_years_as_numbers(mic: Plan, document: dict[str, Any]) -> None:
    targets = indicator(document, "INF-01")["targets"]
    indicator(document, "INF-01")["targets"] = {int(year): target for year, target in targets.items()}
    assert plan_from_document(document) == mic


def test_plan_errors_are_permanent() -> None:
    assert issubclass(PlanErrors, Permanent)


# --- what is not a plan at all ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plan: the document is empty"),
        ("just words", "plan: a plan is a mapping of keys to values (begin with `schema_version: 1`)"),
        ("a: [1, 2", "line 1: plan: not readable as YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: b.c: the key is given twice, first on line 3"),
        ("a: &x 1\nb: *x\n", "line 1: plan: anchors (&) and aliases (*) are not allowed (write it out)"),
        ("a: !!python/object:os.system x", "line 1: plan: tags such as 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: 1e999", "line 1: a: the number 1e999 is too large"),
        ("a: " + "9" * 5000, "line 1: a: the number 9999"),
        ("a: \x07", "plan: not readable as YAML: a character that YAML does not allow"),
        ("? [a, b]\n: 1\n", "line 1: plan: a key must be a word or a number"),
        ("--- 1\n--- 2\n", "plan: not readable as YAML"),
    ],
)
def test_what_is_no_document_is_told_with_its_line(text: str, said: str) -> None:
    assert said in faults(text)[0]


def test_size_and_depth_are_bounded() -> None:
    assert faults("# " + "x" * 2**20) == ["plan: the document is larger than 1048576 bytes"]
    assert faults("[" * 5000) == ["line 1: plan: nested deeper than 32 levels"]


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert "aliases" in faults(bomb)[0]


def test_words_and_times_of_yaml_stay_words(mic_text: str) -> None:
    ladder = load_plan(mic_text.replace("at: '09:00'", "at: 10:30")).ladder("DEFAULT")
    assert ladder.at == "10:30"  # YAML 1.1 would read 630


def test_a_document_that_is_not_json_is_refused() -> None:
    for value in (float("nan"), {1, 2}, b"x", "\ud800"):
        with pytest.raises(PlanErrors):
            plan_from_document({"schema_version": value})


# --- faults of shape ---


def test_a_misspelt_key_is_told_with_path_line_and_meant_key(mic_text: str) -> None:
    line = mic_text.splitlines().index("    weight: 250") + 1
    said = faults(mic_text.replace("    weight: 250", "    wieght: 250", 1))
    assert f"line {line}: groups[0].wieght: unknown key `wieght` (did you mean `weight`?)" in said
    assert any(text.endswith("groups[0].weight: the key `weight` is missing (add `weight: ...`)") for text in said)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("INF-01", "method", {"kind": "linear_to_targt"}),
            (
                ".method",
                "unknown kind `linear_to_targt`",
                "did you mean `linear_to_target`? the kinds are linear_to_target, official_ratio, "
                "lower_is_better, share_of_peer_max, steps, level_map, boolean, min_max_goalposts, zscore_minmax, "
                "minmax, target, zscore, percentile, borda, piecewise, optimum, informational",
            ),
        ),
        (
            ("INF-01", "method", {}),
            (".method", "the key `kind` is missing", "add `kind: ...`, one of linear_to_target, "),
        ),
        (
            ("SEC-03", "method", {"kind": "lower_is_better", "wurst": 5}),
            (".method.wurst", "unknown key `wurst`", "did you mean `worst`?"),
        ),
        (
            ("SEC-03", "method", {"kind": "lower_is_better", "worst": "five"}),
            (".method.worst", "must be a number, not 'five'", "write it without quotes, with a decimal point"),
        ),
        (("INF-01", "weight", True), (".weight", "must be a number, not true", None)),
        (("INF-01", "weight", "25"), (".weight", "must be a number, not '25'", None)),
        (("INF-01", "integer", "yes"), (".integer", "must be true or false, not 'yes'", None)),
        (("INF-01", "measure", 5), (".measure", "must be text, not 5", "write it in quotes: '5'")),
        (("INF-01", "frequency", "quaterly"), (".frequency", "'quaterly' is not one of", "did you mean `quarterly`?")),
        (("INF-01", "code", "inf 1"), (".code", "'inf 1' is not well formed", "a code has 1 to 40 capital letters")),
        (("INF-01", "applies_to", "VU"), (".applies_to", "must be a list, not 'VU'", "write [one, two]")),
        (("INF-01", "targets", {"2011": None}), (".targets.2011", "must be a number, not null", None)),
        (("INF-01", "targets", {"soon": 5}), (".targets.soon", "", None)),
        (("INF-01", "weight", -1), (".weight", "input should be greater than or equal to 0, not -1", None)),
        (
            ("SEC-03", "method", {"kind": "lower_is_better", "worst": 2}),
            ("", "lower_is_better needs worst > target", None),
        ),
    ],
)
def test_a_fault_of_shape_names_its_place_and_its_remedy(
    document: dict[str, Any], change: tuple[str, str, Any], told: tuple[str, str, str | None]
) -> None:
    code, key, value = change
    path, message, hint = told
    found = faults_of(document, lambda d: indicator(d, code).update({key: value}))
    places = [place for place, _, _ in found]
    assert len(set(places)) == len(places)
    _, says, remedy = found[places.index(at(document, "inf 1" if key == "code" else code) + path)]
    assert says.startswith(message)
    assert hint is None or (remedy or "").startswith(hint)


def test_a_day_that_is_neither_number_nor_last_is_one_fault(document: dict[str, Any]) -> None:
    def change(d: dict[str, Any]) -> None:
        d["regimes"][0]["periods"]["quarterly"]["last"]["day"] = "end"

    assert [path for path, _, _ in faults_of(document, change)] == ["regimes[0].periods.quarterly.last.day"]


def test_a_list_whose_items_are_wrong_is_not_called_empty(hdi: Plan) -> None:
    document = plan_document(hdi)
    document["forms"][0]["codee"] = "X"
    assert [path for path, _, _ in faults_of(document, lambda _: None)] == ["forms[0].codee"]
    assert [said for _, said, _ in faults_of(document, lambda d: d.update(forms=[]))] == ["must not be empty"]


def test_all_faults_are_told_at_once_in_the_order_of_the_document(mic_text: str) -> None:
    broken = mic_text.replace("schema_version: 1", "schema_version: 2").replace("days: 2 }", "days: none }")
    said = faults(broken)
    assert said[0].startswith("line 7: schema_version: 2 is not one of 1")
    lines = [int(text.split(":")[0].removeprefix("line ")) for text in said]
    assert lines == sorted(lines)
    assert len(said) == 1 + mic_text.count("days: 2 }")


# --- every key of the shipped plans can be broken without breaking the loader ---


JUNK: list[Any] = [None, True, -1, 10**6, "", "x", [], {}, [{}], {"kind": "x"}]


def test_whatever_stands_at_a_key_is_a_fault_or_a_plan(document: dict[str, Any]) -> None:
    refused: list[PlanErrors] = []
    for number, path in enumerate(_paths(document)):
        try:
            plan_from_document(_with(document, path, JUNK[number % len(JUNK)]))
        except PlanErrors as err:
            refused.append(err)
    assert len(refused) > 200
    assert all(err.faults and all(fault.message for fault in err.faults) for err in refused)


def _paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of the document, but of long lists only the first two items."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [path for key, inside in items for path in [(*prefix, key), *_paths(inside, (*prefix, key))]]


def _with(document: dict[str, Any], path: tuple[Any, ...], junk: object) -> dict[str, Any]:
    """A copy with one value replaced; only the containers along the path are copied."""
    copied: Any = copy.copy(document)
    here = copied
    for key in path[:-1]:
        here[key] = copy.copy(here[key])
        here = here[key]
    here[path[-1]] = junk
    result: dict[str, Any] = copied
    return result


def test_the_loader_reads_files_as_shipped() -> None:
    for path in (Path(__file__).parents[3] / "deploy" / "plans").glob("*.yaml"):
        assert load_plan(path.read_text(encoding="utf-8")).schema_version == 1

"""From ledger and reports to arrays: who is in, what counts once, what is due, what was on time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from services.scoring.domain.computation import compute
from services.scoring.domain.inputs import Accepted, Sources, gather, inputs_sha256, source_forms
from services.scoring.domain.ledger import Owed, next_change_ms, peer_groups, versions
from services.scoring.domain.versions import PlanVersion, in_force
from shared.plan.model import Plan
from tests.services.scoring.plans import document, goalposts, group, indicator, quotient

FORMS = ("F-QUARTERLY", "F-ANNUAL")


def owed(unit: str, number: int = 0, *, form: str = "F-QUARTERLY", **fields: Any) -> Owed:
    plain = Owed(
        f"obligation-{unit}-{number}", "1", form, unit, "ALL", f"p{number}", number, 10 + number, "PENDING", "", 0, 1
    )
    return replace(plain, **fields)


def accepted(unit: str, value: float, number: int = 0, *, report: str = "report-1", at_ms: int = 1) -> Accepted:
    values = [{"indicator": "X", "status": "reported", "value": value}]
    return Accepted(f"{report}-{unit}-{number}", f"obligation-{unit}-{number}", 1, False, at_ms, at_ms, values)


def quarterly(**forms: Any) -> Plan:
    leaves = [
        indicator("X", goalposts(0, 100), type="count", frequency="quarterly", time="flow"),
        indicator("Y", goalposts(0, 100), type="count", frequency="annual", time="flow"),
        quotient("OT", {"kind": "official_ratio"}, computed_by="reports_on_time"),
        quotient("FR", {"kind": "official_ratio"}, computed_by="findings_remedied"),
    ]
    made = document(group("G", indicators=leaves), peer_groups=("ALL", "OTHER"))
    for form in made["forms"]:
        form.update(forms.get(form["code"].replace("-", "_"), {}))
    return Plan.model_validate(made)


def test_an_indicator_is_taken_from_one_form_so_that_nothing_counts_twice() -> None:
    both = quarterly(F_ANNUAL={"indicators": ["X", "Y"]})
    assert source_forms(both, "ALL") == {"X": "F-QUARTERLY", "Y": "F-ANNUAL"}
    only_annual = quarterly(F_ANNUAL={"indicators": ["X", "Y"]}, F_QUARTERLY={"applies_to": ["OTHER"]})
    assert source_forms(only_annual, "ALL") == {"X": "F-ANNUAL", "Y": "F-ANNUAL"}
    ledger = (owed("u", 0), owed("u", 1, form="F-ANNUAL"))
    reports = (accepted("u", 5, 0), accepted("u", 70, 1))
    inputs = gather(both, Sources(ledger, reports), now_ms=100)
    assert inputs.reported["X"].value.tolist() == [5]


def test_of_two_reports_for_one_obligation_the_one_received_last_counts() -> None:
    older, newer = accepted("u", 1, report="report-2", at_ms=1), accepted("u", 2, report="report-1", at_ms=2)
    for reports in ((older, newer), (newer, older)):
        assert gather(quarterly(), Sources((owed("u"),), reports), 100).reported["X"].value.tolist() == [2]


def test_a_report_counts_only_while_something_is_owed_for_it() -> None:
    reports = (accepted("u", 1, 0), accepted("u", 2, 1), accepted("u", 4, 2))
    ledger = (owed("u", 0), owed("u", 1, outcome="WAIVED"))
    assert gather(quarterly(), Sources(ledger, reports), 100).reported["X"].value.tolist() == [1]


def test_the_cohort_is_who_owes_a_report_in_its_last_peer_group() -> None:
    ledger = (
        owed("moved", 0),
        owed("moved", 1, peer_group="OTHER"),
        owed("waived", outcome="WAIVED"),
        owed("freed", outcome="NOT_APPLICABLE"),
        owed("gone", outcome="CANCELLED"),
        owed("nil", outcome="NIL"),
    )
    assert peer_groups(ledger) == {"moved": "OTHER", "nil": "ALL"}


def test_on_time_is_counted_over_what_is_due_and_never_returned() -> None:
    good = {"outcome": "FULFILLED", "timeliness": "ON_TIME"}
    ledger = (
        owed("u", 0, **good),
        owed("u", 1, **good, returned_count=1),
        owed("u", 2, **{**good, "timeliness": "IN_GRACE"}),
        owed("u", 3),
        owed("u", 4, outcome="WAIVED"),
        owed("u", 89, **good),
    )
    computed = compute(quarterly(), "sha", 2011, Sources(ledger, ()), now_ms=99)
    leaf = computed.evaluation.leaves["OT"]
    assert (leaf.column.numerator[0], leaf.column.denominator[0], leaf.share[0]) == (1, 4, 0.25)
    assert computed.provisional
    assert computed.next_change_ms == 100


def test_before_anything_is_due_or_found_the_computed_indicators_do_not_count() -> None:
    computed = compute(quarterly(), "sha", 2011, Sources((owed("u"),), ()), now_ms=10)
    labels = {leaf["code"]: leaf["status"] for leaf in computed.units()[0]["indicators"]}
    assert labels == {"X": "not_due", "Y": "not_due", "OT": "not_due", "FR": "not_applicable"}
    assert math.isnan(computed.evaluation.full[0])


def test_an_instant_equal_to_the_limit_is_not_past_due() -> None:
    ledger = (owed("u"),)
    assert next_change_ms(ledger, now_ms=10) == 11
    assert next_change_ms(ledger, now_ms=11) is None


def test_the_hash_of_inputs_knows_no_order_and_every_change_that_counts() -> None:
    ledger, reports = (owed("a"), owed("b")), (accepted("a", 1), accepted("b", 2))
    plain = inputs_sha256("p", Sources(ledger, reports), now_ms=5)
    assert inputs_sha256("p", Sources(ledger[::-1], reports[::-1]), now_ms=5) == plain
    others = [
        inputs_sha256("q", Sources(ledger, reports), now_ms=5),
        inputs_sha256("p", Sources(ledger, reports), now_ms=11),
        inputs_sha256("p", Sources(ledger, (accepted("a", 1), accepted("b", 3))), now_ms=5),
        inputs_sha256("p", Sources((owed("a"), owed("b", peer_group="OTHER")), reports), now_ms=5),
        inputs_sha256("p", Sources(ledger, reports[:1]), now_ms=5),
    ]
    assert len({plain, *others}) == 6


def test_the_version_in_force_is_the_last_that_obligations_name_and_that_has_arrived() -> None:
    held = [
        PlanVersion("1", "1", "2011-01-01", 1, "a"),
        PlanVersion("2", "2", "2011-07-01", 2, "b"),
        PlanVersion("3", "3", "2012-01-01", 3, "c"),
    ]
    assert in_force(held, frozenset({"1", "2"}), 2011) == held[1]
    assert in_force(held, frozenset({"1", "3"}), 2011) == held[0]
    assert in_force(held, frozenset({"9"}), 2011) is None
    cancelled = (owed("u", outcome="CANCELLED", plan_version="7"),)
    assert versions(cancelled) == {"7"}, "units that leave are told with the version they were scored with"
    assert versions((*cancelled, owed("v"))) == {"1"}

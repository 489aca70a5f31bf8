"""The plans and units that are shipped under deploy/plans."""

from __future__ import annotations

from collections import Counter
from datetime import date

from shared.plan.model import Plan
from shared.plan.units import read_units
from tests.shared.plan.conftest import PLANS


def test_the_default_plan_has_37_indicators_and_1000_points(mic: Plan) -> None:
    assert len(mic.indicators()) == 37
    assert {group.code: (len(group.indicators), group.weight) for group in mic.groups} == {
        "INF": (8, 250),
        "SVC": (7, 220),
        "DIR": (5, 150),
        "LEG": (4, 80),
        "FIN": (4, 80),
        "HRM": (4, 110),
        "SEC": (5, 110),
    }
    assert sum(indicator.weight for indicator in mic.indicators()) == mic.scoring.scale_max == 1000


def test_each_indicator_is_on_one_form_or_computed(mic: Plan) -> None:
    computed = {i.code for i in mic.indicators() if i.computed_by != "form"}
    assert computed == {"DIR-04", "DIR-05"}
    listed = Counter(i.code for form in mic.forms for i in mic.form_indicators(form, "SO"))
    assert set(listed.values()) == {1}
    assert set(listed) | computed == {i.code for i in mic.indicators()}
    assert [len(mic.form_indicators(form, "SO")) for form in mic.forms] == [24, 11]
    assert [len(mic.form_indicators(form, "VU")) for form in mic.forms] == [16, 10]


def test_targets_are_in_the_shown_unit(mic: Plan) -> None:
    assert mic.indicator("INF-01").target(2011) == 85
    assert mic.indicator("INF-01").scale == 100
    assert mic.indicator("HRM-01").targets == {2011: 2.0, 2012: 2.5, 2013: 3.0, 2014: 3.5, 2015: 4.0}
    assert {i.scale for i in mic.indicators() if i.type == "ratio"} == {100}


def test_every_target_says_what_it_rests_on(mic: Plan) -> None:
    for indicator in mic.indicators():
        assert (
            "proposed" in indicator.target_basis
            or "sourced" in indicator.target_basis
            or indicator.weight == 0
            or ("anchor" in indicator.target_basis)
        )
    proposed = [i.code for i in mic.indicators() if "proposed" in i.target_basis]
    assert len(proposed) == 33


def test_every_name_is_given_in_both_languages(mic: Plan, hdi: Plan) -> None:
    for plan in (mic, hdi):
        for indicator in plan.indicators():
            for names in (indicator.names, indicator.numerator, indicator.denominator):
                assert names is None or (names.vi and names.en and names.vi != names.en)


def test_the_four_regimes_are_there(mic: Plan) -> None:
    assert [regime.code for regime in mic.regimes] == ["ND09", "TT06-2013", "TT02-2023", "TT04-2022-STAT"]


def test_the_human_development_index_needs_no_other_code(hdi: Plan) -> None:
    assert [i.code for i in hdi.indicators()] == ["LE", "EYS", "MYS", "GNIPC"]
    assert (hdi.scoring.aggregate, hdi.scoring.missing, hdi.scoring.decimals) == ("geometric", "missing", 3)
    assert [band.at_least for band in hdi.scoring.bands] == [0.8, 0.7, 0.55, 0]
    assert not hdi.ladders
    assert not hdi.inspection
    assert not hdi.digests
    assert len(hdi.form_indicators(hdi.form("ANNUAL"), "COUNTRY")) == 4


def test_the_units_are_90_and_belong_to_the_plan(mic: Plan) -> None:
    units = {unit.code: unit for unit in read_units((PLANS / "units.csv").read_text(encoding="utf-8"))}
    assert len(units) == 90
    assert Counter(unit.peer_group for unit in units.values()) == {"VU": 10, "CUC": 10, "DVSN": 7, "SO": 63}
    assert {peer.code for peer in mic.peer_groups} == {unit.peer_group for unit in units.values()}
    assert all(unit.headcount for unit in units.values())
    assert all(contact.email.endswith("@units.example") for unit in units.values() for contact in unit.contacts)
    successors = {unit.code: unit.successor for unit in units.values() if unit.successor}
    assert set(successors.values()) <= set(units)
    assert successors["VVT"] == "CVT"
    assert successors["STTTT-95"] == "STTTT-96"
    merged = [unit for unit in units.values() if unit.valid_to == date(2025, 6, 30)]
    assert len(merged) == 29
    assert all(units[unit.successor or ""].valid_to is None for unit in merged)


def test_every_role_of_the_plan_has_somebody_at_the_sample_units(mic: Plan) -> None:
    units = {unit.code: unit for unit in read_units((PLANS / "units.csv").read_text(encoding="utf-8"))}
    standing = {contact.role for contact in units[mic.standing_body or ""].contacts}
    asked = {role for ladder in mic.ladders for rung in ladder.rungs for role in rung.to}
    asked |= {role for digest in mic.digests for role in digest.to}
    assert asked <= standing
    everywhere = {"report_officer", "unit_approver", "head_of_unit"}
    assert all({contact.role for contact in unit.contacts} >= everywhere for unit in units.values())

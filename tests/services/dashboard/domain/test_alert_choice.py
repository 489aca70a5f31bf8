"""Which alerts fit, and how they are grouped."""

from __future__ import annotations

import pytest

from services.dashboard.domain.alert_choice import AlertChoice, grouped
from shared.events.notice import AlertState
from tests.services.dashboard.samples import alert


def made(number: int, **changes: object) -> AlertState:
    return alert(number).model_copy(update=changes)


@pytest.mark.parametrize(
    ("choice", "phase", "fits"),
    [
        (AlertChoice(), "OPEN", True),
        (AlertChoice(), "SILENCED", True),
        (AlertChoice(), "RESOLVED", False),
        (AlertChoice(every=True), "RESOLVED", True),
        (AlertChoice(phase="RESOLVED"), "RESOLVED", True),
        (AlertChoice(phase="RESOLVED"), "OPEN", False),
        (AlertChoice(phase="OPEN", every=True), "RESOLVED", False),
        (AlertChoice(unit="VPC", rule="R-OVERDUE", severity="medium"), "OPEN", True),
        (AlertChoice(unit="VBC"), "OPEN", False),
        (AlertChoice(rule="R-COPIED"), "OPEN", False),
        (AlertChoice(severity="high"), "OPEN", False),
    ],
)
def test_what_is_empty_fits_all_and_resolved_ones_are_left_out_unless_asked_for(
    choice: AlertChoice, phase: str, fits: bool
) -> None:
    assert choice.fits(alert(1, phase=phase)) is fits


def test_groups_with_the_most_risk_points_come_first_and_keep_the_order_within() -> None:
    alerts = [made(1, unit="A"), made(2, unit="B", points=5), made(3, unit="A"), made(4, unit="C", phase="SILENCED")]
    groups = grouped(alerts, "unit")
    assert [(group.key, group.points) for group in groups] == [("B", 5), ("A", 2), ("C", 0)]
    assert [one.alert for one in groups[1].alerts] == ["alert-0001", "alert-0003"]


def test_severities_and_phases_have_an_order_of_their_own() -> None:
    alerts = [made(1, severity="low"), made(2, severity="high"), made(3, phase="SILENCED")]
    assert [group.key for group in grouped(alerts, "severity")] == ["high", "medium", "low"]
    assert [group.key for group in grouped(alerts, "phase")] == ["OPEN", "SILENCED"]


def test_without_a_grouping_there_is_one_group() -> None:
    (group,) = grouped([made(1), made(2)], "")
    assert len(group.alerts) == 2

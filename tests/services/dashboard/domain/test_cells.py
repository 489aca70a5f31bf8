"""What a cell of the matrix says, instant by instant."""

from __future__ import annotations

import pytest

from services.dashboard.domain.cells import DAY_MS, CellKind, cell_of, whole_days
from services.dashboard.domain.rates import count
from tests.services.dashboard.samples import DUE_MS, GRACE_MS, OPEN_MS, obligation, received


@pytest.mark.parametrize(
    ("now_ms", "kind"),
    [
        (OPEN_MS - 1, CellKind.NOT_OPEN),
        (OPEN_MS, CellKind.OPEN),
        (DUE_MS - 3 * DAY_MS - 1, CellKind.OPEN),
        (DUE_MS - 3 * DAY_MS, CellKind.DUE_SOON),
        (DUE_MS, CellKind.DUE_SOON),
        (DUE_MS + 1, CellKind.GRACE),
        (GRACE_MS, CellKind.GRACE),
        (GRACE_MS + 1, CellKind.OVERDUE),
    ],
)
def test_an_instant_equal_to_a_limit_is_still_within_it(now_ms: int, kind: CellKind) -> None:
    assert cell_of(obligation(), now_ms).kind is kind


@pytest.mark.parametrize(
    ("timeliness", "kind"),
    [("ON_TIME", CellKind.ON_TIME), ("IN_GRACE", CellKind.IN_GRACE), ("LATE", CellKind.LATE)],
)
def test_a_received_report_keeps_its_timeliness_for_ever(timeliness: str, kind: CellKind) -> None:
    cell = cell_of(received(timeliness, DUE_MS - 5), GRACE_MS + 400 * DAY_MS)
    assert cell.kind is kind
    assert cell.at_ms == DUE_MS - 5
    assert cell.punctual is (timeliness == "ON_TIME")


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("NIL", CellKind.NIL),
        ("WAIVED", CellKind.WAIVED),
        ("NOT_APPLICABLE", CellKind.NOT_APPLICABLE),
        ("CANCELLED", CellKind.CANCELLED),
    ],
)
def test_an_outcome_decides_whatever_the_clock_says(outcome: str, kind: CellKind) -> None:
    assert cell_of(obligation(outcome=outcome), GRACE_MS + 1).kind is kind


def test_a_returned_report_is_owed_again_and_says_so() -> None:
    returned = received("ON_TIME", DUE_MS - 5, state="RETURNED").model_copy(update={"outcome": "PENDING"})
    cell = cell_of(returned, GRACE_MS + 1)
    assert cell.kind is CellKind.OVERDUE
    assert cell.returned


def test_days_are_rounded_away_from_the_limit() -> None:
    assert whole_days(DUE_MS, DUE_MS) == 0
    assert whole_days(DUE_MS, DUE_MS - 1) == 1
    assert whole_days(DUE_MS, DUE_MS - DAY_MS) == 1
    assert whole_days(DUE_MS, DUE_MS + 1) == -1
    assert whole_days(DUE_MS, DUE_MS + DAY_MS + 1) == -2


def test_rates_leave_out_what_is_not_expected_and_count_a_nil_report_as_received() -> None:
    now_ms = GRACE_MS + 1
    states = [
        received("ON_TIME", DUE_MS),
        received("LATE", GRACE_MS + 1),
        obligation(outcome="NIL", timeliness="ON_TIME"),
        obligation(),
        obligation(outcome="WAIVED"),
        obligation(outcome="CANCELLED"),
    ]
    rates = count(cell_of(state, now_ms) for state in states)
    assert (rates.expected, rates.owed, rates.received, rates.on_time, rates.overdue) == (4, 4, 3, 2, 1)
    assert rates.on_time_rate == 0.5


def test_a_rate_of_nothing_owed_is_no_rate() -> None:
    assert count([cell_of(obligation(), OPEN_MS)]).on_time_rate is None

"""Intake, notify and dashboard count the same reports the same way, whatever a form prorates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.domain.cells import cell_of
from services.dashboard.domain.rates import count
from services.intake.domain.rates import rates as in_intake
from services.notify.domain.ledger import rates as in_notify
from shared.events.obligation import ObligationState
from tests.services.dashboard.samples import DUE_MS, GRACE_MS, obligation

AFTER_MS = GRACE_MS + 1
ARRIVED = {"ON_TIME": DUE_MS, "IN_GRACE": DUE_MS + 1, "LATE": AFTER_MS}

WAITING = st.sampled_from(["PENDING", "WAIVED", "NOT_APPLICABLE", "CANCELLED"]).map(lambda outcome: (outcome, None))
CAME = st.tuples(st.sampled_from(["FULFILLED", "NIL"]), st.sampled_from(sorted(ARRIVED)))
SHARES = st.sampled_from([1.0, 1.0, 0.5, 31 / 92, 1 / 3])


@given(st.lists(st.tuples(st.one_of(WAITING, CAME), SHARES), max_size=12))
def test_expected_received_on_time_and_lateness_are_the_same_in_every_service(
    drawn: list[tuple[tuple[str, str | None], float]],
) -> None:
    states: list[ObligationState] = [
        obligation(outcome=outcome, timeliness=came, first_valid_at_ms=ARRIVED[came] if came else None, share=share)
        for (outcome, came), share in drawn
    ]
    ledger, digest = in_intake(states), in_notify(states)
    shown = count(cell_of(state, AFTER_MS) for state in states)
    counted = pytest.approx((ledger.expected, ledger.received, ledger.on_time), rel=1e-12)
    assert (digest.expected, digest.received, digest.on_time) == counted
    assert (shown.expected, shown.received, shown.on_time) == counted
    assert shown.owed == ledger.expected, "after the grace everything that is expected is owed"
    assert digest.median_lateness_ms == ledger.median_lateness_ms


def test_a_prorated_report_counts_as_its_share() -> None:
    states = [obligation(outcome="FULFILLED", timeliness="ON_TIME", first_valid_at_ms=DUE_MS, share=0.25), obligation()]
    assert in_notify(states).share(in_notify(states).on_time) == 0.2
    assert count(cell_of(state, AFTER_MS) for state in states).on_time_rate == 0.2

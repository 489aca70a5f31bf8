"""What becomes of a message: each case, and its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.errors import Misuse, Permanent, Transient
from shared.nats.settle import REASON_LENGTH_MAX, RetryPolicy, describe, settle

POLICY = RetryPolicy()


def _validation_error() -> ValidationError:
    class Wanted(BaseModel):
        number: int

    with pytest.raises(ValidationError) as caught:
        Wanted.model_validate({"number": "x"})
    return caught.value


def test_success_is_acknowledged() -> None:
    assert settle(None, 0, POLICY).kind == "ack"


def test_the_ladder_is_climbed_rung_by_rung_and_then_it_is_over() -> None:
    found = [settle(Transient("lease held"), attempts, POLICY) for attempts in range(1, 7)]
    assert [one.delay_seconds for one in found] == [2, 10, 60, 300, 1800, 0]
    assert [one.kind for one in found] == ["retry"] * 5 + ["dead_letter"]
    assert found[-1].reason == "gave up after 6 attempts: Transient: lease held"


@pytest.mark.parametrize("error", [Permanent("unknown unit"), _validation_error()])
def test_what_cannot_succeed_is_a_dead_letter_at_once(error: Exception) -> None:
    assert settle(error, 1, POLICY).kind == "dead_letter"


@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError(), Misuse("no index"), ZeroDivisionError()])
def test_a_fault_of_our_own_is_retried_first(error: Exception) -> None:
    assert settle(error, 1, POLICY).kind == "retry"
    assert settle(error, POLICY.attempts_max, POLICY).kind == "dead_letter"


@given(st.integers(min_value=0, max_value=50), st.lists(st.floats(0.001, 1e4), min_size=1, max_size=8))
def test_a_retry_always_has_a_delay(attempts: int, delays: list[float]) -> None:
    found = settle(Transient("x"), attempts, RetryPolicy(tuple(delays)))
    assert (found.delay_seconds > 0) == (found.kind == "retry")


@pytest.mark.parametrize("delays", [(), (0.0,), (1.0, -1.0)])
def test_a_policy_without_delays_is_refused(delays: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="hot"):
        RetryPolicy(delays)


@given(st.text())
def test_a_reason_is_one_bounded_line(text: str) -> None:
    said = describe(Transient(text))
    assert len(said) <= REASON_LENGTH_MAX
    assert said.splitlines() == [said]

"""Events as text: what every consumer reads is the state that was announced, whichever way it was composed. Pure."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from shared.clock import iso
from shared.errors import Misuse
from shared.events.base import State
from shared.events.catalog import CATALOG, compose, compose_plain, read
from shared.events.envelope import Envelope, subject_token
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.store.pending import check_pending, with_pending
from tests.support.sample_events import NOW_MS, inspection_state, sample

AT = iso(NOW_MS)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def states() -> dict[str, State]:
    """One state of each type that the sample year holds, and an inspection."""
    year = sample(rounds=2, step_days=30)
    parts: tuple[tuple[State, ...], ...] = (year.units, year.obligations, year.reports, year.scores, year.evaluations)
    found: dict[str, State] = {type(part[0]).__name__: part[0] for part in parts}
    return {**found, "InspectionState": inspection_state("P")}


STATES = states()


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_the_text_is_the_envelope_of_the_state(state: State) -> None:
    event = compose(state, at=AT, traceparent=TRACE, correlation_id="request-1")
    envelope = Envelope.model_validate_json(event["body"])
    assert read(envelope) == state
    assert orjson.loads(event["body"])["data"] == state.model_dump(mode="json")
    assert (envelope.id, envelope.revision, envelope.time) == (event["id"], state.revision, AT)
    assert (envelope.traceparent, event["traceparent"], envelope.correlationid) == (TRACE, TRACE, "request-1")
    assert event["subject"].startswith(f"tiendo.{envelope.type}.")
    assert envelope.type in {entry.name for entry in CATALOG}
    assert compose(state, at=AT, traceparent=TRACE, correlation_id="request-1") == event


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_plain_values_give_the_same_event(state: State) -> None:
    plain = compose_plain(type(state), state.model_dump(mode="json"), at=AT, traceparent=TRACE)
    event = compose(state, at=AT, traceparent=TRACE)
    assert orjson.loads(plain["body"]) == orjson.loads(event["body"])
    assert {**plain, "body": ""} == {**event, "body": ""}


def test_what_is_not_given_is_left_out() -> None:
    event = compose(STATES["UnitState"], at=AT)
    assert "traceparent" not in event
    assert not {"traceparent", "correlationid", "causationid"} & orjson.loads(event["body"]).keys()


def test_a_composed_event_is_one_that_the_store_takes() -> None:
    event: Any = compose(STATES["ReportState"], at=AT, traceparent=TRACE)
    check_pending(with_pending({}, [event], now_ms=NOW_MS))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_state_holds_no_number_that_json_has_not(value: float) -> None:
    with pytest.raises(ValidationError):
        ReportedValue(indicator="i", value=value)


def test_an_id_too_long_for_its_envelope_is_misuse() -> None:
    unit = STATES["UnitState"]
    assert isinstance(unit, UnitState)
    with pytest.raises(Misuse):
        compose(unit.model_copy(update={"unit": "u" * 300}), at=AT)


@pytest.mark.parametrize(
    ("key", "token"), [("U-1_x", "U-1_x"), ("a.b c", "a-b-c"), ("Đà Nẵng", "---N-ng"), ("", "-"), ("x\n", "x-")]
)
def test_a_key_is_one_token_of_a_subject(key: str, token: str) -> None:
    assert subject_token(key) == token

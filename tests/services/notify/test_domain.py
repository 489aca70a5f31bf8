"""The pure rules: rungs, contacts, consolidation, deliveries, as tables and as properties."""

from __future__ import annotations

from dataclasses import replace

import aiosmtplib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.email import classify
from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import is_address, lineage, resolve, shortened
from services.notify.domain.deliveries import Outcome, after_attempt, claimed
from services.notify.domain.deliveries_ladder import EMAIL
from services.notify.domain.ledger import ledger_hash, rates
from services.notify.domain.rungs import MAX_LATENESS_MS, Reminder, decide, planned
from shared.plan.model import Rung
from tests.services.notify.samples import center, contact, obligation, plan, received, unit
from tests.services.notify.test_deliveries import NOW, delivery

OUTCOMES = ("PENDING", "FULFILLED", "NIL", "WAIVED", "NOT_APPLICABLE", "CANCELLED")


def row(number: int, *, fire_at_ms: int, due_at_ms: int) -> Reminder:
    state = obligation()
    return Reminder(
        id=f"reminder-{number}", obligation=state.obligation, plan="P", form="QUY", unit="CVT", period="2011-Q1",
        rung=f"R{number}", kind="reminder", roles=("report_officer",), due_at_ms=due_at_ms, fire_at_ms=fire_at_ms,
        next_at_ms=fire_at_ms, status="PENDING", decision="planned", decided_at_ms=0,
    )  # fmt: skip


rows = st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=8).map(
    lambda drawn: [
        row(number, fire_at_ms=fire, due_at_ms=obligation().due_at_ms + (0 if current else 1))
        for number, (fire, current) in enumerate(drawn)
    ]
)


@given(due=rows, outcome=st.sampled_from(OUTCOMES))
def test_every_due_row_gets_one_verdict_with_a_reason(due: list[Reminder], outcome: str) -> None:
    verdicts = decide(obligation(outcome=outcome), due)
    assert [verdict.reminder for verdict in verdicts] == due
    assert all(verdict.reason for verdict in verdicts)


@given(due=rows, outcome=st.sampled_from(OUTCOMES))
def test_at_most_one_rung_is_sent_and_it_is_the_latest_of_the_current_due_day(
    due: list[Reminder], outcome: str
) -> None:
    state = obligation(outcome=outcome)
    sent = [verdict.reminder for verdict in decide(state, due) if verdict.action == "send"]
    current = [one for one in due if one.due_at_ms == state.due_at_ms]
    if outcome != "PENDING" or not current:
        assert sent == []
    else:
        assert len(sent) == 1
        assert sent[0].fire_at_ms == max(one.fire_at_ms for one in current)


@given(lateness=st.integers(-MAX_LATENESS_MS, 3 * MAX_LATENESS_MS))
def test_only_what_was_over_long_before_it_was_known_is_skipped(lateness: int) -> None:
    made, state = plan(), obligation()

    def fire_ms(_rung: Rung) -> int:
        return 10 * MAX_LATENESS_MS

    known = 10 * MAX_LATENESS_MS + lateness
    found = planned(state, made.ladder("L"), fire_ms, known_at_ms=known, now_ms=known)
    expected = "SKIPPED_LATE" if lateness > MAX_LATENESS_MS else "PENDING"
    assert {one.status for one in found} == {expected}
    assert len({one.id for one in found}) == len(made.ladder("L").rungs)


keys = st.lists(st.sampled_from("abcdef"), unique=True)
messages = st.lists(
    st.builds(Made, slot=st.sampled_from(["mon", "tue"]), covers=st.frozensets(st.sampled_from("abcdef"))), max_size=4
)


@given(due=keys, made=messages)
def test_each_key_is_told_sent_or_waits_and_never_two_messages_in_a_slot(due: list[str], made: list[Made]) -> None:
    share = share_out(due, made, "tue")
    assert sorted((*share.send, *share.told, *share.wait)) == sorted(due)
    covered = frozenset().union(*(one.covers for one in made))
    assert set(share.told) == set(due) & covered
    if any(one.slot == "tue" for one in made):
        assert share.send == ()


@given(results=st.lists(st.sampled_from(["temporary", "permanent", "sent"]), min_size=1, max_size=80))
def test_a_delivery_ends_and_never_leaves_an_end(results: list[str]) -> None:
    held, now = delivery(), NOW
    for result in results:
        held = after_attempt(claimed(held, now_ms=now), Outcome(result, "why"), now_ms=now)  # type: ignore[arg-type]
        if held.status != "TEMPORARY_FAILURE":
            break
        assert now <= held.next_at_ms <= now + 66 * 60_000
        now = held.next_at_ms
    assert now - held.first_try_ms <= EMAIL.for_ms
    assert held.status in {"TEMPORARY_FAILURE", "SENT", "PERMANENT_FAILURE", "TECHNICAL_FAILURE"}
    if len(results) > 12:
        assert held.status != "TEMPORARY_FAILURE"


def test_roles_are_looked_for_at_the_unit_then_above_then_at_the_standing_body() -> None:
    units = {
        "B": unit("B", contact("report_officer", "b@x.example"), parent="A"),
        "A": unit("A", contact("unit_approver", "a@x.example")),
        "TTTT": center(),
    }
    found = resolve(
        ["report_officer", "unit_approver", "standing_body_head", "nobody"], "B", units, standing_body="TTTT"
    )
    assert [person.address for person in found.recipients] == ["b@x.example", "a@x.example", "giamdoc@tttt.example"]
    assert found.missing == ("nobody",)


def test_one_address_in_several_roles_is_one_recipient_and_a_cycle_ends() -> None:
    units = {
        "A": unit("A", contact("x", "Same@X.example"), contact("y", "same@x.example"), parent="B"),
        "B": unit("B", parent="A"),
    }
    assert [one.address for one in resolve(["x", "y"], "A", units, standing_body=None).recipients] == ["same@x.example"]
    assert lineage("A", units, None) == ["A", "B"]


@pytest.mark.parametrize("bad", ["", "a", "a@", "@b", "a@b@c", "a b@c.example", "a@b\r\nBcc: x@y", "á@b.example"])
def test_what_cannot_stand_in_an_envelope_is_no_address(bad: str) -> None:
    assert not is_address(bad)


def test_events_carry_no_full_address() -> None:
    assert shortened("report.officer@units.example") == "r…@units.example"


def test_rates_leave_out_what_is_not_expected() -> None:
    states = [
        obligation("A", outcome="WAIVED"),
        obligation("B", outcome="CANCELLED"),
        obligation("C"),
        received(obligation("D"), 1),
        received(obligation("E"), 1, "LATE"),
        received(obligation("F"), 1, "IN_GRACE"),
    ]
    found = rates(states)
    assert (found.expected, found.received, found.on_time, found.in_grace, found.late, found.missing) == (
        4,
        3,
        1,
        1,
        1,
        1,
    )


def test_equal_ledgers_have_equal_hashes_and_a_change_shows() -> None:
    one, two = obligation("A"), obligation("B")
    assert ledger_hash([one, two]) == ledger_hash([two, one])
    assert ledger_hash([one, two]) != ledger_hash([one, received(two, 1)])


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (aiosmtplib.SMTPRecipientRefused(550, "no such user", "a@b"), "permanent"),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(452, "full", "a@b")]), "temporary"),
        (aiosmtplib.SMTPDataError(554, "spam"), "permanent"),
        (aiosmtplib.SMTPDataError(451, "greylisted"), "temporary"),
        (aiosmtplib.SMTPAuthenticationError(535, "bad password"), "temporary"),
        (aiosmtplib.SMTPConnectResponseError(554, "not now"), "temporary"),
        (aiosmtplib.SMTPServerDisconnected("gone"), "temporary"),
        (TimeoutError(), "temporary"),
        (ConnectionRefusedError(), "temporary"),
        (OSError("disk"), "temporary"),
    ],
)
def test_only_a_refusal_of_the_recipient_or_the_message_is_final(error: Exception, result: str) -> None:
    assert classify(error).result == result


def test_a_servers_words_are_kept_short_and_without_addresses() -> None:
    outcome = classify(aiosmtplib.SMTPDataError(554, "an@cvt.example " + "x " * 500))
    assert "an@cvt.example" not in outcome.reason
    assert len(outcome.reason) <= 200


def test_a_repeated_claim_says_that_the_lease_ran_out() -> None:
    first = claimed(delivery(), now_ms=NOW)
    assert (first.decision, first.attempts) == ("claimed", 1)
    assert claimed(replace(first), now_ms=first.next_at_ms).decision == "lease_expired"

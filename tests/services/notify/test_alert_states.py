"""What signals, people, silences, sources and time do to one alert: values only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.notify.domain.alerts import (
    HISTORY_MAX,
    Alert,
    Signal,
    acknowledged,
    after_signal,
    inspection_list,
    resolved_by_person,
    reviewed,
    stepped,
)
from services.notify.domain.escalation import PROMISES_MISSED_MAX, Step, chain_of
from services.notify.domain.inhibition import RULES, Rule, Source, labels_of, muted_by, of_outage, of_relief
from services.notify.domain.instants import DAY_MS, HOUR_MS, NEVER_MS
from services.notify.domain.silences import (
    IDLE_MS,
    LOOK_EVERY_MS,
    Outage,
    Silence,
    ended,
    looked_at,
    next_look,
    silence_of,
)
from shared.events.base import Names
from shared.events.obligation import Relief
from tests.services.notify.samples import obligation, plan

NOW = 1_300_000_000_000
CHAIN = (Step(("head",), 72 * HOUR_MS), Step(("minister",), 48 * HOUR_MS))


def signal(*, firing: bool = True, **more: Any) -> Signal:
    given: dict[str, Any] = {
        "plan": "P",
        "unit": "CVT",
        "rule": "R1",
        "names": Names(vi="Quá hạn", en="Overdue"),
        "severity": "high",
        "points": 2,
        "subject": "obligation-1",
        "firing": firing,
        "source_revision": 1,
        "reason": "report_received",
        "detail": {"form": "QUY", "period": "2011-Q1"},
        "signal": "report_overdue",
    }
    return Signal(**(given | more))


def opened(chain: tuple[Step, ...] = CHAIN, **more: Any) -> Alert:
    alert = after_signal(None, signal(**more), now_ms=NOW, chain=chain)
    assert alert is not None
    return alert


def under(alert: Alert, now_ms: int, *, silence: str = "", until: int = 0, muted_by: str = "", ends: int = 0) -> Alert:
    return reviewed(
        alert, silence=silence, silenced_until_ms=until, muted_by=muted_by, muted_until_ms=ends, now_ms=now_ms
    )


def test_an_alert_keeps_the_chain_that_it_was_opened_with() -> None:
    alert = opened()
    assert (alert.phase, alert.level, alert.receivers) == ("OPEN", 0, ("",))
    assert alert.steps == CHAIN
    assert alert.next_step_at_ms == NOW + 72 * HOUR_MS


def test_steps_are_taken_when_due_and_not_before() -> None:
    alert = opened()
    assert stepped(alert, now_ms=alert.next_step_at_ms - 1) is None
    first = stepped(alert, now_ms=alert.next_step_at_ms)
    assert first is not None
    assert (first.level, first.notice, first.receivers) == (1, "escalated", ("", "head"))
    second = stepped(first, now_ms=first.next_step_at_ms + DAY_MS)
    assert second is not None
    assert (second.level, second.next_step_at_ms) == (2, NEVER_MS)
    assert second.receivers == ("", "head", "minister")


def test_acknowledging_cancels_the_steps_and_missing_the_promise_goes_up() -> None:
    promise_ms = NOW + 10 * DAY_MS
    alert = acknowledged(opened(), owner="Vụ trưởng", promise="2011-03-25", until_ms=promise_ms, now_ms=NOW + 1)
    assert (alert.phase, alert.next_step_at_ms, alert.mute(NOW)) == ("ACKNOWLEDGED", promise_ms, "acknowledged")
    assert stepped(alert, now_ms=promise_ms - 1) is None
    missed = stepped(alert, now_ms=promise_ms)
    assert missed is not None
    assert (missed.phase, missed.notice, missed.level, missed.promises_missed) == ("OPEN", "promise_missed", 1, 1)
    assert missed.member(promise_ms).key != alert.member(promise_ms).key, "told again, to those who knew it too"


def test_a_promise_is_missed_a_bounded_number_of_times() -> None:
    alert, now_ms = opened(), NOW
    for _ in range(PROMISES_MISSED_MAX + 1):
        now_ms += DAY_MS
        alert = acknowledged(alert, owner="A", promise="2011-03-25", until_ms=now_ms, now_ms=now_ms - 1)
        after = stepped(alert, now_ms=now_ms)
        assert after is not None
        alert = after
    assert (alert.promises_missed, alert.notice) == (PROMISES_MISSED_MAX + 1, "promise_missed_too_often")
    assert (alert.phase, alert.generation, alert.next_step_at_ms) == ("OPEN", PROMISES_MISSED_MAX, NEVER_MS)
    assert alert.level == len(CHAIN)


def test_the_signal_may_end_an_acknowledged_alert_before_its_promise() -> None:
    alert = acknowledged(opened(), owner="A", promise="2011-03-25", until_ms=NOW + DAY_MS, now_ms=NOW)
    done = after_signal(alert, signal(firing=False), now_ms=NOW + 5)
    assert done is not None
    assert (done.phase, done.reason, done.next_step_at_ms) == ("RESOLVED", "report_received", NEVER_MS)


@pytest.mark.parametrize(("after_ms", "quiet"), [(HOUR_MS, True), (24 * HOUR_MS - 1, True), (24 * HOUR_MS, False)])
def test_within_its_cooldown_the_same_alert_opens_again_without_a_notice(after_ms: int, *, quiet: bool) -> None:
    done = after_signal(opened(cooldown_hours=24), signal(firing=False), now_ms=NOW)
    assert done is not None
    again = after_signal(done, signal(cooldown_hours=24, source_revision=2), now_ms=NOW + after_ms, chain=CHAIN)
    assert again is not None
    assert (again.id, again.phase, again.occurrences) == (done.id, "OPEN", 2)
    assert (again.mute(NOW + after_ms) == "cooldown") == quiet
    assert again.history[-1]["reason"] == ("reopened_in_cooldown" if quiet else "reopened")
    assert again.mute(NOW + 24 * HOUR_MS) == "", "what still lasts when it is over is told"


def test_a_silence_holds_until_its_end_and_then_the_alert_is_told_again() -> None:
    quiet = under(opened(), NOW + 1, silence="silence-1", until=NOW + DAY_MS)
    assert (quiet.phase, quiet.silence, quiet.next_step_at_ms) == ("SILENCED", "silence-1", NEVER_MS)
    assert quiet.mute(NOW) == "silenced"
    assert under(quiet, NOW + 2, silence="silence-1", until=NOW + DAY_MS) == quiet, "nothing new is no change"
    loud = under(quiet, NOW + DAY_MS)
    assert (loud.phase, loud.notice, loud.silence) == ("OPEN", "unsilenced", "")
    assert loud.member(NOW).key != quiet.member(NOW).key
    assert loud.next_step_at_ms == NOW + DAY_MS + 72 * HOUR_MS, "the wait for the step starts again"


def test_silenced_alerts_are_updated_and_resolved_by_their_source_all_the_same() -> None:
    quiet = under(opened(), NOW + 1, silence="silence-1", until=NOW + DAY_MS)
    told = after_signal(quiet, signal(source_revision=2, detail={"form": "QUY", "n": 2}), now_ms=NOW + 2)
    assert told is not None
    assert (told.phase, told.occurrences) == ("SILENCED", 2)
    done = after_signal(told, signal(firing=False), now_ms=NOW + 3)
    assert done is not None
    assert (done.phase, done.silence, done.in_group) == ("RESOLVED", "", 0)


def test_what_was_muted_rests_and_shows_by_what() -> None:
    muted = under(opened(), NOW + 1, muted_by="outage outage-1", ends=NOW + 100 * HOUR_MS)
    assert (muted.phase, muted.muted_by, muted.mute(NOW)) == ("OPEN", "outage outage-1", "inhibited")
    assert muted.history[-1]["reason"] == "inhibited: outage outage-1"
    resting = stepped(muted, now_ms=NOW + 72 * HOUR_MS)
    assert resting is not None
    assert (resting.level, resting.next_step_at_ms) == (0, NEVER_MS)
    free = under(resting, NOW + 100 * HOUR_MS)
    assert (free.muted_by, free.next_step_at_ms) == ("", NOW + 172 * HOUR_MS)


def test_a_change_by_a_person_names_them_and_the_history_is_bounded() -> None:
    alert = resolved_by_person(opened(), reason="đã giải trình", now_ms=NOW + 1, by="lan")
    assert alert.history[-1] == {"at_ms": NOW + 1, "phase": "RESOLVED", "reason": "đã giải trình", "by": "lan"}
    for number in range(2 * HISTORY_MAX):
        alert = acknowledged(alert, owner="A", promise="2011-03-25", now_ms=NOW + number)
    assert len(alert.history) == HISTORY_MAX


def test_the_inspection_list_names_rules_and_the_newest_evidence_and_leaves_out_what_is_muted() -> None:
    first = opened()
    second = replace(opened(rule="R2", subject="2011", points=4, detail={"year": 2011}), changed_at_ms=NOW + 9)
    muted = under(opened(rule="R3", points=50), NOW, muted_by="outage outage-1", ends=NOW + 1)
    quiet = under(opened(rule="R4", points=50), NOW, silence="silence-1", until=NOW + 1)
    [found] = inspection_list([first, second, muted, quiet])
    assert (found.points, found.rules, found.proposal) == (6, ("R1", "R2"), "inspection")
    assert [names.en for names in found.names] == ["Overdue", "Overdue"]
    assert found.newest is not None
    assert (found.newest.alert, found.newest.detail) == (second.id, {"year": 2011})


# --- silences ---


def silence(**more: Any) -> Silence:
    given: dict[str, Any] = {
        "id": "silence-1",
        "plan": "P",
        "owner": "Lan",
        "reason": "moving house",
        "by": "lan",
        "starts_at_ms": NOW,
        "ends_at_ms": NOW + DAY_MS,
        "next_at_ms": NOW,
        "created_at_ms": NOW,
    }
    return Silence(**(given | more))


@pytest.mark.parametrize(
    ("matchers", "fits"),
    [
        ({"unit": "CVT"}, True),
        ({"unit": "CBC"}, False),
        ({"rule": "R1"}, True),
        ({"form": "QUY", "unit": "CVT"}, True),
        ({"form": "NAM", "unit": "CVT"}, False),
        ({"plan": "Q", "unit": "CVT"}, False),
    ],
)
def test_a_silence_fits_what_fits_everything_it_names(matchers: dict[str, str], *, fits: bool) -> None:
    assert silence(**matchers).fits(opened()) == fits
    assert silence(alert=opened().id).fits(opened())


def test_a_silence_is_pending_then_active_then_expired() -> None:
    held = silence(unit="CVT")
    instants = (NOW - 1, NOW, NOW + DAY_MS - 1, NOW + DAY_MS)
    assert [held.standing(at) for at in instants] == ["pending", "active", "active", "expired"]
    assert [next_look(held, at) for at in instants] == [NOW, NOW + DAY_MS, NOW + DAY_MS, NEVER_MS]
    assert silence_of(opened(), [held], NOW - 1) is None
    longer = silence(id="silence-2", unit="CVT", ends_at_ms=NOW + 2 * DAY_MS)
    assert silence_of(opened(), [held, longer], NOW) == longer
    over = ended(held, by="lan", reason="moved", now_ms=NOW + 5)
    assert (over.standing(NOW + 5), over.next_at_ms, over.ended_by) == ("expired", NOW + 5, "lan")
    assert ended(held, by="lan", reason="no need", now_ms=NOW - 5).standing(NOW) == "expired"


def test_a_silence_with_nothing_under_it_ends_by_itself_and_an_outage_does_not() -> None:
    held = silence(ends_at_ms=NOW + 80 * DAY_MS)
    seen = looked_at(held, NOW, matched=True)
    assert (seen.phase, seen.revision, seen.next_at_ms) == ("active", 2, NOW + LOOK_EVERY_MS)
    assert looked_at(seen, NOW + IDLE_MS - 1, matched=False).phase == "active"
    over = looked_at(seen, NOW + IDLE_MS, matched=False)
    assert (over.phase, over.ended_by, over.ended_reason) == ("expired", "notify", "nothing_matched")
    assert (over.ends_at_ms, over.next_at_ms) == (NOW + IDLE_MS, NEVER_MS)
    again = looked_at(seen, NOW + IDLE_MS - 1, matched=True)
    assert looked_at(again, NOW + IDLE_MS, matched=False).phase == "active", "the fortnight begins again"
    assert looked_at(outage(), NOW + IDLE_MS, matched=False).ended_reason == ""


# --- inhibition ---


def outage(unit: str = "CVT") -> Outage:
    return Outage(
        id="outage-1",
        plan="P",
        owner="Lan",
        reason="no power",
        by="lan",
        starts_at_ms=NOW,
        ends_at_ms=NOW + DAY_MS,
        next_at_ms=NOW,
        created_at_ms=NOW,
        unit=unit,
    )


@pytest.mark.parametrize(
    ("name", "unit", "muted"),
    [
        ("report_overdue", "CVT", True),
        ("two_in_a_row", "CVT", True),
        ("pace_at_risk", "CVT", True),
        ("copied_report", "CVT", False),
        ("report_overdue", "CBC", False),
    ],
)
def test_an_outage_mutes_what_it_explains_of_its_unit(name: str, unit: str, *, muted: bool) -> None:
    labels = labels_of(opened(signal=name, unit=unit))
    assert (muted_by(labels, [of_outage(outage())]) is not None) == muted
    everybody = muted_by(labels, [of_outage(outage(unit=""))])
    assert (everybody is not None) == (name != "copied_report")


def test_an_extension_mutes_the_row_of_its_form_until_its_limit() -> None:
    state = obligation(
        period="2011-Q2",
        revision=2,
        reliefs=(Relief(kind="extended", by="b", at_ms=NOW, reason="flood", due_at_ms=NOW, expires_at_ms=None),),
    )
    source = of_relief(state, state.grace_end_ms)
    assert source is not None
    assert source.reason == "extension QUY 2011-Q2"
    assert of_relief(state, state.grace_end_ms + 1) is None, "an instant equal to the limit is within it"
    row = labels_of(opened(signal="two_in_a_row"))
    assert muted_by(row, [source]) == source
    assert muted_by(labels_of(opened(signal="two_in_a_row", detail={"form": "NAM"})), [source]) is None
    overdue = labels_of(opened(signal="report_overdue", detail={"form": "QUY", "period": "2011-Q1"}))
    assert muted_by(overdue, [source]) is None, "more time for the second quarter explains nothing of the first"
    assert muted_by(labels_of(opened(signal="pace_at_risk", detail={"year": 2011})), [source]) == source
    assert of_relief(obligation(), NOW) is None
    assert of_relief(obligation(outcome="WAIVED"), 0) is not None


def test_missing_labels_are_empty_and_nothing_inhibits_itself() -> None:
    rule = Rule({"severity": frozenset({"high"})}, {"team": frozenset({"a"})}, ("site",))
    source = Source({"severity": "high"}, "s", NEVER_MS)
    assert muted_by({"team": "a"}, [source], [rule]) == source, "no site on either side is the same site"
    assert muted_by({"team": "a", "site": "x"}, [source], [rule]) is None
    both = {"severity": "high", "team": "a"}
    assert muted_by(both, [Source(both, "itself", NEVER_MS)], [rule]) is None
    assert muted_by(both, [source], [rule]) == source
    assert all(rule.equal for rule in RULES)


# --- chains ---


def test_the_chain_comes_from_the_plan_or_from_its_digests() -> None:
    made = plan()
    assert chain_of(made, "high", operations=False) == (Step(("deputy_minister",), 72 * HOUR_MS),)
    assert chain_of(made, "low", operations=False) == (Step(("deputy_minister",), NEVER_MS),)
    assert chain_of(made, "low", operations=True) == (Step(("standing_body_head",), 72 * HOUR_MS),)
    steps = [{"after_hours": 24, "to": ["standing_body_head"]}, {"to": ["deputy_minister"]}]
    own = plan(escalation=[{"severity": "high", "steps": steps}])
    assert chain_of(own, "high", operations=False) == (
        Step(("standing_body_head",), 24 * HOUR_MS),
        Step(("deputy_minister",), NEVER_MS),
    )

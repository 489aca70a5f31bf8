"""Grouping of notices against a naive Alertmanager: the decision table, and every random history of a group."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.notify.domain.grouping import (
    INTERVAL_MS,
    LOG_KEPT_MS,
    REPEAT_MS,
    WAIT_MS,
    Group,
    Log,
    Member,
    begun,
    decide,
    looked,
    new_group,
    tick,
    touched,
)
from services.notify.domain.instants import DAY_MS, HOUR_MS, MINUTE_MS, NEVER_MS

NOW = 1_300_000_000_000


def log(firing: str = "", resolved: str = "", at_ms: int = NOW - MINUTE_MS) -> Log:
    return Log(at_ms, "first", tuple(firing), tuple(resolved))


@pytest.mark.parametrize(
    ("last", "firing", "resolved", "muted", "reason"),
    [
        (None, "a", "", "", "first"),
        (None, "ab", "c", "", "first"),
        (None, "", "a", "", "resolved_before_notice"),
        (None, "", "", "", "nothing_left"),
        (log("a"), "ab", "", "", "new_alerts"),
        (log("a"), "b", "", "", "new_alerts"),
        (log(resolved="a"), "b", "", "", "first"),
        (log("a"), "", "a", "", "all_resolved"),
        (log(resolved="a"), "", "b", "", "resolved_before_notice"),
        (log("ab"), "a", "b", "", "new_resolved"),
        (log("ab", resolved="c"), "a", "c", "", "repeat_not_due"),
        (log("a"), "a", "", "", "repeat_not_due"),
        (log("a", at_ms=NOW - REPEAT_MS), "a", "", "", "repeat_not_due"),
        (log("a", at_ms=NOW - REPEAT_MS - 1), "a", "", "", "repeat"),
        (log("a", at_ms=NOW - LOG_KEPT_MS), "a", "", "", "repeat"),
        (log("a", at_ms=NOW - LOG_KEPT_MS - 1), "a", "", "", "first"),
        (None, "", "", "a", "all_muted"),
        (log("ab"), "a", "", "b", "repeat_not_due"),
        (log("a"), "b", "", "a", "new_alerts"),
        (log("ab"), "", "a", "b", "all_resolved"),
    ],
)
def test_the_decision_table(last: Log | None, firing: str, resolved: str, muted: str, reason: str) -> None:
    members = [
        *(Member(key, firing=True) for key in firing),
        *(Member(key, firing=False) for key in resolved),
        *(Member(key, firing=True, muted="silenced") for key in muted),
    ]
    decision = decide(last, members, now_ms=NOW)
    assert decision.reason == reason
    quiet = {"resolved_before_notice", "nothing_left", "repeat_not_due", "all_muted"}
    assert decision.tell == (reason not in quiet)


def test_ticks_are_counted_from_the_last_look_and_never_at_it() -> None:
    assert tick(NOW, NOW) == NOW + INTERVAL_MS
    assert tick(NOW, NOW + 1) == NOW + INTERVAL_MS
    assert tick(NOW, NOW + INTERVAL_MS) == NOW + INTERVAL_MS
    assert tick(NOW, NOW + INTERVAL_MS + 1) == NOW + 2 * INTERVAL_MS


def test_a_change_while_a_notice_is_made_is_looked_at_afterwards() -> None:
    group = touched(new_group("P", "U", "reporting", ""), changed_at_ms=NOW)
    decision = decide(None, [Member("a", firing=True)], now_ms=NOW + WAIT_MS)
    group = begun(group, decision, now_ms=NOW + WAIT_MS)
    assert group.next_at_ms == NOW + WAIT_MS, "still due until it is finished"
    during = touched(group, changed_at_ms=NOW + WAIT_MS + 5)
    done = looked(during, decision, stays=True, ends_ms=(), at_ms=NOW + WAIT_MS)
    assert done.next_at_ms == NOW + WAIT_MS + INTERVAL_MS
    untouched = looked(group, decision, stays=True, ends_ms=(), at_ms=NOW + WAIT_MS)
    assert untouched.next_at_ms == tick(NOW + WAIT_MS, NOW + WAIT_MS + REPEAT_MS + 1)
    emptied = looked(during, decision, stays=False, ends_ms=(), at_ms=NOW + WAIT_MS)
    assert emptied.next_at_ms == NOW + WAIT_MS + 5 + WAIT_MS, "a new wait: its timer rests"


Notice = tuple[int, str, frozenset[str], frozenset[str]]


@dataclass
class Naive:
    """Alertmanager in a few lines: a timer that really ticks, and the table of its dedup stage, as it is written."""

    alerts: dict[str, bool] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    timer: int | None = None
    entry: tuple[int, frozenset[str], frozenset[str]] | None = None
    sent: list[Notice] = field(default_factory=list)

    def fire(self, key: str, now: int) -> None:
        self.alerts[key] = True
        if self.timer is None:
            self.timer = now + WAIT_MS

    def resolve(self, key: str) -> None:
        if key in self.alerts:
            self.alerts[key] = False

    def run_until(self, end: int) -> None:
        while self.timer is not None and self.timer < end:
            now = self.timer
            self.flush(now)
            self.alerts = {key: firing for key, firing in self.alerts.items() if firing}
            self.timer = now + INTERVAL_MS if self.alerts else None

    def flush(self, now: int) -> None:
        loud = {key: firing for key, firing in self.alerts.items() if key not in self.muted}
        if not loud:
            return
        firing = frozenset(key for key, fires in loud.items() if fires)
        resolved = frozenset(loud) - firing
        if self.entry is not None and now - self.entry[0] > LOG_KEPT_MS:
            self.entry = None
        reason = self.needs_update(now, firing, resolved)
        if reason:
            self.entry = (now, firing, resolved)
            self.sent.append((now, reason, firing, resolved))

    def needs_update(self, now: int, firing: frozenset[str], resolved: frozenset[str]) -> str:
        if self.entry is None:
            return "first" if firing else ""
        at, was_firing, was_resolved = self.entry
        if firing - was_firing:
            return "new_alerts" if was_firing else "first"
        if not firing:
            return "all_resolved" if was_firing else ""
        if resolved - was_resolved:
            return "new_resolved"
        return "repeat" if at < now - REPEAT_MS else ""


@dataclass
class Ours:
    """The same group by the functions that the service uses, looked at only when they say so."""

    alerts: dict[str, bool] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    group: Group = field(default_factory=lambda: new_group("P", "U", "reporting", ""))
    sent: list[Notice] = field(default_factory=list)
    looks: int = 0

    def touch(self, now: int) -> None:
        self.group = touched(self.group, changed_at_ms=now)

    def run_until(self, end: int) -> None:
        while self.group.next_at_ms < end:
            now = self.group.next_at_ms
            self.looks += 1
            members = [Member(key, firing, "silenced" * (key in self.muted)) for key, firing in self.alerts.items()]
            decision = decide(self.group.log, members, now_ms=now)
            if decision.tell:
                self.group = begun(self.group, decision, now_ms=now)
                self.sent.append((now, decision.reason, frozenset(decision.firing), frozenset(decision.resolved)))
            self.alerts = {key: firing for key, firing in self.alerts.items() if firing}
            self.group = looked(self.group, decision, stays=bool(self.alerts), ends_ms=(), at_ms=now)


KEYS = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.sampled_from(
    [
        1,
        30_000,
        WAIT_MS,
        WAIT_MS + 1,
        INTERVAL_MS - WAIT_MS,
        INTERVAL_MS,
        HOUR_MS,
        DAY_MS - INTERVAL_MS,
        DAY_MS,
        DAY_MS + 1,
        31 * DAY_MS,
    ]
)


class Histories(RuleBasedStateMachine):
    """Alerts fire, end, are muted and unmuted, and time passes; both must have said the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.naive, self.ours = Naive(), Ours()

    @rule(key=KEYS)
    def fires(self, key: str) -> None:
        if not self.ours.alerts.get(key):
            self.ours.alerts[key] = True
            self.ours.touch(self.now)
        self.naive.fire(key, self.now)

    @rule(key=KEYS)
    def ends(self, key: str) -> None:
        if self.ours.alerts.get(key):
            self.ours.alerts[key] = False
            self.ours.touch(self.now)
        self.naive.resolve(key)

    @rule(key=KEYS)
    def is_muted_or_not(self, key: str) -> None:
        for muted in (self.naive.muted, self.ours.muted):
            muted.symmetric_difference_update({key})
        if key in self.ours.alerts:
            self.ours.touch(self.now)

    @rule(step=STEPS)
    def time_passes(self, step: int) -> None:
        self.now += step
        self.naive.run_until(self.now)
        self.ours.run_until(self.now)

    @invariant()
    def said_the_same(self) -> None:
        assert self.ours.sent == self.naive.sent

    def teardown(self) -> None:
        assert self.ours.group.next_at_ms == NEVER_MS or self.ours.alerts, "an empty group is not looked at"


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_a_quiet_group_is_looked_at_once_a_day() -> None:
    ours = Ours(alerts={"a": True})
    ours.touch(NOW)
    ours.run_until(NOW + 10 * DAY_MS)
    assert [reason for _, reason, _, _ in ours.sent] == ["first", *["repeat"] * 9]
    assert ours.looks == 10

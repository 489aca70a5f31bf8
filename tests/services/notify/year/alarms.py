"""Inspection alerts and their notices, worked out the naive way from PRODUCT.md section 8 and SEMANTICS S9 and S12.

One alert per (unit, rule, subject); repeats add none. Groups of (unit, side) for each receiver: wait 1 min,
interval 15 min, repeat 24 h. Told only for a reason: first, new alerts, all resolved, new resolved, repeat. The
repeats of a day to a receiver are one message about everything that is still open and was told. An extension, a
waiver or an outage mutes what it explains, a silence what it names, a promise its alert; what is muted is told to
nobody, and when a silence ends or a promise is missed the alert is new again. Nobody answers: the next level is
told after its hours. A missed promise goes to the next level, three times at most. Within the cooldown after its
end an alert comes back unheard until the cooldown is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.services.notify.year.acts import Act
from tests.services.notify.year.alarm import Alarm, Group, Name, text
from tests.services.notify.year.days import DAY, HOUR, NEVER, local, start_of
from tests.services.notify.year.known import Known
from tests.services.notify.year.words import AUDIENCES, CENTER, COOLDOWN_HOURS, HOME


@dataclass(slots=True)
class Alarms:
    """`send(to, reason, about, also)`: what a notice must name, and what it may name besides."""

    known: Known
    send: Callable[[str, str, frozenset[str], frozenset[str]], None]
    alarms: dict[Name, Alarm] = field(default_factory=dict)
    ongoing: dict[Name, Alarm] = field(default_factory=dict)
    listed: dict[tuple[str, str], dict[Name, Alarm]] = field(default_factory=lambda: defaultdict(dict))
    news: list[Alarm] = field(default_factory=list)
    groups: dict[tuple[str, str, str], Group] = field(default_factory=dict)
    repeated: set[tuple[str, bool, date]] = field(default_factory=set)

    # --- what sources say ---

    def say(self, name: Name, now: int, *, firing: bool, source: int = 0, form: str = "") -> None:
        """A rule looked at a subject."""
        held = self.alarms.get(name)
        if held is None or held.phase == "OVER":
            if firing:
                self._open(name, held, now, source, form)
        elif not firing:
            self._over(held, now, source)

    def _open(self, name: Name, held: Alarm | None, now: int, source: int, form: str) -> None:
        if held is not None and held.by_hand and source <= held.source:
            return  # settled by a person: until its source says something new
        fresh = Alarm(name, form, source, now, news_at=now)
        if held is not None:
            cool = held.changed_at + COOLDOWN_HOURS.get(name[1], 0) * HOUR
            fresh.quiet_until = cool if now < cool else 0
            fresh.told_at, fresh.round, held.news_at = held.told_at, held.round, None
        fresh.climb_from(now)
        self.alarms[name] = self.ongoing[name] = self.listed[name[0], fresh.side][name] = fresh
        self.news.append(fresh)

    def _over(self, alarm: Alarm, now: int, source: int) -> None:
        """What nobody was told of, because it was muted, leaves its groups at once."""
        if alarm.told_at is None and alarm.is_muted(now):
            self.listed[alarm.name[0], alarm.side].pop(alarm.name, None)
        alarm.phase, alarm.step_at = "OVER", NEVER
        alarm.explained_until = alarm.silenced_until = 0
        alarm.source = max(source, alarm.source)
        self.ongoing.pop(alarm.name, None)
        self._changed(alarm, now)

    def _changed(self, alarm: Alarm, at: int) -> None:
        alarm.changed_at = alarm.news_at = at
        self.news.append(alarm)

    # --- what people do ---

    def act(self, act: Act) -> None:
        """A promise, or settled by hand. What is over already is left alone."""
        alarm = self.ongoing.get((act.about["unit"], act.about["rule"], act.about["subject"]))
        if alarm is None:
            return
        if act.what == "resolve":
            self._over(alarm, act.at_ms, alarm.source)
            alarm.by_hand = True
            return
        alarm.phase, alarm.silenced_until = "PROMISED", 0
        alarm.promise = local(act.at_ms, HOME).date() + timedelta(days=act.about["days"])
        alarm.step_at = start_of(alarm.promise + timedelta(days=1), HOME)
        self._changed(alarm, act.at_ms)

    # --- one look ---

    def look(self, now: int) -> None:
        """Promises and steps that are due; what is muted and what is not any more; then the notices."""
        for alarm in list(self.ongoing.values()):
            if alarm.step_at <= now:
                self._step(alarm, now)
        for alarm in list(self.ongoing.values()):
            self._review(alarm, now)
        for alarm in self.news:
            if alarm.news_at is not None:
                self._touch(alarm, alarm.news_at, at_once=False)
                alarm.news_at = None
        self.news = []
        while due := sorted((one for one in self.groups.values() if one.look_at <= now), key=lambda one: one.look_at):
            for group in due:
                self._notice(group, now)

    def _step(self, alarm: Alarm, now: int) -> None:
        if alarm.phase == "PROMISED":
            alarm.phase, alarm.missed, alarm.step_at = "OPEN", alarm.missed + 1, NEVER
            if alarm.missed <= 3:
                alarm.round += 1
                self._climb(alarm, now)
            self._changed(alarm, now)
        elif alarm.phase != "OPEN" or alarm.is_muted(now) or alarm.level >= len(alarm.chain):
            alarm.step_at = NEVER
        else:
            self._climb(alarm, now)
            self._changed(alarm, now)

    def _climb(self, alarm: Alarm, now: int) -> None:
        alarm.level = min(alarm.level + 1, len(alarm.chain))
        alarm.climb_from(now)

    def _review(self, alarm: Alarm, now: int) -> None:
        """Steps rest while an alert is muted; afterwards the wait for the next one starts again."""
        explained, silenced = self._explained(alarm, now), self._silenced(alarm, now)
        if explained != alarm.explained_until:
            if not explained and alarm.phase == "OPEN":
                alarm.climb_from(now)
            alarm.explained_until = explained
            self._changed(alarm, now)
        if alarm.phase == "OPEN" and silenced:
            alarm.phase, alarm.silenced_until, alarm.step_at = "SILENCED", silenced, NEVER
            self._changed(alarm, now)
        elif alarm.phase == "SILENCED" and not silenced:
            alarm.phase, alarm.silenced_until, alarm.round = "OPEN", 0, alarm.round + 1
            alarm.climb_from(now)
            self._changed(alarm, now)
            self._touch(alarm, now, at_once=True)
        elif alarm.phase == "SILENCED" and silenced != alarm.silenced_until:
            alarm.silenced_until = silenced
            self._changed(alarm, now)

    def _explained(self, alarm: Alarm, now: int) -> int:
        """Until when an outage explains what is overdue, or an extension or a waiver a row of it; 0 for nothing."""
        unit, rule, _ = alarm.name
        if rule not in ("R1", "R2"):
            return 0
        ends = [
            act.about["ends_ms"]
            for act in self.known.outages
            if act.about["unit"] in ("", unit) and act.at_ms <= now < act.about["ends_ms"]
        ]
        for obligation in self.known.of_unit[unit] if rule == "R2" else ():
            state = self.known.held[obligation]
            relieved = state.outcome == "WAIVED" or (state.outcome == "PENDING" and bool(state.reliefs))
            if relieved and state.form == alarm.form and now <= state.grace_end_ms:
                ends.append(state.grace_end_ms + 1)
        return max(ends, default=0)

    def _silenced(self, alarm: Alarm, now: int) -> int:
        unit, rule, _ = alarm.name
        ends = [
            act.about["ends_ms"]
            for act in self.known.silences
            if act.about["unit"] == unit and act.about["rule"] in ("", rule) and act.at_ms <= now < act.about["ends_ms"]
        ]
        return max(ends, default=0)

    def _touch(self, alarm: Alarm, at: int, *, at_once: bool) -> None:
        for receiver in alarm.receivers:
            key = (alarm.name[0], alarm.side, receiver)
            self.groups.setdefault(key, Group(*key)).touch(at, at_once=at_once)

    # --- notices ---

    def _notice(self, group: Group, now: int) -> None:
        members = [
            alarm
            for alarm in self.listed[group.unit, group.side].values()
            if group.receiver in alarm.receivers and group.receiver not in alarm.seen_over
        ]
        loud = [alarm for alarm in members if not alarm.is_muted(now)]
        firing = frozenset((alarm.name, alarm.round) for alarm in loud if alarm.phase != "OVER")
        resolved = frozenset((alarm.name, alarm.round) for alarm in loud if alarm.phase == "OVER")
        why = _reason(group, firing, resolved, now) if loud else ""
        if why == "repeat":
            self._repeat(group, now)
        elif why:
            self._send(group, why, frozenset(text(name) for name, _ in firing | resolved), frozenset())
        if why:
            group.told_at, group.firing, group.resolved = now, firing, resolved
        for alarm in members:
            if alarm.phase == "OVER":
                self._seen_over(alarm, group.receiver)
            elif why and alarm in loud and alarm.told_at is None:
                alarm.told_at = now
        self._wait(group, [alarm for alarm in members if alarm.phase != "OVER"], bool(firing), now)

    def _wait(self, group: Group, left: list[Alarm], is_firing: bool, now: int) -> None:
        """The next tick at which something can be different by itself: a cooldown ends, or the repeat is due."""
        group.look_at, group.running = NEVER, now if left else 0
        ends = [alarm.quiet_until for alarm in left if alarm.quiet_until > now]
        if left and is_firing and group.told_at is not None:
            ends.append(group.told_at + DAY + 1)
        for end in ends:
            group.look_at = min(group.look_at, group.tick(end))

    def _seen_over(self, alarm: Alarm, receiver: str) -> None:
        alarm.seen_over.add(receiver)
        if set(alarm.receivers) <= alarm.seen_over:
            self.listed[alarm.name[0], alarm.side].pop(alarm.name, None)

    def _repeat(self, group: Group, now: int) -> None:
        """The first repeat that is due on a day tells everything; what was told in this very look may be in it."""
        of_operations = group.side == "operations"
        day = (group.receiver, of_operations, local(now, HOME).date())
        if day in self.repeated:
            return
        self.repeated.add(day)
        still = [
            alarm
            for alarm in self.ongoing.values()
            if group.receiver in alarm.receivers
            and not alarm.is_muted(now)
            and (alarm.side == "operations") == of_operations
        ]
        must = frozenset(text(one.name) for one in still if one.told_at is not None and one.told_at < now)
        self._send(group, "repeat", must, frozenset(text(one.name) for one in still) - must)

    def _send(self, group: Group, why: str, about: frozenset[str], also: frozenset[str]) -> None:
        audience = AUDIENCES["operations" if group.side == "operations" else "standing_body"]
        for address in self.known.people((group.receiver or audience,), CENTER):
            self.send(address, why, about, also)


def _reason(group: Group, firing: frozenset[tuple[Name, int]], resolved: frozenset[tuple[Name, int]], now: int) -> str:
    """Why there is a notice; empty when there is none."""
    if group.told_at is None:
        return "first" if firing else ""
    if not firing <= group.firing:
        return "new_alerts" if group.firing else "first"
    if not firing:
        return "all_resolved" if group.firing else ""
    if not resolved <= group.resolved:
        return "new_resolved"
    return "repeat" if now - group.told_at > DAY else ""

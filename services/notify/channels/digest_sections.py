"""The sections of a digest in words: who is late, where to look, what moved, what is off pace, what did not arrive."""

from __future__ import annotations

from collections.abc import Callable

from services.notify.channels.digest_say import Say
from services.notify.domain.digests.attention import AlertUnit, NotDelivered, PromiseLine, SilenceLine, StepLine
from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.pace import PaceLine
from services.notify.domain.digests.ranking import GroupLine, RankLine
from services.notify.domain.digests.rates import OverdueLine, PeriodLine
from services.notify.domain.reason_words import words_of
from services.notify.formats.page import Group, Key, Part, Place, Row, Section, Tone

GROUPS_SHOWN = 6


def sections(letter: DigestLetter, say: Say) -> tuple[Section, ...]:
    """The sections in the order of the audience; those with nothing to say are left out."""
    made = [_SECTIONS[code](letter, say) for code in letter.sections]
    return tuple(section for section in made if section is not None)


def _charts(_letter: DigestLetter, _say: Say) -> Section | None:
    return Section("charts", "")


def _rates(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.periods:
        return None
    _ = say.gettext
    rows = tuple(_period(line, say) for line in reversed(letter.periods))
    note = _("Movement is since the last digest.") if letter.compared else ""
    return Section("rates", _("Reports of the periods that came due"), note, rows)


def _period(line: PeriodLine, say: Say) -> Row:
    found = line.rates
    parts = [say.gettext("%(share)s on time") % {"share": say.words.percent(found.share(found.on_time))}]
    if found.median_lateness_ms is not None:
        parts.append(say.gettext("median lateness %(days)s") % {"days": say.lateness(found.median_lateness_ms)})
    if line.more:
        parts.append(say.change(line.more))
    return Row(
        main=say.words.period(line.period),
        sub=line.form_names.of(say.language),
        value=f"{say.words.amount(found.received)}/{say.words.amount(found.expected)}",
        value_sub=" · ".join(parts),
    )


def _overdue(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.overdue.total:
        return None
    note = say.plural(
        "%(num)s report is overdue and has not arrived; the oldest first.",
        "%(num)s reports are overdue and have not arrived; the oldest first.",
        letter.overdue.total,
    )
    rows = tuple(_late(line, letter, say) for line in letter.overdue.rows)
    return Section("overdue", say.gettext("Who needs a push"), note, rows, say.more(letter.overdue.more))


def _late(line: OverdueLine, letter: DigestLetter, say: Say) -> Row:
    return Row(
        main=line.unit_names.of(say.language),
        sub=f"{line.form_names.of(say.language)}, {say.words.period(line.period)}",
        value=say.plural("%(num)s day overdue", "%(num)s days overdue", line.days_late),
        value_sub=say.due(line.due_at_ms, letter.time_zone),
        tone="bad",
    )


def _alerts(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.alerts.open:
        return None
    counts = letter.alerts.by_severity
    note = say.gettext("Open alerts by unit, most risk points first: %(high)s serious, %(medium)s medium, %(low)s low.")
    said = [note % {severity: counts[severity] for severity in ("high", "medium", "low")}, *_since(letter, say)]
    rows = [_promise(line, say) for line in letter.promises.rows]
    rows += [_alert_unit(line, say) for line in letter.alert_units.rows]
    more = say.more_units(letter.alert_units.more)
    return Section("alerts", say.gettext("Where to look"), " ".join(said), tuple(rows), more)


def _since(letter: DigestLetter, say: Say) -> list[str]:
    """What came and went since the last digest, and promises that were missed."""
    counts, said = letter.alerts, []
    if counts.opened:
        said.append(say.plural("%(num)s is new since then.", "%(num)s are new since then.", counts.opened))
    if counts.settled:
        said.append(say.plural("%(num)s was settled.", "%(num)s were settled.", counts.settled))
    if letter.promises_missed:
        missed = letter.promises_missed
        said.append(say.plural("%(num)s promise was missed.", "%(num)s promises were missed.", missed))
    return said


def _promise(line: PromiseLine, say: Say) -> Row:
    owner = say.gettext("promised by %(owner)s") % {"owner": line.owner}
    value = say.gettext("promised for %(day)s") % {"day": say.words.iso_day(line.promise)}
    if line.missed:
        value = say.plural("promise missed by %(num)s day", "promise missed by %(num)s days", -line.days)
    day = say.words.iso_day(line.promise) if line.missed else ""
    sub = f"{line.names.of(say.language)} · {owner}"
    return Row(line.unit_names.of(say.language), sub, value, day, "bad" if line.missed else "")


def _alert_unit(line: AlertUnit, say: Say) -> Row:
    return Row(
        main=line.unit_names.of(say.language),
        sub="; ".join(names.of(say.language) for names in line.rules),
        value=say.plural("%(num)s risk point", "%(num)s risk points", line.points),
        value_sub=say.plural("%(num)s alert", "%(num)s alerts", line.alerts),
        tone="bad" if line.to_leadership else "",
    )


def _inspections(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.steps.total:
        return None
    late = letter.steps_late
    note = say.plural("%(num)s step is late.", "%(num)s steps are late.", late) if late else ""
    rows = tuple(_step(line, letter, say) for line in letter.steps.rows)
    return Section("inspections", say.gettext("Inspections due"), note, rows, say.more(letter.steps.more))


def _step(line: StepLine, letter: DigestLetter, say: Say) -> Row:
    late = line.days < 0
    return Row(
        main=line.unit_names.of(say.language),
        sub=say.step(line.step),
        value=say.plural("%(num)s day overdue", "%(num)s days overdue", -line.days) if late else say.left(line.days),
        value_sub=say.due(line.due_at_ms, letter.time_zone),
        tone="bad" if late else "",
    )


def _ranking(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.groups:
        return None
    _ = say.gettext
    note = _("Index from 0 to 100; the last column is the movement in rank since the last digest.")
    more = say.more(max(0, len(letter.groups) - GROUPS_SHOWN))
    if letter.provisional:
        note += " " + _("All figures are provisional until the evaluation is sealed.")
    groups = tuple(_group(group, say) for group in letter.groups[:GROUPS_SHOWN])
    return Section(
        "ranking", _("Evaluation %(year)s by peer group") % {"year": letter.year}, note, more=more, groups=groups
    )


def _group(group: GroupLine, say: Say) -> Group:
    counted = sum(count for _, _, count in group.bands)
    mean = say.gettext("mean")
    coloured = [(min(at, 4), names.of(say.language), count) for at, (_, names, count) in enumerate(group.bands, 1)]
    return Group(
        title=group.names.of(say.language),
        mean=f"{mean} {say.index(group.mean_index)}",
        parts=tuple(Part(colour, count / counted) for colour, _, count in coloured if count) if counted else (),
        legend=tuple(Key(colour, f"{name} {count}") for colour, name, count in coloured) if counted else (),
        places=tuple(_places(group, say)),
        notes=tuple(_group_notes(group, say)),
    )


def _group_notes(group: GroupLine, say: Say) -> list[str]:
    notes = []
    if group.hidden:
        notes.append(say.gettext("Ranks are kept back: too little has been reported."))
    elif group.units > group.ranked:
        notes.append(say.plural("%(num)s not ranked", "%(num)s not ranked", group.units - group.ranked) + ".")
    if group.bands_up:
        notes.append(say.plural("%(num)s unit rose a band.", "%(num)s units rose a band.", group.bands_up))
    if group.bands_down:
        notes.append(say.plural("%(num)s unit fell a band.", "%(num)s units fell a band.", group.bands_down))
    if group.movers:
        named = ", ".join(f"{line.unit_names.of(say.language)} {say.moved(line.moved)}" for line in group.movers)
        notes.append(say.gettext("Moved most: %(units)s.") % {"units": named})
    return notes


def _places(group: GroupLine, say: Say) -> list[Place]:
    top = [_place(line, say) for line in group.top]
    return top + [_place(line, say, gap=at == 0) for at, line in enumerate(group.bottom)]


def _place(line: RankLine, say: Say, *, gap: bool = False) -> Place:
    tone: Tone = "" if not line.moved else "good" if line.moved > 0 else "bad"
    name = line.unit_names.of(say.language)
    return Place(str(line.rank), name, say.index(line.index), say.moved(line.moved), tone, gap)


def _pace(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.off_pace:
        return None
    _ = say.gettext
    note = say.plural(
        "%(num)s target is behind what should be reached by now in at least one unit.",
        "%(num)s targets are behind what should be reached by now in at least one unit.",
        letter.off_pace,
    )
    if letter.compared:
        note += " " + _("Movement is since the last digest.")
    legend = (Key(1, _("on track")), Key(3, _("lagging")), Key(4, _("at risk")))
    rows = tuple(_target(line, say) for line in letter.pace.rows)
    return Section("pace", _("Targets off pace"), note, rows, say.more(letter.pace.more), legend=legend)


def _target(line: PaceLine, say: Say) -> Row:
    counts = ((1, line.on_track), (3, line.lagging), (4, line.at_risk))
    value = say.gettext("%(off)s of %(units)s units") % {"off": line.off, "units": line.units}
    under = [say.change(line.more_off)] if line.more_off else []
    if line.at_risk:
        under.insert(0, say.gettext("%(num)s at risk") % {"num": line.at_risk})
    return Row(
        main=line.names.of(say.language),
        sub=say.target(line),
        value=value,
        value_sub=" · ".join(under),
        tone="bad" if 4 * line.at_risk >= line.units else "warn",
        parts=tuple(Part(colour, count / line.units) for colour, count in counts if count),
    )


def _silenced(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.silenced.total:
        return None
    note = say.gettext("Nobody is told of these until the silence ends; they are looked at again then.")
    rows = tuple(_silence(line, letter, say) for line in letter.silenced.rows)
    return Section("silenced", say.gettext("Silenced"), note, rows, say.more(letter.silenced.more))


def _silence(line: SilenceLine, letter: DigestLetter, say: Say) -> Row:
    until = say.gettext("until it is lifted")
    if line.until_ms is not None:
        until = say.gettext("until %(day)s") % {"day": say.words.day(line.until_ms, letter.time_zone)}
    sub = f"{line.names.of(say.language)} · {line.reason}"
    return Row(line.unit_names.of(say.language) or say.gettext("All units"), sub, until, line.owner)


def _undelivered(letter: DigestLetter, say: Say) -> Section | None:
    if not letter.not_delivered.total:
        return None
    rows = tuple(_notice(line, letter, say) for line in letter.not_delivered.rows)
    title = say.gettext("What was not delivered")
    return Section("undelivered", title, "", rows, say.more(letter.not_delivered.more))


def _notice(line: NotDelivered, letter: DigestLetter, say: Say) -> Row:
    day, reason = say.words.day(line.changed_at_ms, letter.time_zone), words_of(line.reason).of(say.language)
    return Row(line.recipient, f"{line.title} · {reason}", day, tone="warn")


_SECTIONS: dict[str, Callable[[DigestLetter, Say], Section | None]] = {
    "charts": _charts,
    "rates": _rates,
    "overdue": _overdue,
    "alerts": _alerts,
    "inspections": _inspections,
    "ranking": _ranking,
    "pace": _pace,
    "silenced": _silenced,
    "undelivered": _undelivered,
}

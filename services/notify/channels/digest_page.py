"""A digest in one language, as it is read: the page that HTML, plain text, document and charts are set from."""

from __future__ import annotations

from services.notify.channels.digest_charts import charts
from services.notify.channels.digest_say import Say
from services.notify.channels.digest_sections import sections
from services.notify.channels.words import Words
from services.notify.domain.digests.anchors import AnchorOf
from services.notify.domain.digests.letter import DigestLetter
from services.notify.formats.page import Fact, Figure, Page, Tone


def digest_page(letter: DigestLetter, words: Words, *, template: str) -> Page:
    """Pure: the same letter gives the same page. `template`: the version that the proof names."""
    say = Say(words)
    headline, day = headline_of(letter, say), words.day(letter.moment.window_to_ms, letter.time_zone)
    notice, text, tone = _notice(letter, say)
    made = sections(letter, say)
    pictures = charts(letter, say)
    overdue = say.plural("%(num)s report overdue", "%(num)s reports overdue", letter.overdue.total)
    alerts = say.plural("%(num)s open alert", "%(num)s open alerts", letter.alerts.open)
    return Page(
        language=say.language,
        kind=_kind(letter, say),
        day=day,
        title=_title(letter, say, headline, day),
        headline=headline,
        plan=letter.plan_names.of(say.language),
        window=_window(letter, say),
        preheader=f"{alerts}, {overdue}.",
        notice=notice,
        notice_text=text,
        notice_tone=tone,
        figures=_figures(letter, say),
        charts=pictures,
        sections=tuple(section for section in made if section.code != "charts" or pictures),
        footnote=_footnote(letter, say),
        proof_title=say.gettext("Proof that this was watched"),
        proof=_proof(letter, say, template),
        page_word=say.gettext("Page"),
    )


def headline_of(letter: DigestLetter, say: Say) -> str:
    """The digest in one sentence: how the newest period that came due was reported."""
    if not letter.periods:
        return say.gettext("No report has come due yet in %(year)s") % {"year": letter.year}
    line = letter.periods[-1]
    found = line.rates
    told = say.gettext("%(received)s of %(expected)s reports received, %(share)s on time") % {
        "received": say.words.amount(found.received),
        "expected": say.words.amount(found.expected),
        "share": say.words.percent(found.share(found.on_time)),
    }
    return f"{say.words.period(line.period)}: {told}"


def _kind(letter: DigestLetter, say: Say) -> str:
    kinds = {
        "leadership": say.gettext("Leadership digest"),
        "standing_body": say.gettext("Digest for the standing body"),
        "operations": say.gettext("Operations digest"),
    }
    return kinds[letter.audience]


def _title(letter: DigestLetter, say: Say, headline: str, day: str) -> str:
    parts = [say.gettext("Digest of %(day)s") % {"day": day}]
    if letter.all_clear:
        parts.append(say.gettext("all clear"))
    return " · ".join([*parts, headline])


def _window(letter: DigestLetter, say: Say) -> str:
    moment, zone = letter.moment, letter.time_zone
    first, last = (say.words.moment(at_ms, zone) for at_ms in (moment.window_from_ms, moment.window_to_ms))
    return say.gettext("From %(first)s to %(last)s.") % {"first": first, "last": last}


def _notice(letter: DigestLetter, say: Say) -> tuple[str, str, Tone]:
    """What stands above everything: that this is a preview, else that all is well."""
    _ = say.gettext
    if letter.moment.run is None:
        as_of = say.words.moment(letter.proof.as_of_ms, letter.time_zone) if letter.proof.as_of_ms else "–"
        text = _("It was not sent. It shows changes up to %(moment)s.") % {"moment": as_of}
        if letter.moment.looks_back:
            text += " " + _(
                "Reports that arrived after its moment are not counted; scores and open alerts are as they are now."
            )
        return _("Preview."), text, "warn"
    if letter.all_clear:
        return _("All clear."), _all_clear(say), "good"
    return "", "", ""


def _all_clear(say: Say) -> str:
    return say.gettext(
        "Nothing is overdue, no alert is open, every notice was delivered. What was checked is at the end."
    )


def _figures(letter: DigestLetter, say: Say) -> tuple[Figure, ...]:
    _, total, words = say.gettext, letter.total, say.words
    on_time = total.share(total.on_time)
    received = words.percent(total.share(total.received)) if total.expected else "–"
    return (
        Figure(
            _("Received in %(year)s") % {"year": letter.year},
            words.amount(total.received),
            f" / {words.amount(total.expected)}",
            received,
        ),
        Figure(_("On time"), words.percent(on_time) if total.expected else "–", note=_on_time_note(letter, say)),
        Figure(_("Mean index"), say.index(letter.mean_index), note=_mean_note(letter, say)),
        Figure(
            _("Open alerts"),
            words.number(letter.alerts.open),
            note=say.plural("%(num)s serious", "%(num)s serious", letter.alerts.by_severity["high"]),
            tone="bad" if letter.alerts.by_severity["high"] else "" if letter.alerts.open else "good",
        ),
    )


def _on_time_note(letter: DigestLetter, say: Say) -> str:
    found = f"{say.words.amount(letter.total.on_time)}/{say.words.amount(letter.total.expected)}"
    if letter.on_time_before is None:
        return found
    return f"{say.difference(letter.total.share(letter.total.on_time), letter.on_time_before)} · {found}"


def _mean_note(letter: DigestLetter, say: Say) -> str:
    state = say.gettext("provisional") if letter.provisional else say.gettext("final")
    if letter.mean_index is None or letter.mean_before is None:
        return state
    return f"{say.difference(letter.mean_index, letter.mean_before)} · {state}"


def _footnote(letter: DigestLetter, say: Say) -> str:
    """Where the numbers are the plan's proposals: said wherever bands or targets are shown."""
    parts = []
    if any(line.proposed for line in letter.pace.rows):
        parts.append(
            say.gettext("A target marked as proposed is ours, not the ministry's; the plan says what is sourced.")
        )
    if letter.groups and letter.bands_basis:
        parts.append(say.gettext("Bands: %(basis)s.") % {"basis": letter.bands_basis.rstrip(".")})
    return " ".join(parts)


def _proof(letter: DigestLetter, say: Say, template: str) -> tuple[Fact, ...]:
    _, proof, zone, words = say.gettext, letter.proof, letter.time_zone, say.words
    facts = [
        Fact(_("Changes followed"), words.number(proof.changes_seen)),
        Fact(_("Checks run"), words.number(proof.checks_run)),
        Fact(_("Newest change"), words.moment(proof.as_of_ms, zone) if proof.as_of_ms else "–"),
        Fact(_("Made at"), words.moment(proof.made_at_ms, zone)),
        Fact(_("Template"), template),
        Fact(_("Ledger (SHA-256)"), proof.ledger_sha256, exact=True),
    ]
    if proof.inputs_sha256:
        facts.append(Fact(_("Evaluation inputs (SHA-256)"), proof.inputs_sha256, exact=True))
    log = _("Audit log of %(service)s")
    facts += [Fact(log % {"service": one.service}, _anchor(one), exact=True) for one in proof.anchors]
    return tuple(facts)


def _anchor(one: AnchorOf) -> str:
    """An anchor as it is held against the log later: chain, day, number of the link, its hash."""
    return f"{one.chain} {one.day} #{one.seq} {one.sha256}"

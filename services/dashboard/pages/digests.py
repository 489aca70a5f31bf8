"""Digests: the runs, to whom each went, and what a digest says. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.dashboard.domain.days import local
from services.dashboard.domain.facts import Listed, Setting
from services.dashboard.handlers.digests import DigestFacts
from services.dashboard.pages import labels, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.choices import Option
from services.dashboard.pages.words import Words
from shared.events.notice import DigestState

LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run."""

    link: str
    made: str
    machine: str
    audience: str
    window: str
    headline: str
    is_clear: bool
    recipients: str
    status: str
    look: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest or a message as a page frames it, and the same as a document (where there is one) and as text."""

    html: str
    pdf: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class DigestsView:
    """The page: the form of the preview, the preview that was asked for, the runs."""

    audiences: tuple[Option, ...]
    languages: tuple[Option, ...]
    at: str
    zone: str
    kept: tuple[tuple[str, str], ...]
    preview: Shown | None
    rows: tuple[RunRow, ...]
    filters: tuple[tuple[str, str, bool], ...]
    following: str
    continued: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with its recipients."""

    row: RunRow
    facts: tuple[tuple[str, str], ...]
    tally: tuple[tuple[str, str], ...]
    notices: tuple[rows.NoticeRow, ...]
    shown: Shown
    languages: tuple[tuple[str, str, str, bool], ...]
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The preview that was asked for; `is_asked` is false for the bare page."""

    audience: str
    at: str
    language: str
    is_asked: bool


def compose(
    listed: Listed[DigestState],
    asked: Asked,
    *,
    audience: str | None,
    continued: bool,
    setting: Setting,
    words: Words,
    address: Address,
) -> DigestsView:
    """The page. The setting has a choice."""
    choice = setting.choice
    assert choice is not None
    zone = choice.plan.time_zone
    filters = [("", words.say("All"))] + [(code, words.say(text)) for code, text in labels.AUDIENCES.items()]
    return DigestsView(
        audiences=tuple(
            Option(code, words.say(text), code == asked.audience) for code, text in labels.AUDIENCES.items()
        ),
        languages=tuple(Option(code, name, code == asked.language) for code, name in LANGUAGE_NAMES.items()),
        at=asked.at or local(setting.now_ms, zone),
        zone=zone,
        kept=tuple((name, address.query[name]) for name in ("plan", "year") if name in address.query),
        preview=_preview(asked, words, address) if asked.is_asked else None,
        rows=tuple(_row(state, words, address) for state in listed.items),
        filters=tuple(
            (address.to("/digests", peer=None, of=code or None), text, code == (audience or ""))
            for code, text in filters
        ),
        following=address.to(cursor=listed.cursor) if listed.cursor else "",
        continued=continued,
    )


def one(facts: DigestFacts, *, language: str, setting: Setting, words: Words, address: Address) -> RunView:
    """One run, framed in a language."""
    state = facts.state
    naming = rows.Naming(setting.units, words, address)
    path = f"/digests/{state.digest}"
    counted = Counter(delivery.status for delivery in facts.deliveries)
    said = [
        (words.say("Audience"), words.say(labels.AUDIENCES.get(state.audience, state.audience))),
        (words.say("Window"), _window(state, words)),
        (words.say("Made"), words.moment(state.made_at_ms)),
        (words.say("Recipients"), words.number(state.recipients, 0)),
        (words.say("State"), _status(state, words)),
    ]
    return RunView(
        row=_row(state, words, address),
        facts=tuple(said),
        tally=tuple(
            (labels.look_of_status(status), f"{number} {words.say(labels.DELIVERY_STATUSES[status])}")
            for status, number in counted.most_common()
        ),
        notices=tuple(rows.delivery_row(delivery, naming) for delivery in facts.deliveries),
        shown=_shown(f"{path}/content", {"language": language}, words.name(state.headline), address),
        languages=tuple(
            (code, name, address.to(path, peer=None, language=code), code == language)
            for code, name in LANGUAGE_NAMES.items()
        ),
        why=address.to("/why", peer=None, subject=state.digest),
    )


def _preview(asked: Asked, words: Words, address: Address) -> Shown:
    query = {"audience": asked.audience, "language": asked.language, "at": asked.at or None}
    name = words.say(labels.AUDIENCES[asked.audience])
    return _shown("/digests/preview", query, words.say("Preview for {audience}", audience=name), address)


def _shown(path: str, query: dict[str, str | None], title: str, address: Address) -> Shown:
    def to(format: str) -> str:
        return address.to(path, peer=None, **query, format=format)

    return Shown(to("html"), to("pdf"), to("text"), title)


def _row(state: DigestState, words: Words, address: Address) -> RunRow:
    return RunRow(
        link=address.to(f"/digests/{state.digest}", peer=None),
        made=words.moment(state.made_at_ms),
        machine=words.machine(state.made_at_ms),
        audience=words.say(labels.AUDIENCES.get(state.audience, state.audience)),
        window=_window(state, words),
        headline=words.name(state.headline),
        is_clear=state.all_clear,
        recipients=words.number(state.recipients, 0),
        status=_status(state, words),
        look=labels.look_of_status(state.status),
    )


def _window(state: DigestState, words: Words) -> str:
    return words.say("{begin} to {end}", begin=words.moment(state.window_from_ms), end=words.moment(state.window_to_ms))


def _status(state: DigestState, words: Words) -> str:
    return words.say("completed") if state.status == "COMPLETED" else words.say("being made")

"""Inspections: whom to inspect and why, the draw and how to repeat it, each inspection with its findings. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.domain.facts import Choice, Listed, Setting
from services.dashboard.domain.told import Draw, Proposal, Verdict
from services.dashboard.handlers.inspections import Lists
from services.dashboard.pages import rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.choices import rule_name
from services.dashboard.pages.inspection_rows import CAUSES, PHASES, InspectionRow, list_rows
from services.dashboard.pages.words import Words
from shared.clock import from_iso
from shared.events.inspection import InspectionState


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A unit to inspect and why."""

    unit_name: str
    address: str
    points: str
    causes: tuple[str, ...]
    rules: tuple[str, ...]
    alerts: str
    alerts_link: str
    visited: str
    by: str
    is_late: bool
    under_way: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class DrawView:
    """The draw of a year and how anybody repeats it. `verdict`: what repeating it gave, as (good, sentence)."""

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    commitment: str
    seed: str
    units: str
    codes: str
    drawn: tuple[tuple[str, str], ...]
    example: str
    verify: str
    verdict: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class InspectionsView:
    """The page. `proposals` and `draws` are None when notify did not answer."""

    proposals: tuple[ProposalRow, ...] | None
    draws: tuple[DrawView, ...] | None
    rows: tuple[InspectionRow, ...]
    phases: tuple[tuple[str, str, bool], ...]
    following: str
    continued: bool
    may_write: bool = False
    units: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    reason: str = ""


def compose(
    lists: Lists,
    listed: Listed[InspectionState],
    *,
    phase: str | None,
    continued: bool,
    may_write: bool = False,
    unit: str = "",
    reason: str = "",
    setting: Setting,
    words: Words,
    address: Address,
) -> InspectionsView:
    """The page. The setting has a choice. `unit`, `reason`: of a proposal that could not be made."""
    choice = setting.choice
    assert choice is not None
    naming = rows.Naming(setting.units, words, address)
    phases = [("", words.say("All"), phase is None)]
    phases += [(code, words.say(text), code == phase) for code, text in PHASES.items()]
    return InspectionsView(
        proposals=None
        if lists.proposals is None
        else tuple(_proposal(one, naming, choice, setting) for one in lists.proposals),
        draws=None
        if lists.draws is None
        else tuple(_draw(one, lists.verdict, naming) for one in sorted(lists.draws, key=lambda held: -held.year)),
        rows=list_rows(listed.items, setting, naming),
        phases=tuple((address.to(phase=code or None, cursor=None, verify=None), text, on) for code, text, on in phases),
        following=address.to(cursor=listed.cursor, verify=None) if listed.cursor else "",
        continued=continued,
        may_write=may_write,
        units=tuple(sorted(((code, naming.unit(code)) for code in setting.units), key=lambda one: one[1])),
        unit=unit,
        reason=reason,
    )


def _proposal(one: Proposal, naming: rows.Naming, choice: Choice, setting: Setting) -> ProposalRow:
    words = naming.words
    return ProposalRow(
        unit_name=naming.unit(one.unit),
        address=naming.link(one.unit),
        points=words.number(one.points, 0),
        causes=tuple(words.say(CAUSES.get(cause, cause)) for cause in one.causes),
        rules=tuple(rule_name(code, choice, words) for code in one.rules),
        alerts=words.say("{n} alerts", n=len(one.alerts)) if one.alerts else "",
        alerts_link=naming.address.to("/alerts", peer=None, unit=one.unit),
        visited=words.iso_day(one.visited_on) if one.visited_on else words.say("never"),
        by=words.iso_day(one.inspect_by),
        is_late="not_inspected_for_24_months" in one.causes,
        under_way=naming.address.to(f"/inspections/{one.under_way}", peer=None) if one.under_way else "",
        unit=one.unit,
    )


def _draw(held: Draw, verdict: Verdict | None, naming: rows.Naming) -> DrawView:
    words = naming.words
    said = [
        (words.say("Announced"), f"{words.moment(from_iso(held.announced_at))}, {held.announced_by}"),
        (
            words.say("List"),
            words.say("{n} units, of which {percent} % are drawn", n=len(held.units), percent=held.percent),
        ),
        (words.say("Source of the seed"), held.seed_source),
        (words.say("Published on"), words.iso_day(held.seed_day)),
        (
            words.say("Seed entered"),
            f"{words.moment(from_iso(held.drawn_at))}, {held.drawn_by}" if held.drawn_at else "",
        ),
    ]
    first = held.drawn[0] if held.drawn else held.units[0] if held.units else ""
    return DrawView(
        id=held.draw,
        title=words.say("Random draw of {year}", year=held.year),
        facts=tuple((name, value) for name, value in said if value),
        commitment=held.commitment,
        seed=held.seed or "",
        units=words.say("The announced list: {n} units", n=len(held.units)),
        codes=" ".join(held.units),
        drawn=tuple((naming.unit(code), naming.link(code)) for code in held.drawn),
        example=f"printf '%s\\n%s' '{_quoted(held.seed or '…')}' '{_quoted(first)}' | sha256sum",
        verify=naming.address.to(verify=held.draw, cursor=None),
        verdict=_verdict(verdict, words) if verdict is not None and verdict.draw == held.draw else (),
    )


def _quoted(text: str) -> str:
    """As a shell reads it between single quotes."""
    return text.replace("'", "'\\''")


def _verdict(found: Verdict, words: Words) -> tuple[tuple[bool, str], ...]:
    said = [
        (
            found.commitment_holds,
            words.say("The list is the one that was announced."),
            words.say("The list is not the one that was announced: its hash is {hash}.", hash=found.commitment_now),
        )
    ]
    if found.draw_holds is not None:
        good, bad = words.say("The seed gives the same units."), words.say("The seed gives other units.")
        said.append((found.draw_holds, good, bad))
    if found.seed_after_announcement is not None:
        good = words.say("The seed was entered after the announcement.")
        bad = words.say("The seed was entered before the announcement.")
        said.append((found.seed_after_announcement, good, bad))
    return tuple((holds, good if holds else bad) for holds, good, bad in said)

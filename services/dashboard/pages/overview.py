"""The overview: headline, completeness, ranking, alerts, notices. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.dashboard.domain.facts import Overview, Setting
from services.dashboard.pages import headline, matrix, ranking, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.words import Words

NOTICES_MAX = 10


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer group to choose; `code` is empty for all of them, `short` leaves out what stands in brackets."""

    code: str
    name: str
    short: str
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The regions that were asked for; the others are None."""

    peers: tuple[Peer, ...]
    headline: headline.Headline | None = None
    matrix: matrix.Matrix | None = None
    ranking: ranking.Ranking | None = None
    alerts: tuple[rows.AlertRow, ...] | None = None
    alerts_live: str = ""
    notices: tuple[rows.NoticeRow, ...] | None = None


def compose(
    facts: Overview,
    setting: Setting,
    *,
    regions: Collection[str],
    peer: str | None,
    words: Words,
    address: Address,
) -> OverviewView:
    """The view of these regions. The setting has a choice: before the first plan another page is shown."""
    choice = setting.choice
    assert choice is not None
    known = {group.code for group in choice.plan.peer_groups}
    peer = peer if peer in known else None
    naming = rows.Naming(setting.units, words, address)
    head = table = places = None
    if "headline" in regions:
        head = headline.compose(
            facts.obligations, facts.standings, facts.alerts_by_severity, now_ms=setting.now_ms, words=words
        )
    if "matrix" in regions:
        table = matrix.compose(
            facts.obligations,
            setting.units,
            choice.plan,
            peer=peer,
            now_ms=setting.now_ms,
            words=words,
            address=address,
        )
    if "ranking" in regions:
        places = ranking.compose(
            facts.standings, facts.evaluation, setting.units, choice.plan, peer=peer, words=words, address=address
        )
    return OverviewView(
        peers=_peers(setting, peer, words, address),
        headline=head,
        matrix=table,
        ranking=places,
        alerts=tuple(rows.alert_row(state, naming) for state in facts.alerts) if "alerts" in regions else None,
        alerts_live=words.number(sum(facts.alerts_by_severity.values()), 0),
        notices=_notices(facts, naming) if "notices" in regions else None,
    )


def _peers(setting: Setting, chosen: str | None, words: Words, address: Address) -> tuple[Peer, ...]:
    assert setting.choice is not None
    choices = [("", words.say("All"))]
    choices += [(group.code, words.name(group.names)) for group in setting.choice.plan.peer_groups]
    return tuple(
        Peer(
            code=code,
            name=name,
            short=name.partition(" (")[0],
            address=address.to(peer=code or None, fragment=None),
            chosen=code == (chosen or ""),
        )
        for code, name in choices
    )


def _notices(facts: Overview, naming: rows.Naming) -> tuple[rows.NoticeRow, ...]:
    return rows.newest(
        [rows.reminder_row(state, naming) for state in facts.reminders]
        + [rows.digest_row(state, naming) for state in facts.digests]
        + [rows.delivery_row(state, naming) for state in facts.deliveries],
        most=NOTICES_MAX,
    )

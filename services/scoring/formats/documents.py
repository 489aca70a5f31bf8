"""The data of the printed documents: every text in its language, every number as it is shown. Pure.

The templates only set what stands here, so that a test can read what a page says without reading the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scoring.formats.document_words import WORDS
from services.scoring.formats.facts import Facts, Language, State, groups_of, moment, number, phase, status
from shared.plan.model import Band

BAND_TONES = ("good", "fair", "mid", "low")
"""From the best band to the lowest; the rest are low too. The name of the band always stands beside its colour."""
PLACES_SHOWN_MAX = 400


def sheet_data(facts: Facts, explanation: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """One unit on one or two pages: where it stands, its groups beside its peers, every indicator."""
    unit = explanation["unit"]
    state = next(score for score in facts.scores if score["unit"] == unit)
    peers = facts.peers()[state["peer_group"]]
    return {
        **_frame(facts, language),
        "title": facts.name(unit, language),
        "code": unit,
        "standing": _standing(facts, state, language),
        "groups": [_group(facts, group.code, state, peers, language) for group in groups_of(facts.plan.groups)],
        "places": [_share(peer["index"]) for peer in peers if peer["index"] is not None][:PLACES_SHOWN_MAX],
        "own_place": _share(state["index"]),
        "indicators": [_indicator(row, language) for row in explanation["indicators"]],
    }


def book_data(facts: Facts, language: Language) -> dict[str, Any]:
    """The whole ranking: summary, then every peer group with bars and bands, then how it was computed."""
    pillars = facts.plan.groups
    return {
        **_frame(facts, language),
        "title": WORDS["book"].of(language),
        "summary": _summary(facts, language),
        "pillars": [{"code": group.code, "name": group.names.of(language)} for group in pillars],
        "peers": [
            {
                "name": facts.peer_group(code, language),
                "rows": [_row(facts, state, [group.code for group in pillars], language) for state in states],
            }
            for code, states in facts.peers().items()
        ],
        "method": _method(facts, language),
    }


def _frame(facts: Facts, language: Language) -> dict[str, Any]:
    """What stands on every document: whose, of when, how final, computed from what."""
    evaluation, plan = facts.evaluation, facts.plan
    return {
        "language": language,
        "plan": plan.names.of(language),
        "year": str(evaluation.year),
        "phase": phase(evaluation, language),
        "provisional": evaluation.provisional,
        "words": {name: word.of(language) for name, word in WORDS.items()},
        "as_of": moment(evaluation.as_of_ms, plan.time_zone, language),
        "version": f"{plan.code} {plan.version}",
        "inputs": evaluation.inputs_sha256,
        "proposed": plan.scoring.bands_basis or "",
    }


def _standing(facts: Facts, state: State, language: Language) -> dict[str, Any]:
    scoring = facts.plan.scoring
    bounds, confidence = state.get("bounds"), state.get("confidence")
    return {
        "index": facts.index(state["index"], language),
        "of": number(scoring.scale_max, language),
        "rank": "–" if state["rank"] is None else f"{state['rank']}/{state['ranked']}",
        "peer_group": facts.peer_group(state["peer_group"], language),
        "band": facts.band(state["band"], language),
        "tone": _tone(facts.plan.scoring.bands, state["band"]),
        "coverage": f"{number(100 * state['coverage'], language, 1)} %",
        "confidence": "–" if confidence is None else confidence["grade"],
        "possible": "" if not bounds or bounds.get("rank_best") is None else _possible(bounds),
    }


def _possible(bounds: Mapping[str, Any]) -> str:
    best, worst = bounds["rank_best"], bounds["rank_worst"]
    return str(best) if best == worst else f"{best}–{worst}"


def _group(facts: Facts, code: str, state: State, peers: list[State], language: Language) -> dict[str, Any]:
    own = next((group for group in state["groups"] if group["code"] == code), None)
    others = [g["score"] for peer in peers for g in peer["groups"] if g["code"] == code and g["score"] is not None]
    mean = sum(others) / len(others) if others else None
    names = {group.code: group.names.of(language) for group in groups_of(facts.plan.groups)}
    score = own["score"] if own else None
    held = own is not None and own["points"] is not None
    return {
        "name": names[code],
        "nested": own is not None and own["parent"] is not None,
        "share": _share(score),
        "peers": _share(mean),
        "score": f"{number(own['points'], language)} / {number(own['points_max'], language)}"
        if own and held
        else _per_cent(score, language),
        "mean": _per_cent(mean, language),
    }


def _indicator(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    measure = row["measure"]
    return {
        "code": row["code"],
        "name": row["names"][language],
        "status": status(row["status"], language),
        "observed": row["share"] is not None,
        "value": number(row["value"], language),
        "measure": measure,
        "target": number(row["target"], language),
        "proposed": row["target"] is not None and "proposed" in row["target_basis"],
        "share": _share(row["share"]),
        "per_cent": _per_cent(row["share"], language),
        "points": "–"
        if row["points"] is None
        else f"{number(row['points'], language)} / {number(row['points_max'], language)}",
    }


def _row(facts: Facts, state: State, pillars: list[str], language: Language) -> dict[str, Any]:
    groups = {group["code"]: group["score"] for group in state["groups"]}
    return {
        "rank": "–" if state["rank"] is None else str(state["rank"]),
        "code": state["unit"],
        "name": facts.name(state["unit"], language),
        "index": facts.index(state["index"], language),
        "share": _share(state["index"]),
        "band": facts.band(state["band"], language),
        "tone": _tone(facts.plan.scoring.bands, state["band"]),
        "pillars": [_share(groups.get(code)) for code in pillars],
        "coverage": f"{number(100 * state['coverage'], language, 0)} %",
    }


def _summary(facts: Facts, language: Language) -> dict[str, Any]:
    evaluation, bands = facts.evaluation, facts.plan.scoring.bands
    counts = [sum(1 for state in facts.scores if state["band"] == band.code) for band in bands]
    rated = sum(counts)
    return {
        "units": str(evaluation.units),
        "ranked": str(evaluation.ranked),
        "mean": facts.index(evaluation.mean_index, language),
        "bands": [
            {
                "name": band.names.of(language),
                "count": str(count),
                "share": count / rated if rated else 0.0,
                "tone": _tone(bands, band.code),
                "from": number(band.at_least * facts.plan.scoring.scale_max, language, 6),
            }
            for band, count in zip(bands, counts, strict=True)
        ],
    }


def _method(facts: Facts, language: Language) -> list[dict[str, str]]:
    """What a reader must know to hold a number against another: taken from the plan, nothing else."""
    scoring = facts.plan.scoring
    told = {
        "aggregate": WORDS[f"aggregate_{scoring.aggregate}"].of(language),
        "missing": WORDS[f"missing_{scoring.missing}"].of(language),
        "ranked_on": WORDS[f"rank_on_{scoring.rank_on}"].of(language),
        "ties": WORDS[f"rank_rule_{scoring.rank_rule}"].of(language),
    }
    return [{"name": WORDS[f"method_{name}"].of(language), "text": text} for name, text in told.items()]


def _tone(bands: tuple[Band, ...], code: str | None) -> str:
    place = next((at for at, band in enumerate(bands) if band.code == code), None)
    return "unrated" if place is None else BAND_TONES[min(place, len(BAND_TONES) - 1)]


def _share(value: float | None) -> float | None:
    """A share as far as a bar shows it."""
    return None if value is None else round(min(1.0, max(0.0, value)), 4)


def _per_cent(value: float | None, language: Language) -> str:
    return "–" if value is None else f"{number(100 * value, language, 1)} %"

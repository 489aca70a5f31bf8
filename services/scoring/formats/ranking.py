"""The ranking of an evaluation as a table: one line a unit, scores as shares of one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.scoring.formats.facts import Facts, Language, State, groups_of, status
from shared.events.base import Names
from shared.tables.csv_text import Value, table
from shared.tables.workbook import Sheet, workbook

Read = Callable[[State], Value]

_WORDS: dict[str, Names] = {
    "ranking": Names(vi="Xếp hạng", en="Ranking"),
    "indicators": Names(vi="Chỉ tiêu", en="Indicators"),
    "peer_group": Names(vi="Nhóm so sánh", en="Peer group"),
    "rank": Names(vi="Hạng", en="Rank"),
    "ranked": Names(vi="Số đơn vị được xếp hạng", en="Units ranked"),
    "unit": Names(vi="Mã đơn vị", en="Unit code"),
    "name": Names(vi="Đơn vị", en="Unit"),
    "index": Names(vi="Chỉ số", en="Index"),
    "band": Names(vi="Xếp loại", en="Band"),
    "coverage": Names(vi="Tỷ lệ số liệu", en="Coverage"),
    "best": Names(vi="Hạng cao nhất có thể", en="Best rank possible"),
    "worst": Names(vi="Hạng thấp nhất có thể", en="Worst rank possible"),
    "confidence": Names(vi="Độ tin cậy", en="Confidence"),
    "provisional": Names(vi="Tạm tính", en="Provisional"),
    "yes": Names(vi="có", en="yes"),
    "no": Names(vi="không", en="no"),
    "indicator": Names(vi="Mã chỉ tiêu", en="Indicator code"),
    "indicator_name": Names(vi="Chỉ tiêu", en="Indicator"),
    "status": Names(vi="Trạng thái", en="Status"),
    "value": Names(vi="Giá trị năm", en="Annual value"),
    "target": Names(vi="Mục tiêu", en="Target"),
    "target_basis": Names(vi="Căn cứ của mục tiêu", en="Basis of the target"),
    "share": Names(vi="Mức đạt", en="Share"),
    "points": Names(vi="Điểm", en="Points"),
    "points_max": Names(vi="Điểm tối đa", en="Points at most"),
}


def csv_file(facts: Facts, language: Language) -> bytes:
    """The ranking as CSV."""
    sheet = ranking_sheet(facts, language)
    return table(sheet.header, sheet.rows)


def xlsx_file(facts: Facts, language: Language) -> bytes:
    """The ranking, and every indicator of every unit, as a workbook."""
    return workbook([ranking_sheet(facts, language), indicator_sheet(facts, language)])


def ranking_sheet(facts: Facts, language: Language) -> Sheet:
    """One line a unit."""

    def say(word: str) -> str:
        return _WORDS[word].of(language)

    groups = groups_of(facts.plan.groups)
    columns: list[tuple[str, Read]] = [
        (say("peer_group"), lambda s: facts.peer_group(s["peer_group"], language)),
        (say("rank"), lambda s: s["rank"]),
        (say("ranked"), lambda s: s["ranked"]),
        (say("unit"), lambda s: s["unit"]),
        (say("name"), lambda s: facts.name(s["unit"], language)),
        (say("index"), lambda s: s["index"]),
        (say("band"), lambda s: facts.band(s["band"], language)),
        (say("coverage"), lambda s: s["coverage"]),
        (say("best"), lambda s: _part(s, "bounds", "rank_best")),
        (say("worst"), lambda s: _part(s, "bounds", "rank_worst")),
        (say("confidence"), lambda s: _part(s, "confidence", "grade")),
        (say("provisional"), lambda s: say("yes" if s["provisional"] else "no")),
    ]
    columns += [(group.names.of(language), _group(group.code)) for group in groups]
    shares = frozenset((5, 7, *range(len(columns) - len(groups), len(columns))))
    rows = [[read(state) for _, read in columns] for state in facts.scores]
    return Sheet(say("ranking"), [name for name, _ in columns], rows, shares)


def indicator_sheet(facts: Facts, language: Language) -> Sheet:
    """One line for each unit and indicator."""
    words = ("unit", "name", "indicator", "indicator_name", "status", "value", "target", "target_basis", "share")
    header = [_WORDS[word].of(language) for word in (*words, "points", "points_max")]
    known = {indicator.code: indicator for indicator in facts.plan.indicators()}
    rows: list[Sequence[Value]] = []
    for state in facts.scores:
        name = facts.name(state["unit"], language)
        for score in state["indicators"]:
            indicator = known.get(score["code"])
            told = (indicator.names.of(language), indicator.target_basis) if indicator else ("", "")
            rows.append(
                [
                    *(state["unit"], name, score["code"], told[0], status(score["status"], language)),
                    *(score["value"], score["target"], told[1], score["share"], score["points"], score["points_max"]),
                ]
            )
    return Sheet(_WORDS["indicators"].of(language), header, rows, frozenset((8,)))


def _part(state: State, whole: str, part: str) -> Value:
    held = state.get(whole)
    found: Value = None if held is None else held.get(part)
    return found


def _group(code: str) -> Read:
    def read(state: State) -> Value:
        found: dict[str, Any] | None = next((group for group in state["groups"] if group["code"] == code), None)
        return None if found is None else found["score"]

    return read

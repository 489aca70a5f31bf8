"""One plain sentence about a move, in Vietnamese and English. Numbers are rounded here and nowhere else."""

from __future__ import annotations

from services.scoring.domain.decompose.rank import RankMove
from services.scoring.domain.wording.numbers import LANGUAGES, Words, rounded

PARTS: tuple[tuple[str, Words], ...] = (
    ("own", {"vi": "kết quả của đơn vị", "en": "own results"}),
    ("peers", {"vi": "kết quả của các đơn vị khác", "en": "the others' results"}),
    ("method", {"vi": "thay đổi phương pháp", "en": "change of method"}),
    ("correction", {"vi": "hiệu chỉnh số liệu", "en": "data corrections"}),
)


def move_sentence(move: RankMove) -> Words:
    """`From 5th to 3rd: up 2 (own results up 3, the others' results down 1).`"""
    return {language: _sentence(move, language) for language in LANGUAGES}


def _sentence(move: RankMove, language: str) -> str:
    if move.before is None or move.after is None:
        return {
            "vi": "Không so được thứ hạng: có kỳ đơn vị không được xếp hạng.",
            "en": "The ranks cannot be compared: the unit was not ranked on one side.",
        }[language]
    before, after = (_place(rank, language) for rank in (move.before, move.after))
    named = [(words[language], getattr(move, name)) for name, words in PARTS]
    parts = [f"{words} {_shift(shift, language)}" for words, shift in named if shift]
    told = f" ({', '.join(parts)})" if parts else ""
    whole = _shift(move.after - move.before, language)
    return {
        "vi": f"Từ hạng {before} đến hạng {after}: {whole}{told}.",
        "en": f"From rank {before} to rank {after}: {whole}{told}.",
    }[language]


def _shift(shift: int, language: str) -> str:
    if shift == 0:
        return {"vi": "không đổi", "en": "unchanged"}[language]
    many = _place(abs(shift), language)
    up = {"vi": f"tăng {many} bậc", "en": f"up {many}"}
    down = {"vi": f"giảm {many} bậc", "en": f"down {many}"}
    return (up if shift < 0 else down)[language]


def _place(rank: int, language: str) -> str:
    return rounded(float(rank), 1, language)

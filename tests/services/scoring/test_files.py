"""Evaluations as files, over HTTP: what a spreadsheet and a printer get."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from python_calamine import CalamineWorkbook

from services.scoring.formats.document_words import WORDS
from services.scoring.formats.documents import book_data, sheet_data
from services.scoring.formats.facts import Facts, number
from services.scoring.handlers import files
from services.scoring.main import Scoring
from shared.plan.base import MissingPolicy
from shared.plan.groups import Aggregate
from shared.plan.groups import Scoring as ScoringRules
from shared.refusal import Refusal
from tests.services.scoring.test_http import client, fed, scoring, token

__all__ = ["fed", "scoring"]

pytestmark = pytest.mark.anyio

ROOT = "/v1/evaluations/TEST/2011"


async def test_the_ranking_as_csv_has_a_line_for_each_unit(fed: Scoring) -> None:
    async with client(fed) as http:
        answer = await http.get(f"{ROOT}/ranking.csv", headers={"Accept-Language": "en"})
        listed = (await http.get(ROOT, params={"limit": 500})).json()["items"]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="TEST-2011.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Unit code"] for row in rows] == [one["unit"] for one in listed]
    assert [row["Rank"] for row in rows] == [str(one["rank"] or "") for one in listed]
    assert [float(row["Index"]) for row in rows if row["Index"]] == [
        pytest.approx(one["index"], abs=1e-6) for one in listed if one["index"] is not None
    ]


async def test_the_workbook_holds_ranking_and_indicators(fed: Scoring) -> None:
    async with client(fed) as http:
        answer = await http.get(f"{ROOT}/ranking.xlsx", params={"peer_group": "A"}, headers={"Accept-Language": "vi"})
        listed = (await http.get(ROOT, params={"limit": 500, "peer_group": "A"})).json()["items"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    ranking, indicators = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    assert ranking[0][:4] == ["Nhóm so sánh", "Hạng", "Số đơn vị được xếp hạng", "Mã đơn vị"]
    assert [row[3] for row in ranking[1:]] == [one["unit"] for one in listed]
    assert len(indicators) == 1 + 3 * len(listed)
    assert "Căn cứ của mục tiêu" in indicators[0]


@pytest.mark.parametrize("path", ["ranking.pdf", "units/a1/sheet.pdf"])
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_printed_document_is_the_same_every_time(fed: Scoring, path: str, language: str) -> None:
    async with client(fed) as http:
        made = [await http.get(f"{ROOT}/{path}", headers={"Accept-Language": language}) for _ in range(2)]
    assert made[0].status_code == 200, made[0].text
    assert made[0].content.startswith(b"%PDF-")
    assert made[0].content == made[1].content


@pytest.mark.parametrize("path", ["ranking.csv", "ranking.xlsx", "ranking.pdf", "units/a1/sheet.pdf"])
async def test_files_are_for_readers_and_only_of_what_is_there(fed: Scoring, path: str) -> None:
    async with client(fed, token("plan:read")) as http:
        assert (await http.get(f"{ROOT}/{path}")).status_code == 403
    async with client(fed) as http:
        assert (await http.get(f"/v1/evaluations/TEST/1999/{path}")).status_code == 404
        assert (await http.get(f"{ROOT}/units/nobody/sheet.pdf")).status_code == 404


async def test_a_file_that_would_be_too_large_says_what_to_do(fed: Scoring) -> None:
    with pytest.raises(Refusal, match=r"more than 5000.*take the CSV"):
        files._bounded(5_001, files.BOOK_UNITS_MAX)


async def facts_of(scoring: Scoring) -> Facts:
    found = await scoring.handlers.files._facts("TEST", 2011, None)
    assert found is not None
    return found


async def test_what_the_pages_say_is_what_the_scores_say(fed: Scoring) -> None:
    facts = await facts_of(fed)
    explanation = await fed.handlers.explanations.explanation("TEST", 2011, "a1")
    assert explanation is not None
    state = next(score for score in facts.scores if score["unit"] == "a1")
    sheet = sheet_data(facts, explanation, "en")
    assert sheet["provisional"]
    assert sheet["standing"]["rank"] == f"{state['rank']}/{state['ranked']}"
    assert sheet["standing"]["index"] == f"{state['index'] * facts.plan.scoring.scale_max:.2f}"
    assert [row["code"] for row in sheet["indicators"]] == [one["code"] for one in state["indicators"]]
    assert sheet["inputs"] == facts.evaluation.inputs_sha256
    book = book_data(facts, "vi")
    assert sum(int(band["count"]) for band in book["summary"]["bands"]) == sum(
        s["band"] is not None for s in facts.scores
    )
    assert [row["code"] for peer in book["peers"] for row in peer["rows"]] == [s["unit"] for s in facts.scores]


@pytest.mark.parametrize(
    ("scale_max", "decimals", "written"), [(1000, 4, "976,0"), (1, 3, "0,976"), (100, 2, "98"), (530, 4, "517,28")]
)
async def test_an_index_is_printed_with_the_decimals_that_ranks_are_made_on(
    fed: Scoring, scale_max: float, decimals: int, written: str
) -> None:
    """Fewer would print one number for units of two ranks; without its zeros a column would not line up."""
    facts = await facts_of(fed)
    rules = facts.plan.scoring.model_copy(update={"scale_max": scale_max, "decimals": decimals})
    facts = replace(facts, plan=facts.plan.model_copy(update={"scoring": rules}))
    assert facts.index(0.976, "vi") == written
    assert facts.index(None, "vi") == "–"


def test_numbers_are_written_as_people_write_them() -> None:
    assert [number(value, "vi") for value in (None, 1234.5, 0.001, -0.0004, 7)] == ["–", "1.234,5", "0", "0", "7"]
    assert number(1234.567, "en") == "1,234.57"


def test_every_rule_of_a_plan_has_its_words() -> None:
    """The book says how the index was made: a policy that is added needs its sentence."""
    rules = ScoringRules.model_fields
    wanted = [f"aggregate_{name}" for name in Aggregate.__args__]  # type: ignore[attr-defined]
    wanted += [f"missing_{name}" for name in MissingPolicy.__args__]  # type: ignore[attr-defined]
    wanted += [f"rank_on_{name}" for name in rules["rank_on"].annotation.__args__]  # type: ignore[union-attr]
    wanted += [f"rank_rule_{name}" for name in rules["rank_rule"].annotation.__args__]  # type: ignore[union-attr]
    assert [name for name in wanted if name not in WORDS] == []

"""Numbers, times, periods and names as people say them; the catalogues are complete."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.dashboard.charts.bars import mini_bars, stacked
from services.dashboard.charts.line import Series, line_chart, spark
from services.dashboard.pages.address import Address
from services.dashboard.pages.catalogue import LOCALES
from services.dashboard.pages.indicators import is_proposed
from services.dashboard.pages.short_names import shortened
from services.dashboard.pages.words import words_for
from tests.support.sample_events import at

SOURCE = Path(LOCALES).parent
VI = words_for("vi", "Asia/Ho_Chi_Minh")
EN = words_for("en", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("code", "vi", "en"),
    [
        ("2011-M03", "Tháng 3/2011", "March 2011"),
        ("2011-Q1", "Quý I/2011", "Q1 2011"),
        ("2011-Q4", "Quý IV/2011", "Q4 2011"),
        ("2011-H1", "6 tháng đầu năm 2011", "First half of 2011"),
        ("2011-9M", "9 tháng 2011", "9 months 2011"),
        ("2011", "Năm 2011", "2011"),
        ("odd", "odd", "odd"),
    ],
)
def test_periods_are_said_as_people_say_them(code: str, vi: str, en: str) -> None:
    assert (VI.period(code), EN.period(code)) == (vi, en)


def test_numbers_and_dates_follow_the_language_and_the_zone_of_the_plan() -> None:
    assert (VI.index(0.724), EN.index(0.724)) == ("72,4", "72.4")
    assert (VI.number(12345.5), EN.number(12345.5)) == ("12.345,5", "12,345.5")
    late_evening_utc = at("2011-03-15T00:30")
    assert VI.date(late_evening_utc) == EN.date(late_evening_utc) == "15/03/2011"


def test_a_share_is_never_rounded_up_to_a_full_hundred() -> None:
    assert VI.percent(0.999) == "99%"
    assert VI.percent(1.0) == "100%"
    assert VI.percent(0.9996, 1) == "99,9%"
    assert VI.percent(1.02) == "102%"


def test_an_age_is_said_in_its_largest_fitting_unit() -> None:
    assert [EN.age(s) for s in (5, 119, 121, 7300, 200_000)] == ["5 s", "119 s", "2 min", "2 h", "2 days"]


def _catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "dashboard.po").open("rb") as file:
        return read_po(file, locale=language)


def _texts() -> set[str]:
    found = extract_from_dir(
        SOURCE,
        method_map=[("**.py", "python"), ("templates/**.html", "jinja2")],
        keywords={"_": None, "N_": None, "say": None},
    )
    return {str(message) for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_text_is_in_the_catalogue_and_none_is_missing_or_fuzzy(language: str) -> None:
    catalogue = _catalogue(language)
    held = {str(message.id): message for message in catalogue if message.id}
    texts = _texts()
    assert len(texts) > 200
    assert texts - set(held) == set()
    assert set(held) - texts == set(), "texts that nobody says any more"
    assert [one.id for one in held.values() if one.fuzzy or not one.string] == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_translation_has_the_same_places_as_its_text(language: str) -> None:
    def places(text: str) -> list[str]:
        return sorted(part.partition("}")[0] for part in text.split("{")[1:])

    assert [m.id for m in _catalogue(language) if m.id and places(str(m.id)) != places(str(m.string))] == []


def test_what_all_names_of_a_group_begin_with_is_left_out() -> None:
    names = {f"S{n}": f"Sở Thông tin và Truyền thông tỉnh {n}" for n in "ABCDE"}
    assert shortened(names)["SA"] == "… A"
    assert shortened({**names, "X": "Trung tâm Thông tin"})["SA"] == names["SA"]
    assert shortened({"S": "Sở Thông tin và Truyền thông"}) == {"S": "Sở Thông tin và Truyền thông"}


def test_an_address_keeps_what_was_chosen_and_drops_what_belongs_to_one_page() -> None:
    address = Address("/alerts", {"plan": "P", "year": "2012", "cursor": "abc", "peer": "SO"})
    assert address.to("/") == "/?plan=P&year=2012&peer=SO"
    assert address.to(cursor=None) == "/alerts?plan=P&year=2012&peer=SO"
    assert address.unit("A/B?") == "/units/A%2FB%3F?plan=P&year=2012"


@pytest.mark.parametrize(
    ("basis", "proposed"),
    [("criterion sourced; targets proposed", True), ("sourced: QĐ 2016", False), ("Đề xuất", True)],
)
def test_a_proposed_target_is_known_by_its_basis(basis: str, proposed: bool) -> None:
    assert is_proposed(basis) is proposed


def test_labels_of_lines_do_not_cover_each_other() -> None:
    chart = line_chart([Series("a", [(0, 0.50), (9, 0.600)], "own"), Series("b", [(0, 0.52), (9, 0.601)], "peer")])
    assert chart is not None
    first, second = chart.lines
    assert second.label_y - first.label_y >= 19
    assert line_chart([Series("a", [(0, 0.5)], "own")]) is None


def test_charts_stay_inside_their_frame() -> None:
    line = spark([(0, 0.0), (5, 1.0), (9, 0.4)])
    assert line is not None
    assert all(0 <= float(v) <= 72 for pair in line.points.split() for v in pair.split(","))
    assert [bar.height for bar in mini_bars([1.7, 0.0, None])] == [20.0, 1.0, 1.0]
    assert sum(piece.width for piece in stacked([("a", 1), ("b", 0), ("c", 2)])) == pytest.approx(100, abs=0.05)

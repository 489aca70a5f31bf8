"""Digests as they are read: the same words in HTML and text, charts with alternative text, nothing fetched."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.notify.channels import press as press_module
from services.notify.channels.digest_page import digest_page
from services.notify.channels.digest_say import Say
from services.notify.channels.letters import TEMPLATES_DIR, Letters
from services.notify.channels.press import Press, template_version
from services.notify.channels.words import Words
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.material import DueStep, Silenced
from services.notify.domain.digests.printed import Printed
from services.notify.domain.digests.standing import Standing, with_point
from services.notify.domain.enclosures import ENCLOSURE_BYTES_MAX, Enclosure, bounded
from services.notify.domain.instants import DAY_MS
from services.notify.formats.typeset import sheets
from shared.events.base import Names
from shared.plan.load import load_plan
from shared.typeset.compile import NotTypeset
from tests.services.notify.digests.hand_made import (
    MOMENT,
    alert,
    ledger,
    letter,
    material,
    press,
    promised,
    scored,
    scores,
)
from tests.services.notify.samples import ZONE, obligation, received, unit

pytestmark = pytest.mark.anyio
AUDIENCES = ("operations", "standing_body", "leadership")
LANGUAGES = ("vi", "en")
HTML_BYTES_MAX = 102_000
"""Some mail programs cut a message there."""


def undelivered() -> Delivery:
    made = created(
        kind="reminder",
        subject="s",
        slot="s",
        plan="P",
        unit="",
        recipient=Recipient("an@cvt.example", None, "vi", ZONE),
        covers=(),
        letter=Letter("Báo cáo đến hạn", "", ""),
        reason="due",
        now_ms=MOMENT - DAY_MS,
    )
    return replace(made, status="PERMANENT_FAILURE", decision="refused: 550 no such user")


def full(audience: str = "leadership") -> DigestLetter:
    """A digest with something in every section."""
    rule = Names(vi="Báo cáo quá hạn", en="Report overdue")
    before = Standing(year=2011, mean_index=0.7, ranks={"CVT": 2}, received={"QUY 2011-Q1": 1}, off_pace={"INF-01": 5})
    for week in range(4, 0, -1):
        before = with_point(before, MOMENT - week * 7 * DAY_MS, {"CUC": 0.8 - week / 50})
    held = material(
        alerts=[promised(alert("CVT", "R1"), "2011-03-18"), alert("CBC", "R3")],
        silenced=[Silenced("CXB", rule, "Lê Quang", "moving house", MOMENT + DAY_MS)],
        steps=[DueStep("i", "CBC", "visit", MOMENT + DAY_MS)],
        undelivered=[undelivered()],
    )
    return letter(held, before, audience=audience)


class Reading(HTMLParser):
    """What a mail program would fetch or show: sources, alternative texts, links, unclosed tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alternatives: list[str | None] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "img":
            self.sources.append(held.get("src") or "")
            self.alternatives.append(held.get("alt"))
        if tag == "a":
            self.links.append(held.get("href") or "")
        assert tag not in ("link", "script", "iframe", "object", "video")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", AUDIENCES)
async def test_every_chart_has_words_and_nothing_is_fetched(audience: str, language: str) -> None:
    printed = await press().print(full(audience), language)
    read = Reading(printed.letter.html)
    shown = {f"cid:{file.content_id}" for file in printed.files if file.content_id}
    assert set(read.sources) == shown == {"cid:reports@tiendo", "cid:trend@tiendo"}
    assert all(words and len(words) > 20 for words in read.alternatives)
    assert all(link.startswith("http://127.0.0.1:810") for link in read.links)
    assert "url(" not in printed.letter.html
    assert "@import" not in printed.letter.html
    assert len(printed.letter.html.encode()) < HTML_BYTES_MAX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", AUDIENCES)
async def test_html_and_text_tell_the_same(audience: str, language: str) -> None:
    """Every row of every section stands in both."""
    told = full(audience)
    printed = await press().print(told, language)
    page = digest_page(told, Words(language), template="")
    html = re.sub(r"<[^>]+>", "", printed.letter.html)
    assert {section.code for section in page.sections} == set(told.sections)
    for section in page.sections:
        rows = section.rows
        for said in [section.title, *(row.main for row in rows), *(row.value for row in rows)]:
            assert said.upper() in printed.letter.text.upper()
            assert said in html
    assert printed.letter.title.endswith(page.headline)


async def test_a_proposed_target_is_labelled_and_a_sourced_one_is_not() -> None:
    text = (await press().print(full(), "en")).letter.text
    proposed, sourced = (next(line for line in text.splitlines() if name in line) for name in ("Staff with", "Devices"))
    assert "target (proposed): 85%" in proposed
    assert "target: 40 thiết bị" in sourced
    assert "A target marked as proposed is ours" in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"is_yes_no": True, "target": 1.0, "measure": "có/không"}, "mục tiêu: có · tiến độ trung vị 90%"),
        ({"target": 1.0, "measure": "việc", "median_ratio": math.inf}, "mục tiêu: 1 việc"),
        ({"target": 2.5, "measure": "%"}, "mục tiêu: 2,5% · tiến độ trung vị 90%"),
    ],
)
def test_a_target_is_said_as_people_say_it(changes: dict[str, Any], says: str) -> None:
    line = replace(full().pace.rows[0], basis="sourced", median_ratio=0.9)
    assert Say(Words("vi")).target(replace(line, **changes)) == says


async def test_movement_and_missed_promises_are_said() -> None:
    text = (await press().print(full(), "en")).letter.text
    assert "Mean index: 80.0 (▲\u00a010.0 · provisional)" in text
    assert "3/4; 25% on time · median lateness 2 hours · +2" in text
    assert "promise missed by 3 days" in text
    assert re.search(r"1 {2}Unit CVT +90\.0 {2}▲\u00a01", text)


async def test_hidden_ranks_are_said_in_both_languages() -> None:
    hidden = [score.model_copy(update={"rank": None, "rank_shown": False}) for score in scores()]
    told = letter(material(scores=hidden))
    assert "Ranks are kept back" in (await press().print(told, "en")).letter.text
    assert "Chưa công bố thứ hạng" in (await press().print(told, "vi")).letter.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_same_digest_gives_the_same_bytes(language: str) -> None:
    first, second = await press().print(full(), language), await press().print(full(), language)
    assert first == second
    assert [file.media_type for file in first.files] == ["image/png", "image/png", "application/pdf"]


async def test_enclosures_are_small_and_the_document_has_two_sheets_at_most() -> None:
    """The default plan in full: four peer groups of fifteen units, every list longer than what is shown."""
    printed = await press().print(crowded(), "vi")
    *charts, document = printed.files
    assert document.body.startswith(b"%PDF")
    assert sheets(document.body) == 2
    assert len(document.body) < 200_000
    assert all(chart.body.startswith(b"\x89PNG") and len(chart.body) < 80_000 for chart in charts)
    assert len(printed.letter.html.encode()) < HTML_BYTES_MAX


def crowded() -> DigestLetter:
    plan_text = Path(__file__).parents[4].joinpath("deploy/plans/mic-2011-2015.yaml").read_text(encoding="utf-8")
    groups = [group.code for group in load_plan(plan_text).peer_groups]
    held = material()
    assert held.evaluation is not None
    peers, many = [], []
    for group in groups:
        peers.append(held.evaluation.peers[0].model_copy(update={"peer_group": group, "units": 15, "ranked": 15}))
        for place in range(1, 16):
            one = scored(f"{group}{place}", 0.95 - place / 40, place, INF_01=40.0, INF_02=1.0)
            many.append(one.model_copy(update={"peer_group": group}))
    owed = [obligation(f"{group}{place}") for group in groups for place in range(1, 16)]
    long_name = Names(vi="Đơn vị có tên rất dài để xem chữ xuống dòng ra sao", en="A unit whose name is very long")
    return letter(
        replace(
            held,
            evaluation=held.evaluation.model_copy(update={"peers": tuple(peers)}),
            scores=many,
            obligations=owed,
            alerts=[alert(state.unit, rule) for state in owed for rule in ("R1", "R3", "R7")],
            undelivered=[replace(undelivered(), id=f"delivery-{number}") for number in range(20)],
            units={state.unit: unit(state.unit, names=long_name) for state in owed},
        ),
        audience="standing_body",
    )


async def test_a_digest_goes_out_without_what_cannot_be_typeset() -> None:
    """A chart without its file is not referred to: its numbers stand in the sections."""

    async def fails(*_: object, **__: object) -> bytes:
        raise NotTypeset("no fonts")

    address = "http://127.0.0.1:8100"
    broken = Press(Letters(dashboard_url=address), dashboard_url=address, document=fails, chart=fails)
    printed = await broken.print(full(), "vi")
    assert printed.files == ()
    assert Reading(printed.letter.html).sources == []
    assert printed.letter.text == (await press().print(full(), "vi")).letter.text


async def test_what_is_too_large_is_left_out_and_nothing_to_draw_draws_nothing() -> None:
    assert bounded([Enclosure("a.pdf", "application/pdf", b"x" * (ENCLOSURE_BYTES_MAX + 1))]) == ()
    printed = await press().print(letter(material(obligations=[], scores=[], evaluation=None)), "en")
    assert Reading(printed.letter.html).sources == []
    assert "No report has come due yet in 2011" in printed.letter.title


async def test_what_was_sent_can_be_read_again_and_a_preview_cannot() -> None:
    sent = await press().print(full(), "vi")
    link = "http://127.0.0.1:8100/digests/digest-P-leadership-1?language=vi"
    assert link in sent.letter.text
    assert link in Reading(sent.letter.html).links
    preview = await press().print(letter(run=None), "vi")
    assert "/digests/" not in preview.letter.html
    assert "Bản xem trước." in preview.letter.text


async def test_the_proof_names_the_template_and_the_ledger() -> None:
    told = full()
    printed: Printed = await press().print(told, "en")
    assert template_version(TEMPLATES_DIR) == printed.letter.template
    for said in (told.proof.ledger_sha256, printed.letter.template, "Changes followed: 17"):
        assert said in printed.letter.text
        assert said in re.sub(r"<[^>]+>", " ", printed.letter.html) or said.startswith("Changes")


def test_the_template_version_changes_with_the_templates(tmp_path: Path) -> None:
    tmp_path.joinpath("digest.html.j2").write_text("one", encoding="utf-8")
    first = template_version(tmp_path)
    tmp_path.joinpath("digest.html.j2").write_text("two", encoding="utf-8")
    assert template_version(tmp_path) != first
    assert press_module.template_version() == press_module.template_version()


async def test_names_cannot_bring_markup_into_a_digest() -> None:
    nasty = Names(vi='<script>alert(1)</script>"#[]', en='<script>alert(1)</script>"#[]')
    held = material(units={"CTS": unit("CTS", names=nasty)}, obligations=[*ledger(), received(obligation("CTS"), 1)])
    printed = await press().print(letter(held), "en")
    assert "<script" not in printed.letter.html
    assert printed.files[-1].media_type == "application/pdf"

"""The pages over HTTP: what they say before the first event, with one, and with a whole year."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from shared.events.base import Names
from tests.services.dashboard.conftest import Running, token
from tests.services.dashboard.samples import DUE_MS, alert, delivery, obligation, received, unit

pytestmark = pytest.mark.anyio
ENGLISH = {"cookie": "tiendo_language=en"}
PAGES = (
    "/",
    "/alerts",
    "/alerts?all=1",
    "/alerts?group=unit&severity=high",
    "/inspections",
    "/digests",
    "/digests?audience=leadership&at=2011-10-01T08:00",
    "/why",
    "/deliveries",
    "/deliveries?status=SENT",
    "/pipeline",
    "/units/VPC",
    "/?peer=SO",
)


async def test_before_the_first_plan_the_page_says_what_will_appear_and_when(empty: Running) -> None:
    text = await empty.text("/")
    assert "Chưa công bố kế hoạch nào" in text
    assert "data-awaits-plan" in text


async def test_with_a_plan_alone_every_region_says_what_will_appear(planned: Running) -> None:
    text = await planned.text("/")
    assert text.count('class="empty"') == 4


async def test_the_matrix_follows_an_obligation(planned: Running) -> None:
    await planned.apply(unit("VPC", "Vụ Pháp chế"), obligation())
    assert 'class="cell overdue"' in await planned.text("/?fragment=matrix")
    await planned.apply(received("ON_TIME", DUE_MS - 86_400_000))
    text = await planned.text("/?fragment=matrix")
    assert 'class="cell on_time"' in text
    assert "Quý I/2011: nhận đúng hạn, 15/03/2011, phiên bản 1, đã duyệt" in text
    assert "<html" not in text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_is_whole_in_both_languages(filled: Running, path: str, language: str) -> None:
    answer = await filled.client.get(path, headers={"cookie": f"tiendo_language={language}"})
    assert answer.status_code == httpx.codes.OK
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["content-language"] == language
    assert answer.text.rstrip().endswith("</html>")
    assert "None" not in re.sub(r"<[^>]*>", "", answer.text).replace("None:", "")


async def test_the_overview_shows_matrix_ranking_alerts_notices_and_watermark(filled: Running) -> None:
    text = await filled.text("/")
    for part in ("Mức độ đầy đủ", "Xếp hạng theo nhóm so sánh", "Hộp cảnh báo", "Thông báo gần đây", "sự kiện "):
        assert part in text
    assert text.count("data-find=") == 180, "90 units, in the matrix and in the ranking"
    assert '<caption class="vh">' in text
    assert 'scope="row"' in text


async def test_a_peer_group_can_be_chosen_by_address(filled: Running) -> None:
    text = await filled.text("/?peer=VU&fragment=matrix")
    assert "Vụ Bưu chính" in text
    assert "Hà Giang" not in text


async def test_the_profile_says_what_to_do_next_and_where_targets_come_from(filled: Running) -> None:
    text = await filled.text("/units/VCNTT")
    assert text.count('class="step-head"') == 5
    assert "đề xuất" in text
    assert "criterion sourced (MIC Phụ lục 1B I.1, 20/200 pts); targets proposed" in text
    assert "Trung bình nhóm" in text
    english = (await filled.client.get("/units/VCNTT", headers=ENGLISH)).text
    assert "proposed</span>" in english
    assert "What to work on next" in english


async def test_an_unknown_unit_is_a_page_that_leads_back(filled: Running) -> None:
    answer = await filled.client.get("/units/NOBODY")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert 'href="/"' in answer.text


async def test_lists_are_paged_without_gap_or_repetition(planned: Running) -> None:
    await planned.apply(unit("VPC", "Vụ Pháp chế"), *(delivery(n, title=f"title-{n:03d}") for n in range(120)))
    seen: list[str] = []
    path: str | None = "/deliveries"
    while path:
        text = await planned.text(path)
        seen += re.findall(r">(title-\d{3})<", text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = following.group(1).replace("&amp;", "&") if following else None
    assert seen == [f"title-{n:03d}" for n in reversed(range(120))]


async def test_a_filtered_list_is_paged_without_gap_or_repetition(planned: Running) -> None:
    await planned.apply(unit("VPC", "Vụ Pháp chế"))
    every = [alert(number).model_copy(update={"rule": "R-COPIED"} if number % 3 else {}) for number in range(400)]
    await planned.apply(*every)
    seen: list[str] = []
    path: str | None = "/alerts?rule=R-COPIED&group=unit"
    while path:
        text = await planned.text(path)
        seen += re.findall(r'name="alert" value="([^"]+)"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = following.group(1).replace("&amp;", "&") if following else None
    assert seen == [one.alert for one in reversed(every) if one.rule == "R-COPIED"]


async def test_a_cursor_from_elsewhere_is_refused(planned: Running) -> None:
    assert (await planned.client.get("/alerts?cursor=abc")).status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_what_events_carry_is_shown_as_text(planned: Running) -> None:
    evil = Names(vi="<script>alert(1)</script>", en='"><img src=x>')
    await planned.apply(unit("VPC", "x").model_copy(update={"names": evil}), obligation())
    await planned.apply(alert(1).model_copy(update={"names": evil, "phase": "SILENCED", "reason": "<b>bold</b>"}))
    for path in ("/", "/units/VPC", "/alerts"):
        for language in ("vi", "en"):
            text = (await planned.client.get(path, headers={"cookie": f"tiendo_language={language}"})).text
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            assert "<b>bold" not in text


async def test_no_page_needs_an_inline_script_or_style(filled: Running) -> None:
    for path in PAGES:
        answer = await filled.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", answer.text)


async def test_static_files_are_kept_for_ever_under_their_hash(filled: Running) -> None:
    text = await filled.text("/")
    for address in set(re.findall(r'"(/static/[^"]+)"', text)):
        answer = await filled.client.get(address)
        assert answer.status_code == httpx.codes.OK
        assert "immutable" in answer.headers["cache-control"]
        stale = re.sub(r"/static/\w{4}", "/static/0000", address)
        assert (await filled.client.get(stale)).status_code == httpx.codes.NOT_FOUND


async def test_pages_are_compressed_and_not_stored(filled: Running) -> None:
    answer = await filled.client.get("/")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_overview_of_ninety_units_is_made_in_time(filled: Running) -> None:
    took = []
    for _ in range(7):
        began = time.process_time()
        await filled.text("/")
        took.append(time.process_time() - began)
    assert min(took) < 0.1


async def test_the_pages_are_stale_while_events_do_not_arrive(filled: Running) -> None:
    text = await filled.text("/?fragment=freshness")
    assert 'class="stale"' in text
    assert "Dữ liệu cũ" in text


async def test_an_unknown_year_or_plan_falls_back_to_what_is_in_force(filled: Running) -> None:
    text = await filled.text("/?plan=UNKNOWN&year=abc")
    assert '<a href="/?plan=UNKNOWN&amp;year=2011" aria-current="true">2011</a>' in text


async def test_the_barrier_does_not_open_on_ignorance(empty: Running) -> None:
    answer = (await empty.stranger().get("/internal/settled")).json()
    assert answer["dirty"] > 0
    assert set(answer) == {"schedule_ms", "outbox", "unprocessed", "dirty"}


async def test_exports_hold_every_unit_and_no_formula(planned: Running) -> None:
    await planned.apply(unit("VPC", '=HYPERLINK("http://x")'), obligation())
    answer = await planned.client.get("/export/matrix.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert "'=HYPERLINK" in answer.text
    assert "2011-Q1" in answer.text


async def test_the_exported_ranking_is_the_shown_one(filled: Running) -> None:
    lines = (await filled.client.get("/export/ranking.csv?peer=VU")).text.splitlines()
    assert len(lines) == 11
    assert lines[1].split(",")[:2] == ["VU", "1"]


async def test_a_reader_of_one_unit_sees_that_unit_alone(filled: Running) -> None:
    headers = {"authorization": f"Bearer {token('leader', unit='VPC')}"}
    assert (await filled.client.get("/", headers=headers)).headers["location"] == "/units/VPC"
    assert (await filled.client.get("/units/VPC", headers=headers)).status_code == httpx.codes.OK
    for path in ("/units/VBC", "/alerts", "/deliveries", "/export/ranking.csv"):
        assert (await filled.client.get(path, headers=headers)).status_code == httpx.codes.FORBIDDEN


async def test_a_reader_of_another_plan_sees_none(filled: Running) -> None:
    headers = {"authorization": f"Bearer {token('leader', plan='OTHER')}"}
    assert (await filled.client.get("/", headers=headers)).status_code == httpx.codes.FORBIDDEN

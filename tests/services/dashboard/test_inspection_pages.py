"""Inspections on the pages: whom and why and the draw from a real notify, the inspections from events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.dashboard.conftest import Running
from tests.services.dashboard.desk import Desk, begun, desks
from tests.services.dashboard.samples import inspection, unit
from tests.services.notify import samples
from tests.support.sample_events import at

pytestmark = pytest.mark.anyio
DOCUMENT = {"kind": "document_number", "reference": "Quyết định 112/QĐ-TTTT"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desks(tmp_path) as found:
        await begun(found)
        await found.hear(*(samples.report("CVT", copied=True, period=f"2011-Q{number}") for number in (3, 4)))
        await found.go("2011-03-15 10:01")
        await found.relay()
        yield found


async def told(desk: Desk, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What an inspector enters at notify's own API."""
    transport = httpx.ASGITransport(app=desk.notify.app)
    headers = {"authorization": f"Bearer {desk.token('inspector', subject='thanh.tra')}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://notify", headers=headers) as client:
        answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_list_says_whom_to_inspect_and_why(desk: Desk) -> None:
    text = await desk.text("/inspections")
    for said in ("/units/CVT", "<strong>8</strong>", "điểm rủi ro", "Báo cáo sao chép", "4 cảnh báo", "chưa lần nào"):
        assert said in text
    assert "/alerts?unit=CVT" in text
    assert "Chưa công bố lần bốc thăm nào." in text


async def test_the_draw_is_published_with_its_seed_and_can_be_repeated(desk: Desk) -> None:
    source = "Kết quả giải đặc biệt xổ số kiến thiết miền Bắc"
    body = {"plan": "P", "year": 2011, "seed_source": source, "seed_day": "2011-03-16", "percent": 50}
    draw = await told(desk, "/v1/inspection-draws", body)
    text = await desk.text("/inspections")
    for said in (source, draw["commitment"], "3 đơn vị, bốc thăm 50 %", "Số ngẫu nhiên: chưa có", "CBC CVT TTTT"):
        assert said in text
    desk.clock.set(samples.at("2011-03-16 19:00"))
    drawn = await told(desk, f"/v1/inspection-draws/{draw['draw']}/seed", {"seed": "48291"})
    text = await desk.text(f"/inspections?verify={draw['draw']}")
    assert f"printf &#39;%s\\n%s&#39; &#39;48291&#39; &#39;{drawn['drawn'][0]}&#39; | sha256sum" in text
    for code in drawn["drawn"]:
        assert f'<li><a href="/units/{code}">' in text
    assert "✓</span> Danh sách đúng với danh sách đã công bố." in text
    assert "✓</span> Số ngẫu nhiên cho ra đúng các đơn vị này." in text
    assert "✓</span> Số ngẫu nhiên được nhập sau khi công bố." in text
    assert "✗</span>" not in text
    assert "trúng thăm ngẫu nhiên" in text


async def test_an_inspection_shows_steps_deadlines_findings_and_what_was_remedied(desk: Desk) -> None:
    made = await told(desk, "/v1/inspections", {"plan": "P", "unit": "CVT"})
    path = f"/v1/inspections/{made['inspection']}"
    await told(desk, f"{path}/steps", {"step": "decision", "on": "2011-03-15", "document": DOCUMENT})
    await told(desk, f"{path}/steps", {"step": "visit", "on": "2011-03-15", "document": DOCUMENT})
    await told(desk, f"{path}/findings", {"code": "KN-01", "severity": "high", "text": "Chưa sao lưu <dữ liệu>"})
    await told(desk, f"{path}/steps", {"step": "conclusion", "on": "2011-03-15", "document": DOCUMENT})
    await desk.relay()
    assert "đã khắc phục 0/1" in await desk.text("/inspections?phase=CONCLUDED")
    assert "đã khắc phục 0/1" not in await desk.text("/inspections?phase=CLOSED")
    text = await desk.text(f"/inspections/{made['inspection']}")
    for said in ("Chưa sao lưu &lt;dữ liệu&gt;", "22/03/2011", "thanh.tra", "Quyết định 112/QĐ-TTTT", "/units/CVT"):
        assert said in text
    assert "cần khắc phục" in text
    assert text.count('href="/alerts/alert-') == 4
    desk.clock.set(samples.at("2011-03-23 08:00"))
    assert ", 1 quá hạn" in await desk.text(f"/inspections/{made['inspection']}")
    assert f'href="/inspections/{made["inspection"]}"' in await desk.text("/units/CVT")


async def test_while_notify_is_away_the_inspections_stay(desk: Desk) -> None:
    made = await told(desk, "/v1/inspections", {"plan": "P", "unit": "CVT"})
    await desk.relay()
    await desk.stop_notify()
    text = await desk.text("/inspections")
    assert text.count('class="away"') == 2
    assert made["inspection"] in text


async def test_the_newest_revision_of_an_inspection_stands(planned: Running) -> None:
    await planned.apply(unit("VPC", "Vụ Pháp chế"), inspection(3, phase="VISITED"), inspection(2, phase="DECIDED"))
    text = await planned.text("/inspections?fragment=inspections")
    assert "<html" not in text
    assert '<span class="tag quiet">đã kiểm tra</span>' in text


async def test_a_step_that_is_late_is_said_in_words(planned: Running) -> None:
    await planned.apply(
        inspection(1, next_step="decision", next_due_day="2011-12-01", next_due_at_ms=at("2011-12-02T00:00") - 1)
    )
    text = await planned.text("/inspections/inspection-VPC-1")
    assert '<strong class="bad">quá hạn</strong>' in text
    assert (await planned.client.get("/inspections/inspection-none")).status_code == httpx.codes.NOT_FOUND


async def test_an_inspection_is_carried_out_on_the_pages_from_proposal_to_closure(desk: Desk) -> None:
    """Each write goes through notify with the reader's own token, and the next page shows it before any event."""
    async with desk.person("inspector") as inspector, desk.person("inspector", "administrator") as reader:
        assert 'value="propose:CVT"' in (await reader.get("/inspections")).text
        made = await desk.press("/inspections", "propose:CVT", by=inspector)
        assert made.status_code == httpx.codes.SEE_OTHER
        [held] = await desk.notify.books.inspections.of_plan("P")
        path = f"/inspections/{held.inspection}"
        assert "Biên bản" not in (await inspector.get(path)).text
        day = {"on": "2011-03-15", "document": "112/QĐ-TTTT"}
        await followed(desk, path, "decision", inspector, version="1", **day)
        await followed(desk, path, "visit", inspector, version="2", on="2011-03-15", document="https://t.example/bb")
        finding = {"code": "KN-01", "severity": "high", "text": "Chưa sao lưu", "indicator": "INF-01"}
        await followed(desk, path, "find", inspector, version="3", **finding)
        await followed(desk, path, "conclusion", inspector, version="4", **day)
        [found] = (await desk.notify.books.inspections.of_plan("P"))[0].findings
        await followed(desk, path, f"remedy:{found.finding}", inspector, version="5", evidence="77/BC")
        own = await desk.press(path, f"accept:{found.finding}", by=inspector, version="6")
        assert own.status_code == httpx.codes.FORBIDDEN, "nobody judges the remedy that they entered"
        second = await told(desk, f"/v1{path}/findings/{found.finding}/accept", {})
        assert second["findings"][0]["status"] == "ACCEPTED"
        await followed(desk, path, "close", inspector, version="7", **day)
        [held] = await desk.notify.books.inspections.of_plan("P")
        assert (held.phase, [step.step for step in held.steps][-1]) == ("CLOSED", "closure")
        assert {step.by for step in held.steps} == {"chi@ttt.example"}, "the person, not the dashboard"
        assert [step.document.kind for step in held.steps if step.document].count("url") == 1


async def followed(desk: Desk, path: str, do: str, by: httpx.AsyncClient, **fields: str) -> None:
    answer = await desk.press(path, do, by=by, **fields)
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text[-3000:]
    page = await by.get(answer.headers["location"])
    assert page.status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("do", "fields", "says"),
    [
        ("decision", {"on": "2011-03-15"}, "Hãy nêu văn bản"),
        ("decision", {"on": "mai", "document": "1/QĐ"}, "Hãy chọn ngày hợp lệ."),
        (
            "visit",
            {"on": "2011-03-15", "document": "1/BB"},
            "Việc này chỉ làm được khi cuộc kiểm tra “đã có quyết định”",
        ),
        ("decision", {"on": "2011-03-15", "document": "1/QĐ", "version": "9"}, "đã thay đổi từ khi mở trang"),
        ("find", {"code": "KN-01", "text": "x"}, "Hãy nêu nội dung phát hiện"),
        ("cancellation", {"on": "2011-03-15"}, "Hãy ghi lý do, ít nhất 3 ký tự."),
        ("remedy:finding-none", {}, "Hãy nêu văn bản"),
        ("nothing", {}, "Hãy chọn việc cần làm."),
    ],
)
async def test_what_cannot_be_entered_is_said_and_what_was_given_is_kept(
    desk: Desk, do: str, fields: dict[str, str], says: str
) -> None:
    async with desk.person("inspector") as inspector:
        await desk.press("/inspections", "propose:CVT", by=inspector)
        [held] = await desk.notify.books.inspections.of_plan("P")
        answer = await desk.press(f"/inspections/{held.inspection}", do, by=inspector, **fields)
    assert answer.status_code >= httpx.codes.BAD_REQUEST
    assert says in answer.text
    if fields.get("document"):
        assert f'value="{fields["document"]}"' in answer.text
    assert (await desk.notify.books.inspections.of_plan("P")) == [held]


async def test_a_unit_off_the_list_is_proposed_with_a_reason_and_a_reader_writes_nothing(desk: Desk) -> None:
    async with desk.person("inspector") as inspector, desk.person("leader") as leader:
        missing = await desk.press("/inspections", "propose", by=inspector, unit="CBC")
        assert missing.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert '<option value="CBC" selected>' in missing.text
        refused = await desk.press("/inspections", "propose:CVT", by=leader)
        assert refused.status_code == httpx.codes.FORBIDDEN
        assert "inspection:write" in refused.text
        assert "propose:" not in (await leader.get("/inspections")).text
        assert await desk.notify.books.inspections.of_plan("P") == []
        await desk.press("/inspections", "propose", by=inspector, unit="CBC", reason="Theo đơn thư")
        assert [one.unit for one in await desk.notify.books.inspections.of_plan("P")] == ["CBC"]

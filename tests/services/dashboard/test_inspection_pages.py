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

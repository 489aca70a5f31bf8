"""What people do with alerts on the pages, against a real notify: it decides, it keeps, it names who did it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.dashboard.pages.rows import about
from services.dashboard.pages.words import words_for
from services.notify.domain.alerts import Alert
from tests.services.dashboard.conftest import client_of
from tests.services.dashboard.desk import Desk, begun, desks

pytestmark = pytest.mark.anyio
WORDS = words_for("vi", "Asia/Ho_Chi_Minh")
PROMISE: dict[str, Any] = {"owner": "Lan", "promise": "2011-03-25"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desks(tmp_path) as found:
        await begun(found)
        yield found


async def held(desk: Desk) -> list[Alert]:
    found, _ = await desk.notify.books.alerts.page(unit="CVT", phase=None, limit=10, cursor=None)
    return sorted(found, key=lambda alert: alert.subject)


async def followed(desk: Desk, answer: httpx.Response) -> str:
    """The page after a form that was carried out."""
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text[:500]
    return await desk.text(answer.headers["location"])


async def test_selected_alerts_are_acknowledged_and_the_next_page_shows_it_before_any_event(desk: Desk) -> None:
    both = [alert.id for alert in await held(desk)]
    text = await followed(desk, await desk.press("/alerts?unit=CVT", "acknowledge", alert=both, **PROMISE))
    assert "Đã tiếp nhận: 2" in text
    assert text.count("hẹn xong 25/03/2011") == 2
    for alert in await held(desk):
        assert (alert.phase, alert.owner, alert.promise) == ("ACKNOWLEDGED", "Lan", "2011-03-25")
        assert alert.history[-1]["by"] == "minh@ttt.example", "the person, not the dashboard"
    await desk.relay()
    assert (await desk.text("/alerts")).count("hẹn xong 25/03/2011") == 2


async def test_the_button_of_a_line_acts_on_that_line_alone(desk: Desk) -> None:
    first, second = await held(desk)
    await followed(desk, await desk.press("/alerts", f"acknowledge:{first.id}", alert=[second.id], **PROMISE))
    assert [alert.phase for alert in await held(desk)] == ["ACKNOWLEDGED", "OPEN"]


async def test_resolving_needs_a_reason_and_keeps_what_was_given(desk: Desk) -> None:
    first, second = await held(desk)
    answer = await desk.press("/alerts", "resolve", alert=[first.id], reason="x", owner="Lan <b>")
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "Hãy ghi lý do, ít nhất 3 ký tự." in answer.text
    assert 'value="Lan &lt;b&gt;"' in answer.text
    assert re.search(rf'value="{first.id}"[^>]*checked', answer.text)
    assert not re.search(rf'value="{second.id}"[^>]*checked', answer.text)
    assert [alert.phase for alert in await held(desk)] == ["OPEN", "OPEN"]
    text = await followed(desk, await desk.press("/alerts", "resolve", alert=[first.id], reason="đã kiểm tra"))
    assert "Đã xử lý xong: 1" in text
    assert (await held(desk))[0].reason == "đã kiểm tra"


@pytest.mark.parametrize(
    ("do", "fields", "says"),
    [
        ("acknowledge", PROMISE, "Hãy chọn ít nhất một dòng."),
        ("acknowledge:{id}", {"owner": "Lan", "promise": "2011-02-30"}, "Hãy chọn ngày hợp lệ."),
        ("acknowledge:{id}", {"owner": " ", "promise": "2011-03-25"}, "Hãy ghi người phụ trách."),
        ("silence:{id}", {"owner": "Lan", "reason": "bận", "until": "soon"}, "Hãy chọn ngày kết thúc."),
        ("declare-silence", {"owner": "Lan", "reason": "bận", "until": "2011-03-20"}, "Hãy nêu đơn vị hoặc quy tắc"),
        ("explode", {}, "Hãy chọn việc cần làm."),
    ],
)
async def test_what_is_missing_is_said_and_nothing_changes(
    desk: Desk, do: str, fields: dict[str, Any], says: str
) -> None:
    before = await held(desk)
    answer = await desk.press("/alerts", do.format(id=before[0].id), **fields)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert says in answer.text
    assert await held(desk) == before


async def test_what_notify_refuses_is_said_in_its_words(desk: Desk) -> None:
    (first, _) = await held(desk)
    answer = await desk.press("/alerts", f"acknowledge:{first.id}", owner="Lan", promise="2011-03-01")
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "Ngày cam kết đã qua." in answer.text
    headers = {"cookie": "tiendo_language=en"}
    fields = {"do": f"acknowledge:{first.id}", "owner": "Lan", "promise": "2011-03-01"}
    answer = await desk.operator.post("/alerts", data=fields, headers=headers)
    assert "The promised day is over." in answer.text


async def test_of_several_some_may_be_refused(desk: Desk) -> None:
    first, second = await held(desk)
    await desk.press("/alerts", f"resolve:{first.id}", reason="đã kiểm tra")
    answer = await desk.press("/alerts", "acknowledge", alert=[first.id, second.id], **PROMISE)
    assert answer.status_code == httpx.codes.CONFLICT
    assert "Đã thực hiện: 1. Số còn lại bị từ chối:" in answer.text
    assert "Cảnh báo đã được khắc phục." in answer.text
    assert (await held(desk))[1].phase == "ACKNOWLEDGED"


async def test_a_silence_is_listed_with_who_why_and_until_and_can_be_ended(desk: Desk) -> None:
    first, _ = await held(desk)
    fields: dict[str, Any] = {"silence_owner": "Mai", "silence_reason": "đang rà soát", "until": "2011-03-20"}
    text = await followed(desk, await desk.press("/alerts", f"silence:{first.id}", **fields))
    assert "Đã tạm ngưng: 1." in text
    for said in ("Mai", "đang rà soát", "21/03/2011 00:00", "minh@ttt.example", "đang hiệu lực"):
        assert said in text
    await desk.go("2011-03-15 10:01")
    await desk.relay()
    assert "tạm ngưng" in await desk.text("/alerts?state=SILENCED")
    (silence,) = re.findall(r'value="end-silences:(silence-\w+)"', text)
    text = await followed(desk, await desk.press("/alerts", f"end-silences:{silence}", reason="xong rồi"))
    assert "Không có: mọi cảnh báo đều được thông báo." in text


async def test_an_outage_of_a_unit_is_declared(desk: Desk) -> None:
    fields: dict[str, Any] = {"unit": "CVT", "owner": "Hùng", "reason": "mất điện", "until": "2011-03-18"}
    text = await followed(desk, await desk.press("/alerts", "declare-outage", **fields))
    assert "Gián đoạn" in text
    assert "Đơn vị CVT" in text
    (outage,) = re.findall(r'value="end-outages:(outage-\w+)"', text)
    assert outage
    text = await followed(desk, await desk.press("/alerts", "declare-silence", **{**fields, "rule": "R3"}))
    assert "Đơn vị CVT · Báo cáo sao chép" in text


async def test_alerts_of_one_rule_and_unit_are_told_apart(desk: Desk) -> None:
    first, second = await held(desk)
    assert (first.unit, first.rule) == (second.unit, second.rule)
    text = await desk.text("/alerts?unit=CVT")
    for alert in (first, second):
        said = WORDS.period(str(alert.detail["period"]))
        assert f"<small>{said}</small>" in text
        assert text.count(f', {said}"') == 2, "the labels of its box and of its button"


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ({"periods": ["2011-Q3", "2011-Q4"], "form": "QUY"}, "Quý III/2011, Quý IV/2011"),
        ({"code": "KN-01", "severity": "low"}, "KN-01"),
        ({"indicators": ["A", "B", "C"]}, "A, B, C"),
        ({"indicators": ["A", "B", "C", "D"]}, "A, B, C …"),
        ({"band": "YEU"}, ""),
    ],
)
def test_what_an_alert_is_about(detail: dict[str, object], says: str) -> None:
    assert about(detail, WORDS) == says


async def test_one_alert_shows_what_made_it_and_what_happened_to_it(desk: Desk) -> None:
    first, _ = await held(desk)
    text = await desk.text(f"/alerts/{first.id}")
    for said in ("Báo cáo sao chép", "Quý I/2011", "mới mở", f"/why?subject={first.id}", "/units/CVT"):
        assert said in text
    answer = await desk.press(f"/alerts/{first.id}", "resolve", reason="đã kiểm tra", version=str(first.revision))
    text = await followed(desk, answer)
    assert "đã kiểm tra" in text
    assert '<form method="post"><h3>' not in text, "nothing is left to do"


async def test_a_change_is_meant_for_what_the_reader_saw(desk: Desk) -> None:
    first, _ = await held(desk)
    await desk.press("/alerts", f"acknowledge:{first.id}", **PROMISE)
    answer = await desk.press(f"/alerts/{first.id}", "resolve", reason="đã kiểm tra", version=str(first.revision))
    assert answer.status_code == httpx.codes.PRECONDITION_FAILED
    assert "Nội dung đã thay đổi từ khi mở trang này." in answer.text
    assert (await held(desk))[0].phase == "ACKNOWLEDGED"


async def test_who_may_not_write_sees_no_form_and_is_told_which_right_is_missing(desk: Desk) -> None:
    first, _ = await held(desk)
    async with desk.person("leader") as leader:
        for path in ("/alerts", f"/alerts/{first.id}"):
            page = await leader.get(path)
            assert page.status_code == httpx.codes.OK
            assert 'name="do"' not in page.text
        answer = await desk.press("/alerts", f"acknowledge:{first.id}", by=leader, **PROMISE)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "Cần quyền notify:write" in answer.text
    assert (await held(desk))[0].phase == "OPEN"


async def test_a_form_of_another_site_changes_nothing(desk: Desk) -> None:
    first, _ = await held(desk)
    cookie = {"cookie": f"tiendo_session={desk.token('operator')}"}
    fields = {"do": f"acknowledge:{first.id}", **PROMISE}
    async with client_of(desk.dashboard) as browser:
        for strange in (
            {},
            {"origin": "http://evil.example"},
            {"sec-fetch-site": "cross-site", "origin": "http://dashboard.test"},
            {"sec-fetch-site": "same-site"},
        ):
            answer = await browser.post("/alerts", data=fields, headers=cookie | strange)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, strange
        assert (await held(desk))[0].phase == "OPEN"
        answer = await browser.post("/alerts", data=fields, headers=cookie | {"origin": "http://dashboard.test"})
    assert answer.status_code == httpx.codes.SEE_OTHER
    assert answer.headers["location"].startswith("/alerts?"), "never to an address that was sent along"
    assert (await held(desk))[0].phase == "ACKNOWLEDGED"


async def test_a_reader_of_another_plan_sees_and_changes_none(desk: Desk) -> None:
    first, _ = await held(desk)
    async with desk.person("operator", plan="OTHER") as other:
        assert (await other.get(f"/alerts/{first.id}")).status_code == httpx.codes.FORBIDDEN
        for path in ("/alerts", f"/alerts/{first.id}"):
            answer = await desk.press(path, f"acknowledge:{first.id}", by=other, **PROMISE)
            assert answer.status_code == httpx.codes.FORBIDDEN
    assert (await held(desk))[0].phase == "OPEN"


async def test_while_notify_is_away_the_page_says_so_and_shows_what_events_told(desk: Desk) -> None:
    first, _ = await held(desk)
    await desk.stop_notify()
    text = await desk.text("/alerts")
    assert "Báo cáo sao chép" in text
    assert 'class="away"' in await desk.text(f"/alerts/{first.id}")
    answer = await desk.press("/alerts", f"acknowledge:{first.id}", **PROMISE)
    assert answer.status_code == httpx.codes.GATEWAY_TIMEOUT
    assert "Việc có thể đã được thực hiện" in answer.text


async def test_filters_and_groups(desk: Desk) -> None:
    first, second = await held(desk)
    await desk.press("/alerts", f"acknowledge:{first.id}", **PROMISE)
    shown = {
        "/alerts": {first.id, second.id},
        "/alerts?unit=CVT&rule=R3&severity=high": {first.id, second.id},
        "/alerts?unit=CBC": set(),
        "/alerts?rule=R1": set(),
        "/alerts?severity=low": set(),
        "/alerts?state=OPEN": {second.id},
        "/alerts?state=ACKNOWLEDGED": {first.id},
        "/alerts?state=RESOLVED": set(),
        "/alerts?state=ALL&group=phase": {first.id, second.id},
        "/alerts?severity=nonsense&group=nonsense": {first.id, second.id},
    }
    for path, expected in shown.items():
        assert set(re.findall(r'name="alert" value="([^"]+)"', await desk.text(path))) == expected, path
    text = await desk.text("/alerts?group=unit&fragment=alerts")
    assert '<h3 class="group-title"><a href="/units/CVT">Đơn vị CVT</a>' in text
    assert "2 trong danh sách này, 4 điểm rủi ro" in text
    assert "Không có cảnh báo nào khớp điều kiện lọc." in await desk.text("/alerts?unit=CBC")


async def test_an_alert_that_no_event_told_of_is_not_there(desk: Desk) -> None:
    assert (await desk.operator.get("/alerts/alert-none")).status_code == httpx.codes.NOT_FOUND
    assert (await desk.press("/alerts/alert-none", "resolve", reason="abc")).status_code == httpx.codes.NOT_FOUND
    assert (await desk.operator.get("/alerts/%3Cscript%3E")).status_code == httpx.codes.UNPROCESSABLE_ENTITY

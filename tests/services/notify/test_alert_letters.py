"""What an alert mail says, as its reader meets it: the news first, each alert with its own link."""

from __future__ import annotations

import re

import pytest

from tests.services.notify.conftest import Running
from tests.services.notify.post import text_of
from tests.services.notify.samples import report
from tests.services.notify.test_alert_notices import HEAD, hear_all

pytestmark = pytest.mark.anyio


async def test_what_is_new_stands_before_what_is_known(running: Running) -> None:
    await hear_all(running)
    known = ["2011-Q1", "2011-Q2", "2011-Q3"]
    await running.hear(*(report("CVT", copied=True, period=period) for period in known))
    await running.go("2011-03-15 10:00")
    await running.go("2011-03-15 10:02")
    await running.hear(report("CVT", copied=True, period="2011-Q4"))
    await running.go("2011-03-15 10:10")
    await running.go("2011-03-15 10:30")
    last = running.post.to(HEAD)[-1]
    assert last["Subject"] == "1 cảnh báo kiểm tra mới"
    assert re.findall(r"\((Quý [IV]+)/2011\)\r\n  ([^\r]+)", text_of(last)) == [
        ("Quý IV", "nghiêm trọng, mới"),
        ("Quý I", "nghiêm trọng, chưa khắc phục"),
        ("Quý II", "nghiêm trọng, chưa khắc phục"),
        ("Quý III", "nghiêm trọng, chưa khắc phục"),
    ]
    assert len(set(re.findall(r'href="[^"]*/alerts/(alert-[0-9a-f]+)"', text_of(last, "html")))) == 4

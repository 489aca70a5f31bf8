"""The local mail catcher: keeps what is sent, bounded, and shows it without running it."""

from __future__ import annotations

from pathlib import Path

import aiosmtplib
import httpx
import pytest

from deploy.mail_catcher.smtp import Listener
from deploy.mail_catcher.store import MailStore
from deploy.mail_catcher.web import web
from services.notify.channels.email import compose
from services.notify.main import smtp_server
from services.notify.settings import NotifySettings
from tests.services.notify.conftest import SECRET
from tests.services.notify.test_deliveries import NOW, delivery

pytestmark = pytest.mark.anyio


def raw(subject: str, body: str = "hello") -> bytes:
    return f"Subject: {subject}\r\nFrom: a@b.example\r\nContent-Type: text/html\r\n\r\n{body}\r\n".encode()


def client(store: MailStore) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=web(store)), base_url="http://mail")


async def test_a_sent_message_is_found_by_recipient_and_read_in_every_form(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    server = Listener(store)
    await server.start(host="127.0.0.1", port=0)
    message = compose(
        delivery(), smtp_server(NotifySettings(token_secret=SECRET, store_url="sqlite:///unused")), now_ms=NOW
    )
    await aiosmtplib.send(
        message, sender="a@b.example", recipients=["an@cvt.example"], hostname="127.0.0.1", port=server.port, timeout=5
    )
    await server.aclose()
    async with client(store) as http:
        listed = (await http.get("/messages", params={"q": "CVT.example"})).json()
        [item] = listed["items"]
        assert (item["subject"], item["recipients"]) == ("Một báo cáo sắp đến hạn", ["an@cvt.example"])
        assert item["delivery"] == delivery().id
        assert (await http.get("/messages", params={"q": "nobody"})).json()["items"] == []
        read = (await http.get(f"/messages/{item['id']}")).json()
        assert read["text"].strip() == "Quý I/2011"
        assert "Một báo cáo sắp đến hạn" in (await http.get("/")).text
        for part in ("html", "text", "headers", "raw"):
            assert (await http.get(f"/view/{item['id']}", params={"part": part})).status_code == 200


async def test_a_messages_html_is_sandboxed_and_its_subject_escaped(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    id = store.keep(raw("<script>alert(1)</script>", "<script>alert(2)</script>"), ["a@b.example"])
    async with client(store) as http:
        assert "<script>" not in (await http.get("/")).text
        page = (await http.get(f"/view/{id}")).text
        assert "<script>" not in page
        assert 'sandbox="allow-popups"' in page
        assert "default-src 'none'" in (await http.get(f"/messages/{id}/html")).headers["content-security-policy"]


async def test_only_the_newest_are_kept_and_a_restart_finds_them(tmp_path: Path) -> None:
    store = MailStore(tmp_path, messages_max=3)
    for number in range(5):
        store.keep(raw(f"message {number}"), ["a@b.example"], arrived_ms=1000)
    assert [one.subject for one in MailStore(tmp_path).list()] == ["message 4", "message 3", "message 2"]
    assert len(MailStore(tmp_path)) == 3


@pytest.mark.parametrize("id", ["..", "x", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "00000000000000000-0000"])
async def test_no_path_can_be_asked_for(tmp_path: Path, id: str) -> None:
    store = MailStore(tmp_path / "mail")
    (tmp_path / "x.eml").write_bytes(raw("secret"))
    assert store.raw(id) is None
    async with client(store) as http:
        for path in (f"/messages/x{id}", f"/view/x{id}", f"/messages/x{id}/raw"):
            assert (await http.get(path)).status_code == 404

"""Messages as bytes: whatever is put in is read back by the standard library, and travels through any server."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notify.channels import mime
from services.notify.channels.mime import Headers, Mail

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=300)


def read(raw: bytes) -> EmailMessage:
    """What a mail program makes of it; it must be lines of ASCII that SMTP takes."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line or len(line) > 998 for line in lines)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def whole(body: Mail | None = None, headers: Headers = ()) -> bytes:
    return mime.message(headers, body or mime.text("", "plain"))


def lines_of(raw: bytes, name: str) -> list[bytes]:
    """The lines of one header."""
    head = raw.split(b"\r\n\r\n")[0].split(b"\r\n")
    start = next(n for n, line in enumerate(head) if line.startswith(f"{name}:".encode()))
    end = next((n for n, line in enumerate(head) if n > start and not line.startswith(b" ")), len(head))
    return head[start:end]


def content(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


@settings(deadline=None)
@given(LINES)
@example("Nhắc việc: báo cáo quý I/2011 đến hạn ngày 16/3/2011, " * 6)
@example("=?utf-8?b?SGk=?=")
@example("two  blanks, " * 20)
def test_a_subject_is_read_back(text: str) -> None:
    raw = whole(headers=[mime.worded("Subject", text)])
    assert str(read(raw)["Subject"]).strip() == text.strip()
    assert max(map(len, lines_of(raw, "Subject"))) <= mime.LINE_CHARACTERS_MAX


@pytest.mark.parametrize("display", ["Tiến độ", 'A "quoted" \\ name, Ltd.', "plain", ""])
def test_a_sender_is_read_back_with_its_name(display: str) -> None:
    [address] = read(whole(headers=[mime.mailbox("From", display=display, address="a@b.example")]))["From"].addresses
    assert (address.display_name, address.addr_spec) == (display, "a@b.example")


def test_a_long_name_is_read_back_too() -> None:
    name = "Ủy ban nhân dân tỉnh, " * 9
    raw = b"".join(lines_of(whole(headers=[mime.mailbox("From", display=name, address="a@b.example")]), "From"))
    assert str(make_header(decode_header(raw.decode().removeprefix("From: ")))).strip() == f"{name} <a@b.example>"


@settings(deadline=None)
@given(TEXTS, TEXTS)
@example(".\n..\nFrom here\n--=_alternative\n--=_alternative--\n", "x" * 3000)
@example("trailing blank \nand tab\t\n", "\x00\x7f = =3D")
def test_texts_are_read_back_whatever_they_say(plain: str, html: str) -> None:
    message = read(whole(mime.multipart("alternative", [mime.text(plain, "plain"), mime.text(html, "html")])))
    for given_text, part in zip((plain, html), message.iter_parts(), strict=True):
        assert isinstance(part, EmailMessage)
        assert content(part).rstrip("\n") == given_text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert all(len(line) <= mime.LINE_CHARACTERS_MAX for line in whole(mime.text(html, "html")).split(b"\r\n"))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_files_are_read_back(body: bytes) -> None:
    page = mime.text('<img src="cid:c1">', "html")
    image = mime.file(body, media_type="image/png", name="biểu đồ.png", content_id="c1")
    paper = mime.file(body, media_type="application/pdf", name="tháng 3.pdf")
    message = read(whole(mime.multipart("mixed", [mime.multipart("related", [page, image]), paper])))
    [attached] = message.iter_attachments()
    [shown] = [part for part in message.walk() if part["Content-ID"]]
    assert isinstance(shown, EmailMessage)
    for part, name in ((attached, "tháng 3.pdf"), (shown, "biểu đồ.png")):
        assert (part.get_content(), part.get_filename()) == (body, name)
    assert (shown["Content-ID"], shown.get_content_disposition()) == ("<c1>", "inline")
    assert attached.get_content_disposition() == "attachment"


def test_a_link_stands_on_one_line_as_it_is() -> None:
    link = "<https://tiendo.example/v1/unsubscribe?token=" + "x" * 400 + ">"
    raw = whole(headers=[mime.plain("List-Unsubscribe", link)])
    assert f"List-Unsubscribe: {link}\r\n".encode() in raw


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@y.example", "a\nb", "a\rb"])
def test_nothing_can_be_smuggled_into_a_header(bad: str) -> None:
    for display, address in ((bad, "a@b.example"), ("A", bad), ("Tiến độ", bad)):
        with pytest.raises(ValueError, match=r"line break|no header"):
            mime.mailbox("From", display=display, address=address)
    with pytest.raises(ValueError, match="no header"):
        mime.plain("To", bad)
    with pytest.raises(ValueError, match="line break"):
        mime.worded("Subject", bad)


def test_an_id_that_is_no_ascii_or_too_long_is_refused() -> None:
    for value in ("é", "x" * 1000, "\x00"):
        with pytest.raises(ValueError, match="no header"):
            mime.plain("Message-ID", value)

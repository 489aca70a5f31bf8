"""Letters: both languages complete, numbers and periods as people write them, markup that mail programs can read."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from services.notify.channels.letters import Letters
from services.notify.channels.press import Press
from services.notify.channels.words import Words, catalogue
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Letter
from services.notify.domain.digests.letter import Moment, digest_letter
from services.notify.domain.digests.material import Material
from services.notify.domain.digests.standing import Standing
from services.notify.domain.letters import REMINDER_LINES_MAX, reminder_letter
from services.notify.domain.rungs import Reminder
from shared.events.base import Names
from shared.plan.calendar import obligation_instants
from shared.plan.periods import Period
from tests.services.notify.samples import ZONE, at, evaluation, obligation, plan, received, score, unit

ROOT = Path(__file__).resolve().parents[3] / "services" / "notify"
LANGUAGES = ("vi", "en")
VOID = {"meta", "br", "img", "hr", "link", "input"}


def letters() -> Letters:
    return Letters(dashboard_url="http://127.0.0.1:8100/")


def reminder(language: str, *, name: str | None = None, unit_name: str = "Cục Viễn thông") -> Letter:
    made, state = plan(), obligation()
    row = Reminder(
        id="reminder-1", obligation=state.obligation, plan="P", form="QUY", unit="CVT", period="2011-Q1", rung="B",
        kind="reminder", roles=(), due_at_ms=state.due_at_ms, fire_at_ms=0, next_at_ms=0, status="PENDING",
        decision="", decided_at_ms=0,
    )  # fmt: skip
    units = {"CVT": unit("CVT", names=Names(vi=unit_name, en=unit_name))}
    recipient = Recipient("an@cvt.example", name, language, ZONE)
    now = at("2011-03-15 09:00")
    return letters().reminder(reminder_letter(made, recipient, [(row, state, made)], units, now_ms=now))


def digest(language: str) -> Letter:
    states = [obligation("CVT"), received(obligation("CBC"), 1)]
    material = Material(states, evaluation(), [score("CBC")], [], [], {}, 7)
    moment = at("2011-03-18 08:00")
    told = digest_letter(plan(), "leadership", material, Standing(), Moment(2011, 0, moment, moment, "digest-1"))
    press = Press(letters(), dashboard_url="http://127.0.0.1:8100")
    return asyncio.run(press.print(told, language)).letter


def used_messages() -> set[str]:
    """Every message that a template or a channel asks for."""
    found = extract_from_dir(
        str(ROOT),
        method_map=[("templates/**.j2", "jinja2.ext:babel_extract"), ("channels/**.py", "python")],
        options_map={"templates/**.j2": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}},
        keywords={"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "plural": (1, 2)},
    )
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_fuzzy_or_left_over(language: str) -> None:
    held = catalogue(language)
    translated = {}
    for message in held:
        if message.id:
            key = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
            translated[key] = message
    assert used_messages() == set(translated)
    for key, message in translated.items():
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        assert all(strings), f"{language}: {key!r} is not translated"
        assert not message.fuzzy, f"{language}: {key!r} is fuzzy"
        for string in strings:
            wanted = set(re.findall(r"%\((\w+)\)", key)) - {"number", "month_name"}
            assert wanted <= set(re.findall(r"%\((\w+)\)", string or "")), f"{language}: {key!r} loses a value"


@pytest.mark.parametrize(
    ("code", "vi", "en"),
    [
        ("2011-Q1", "Quý I/2011", "Q1 2011"),
        ("2011-Q4", "Quý IV/2011", "Q4 2011"),
        ("2011-M03", "Tháng 3/2011", "March 2011"),
        ("2011-H1", "6 tháng đầu năm 2011", "First half of 2011"),
        ("2011-9M", "9 tháng đầu năm 2011", "First nine months of 2011"),
        ("2011", "Năm 2011", "Year 2011"),
        ("not a period", "not a period", "not a period"),
    ],
)
def test_periods_are_said_as_people_say_them(code: str, vi: str, en: str) -> None:
    assert (Words("vi").period(code), Words("en").period(code)) == (vi, en)


def test_numbers_and_days_follow_the_language() -> None:
    vi, en = Words("vi"), Words("en")
    assert (vi.number(72.4, 1), en.number(72.4, 1)) == ("72,4", "72.4")
    assert (vi.number(12345), en.number(12345)) == ("12.345", "12,345")
    assert (vi.day(at("2011-03-15 00:30"), ZONE), en.day(at("2011-03-15 00:30"), ZONE)) == (
        "15/03/2011",
        "15 March 2011",
    )


@pytest.mark.parametrize(("share", "shown"), [(0, "0%"), (0.001, "1%"), (0.5, "50%"), (0.999, "99%"), (1, "100%")])
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, shown: str) -> None:
    assert Words("vi").percent(share) == shown


def test_the_reminder_in_vietnamese_is_this_text() -> None:
    letter = reminder("vi", name="Nguyễn Thị An")
    assert letter.title == "Báo cáo Quý I/2011 đến hạn ngày 16/03/2011"
    lines = [line for line in letter.text.splitlines() if line.strip()]
    assert lines[:7] == [
        "Báo cáo Quý I/2011 đến hạn ngày 16/03/2011",
        "Kính gửi Nguyễn Thị An,",
        "Cục Viễn thông còn phải nộp các báo cáo sau theo Kế hoạch ứng dụng CNTT 2011-2015.",
        "Đề nghị gửi từng báo cáo chậm nhất vào cuối ngày đến hạn.",
        "SẮP ĐẾN HẠN",
        "- Báo cáo quý, Quý I/2011",
        "  hạn ngày mai, hạn 16/03/2011",
    ]
    assert "Mở trang báo cáo: http://127.0.0.1:8100/units/CVT?plan=P&year=2011#reports-title" in lines
    assert 'href="http://127.0.0.1:8100/units/CVT?plan=P&amp;year=2011#reports-title"' in letter.html


def test_the_reminder_in_english_is_this_text() -> None:
    lines = [line for line in reminder("en").text.splitlines() if line.strip()]
    assert lines[:6] == [
        "Report for Q1 2011 is due on 16 March 2011",
        "Cục Viễn thông owes these reports under the IT application plan 2011-2015.",
        "Please send each report by the end of the day on which it is due.",
        "DUE SOON",
        "- Quarterly report, Q1 2011",
        "  due tomorrow, due 16 March 2011",
    ]


def test_a_due_day_is_that_of_the_unit_wherever_its_reader_lives() -> None:
    """A report of Berlin is due when the day ends there: in Vietnam it is the next morning by then."""
    made = plan()
    states = [obligation("CVT"), obligation("BER")]
    instants = obligation_instants(made, made.form("QUY"), Period.parse("2011-Q1"), "Europe/Berlin")
    states[1] = states[1].model_copy(update={"due_at_ms": instants.due_at_ms, "time_zone": "Europe/Berlin"})
    rows = [
        Reminder(
            id=f"reminder-{state.unit}", obligation=state.obligation, plan="P", form="QUY", unit=state.unit,
            period="2011-Q1", rung="E3", kind="escalation", roles=(), due_at_ms=state.due_at_ms, fire_at_ms=0,
            next_at_ms=0, status="PENDING", decision="", decided_at_ms=0,
        )
        for state in states
    ]  # fmt: skip
    due = [(row, state, made) for row, state in zip(rows, states, strict=True)]
    head = Recipient("head@tttt.example", None, "vi", ZONE)
    letter = letters().reminder(reminder_letter(made, head, due, {}, now_ms=at("2011-03-21 09:00")))
    assert letter.text.count("hạn 16/03/2011") == 2
    assert "đề nghị đôn đốc đơn vị" in letter.text, "who is told of others is asked to urge them"
    assert "/?plan=P" in letter.text


def test_units_that_are_not_listed_are_counted() -> None:
    made, count = plan(), REMINDER_LINES_MAX + 5
    states = [obligation(f"U{number}") for number in range(count)]
    rows = [
        Reminder(
            id=f"reminder-{state.unit}", obligation=state.obligation, plan="P", form="QUY", unit=state.unit,
            period="2011-Q1", rung="B", kind="reminder", roles=(), due_at_ms=state.due_at_ms, fire_at_ms=0,
            next_at_ms=0, status="PENDING", decision="", decided_at_ms=0,
        )
        for state in states
    ]  # fmt: skip
    due = [(row, state, made) for row, state in zip(rows, states, strict=True)]
    head = Recipient("head@tttt.example", None, "en", ZONE)
    letter = letters().reminder(reminder_letter(made, head, due, {}, now_ms=at("2011-03-15 09:00")))
    assert letter.title == f"{count} reports due soon, the first on 16 March 2011"
    assert f"{count} units owe reports" in letter.text
    assert "and 5 more on the dashboard" in letter.text


def test_the_digest_keeps_its_order_in_both_languages() -> None:
    wanted = {
        "vi": ["BẢN TIN ĐIỀU HÀNH", "BÁO CÁO CÁC KỲ", "ĐƠN VỊ CẦN ĐÔN ĐỐC", "ĐÁNH GIÁ NĂM 2011", "Bằng chứng"],
        "en": ["LEADERSHIP DIGEST", "REPORTS OF THE PERIODS", "WHO NEEDS A PUSH", "EVALUATION 2011", "Proof"],
    }
    for language, headings in wanted.items():
        text = digest(language).text
        places = [text.index(heading) for heading in headings]
        assert places == sorted(places)


class Balance(HTMLParser):
    """Fails on a tag that is not closed in order; notes what would be fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "background")]
        if tag == "img" and not dict(attrs).get("alt"):
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [reminder, digest])
def test_the_markup_is_balanced_inline_and_fetches_nothing(kind: object, language: str) -> None:
    assert callable(kind)
    html = kind(language).html
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert [source for source in balance.fetched if not source.startswith("cid:")] == []
    assert balance.silent == []
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert "max-width: 520px" in html
    assert f'lang="{language}"' in html
    assert len(html.encode()) < 100_000, "some mail programs cut a message at 102 kB"


def test_names_cannot_bring_markup_or_headers() -> None:
    letter = reminder("en", name='<img src="http://x">\r\nBcc: x@y', unit_name="<script>alert(1)</script>")
    assert "<script" not in letter.html
    assert "<img" not in letter.html
    assert "\n" not in letter.title
    assert "\r" not in letter.title

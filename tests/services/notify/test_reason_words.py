"""Reasons in words: both languages, with the particulars, and for every code that deliveries can have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from services.notify.domain.reason_words import has_words, words_of

ROOT = Path(__file__).resolve().parents[3] / "services" / "notify"
FILES = ("channels/email.py", "channels/webhook.py", "channels/apprise.py")
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+|gone|timeout|refused|accepted|answered")


def outcome_codes(path: Path) -> set[str]:
    """The reasons that a channel can give: the text of the second argument of each `Outcome`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Outcome" and len(node.args) > 1:
            texts = [
                part.value
                for part in ast.walk(node.args[1])
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            found |= {code[0] for text in texts[:1] if (code := _CODE.match(text))}
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_reason_of_a_channel_has_words(file: str) -> None:
    codes = outcome_codes(ROOT / file)
    assert len(codes) >= 3
    assert {code for code in codes if not has_words(code)} == set()


def test_particulars_follow_the_words() -> None:
    assert words_of("refused: 550 no such user").en == "refused: 550 no such user"
    assert words_of("gave_up: timeout").en == "given up after the time for retries: no answer in time"
    assert words_of("first+repeat").vi == "thông báo đầu tiên, nhắc lại"
    assert words_of("quite_new").vi == "quite new"

from __future__ import annotations

from pathlib import Path

import pytest

from shared.typeset.compile import NotTypeset, typeset

TEMPLATE = """#let data = json(bytes(sys.inputs.data))
#set page(width: 300pt, height: 60pt, margin: 6pt)
#set text(font: json(bytes(sys.inputs.fonts)), lang: "vi")
#data.text
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "one.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("format", "begins"), [("pdf", b"%PDF-"), ("png", b"\x89PNG"), ("svg", b"<svg")])
def test_each_format_is_made_the_same_every_time(template: Path, format: str, begins: bytes) -> None:
    made = [typeset(template, {"text": "Tiến độ"}, format=format, at_ms=1_300_000_000_000) for _ in range(2)]  # type: ignore[arg-type]
    assert made[0] == made[1]
    assert made[0].startswith(begins)


def test_data_is_text_and_never_source(template: Path) -> None:
    plain = typeset(template, {"text": "x"}, format="svg")
    assert typeset(template, {"text": '#panic("run")'}, format="svg") != plain


def test_a_template_that_does_not_take_the_data_says_so(template: Path) -> None:
    with pytest.raises(NotTypeset, match=r"one\.typ"):
        typeset(template, {})


def test_a_template_reads_no_files_from_elsewhere(template: Path) -> None:
    template.write_text('#read("/../../../etc/passwd")', encoding="utf-8")
    with pytest.raises(NotTypeset):
        typeset(template, {})


def test_an_image_of_two_pages_is_refused(template: Path) -> None:
    template.write_text("#pagebreak()", encoding="utf-8")
    with pytest.raises(NotTypeset):
        typeset(template, {}, format="png")

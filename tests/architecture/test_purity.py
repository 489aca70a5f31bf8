"""What imports cannot show: pure code reads no clock, makes no random ids, is not async and logs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE_FOLDERS = [
    ROOT / "shared" / "plan",
    ROOT / "shared" / "events",
    *sorted((ROOT / "services").glob("*/domain")),
]
FORBIDDEN_CALLS = {
    "now",
    "today",
    "utcnow",
    "uuid1",
    "uuid4",
    "time",
    "time_ns",
    "monotonic",
    "perf_counter",
    "urandom",
}
CLOCK_OWNERS = {"datetime", "date", "time", "uuid", "os"}


def pure_files() -> list[Path]:
    return [path for folder in PURE_FOLDERS for path in sorted(folder.rglob("*.py"))]


def faults(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield f"line {node.lineno}: async in pure code"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_CALLS:
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if name in CLOCK_OWNERS:
                yield f"line {node.lineno}: {name}.{node.func.attr}() in pure code; take `now_ms` as an argument"


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_code_has_no_clock_and_no_async(path: Path) -> None:
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_rule_finds_what_it_forbids() -> None:
    guilty = "import datetime\nasync def f():\n    return datetime.datetime.now()\n"
    assert len(list(faults(ast.parse(guilty)))) == 2


def test_only_the_clock_reads_the_system_time() -> None:
    """`shared/clock.py` is the one place that asks the system what day it is."""
    readers = []
    for folder in ("shared", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in {"now", "today", "utcnow", "time_ns"}
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in {"datetime", "date", "time"}
                ):
                    readers.append(str(path.relative_to(ROOT)))
    assert set(readers) == {"shared/clock.py"}

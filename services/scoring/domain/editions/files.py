"""Lines of text cut into parts that fit a document of the store, each with its SHA-256. Pure.

The hash of a file is over all its lines, each ended by a line feed; so it does not depend on where the parts end.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

PART_BYTES_MAX = 512 * 1024
"""A part ends before it grows past this; only a single longer line makes a longer part."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a file: how many, the hash of their text, and the text."""

    number: int
    lines: int
    sha256: str
    text: str


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What an edition says about a part."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    """What an edition says about a file: everything but its text."""

    kind: str
    sha256: str
    lines: int
    bytes: int
    parts: tuple[PartFacts, ...]

    def part_of(self, line: int) -> tuple[int, int]:
        """(number of the part that holds a line, the line's place in it). Lines count from 0."""
        starts = self.starts()
        number = bisect_right(starts, line) - 1
        return number, line - starts[number]

    def starts(self) -> list[int]:
        """The first line of each part."""
        starts, at = [], 0
        for part in self.parts:
            starts.append(at)
            at += part.lines
        return starts

    def facts(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "parts": [asdict(part) for part in self.parts]}


def file_of(kind: str, lines: Iterable[str]) -> tuple[File, list[Part]]:
    """The file that these lines make."""
    parts = [
        Part(number, len(some), sha256_of(text), text)
        for number, some in enumerate(_cut(lines))
        for text in ("".join(f"{line}\n" for line in some),)
    ]
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.text.encode())
    size = sum(len(part.text.encode()) for part in parts)
    facts = tuple(PartFacts(part.lines, part.sha256) for part in parts)
    return File(kind, whole.hexdigest(), sum(part.lines for part in parts), size, facts), parts


def file_from(facts: dict[str, Any]) -> File:
    """The file that `File.facts` described."""
    return File(**{**facts, "parts": tuple(PartFacts(**part) for part in facts["parts"])})


def lines_of(texts: Iterable[str]) -> Iterator[str]:
    """The lines of parts, in order."""
    for text in texts:
        yield from text.split("\n")[:-1]  # not splitlines: it also splits at signs that JSON leaves as they are


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def faults_of(file: File, texts: Sequence[str | None]) -> list[str]:
    """What is wrong with the stored parts: one line each, naming the file and the part; empty when all are right."""
    found = [
        f"{file.kind}, part {number}: {'missing' if text is None else 'its text does not give its hash'}"
        for number, (part, text) in enumerate(zip(file.parts, texts, strict=True))
        if text is None or sha256_of(text) != part.sha256
    ]
    if found:
        return found
    whole = hashlib.sha256()
    for text in texts:
        whole.update((text or "").encode())
    return [] if whole.hexdigest() == file.sha256 else [f"{file.kind}: its parts do not give its hash"]


def _cut(lines: Iterable[str]) -> Iterator[list[str]]:
    some: list[str] = []
    size = 0
    for line in lines:
        long = len(line.encode()) + 1
        if some and size + long > PART_BYTES_MAX:
            yield some
            some, size = [], 0
        some.append(line)
        size += long
    if some:
        yield some

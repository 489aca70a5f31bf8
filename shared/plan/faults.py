"""What is wrong with a plan document, told so that its writer can mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shared.errors import Permanent

PathKey = tuple[str | int, ...]


def path_text(path: PathKey) -> str:
    """`groups[0].indicators[3].method.worst` of its parts."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def line_of(path: PathKey, lines: Mapping[PathKey, int]) -> int | None:
    """The line of a path, or of the nearest thing around it that is in the document."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def did_you_mean(word: object, known: Iterable[str]) -> str | None:
    """`did you mean ...?` for a word that is nearly a known one, else None."""
    close = get_close_matches(str(word), sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None


@dataclass(frozen=True, slots=True)
class PlanFault:
    """One fault: where (`groups[0].indicators[3].method.worst`), what, how to mend it, on which line of the YAML."""

    path: str
    message: str
    hint: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.path or 'plan'}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class PlanErrors(Permanent):
    """The document is not a plan. Holds every fault that was found, in the order of the document."""

    def __init__(self, faults: Sequence[PlanFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

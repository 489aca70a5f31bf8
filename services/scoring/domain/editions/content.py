"""What is sealed: inputs, parameters, code version and results of one final computation, and the digest over them.

The digest is SHA-256 over canonical JSON (RFC 8785) of the four; long things stand in it by their own SHA-256, and
the texts that give those hashes are kept as files with the edition. So whoever has the edition can compute it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson

from services.scoring.domain.cells import Ints
from services.scoring.domain.computation import Computation
from services.scoring.domain.editions.files import File, Part, file_of
from services.scoring.domain.editions.texts import (
    Row,
    Rows,
    layout_of,
    reference_line,
    result_line,
    source_lines,
)
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.reference import Reference
from services.scoring.domain.saved import UNRANKED_LAST
from shared.canonical import canonical

PLAN, INPUTS, REFERENCE, SUMMARY, LAYOUT, RESULTS, PLACES = (
    "plan",
    "inputs",
    "reference",
    "summary",
    "layout",
    "results",
    "places",
)
DIFF, STATISTICS = "diff", "statistics"
KEPT_OF_PROVISIONAL = (REFERENCE, SUMMARY, LAYOUT, RESULTS, PLACES)
"""A snapshot is read, not proved: its inputs are in the history of the store."""

PASSING = ("phase", "provisional", "plan_sha256", "inputs_sha256", "as_of_ms", "plan_version")
"""Of the summary: what says where the evaluation stands, and not what was computed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a computation. `now_ms` decides what was due, `as_of_ms` is the newest change among inputs."""

    plan: str
    year: int
    plan_version: str
    plan_sha256: str
    code_version: str
    inputs_sha256: str
    as_of_ms: int
    now_ms: int
    units: int
    ranked: int
    mean_index: float | None


@dataclass(frozen=True)
class Content:
    """Facts and files with their parts.

    `counts`: how many units differ from the edition before, and why; empty for a first edition.
    """

    facts: Facts
    files: Mapping[str, File]
    parts: Mapping[str, Sequence[Part]] = field(repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.facts, self.files)

    @property
    def rows(self) -> Rows:
        """The results, from the lines that are sealed."""
        return Rows(orjson.loads(self.parts[LAYOUT][0].text), [part.text for part in self.parts[RESULTS]])

    def with_lines(self, kind: str, lines: Sequence[str]) -> Content:
        """One more file, which the digest does not cover: what is derived from this content and others."""
        file, parts = file_of(kind, lines)
        return replace(self, files={**self.files, kind: file}, parts={**self.parts, kind: parts})


def content_of(computation: Computation, *, code_version: str, edition: str, final: bool = True) -> Content:
    """Everything of a computation that an edition keeps. The same computation gives the same content.

    `final`: it is laid out as sealed, whatever phase it was computed in; else as the provisional result that it is.
    """
    if final:
        computation = replace(computation, phase="SEALED", provisional=False)
    evaluation, told = computation.evaluation, computation.content()
    layout, order = layout_of(_telling(computation)), ordered(computation)
    units = [evaluation.cohort.units[at] for at in order.tolist()]
    reference = replace(_reference(computation), edition=edition)
    lines: dict[str, Iterable[str]] = {
        PLAN: [orjson.dumps(evaluation.plan.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()],
        INPUTS: iter(source_lines(computation.sources)),  # given back once it is read: large
        REFERENCE: [reference_line(reference)],
        SUMMARY: [_text({name: part for name, part in told.items() if name not in PASSING})],
        LAYOUT: [_text(layout)],
        # Written as they are cut into parts: the lines of a large cohort are not held a second time.
        RESULTS: (result_line(row, layout) for row in rows_of(computation, order)),
        PLACES: (_text(place) for place in sorted([unit, at] for at, unit in enumerate(units))),
    }
    made = {kind: file_of(kind, held) for kind, held in lines.items()}
    facts = Facts(
        plan=evaluation.plan.code,
        year=evaluation.year,
        plan_version=evaluation.plan.version,
        plan_sha256=computation.plan_sha256,
        code_version=code_version,
        inputs_sha256=computation.inputs_sha256,
        as_of_ms=computation.as_of_ms,
        now_ms=computation.now_ms,
        units=told["units"],
        ranked=told["ranked"],
        mean_index=told["mean_index"],
    )
    files = {kind: file for kind, (file, _) in made.items()}
    return Content(facts, files, {kind: parts for kind, (_, parts) in made.items()})


def ordered(computation: Computation) -> Ints:
    """Positions of the units by peer group, rank as it is shown, code; those without a rank last in their group."""
    evaluation = computation.evaluation
    rank = np.where(evaluation.shown, evaluation.ranking.rank, UNRANKED)
    # Units and peer groups stand in the order of their codes.
    return np.lexsort((np.where(rank == UNRANKED, UNRANKED_LAST, rank), evaluation.cohort.peer))


def rows_of(computation: Computation, order: Ints) -> Iterator[Row]:
    """The contents of the units at these positions, without what says where the evaluation stands."""
    units = computation.evaluation.cohort.units
    for at in computation.slices(order):
        for place, content in zip(at.tolist(), computation.units(at), strict=True):
            yield {"unit": units[place], **{name: part for name, part in content.items() if name not in PASSING}}


def _telling(computation: Computation) -> list[Row]:
    """A few rows that have every field that any row has: the first one, and one that was appraised."""
    units = len(computation.evaluation.cohort.units)
    appraised = [np.flatnonzero(override.appraised(units))[:1] for override in computation.overrides.values()]
    return list(rows_of(computation, np.unique(np.concatenate([np.arange(min(units, 1)), *appraised]))))


def digest_of(facts: Facts, files: Mapping[str, File]) -> str:
    """What two people agree on. See the module."""
    return hashlib.sha256(canonical(digested(facts, files))).hexdigest()


def digested(facts: Facts, files: Mapping[str, File]) -> dict[str, Any]:
    """The document whose canonical JSON the digest is over."""
    return {
        "plan": facts.plan,
        "year": facts.year,
        "inputs": {"sha256": facts.inputs_sha256},
        "parameters": {
            "plan_version": facts.plan_version,
            "plan_sha256": facts.plan_sha256,
            "reference_sha256": files[REFERENCE].sha256,
        },
        "code_version": facts.code_version,
        "results": {
            "units": facts.units,
            "ranked": facts.ranked,
            "summary_sha256": files[SUMMARY].sha256,
            "layout_sha256": files[LAYOUT].sha256,
            "rows_sha256": files[RESULTS].sha256,
        },
    }


def _reference(computation: Computation) -> Reference:
    return computation.evaluation.reference


def _text(value: Any) -> str:
    return canonical(value).decode()

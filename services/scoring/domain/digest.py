"""What identifies the inputs of an evaluation: one hash over everything that can change a number, one instant."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from operator import attrgetter
from typing import Any

import orjson

from services.scoring.domain.layers import newest
from services.scoring.domain.reference import Reference
from services.scoring.domain.sources import Sources

_OWED = attrgetter("obligation", "plan_version", "form", "unit", "peer_group", "period", "period_end_ms", "due_at_ms")


def inputs_sha256(plan_sha256: str, sources: Sources, now_ms: int, *, reference: Reference | None = None) -> str:
    """Over everything that can change a number of the evaluation, in canonical order."""
    standing = sources.standing()
    ledger: list[list[Any]] = []
    for owed in sources.owed:
        line = [*_OWED(owed), owed.due(now_ms), owed.on_time, owed.share]
        held = standing.get(owed.obligation)
        if held is not None:
            report = held[1]
            line += [report.report, report.version, report.nil, report.cells.text]
        ledger.append(line)
    content: list[Any] = [plan_sha256, ledger]
    content.append([astuple(row) for row in newest(sources.appraised).values()])
    content.append(sorted([f.finding, f.unit, f.due(now_ms), f.on_time] for f in sources.findings))
    content.append(sorted([e.year, e.unit, e.edition, sorted(e.values.items())] for e in sources.earlier))
    content.append(None if reference is None else reference_content(reference))
    content.append(sorted([type(one).__name__, *astuple(one)] for one in sources.last_year))
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def reference_content(reference: Reference) -> list[Any]:
    """The frozen numbers in canonical order, as plain values."""
    posts = [
        [code, sorted([group, sorted(names.items())] for group, names in groups.items())]
        for code, groups in sorted(reference.posts.items())
    ]
    weights = [[group, sorted(held.items())] for group, held in sorted(reference.weights.items())]
    return [reference.edition, posts, weights, list(reference.cuts), sorted(reference.floors.items())]


def as_of_ms(sources: Sources, now_ms: int) -> int:
    """The newest change among the inputs: of a report, an obligation, an appraisal, or one becoming due."""
    instants = [report.changed_at_ms for _, report in sources.standing().values()]
    for owed in sources.owed:
        instants.append(owed.changed_at_ms)
        if owed.due_at_ms < now_ms:
            instants.append(owed.due_at_ms)
    instants += [row.decided_at_ms for row in newest(sources.appraised).values()]
    for finding in sources.findings:
        instants.append(finding.changed_at_ms)
        if finding.due(now_ms):
            instants.append(finding.due_at_ms)
    return max(instants, default=0)

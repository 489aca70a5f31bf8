"""Why a proposal is void: everything that is different between what was proposed and what would be sealed now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.scoring.domain.editions.changes import bounded, due_changes, fact_changes, input_changes
from services.scoring.domain.editions.content import INPUTS, REFERENCE, RESULTS, Content
from services.scoring.domain.editions.files import File, lines_of
from services.scoring.domain.editions.proposal import Proposal


def changes_since(proposal: Proposal, inputs: Sequence[str], fresh: Content) -> tuple[dict[str, Any], ...]:
    """`inputs`: the lines that the proposal kept. Never empty: where no input differs, the files that do are named."""
    lines = list(lines_of(part.text for part in fresh.parts[INPUTS]))
    found = [
        *fact_changes(proposal.facts, fresh.facts),
        *input_changes(inputs, lines),
        *due_changes(lines, proposal.facts.now_ms, fresh.facts.now_ms),
    ]
    return bounded(found or _file_changes(proposal.files, fresh.files))


def _file_changes(before: Mapping[str, File], after: Mapping[str, File]) -> list[dict[str, Any]]:
    found = [
        {"what": kind, "change": "changed", "before": before[kind].sha256, "after": after[kind].sha256}
        for kind in (REFERENCE, RESULTS)
        if before[kind].sha256 != after[kind].sha256
    ]
    return found or [{"what": "inputs", "change": "changed"}]

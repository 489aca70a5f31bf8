"""An analysis that was asked for: what, of which inputs, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.scoring.domain.analysis.kinds import Kind
from services.scoring.domain.evaluations import content_sha256, evaluation_id

METHOD = 1
"""Edition of the analyses: another number means other results from the same inputs."""
State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Job:
    """One analysis. Its id is made of everything that determines its result, so that asking twice computes once.

    `inputs_sha256`, `as_of_ms` and `computed_at_ms` are those of the saved evaluation when it was asked for. `done` of
    `total` units of work; `seconds` of computing so far. `fault` says in two languages why it failed.
    """

    id: str
    plan: str
    year: int
    kind: Kind
    parameters: dict[str, Any]
    plan_version: str
    inputs_sha256: str
    as_of_ms: int
    computed_at_ms: int
    asked_by: str
    asked_ms: int
    state: State = "queued"
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    takeovers: int = 0
    fault: dict[str, str] | None = None
    summary: dict[str, Any] | None = None
    columns: tuple[str, ...] = ()
    rows: int = 0
    ended_ms: int = 0
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The store's own, handed back to it unchanged."""

    def content(self) -> dict[str, Any]:
        """What is told of it."""
        return {
            "id": self.id,
            "evaluation": evaluation_id(self.plan, self.year),
            "plan": self.plan,
            "year": self.year,
            "kind": self.kind,
            "parameters": self.parameters,
            "state": self.state,
            "progress": {"done": self.done, "total": self.total, "seconds": round(self.seconds, 3)},
            "inputs": {
                "plan_version": self.plan_version,
                "inputs_sha256": self.inputs_sha256,
                "as_of_ms": self.as_of_ms,
                "method": METHOD,
            },
            "asked_ms": self.asked_ms,
            "asked_by": self.asked_by,
            "ended_ms": self.ended_ms or None,
            "fault": self.fault,
            "summary": self.summary,
            "columns": list(self.columns),
            "rows": self.rows,
        }


def job_id(
    plan: str, year: int, kind: Kind, parameters: Mapping[str, Any], *, inputs_sha256: str, plan_version: str
) -> str:
    """The same for the same question about the same inputs. Also the name of its random numbers."""
    parts = [METHOD, plan, year, kind, dict(parameters), inputs_sha256, plan_version]
    return f"analysis-{content_sha256({'of': parts})[:40]}"

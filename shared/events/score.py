"""Events about evaluations and scores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, State

EvaluationPhase = Literal[
    "DRAFT",
    "SELF_SCORING",
    "APPRAISAL",
    "PROVISIONAL",
    "CLARIFICATION",
    "FINAL_REVIEW",
    "SEALED",
    "PUBLISHED",
    "CORRECTED",
]


class GroupScore(Part):
    """One node of the plan's tree for one unit. Scores are shares in [0, 1]; points in the plan's points."""

    code: str
    parent: str | None
    score: float | None
    points: float | None = None
    points_max: float | None = None
    coverage: float


class IndicatorScore(Part):
    """One indicator for one unit: annual value, share in [0, 1], target it was held against."""

    code: str
    group: str
    status: str = Field(description="observed, not_reported, not_applicable, suppressed, invalid, informational")
    value: float | None = None
    target: float | None = None
    share: float | None = None
    points: float | None = None
    points_max: float | None = None


class Movement(Part):
    """What a recomputation changed."""

    index_before: float | None
    rank_before: int | None
    band_before: str | None


class ScoreState(State):
    """The score of one unit in one evaluation."""

    evaluation: str
    plan: str
    plan_version: str
    year: int
    unit: str
    peer_group: str
    index: float | None = Field(description="Published (rounded) index in [0, 1]; null when not rated.")
    band: str | None
    rank: int | None
    ranked: int = Field(description="How many units are ranked in the peer group.")
    coverage: float
    groups: tuple[GroupScore, ...]
    indicators: tuple[IndicatorScore, ...]
    movement: Movement
    provisional: bool
    computed_at_ms: int


class PeerSummary(Part):
    """One peer group of an evaluation."""

    peer_group: str
    units: int
    ranked: int
    mean_index: float | None
    bands: dict[str, int]


class EvaluationState(State):
    """One (plan, year): where it stands and what it was computed from."""

    evaluation: str
    plan: str
    plan_version: str
    year: int
    phase: EvaluationPhase
    provisional: bool
    units: int
    ranked: int
    mean_index: float | None
    peers: tuple[PeerSummary, ...]
    inputs_sha256: str
    as_of_ms: int = Field(description="Newest change among the inputs.")
    computed_at_ms: int

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


class IndicatorPace(Part):
    """Value over what is expected by now; `stale` when the last two periods due have no report."""

    ratio: float | None
    verdict: Literal["on_track", "lagging", "at_risk", "stale"]


class IndicatorScore(Part):
    """One indicator for one unit: annual value, share in [0, 1], target it was held against."""

    code: str
    group: str
    status: str = Field(
        description="With a value: observed, estimated, imputed, carried. Without: not_reported, suppressed, invalid, "
        "not_applicable, not_due, excluded (nothing to compare or no target), informational (shown, never counted)."
    )
    value: float | None = None
    target: float | None = None
    share: float | None = None
    points: float | None = None
    points_max: float | None = None
    pace: IndicatorPace | None = Field(
        default=None, description="While the evaluation is provisional; null without a target, or with nothing due."
    )
    appraised: bool = Field(default=False, description="An appraiser has decided on it, confirming it or otherwise.")


class Movement(Part):
    """What a recomputation changed."""

    index_before: float | None
    rank_before: int | None
    band_before: str | None


class ScoreBounds(Part):
    """Between which index and rank the unit can still end while cells are open.

    Ranks are given while `rank` is kept back; afterwards everybody's would change with every report of anybody.
    """

    low: float
    high: float
    rank_best: int | None = None
    rank_worst: int | None = None


class ScoreConfidence(Part):
    """How far the score rests on what was reported, from 0 to 1, and its grade, A to D."""

    value: float
    grade: Literal["A", "B", "C", "D"]


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
    rank_shown: bool = Field(
        default=True, description="False while ranks are kept back because too little is reported: `rank` is null then."
    )
    rank_fractional: float | None = Field(
        default=None, description="Mean of the places that tied units take, where the plan asks for it."
    )
    percentile: float | None = Field(default=None, description="0 to 100, 100 being best; null without a rank.")
    bounds: ScoreBounds | None = Field(default=None, description="Null where nothing applies to the unit.")
    confidence: ScoreConfidence | None = None
    coverage: float
    groups: tuple[GroupScore, ...]
    indicators: tuple[IndicatorScore, ...]
    movement: Movement
    provisional: bool
    layers: dict[Literal["self", "appraised", "final"], float | None] = Field(
        default_factory=dict,
        description="Index as reported, of what was appraised (null while nothing is), and the final one: `index`.",
    )
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
    plan_sha256: str = Field(default="", description="The method: hash of the plan version that computed it.")
    inputs_sha256: str
    as_of_ms: int = Field(description="Newest change among the inputs.")
    inputs_changed_since_seal: bool = Field(
        default=False, description="Inputs have moved on, and the sealed numbers stand."
    )
    computed_at_ms: int

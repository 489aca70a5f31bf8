"""Methods that hold a value against what others reported: range, mean and deviation, largest value, place.

What was reported is taken in rising order before it is summed, so that the order of units changes no number. A group
without any range carries no information and follows the method's `zero_range`.
"""

from __future__ import annotations

import math

import numpy as np

from services.scoring.domain.cells import Floats
from services.scoring.domain.methods_posts import compared, posts_of, told, without_range
from services.scoring.domain.methods_question import Answer, Question, beyond, clip, linear, reflected
from services.scoring.domain.outliers import bent, treated
from services.scoring.domain.places import Places, places_of
from shared.plan.methods import Borda, MinMax, Percentile, ShareOfPeerMax, ZScore, ZScoreMinMax

LARGEST = float(np.finfo(np.float64).max)


def share_of_peer_max(question: Question) -> Answer:
    """value / largest value in the peer group, floored at 0; no information where nobody is above 0."""
    method = question.indicator.method
    assert isinstance(method, ShareOfPeerMax)
    posts = posts_of(question, within="peer_group", source=method.posts, needs=("peer_max",), derive=_largest)
    largest = np.asarray(posts.row("peer_max"))
    flat = ~(largest > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = question.value / np.where(flat, np.nan, largest)
    flags = {"clipped": beyond(share, 0.0, 1.0)}
    answer = told(question, Answer(clip(share), flags=flags), posts, method.posts, ("peer_max",))
    return without_range(question, reflected(question, answer), flat, method.zero_range)


def _largest(values: Floats) -> dict[str, float]:
    return {"peer_max": float(values[-1])} if len(values) else {}


def zscore_minmax(question: Question) -> Answer:
    """Min-max over the cohort of the z-scores. Mean and deviation cancel, so it is min-max of the values."""
    method = question.indicator.method
    assert isinstance(method, ZScoreMinMax)
    names = ("cohort_min", "cohort_max")
    posts = posts_of(question, within="all", source=method.posts, needs=names, derive=_ends)
    low, high = (posts.row(name) for name in names)
    flags = {"clipped": beyond(question.value, low, high)}
    answer = told(question, Answer(linear(question.value, low, high), flags=flags), posts, method.posts, names)
    return without_range(question, reflected(question, answer), ~np.less(low, high), method.zero_range)


def _ends(values: Floats) -> dict[str, float]:
    return {"cohort_min": float(values[0]), "cohort_max": float(values[-1])} if len(values) else {}


def minmax(question: Question) -> Answer:
    """(value - least) / (largest - least) of the reference set, clipped; robust, or with outliers treated, as said."""
    method = question.indicator.method
    assert isinstance(method, MinMax)
    derive = _percentiles if method.robust else _treated if method.outliers == "treat" else _range
    posts = posts_of(question, within=method.within, source=method.posts, needs=("low", "high"), derive=derive)
    low, high, bend = posts.row("low"), posts.row("high"), posts.row("bend", 0.0)
    outside = beyond(question.value, low, high)
    flags = {"clipped": outside}
    names: tuple[str, ...] = ("low", "high")
    if method.outliers == "treat":
        pulled = np.add(posts.row("winsorised_low", 0.0), posts.row("winsorised_high", 0.0))
        names = (*names, "bend")
        flags |= {
            "winsorised": outside & question.basis & np.greater(pulled, 0),
            "logged": question.has_value & np.not_equal(bend, 0),
            "untreated": question.has_value & np.equal(posts.row("untreated", 0.0), 1),
        }
    share = bent(linear(question.value, low, high), bend)
    answer = told(question, Answer(share, flags=flags, formula=_variant(method)), posts, method.posts, names)
    return without_range(question, reflected(question, answer), ~np.less(low, high), method.zero_range)


def _variant(method: MinMax) -> str:
    return "robust" if method.robust else "treated" if method.outliers == "treat" else ""


def _range(values: Floats) -> dict[str, float]:
    return {"low": float(values[0]), "high": float(values[-1])} if len(values) else {}


def _treated(values: Floats) -> dict[str, float]:
    return treated(values) if len(values) else {}


def _percentiles(values: Floats) -> dict[str, float]:
    return {"low": percentile_of(values, 5.0), "high": percentile_of(values, 95.0)} if len(values) else {}


def percentile_of(values: Floats, percent: float) -> float:
    """The percentile (type 7) of values in rising order; at least one."""
    place = (len(values) - 1) * percent / 100.0
    below = math.floor(place)
    part = place - below
    if part == 0 or values[below] == values[below + 1]:
        return float(values[below])
    return float(values[below] * (1 - part) + values[below + 1] * part)


def zscore(question: Question) -> Answer:
    """clip(0.5 + 0.1 (value - mean) / sd, 0, 1) of the reference set; in halves, so that no difference overflows."""
    method = question.indicator.method
    assert isinstance(method, ZScore)
    names = ("mean", "sd")

    def derive(values: Floats) -> dict[str, float]:
        return _moments(values, method.ddof) if len(values) else {}

    posts = posts_of(question, within=method.within, source=method.posts, needs=names, derive=derive)
    mean, sd = (np.asarray(posts.row(name)) for name in names)
    flat = ~(sd > 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        share = (question.value / 2 - mean / 2) / (sd / 2)
    share *= 0.1
    share += 0.5
    flags = {"clipped": beyond(share, 0.0, 1.0)}
    answer = told(question, Answer(clip(share), flags=flags), posts, method.posts, names)
    return without_range(question, reflected(question, answer), flat, method.zero_range)


def _moments(values: Floats, ddof: int) -> dict[str, float]:
    """Mean and deviation, computed on a scale (a power of 2) on which squares fit; 0 where nobody differs."""
    n = len(values)
    if values[0] == values[-1]:
        return {"mean": float(values[0]), "sd": 0.0}
    top = math.ldexp(0.5, math.frexp(max(abs(float(values[0])), abs(float(values[-1]))))[1])
    scaled = values / top
    mean = float(scaled.sum()) / n
    apart = scaled - mean
    sd = math.sqrt(float((apart * apart).sum()) / (n - ddof))
    return {"mean": mean * top, "sd": min(sd * top, LARGEST)}


def percentile(question: Question) -> Answer:
    """(number worse + (number equal - 1) / 2) / (n - 1); `tie: low`: number worse / (n - 1)."""
    method = question.indicator.method
    assert isinstance(method, Percentile)
    return _placed(question, method.within, method.zero_range, middle=method.tie == "middle")


def borda(question: Question) -> Answer:
    """number worse / (n - 1)."""
    method = question.indicator.method
    assert isinstance(method, Borda)
    return _placed(question, method.within, method.zero_range, middle=False)


def _placed(question: Question, within: str, zero_range: str, *, middle: bool) -> Answer:
    """Places are counted in the direction of the indicator: worse is above where lower is better.

    A cell that was not reported is placed as if it were one more among those reported.
    """
    places = places_of(question, list(compared(question, within)), within)
    worse = places.above() if question.lower else places.below
    gained = worse + (places.equal - 1.0) / 2 if middle else worse
    with np.errstate(invalid="ignore", divide="ignore"):
        share = gained / (places.compared - 1.0)
    flat = places.alone if middle else places.alone | places.level
    reference = {"worse": worse, "equal": places.equal, "compared": places.compared}
    answer = Answer(share, reference=reference, formula="" if middle else "low")
    return without_range(question, answer, flat, zero_range)


__all__ = ["Places", "borda", "minmax", "percentile", "percentile_of", "share_of_peer_max", "zscore", "zscore_minmax"]

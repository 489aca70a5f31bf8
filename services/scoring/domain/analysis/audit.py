"""Statistical audit: does the index hang together, and does each indicator weigh what its weight says?

Checks after OECD/JRC Handbook (2008), step 6; effective importance after Paruolo, Saisana and Saltelli (2013), "Ratings
and rankings: voodoo or science?". Each says what was found, against which threshold, the verdict, and a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.scoring.domain.analysis.audit_wording import SENTENCES
from services.scoring.domain.analysis.outcome import Once, Outcome, Part
from services.scoring.domain.analysis.slots import Slots, slots_of
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.cells import Floats, is_missing
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.tree import Node, walk
from shared.plan.base import Model

UNITS_MIN = 10
"""Correlations over fewer units say nothing."""
WEAK, OPPOSITE, REDUNDANT = 0.3, 0.0, 0.92
ALPHA, FIRST_COMPONENT = 0.7, 0.5
IMPORTANCE = 0.1
EXTREME, DISTINCT, MISSING, SIZE, POSTS = 0.25, 5, 0.35, 0.7, 0.1
COLUMNS = ("check", "node", "child", "other", "value", "threshold", "verdict", "vi", "en")
FINE = "fine"
EDGE = 1e-9
"""A share this close to 0 or 1 is at its floor or cap."""


class AuditParameters(Model):
    """Nothing to choose: the thresholds are named beside each finding."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `verdict` is `fine` or names the trouble; `other` is what it is compared with."""

    check: str
    node: str
    child: str
    other: str
    value: float | None
    threshold: float
    verdict: str

    def row(self) -> list[Any]:
        vi, en = SENTENCES[self.check, self.verdict]
        named = {
            "node": self.node or "INDEX",
            "child": self.child,
            "other": self.other,
            "value": "" if self.value is None else f"{self.value:.3g}",
            "threshold": f"{self.threshold:g}",
        }
        # Vietnamese writes decimals with a comma.
        vietnamese = {
            **named,
            "value": named["value"].replace(".", ","),
            "threshold": named["threshold"].replace(".", ","),
        }
        shown = (self.check, self.node, self.child, self.other, self.value, self.threshold, self.verdict)
        return [*shown, vi.format(**vietnamese), en.format(**named)]


class Audit(Once):
    """All checks over one evaluation. `posts_before`: indicator -> name -> number of the last final's posts."""

    def __init__(
        self,
        case: Case,
        _parameters: AuditParameters,
        *,
        posts_before: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
    ) -> None:
        self._evaluation = case.evaluation
        self._before = posts_before or {}

    def finish(self, parts: Sequence[Part]) -> Outcome:
        """Findings with trouble first."""
        found = list(checks(self._evaluation, self._before))
        found.sort(key=lambda one: one.verdict == FINE)
        troubled = [one for one in found if one.verdict != FINE]
        verdicts = {verdict: sum(one.verdict == verdict for one in troubled) for verdict in _verdicts(troubled)}
        summary = {"checks": len(found), "troubled": len(troubled), "verdicts": verdicts}
        return Outcome(summary, COLUMNS, [one.row() for one in found])


def checks(evaluation: Evaluation, before: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[Check]:
    """Every check of an evaluation, in the order of its tree."""
    slots = slots_of(evaluation)
    nodes = (evaluation.index, *walk(evaluation.index))
    for node in nodes:
        yield from _of_node(node, slots)
    yield from _misplaced(evaluation)
    for code, leaf in evaluation.leaves.items():
        yield from _of_leaf(code, leaf)
        yield from _of_posts(code, leaf, before.get(code, {}))


def correlation(one: Floats, other: Floats) -> float | None:
    """Pearson's r over units that have both; None for too few of them or without any spread."""
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < UNITS_MIN:
        return None
    a, b = one[both] - one[both].mean(), other[both] - other[both].mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip((a @ b) / size, -1.0, 1.0)) if size > EDGE else None


def cronbach_alpha(rows: Floats) -> float | None:
    """k^2 mean covariance / sum of all covariances, over units that have every child (children x units)."""
    complete = rows[:, np.isfinite(rows).all(axis=0)]
    k = len(rows)
    if k < 2 or complete.shape[1] < UNITS_MIN:
        return None
    covariance = np.cov(complete)
    total = float(covariance.sum())
    off = (total - float(np.trace(covariance))) / (k * (k - 1))
    return k * k * off / total if total > EDGE else None


def first_component(rows: Floats) -> float | None:
    """Share of the variance of standardised children in their first principal component."""
    complete = rows[:, np.isfinite(rows).all(axis=0)]
    if len(rows) < 2 or complete.shape[1] < UNITS_MIN or (complete.std(axis=1) < EDGE).any():
        return None
    values = np.linalg.eigvalsh(np.corrcoef(complete))
    return float(values[-1] / values.sum())


def _of_node(node: Node, slots: Slots) -> Iterator[Check]:
    counted = [child for child in node.children if slots.weight[slots.at[node.code, child.code]] > 0]
    parent = node.combined.score
    squares: dict[str, float] = {}
    for child in counted:
        r = correlation(child.score, parent)
        if r is not None:
            squares[child.code] = r * r
            verdict = "opposite" if r < OPPOSITE else "weak" if r < WEAK else FINE
            yield Check("child_parent", node.code, child.code, "", r, WEAK, verdict)
    for at, child in enumerate(counted):
        for other in counted[at + 1 :]:
            r = correlation(child.score, other.score)
            if r is not None and r > REDUNDANT:
                yield Check("redundant", node.code, child.code, other.code, r, REDUNDANT, "redundant")
            elif r is not None and r < OPPOSITE:
                yield Check("redundant", node.code, child.code, other.code, r, OPPOSITE, "opposite")
    rows = np.array([child.score for child in counted])
    if len(counted) > 1:
        alpha, share = cronbach_alpha(rows), first_component(rows)
        if alpha is not None:
            yield Check("alpha", node.code, "", "", alpha, ALPHA, "incoherent" if alpha < ALPHA else FINE)
        if share is not None:
            verdict = "many_dimensions" if share < FIRST_COMPONENT else FINE
            yield Check("first_component", node.code, "", "", share, FIRST_COMPONENT, verdict)
    yield from _importance(node, slots, squares)


def _importance(node: Node, slots: Slots, squares: Mapping[str, float]) -> Iterator[Check]:
    """r^2 of each child with the node, as a share of all, against its weight as a share of all."""
    total = sum(squares.values())
    weights = {code: float(slots.weight[slots.at[node.code, code]]) for code in squares}
    whole = sum(weights.values())
    if len(squares) < 2 or total <= EDGE or whole <= 0:
        return
    for code, square in squares.items():
        gap = square / total - weights[code] / whole
        verdict = "overweighs" if gap > IMPORTANCE else "underweighs" if gap < -IMPORTANCE else FINE
        yield Check("importance", node.code, code, f"{weights[code] / whole:.3g}", square / total, IMPORTANCE, verdict)


def _misplaced(evaluation: Evaluation) -> Iterator[Check]:
    """Indicators closer to another child of the index than to their own."""
    tops = {node.code: node for node in evaluation.index.nodes}
    home = {leaf: top for top, node in tops.items() for leaf in _leaves(node)}
    for code, leaf in evaluation.leaves.items():
        own = correlation(leaf.share, tops[home[code]].combined.score)
        if own is None:
            continue
        others = {top: correlation(leaf.share, node.combined.score) for top, node in tops.items() if top != home[code]}
        known = {top: r for top, r in others.items() if r is not None}
        if known:
            top = max(known, key=lambda name: known[name])
            verdict = "misplaced" if known[top] > own and known[top] > WEAK else FINE
            yield Check("place", home[code], code, top, known[top], own, verdict)


def _leaves(node: Node) -> Iterator[str]:
    inner = {each.code for each in node.nodes}
    yield from (child.code for child in node.children if child.code not in inner)
    for each in node.nodes:
        yield from _leaves(each)


def _of_leaf(code: str, leaf: Leaf) -> Iterator[Check]:
    applicable = int(leaf.applicable.sum())
    if applicable == 0:
        return
    shares = leaf.share[np.isfinite(leaf.share)]
    lacking = float((is_missing(leaf.status) & leaf.applicable).sum() / applicable)
    yield Check("missing", leaf.group, code, "", lacking, MISSING, "mostly_missing" if lacking > MISSING else FINE)
    if len(shares) < UNITS_MIN:
        return
    floor, cap = float((shares <= EDGE).mean()), float((shares >= 1 - EDGE).mean())
    yield Check("floor", leaf.group, code, "", floor, EXTREME, "at_floor" if floor > EXTREME else FINE)
    yield Check("cap", leaf.group, code, "", cap, EXTREME, "at_cap" if cap > EXTREME else FINE)
    distinct = len(np.unique(shares))
    verdict = "few_values" if distinct < min(DISTINCT, len(shares)) else FINE
    yield Check("distinct", leaf.group, code, "", float(distinct), DISTINCT, verdict)
    size = leaf.column.denominator
    if np.isfinite(size).any():
        r = correlation(leaf.share, np.log(np.where(size > 0, size, np.nan)))
        if r is not None:
            yield Check("size", leaf.group, code, "", r, SIZE, "size_effect" if abs(r) > SIZE else FINE)


def _of_posts(code: str, leaf: Leaf, before: Mapping[str, Mapping[str, float]]) -> Iterator[Check]:
    """Posts of the whole cohort against those of the last final, as a part of their range then."""
    then = before.get("", {})
    span = abs(then.get("high", 0.0) - then.get("low", 0.0)) or max((abs(v) for v in then.values()), default=0.0)
    for name, number in then.items():
        row = leaf.reference.get(name)
        if row is None or span <= 0 or not np.isfinite(row).any():
            continue
        now = float(row[np.isfinite(row)][0])
        moved = abs(now - number) / span
        yield Check("posts", leaf.group, code, name, moved, POSTS, "posts_moved" if moved > POSTS else FINE)


def _verdicts(found: Sequence[Check]) -> list[str]:
    return sorted({one.verdict for one in found})

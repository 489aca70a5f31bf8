"""The reference set: every number of an evaluation that was taken from data, so that it can be frozen and used again.

In a provisional round these come from the last final edition, and a score moves only by its unit's own data; at the
final they are derived anew and stored with the edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Frozen numbers. `edition` names where they come from.

    `posts`: indicator -> group compared within (a peer group's code, or "" for all) -> name (`low`, `high`, `mean`,
    `sd`, `peer_max`, ...) -> number. `weights`: group ("" for the index) -> child -> weight. `cuts`: lower bounds of
    the bands, in the plan's order (highest first). `floors`: indicator -> the share that `floor` puts in place.
    """

    edition: str
    posts: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cuts: Numbers = ()
    floors: Mapping[str, float] = field(default_factory=dict)

"""Trends, movements, losses, freshness and the choice of plan and year."""

from __future__ import annotations

import itertools

from services.dashboard.domain import trend
from services.dashboard.domain.choice import choose_plan, choose_year, version_of, years_of
from services.dashboard.domain.freshness import STALE_SECONDS, Feed, Watermark, freshness
from services.dashboard.domain.standing import losses, standing_of
from services.dashboard.domain.trend import COMPARE_WEEKS, WEEK_MS
from shared.events.base import Names
from shared.events.plan import PlanState
from tests.services.dashboard.samples import indicator, score
from tests.support.sample_events import at

NOW_MS = at("2011-12-15T10:00")


def test_a_trend_is_the_same_in_whatever_order_its_points_come() -> None:
    found = []
    points = [(1, NOW_MS - 9 * WEEK_MS, 0.5), (2, NOW_MS - 5 * WEEK_MS, 0.6), (3, NOW_MS - 5 * WEEK_MS + 1, 0.7)]
    for order in itertools.permutations(points):
        held: trend.Stored = {}
        for revision, at_ms, index in (*order, *order):
            held = trend.with_point(held, at_ms=at_ms, revision=revision, index=index, rank=1)
        found.append(held)
    assert all(one == found[0] for one in found)
    assert [value for _, value in trend.points(found[0])] == [0.5, 0.7]


def test_a_trend_is_bounded() -> None:
    held: trend.Stored = {}
    for week in range(trend.POINTS_MAX + 20):
        held = trend.with_point(held, at_ms=week * WEEK_MS, revision=1, index=0.5, rank=1)
    assert len(held) == trend.POINTS_MAX


def test_movement_compares_with_the_score_of_four_weeks_ago() -> None:
    held: trend.Stored = {}
    for weeks, index, rank in ((8, 0.4, 9), (COMPARE_WEEKS, 0.5, 5), (1, 0.6, 4)):
        at_ms = NOW_MS - weeks * WEEK_MS
        held = trend.with_point(held, at_ms=at_ms, revision=9 - weeks, index=index, rank=rank)
    state = score(revision=9, index=0.65, at_ms=NOW_MS, rank=3)
    standing = standing_of({"state": state.model_dump(mode="json"), "trend": held}, NOW_MS)
    assert standing.movement is not None
    assert round(standing.movement, 6) == 0.15
    assert standing.places == 2


def test_there_is_no_movement_where_nothing_was_four_weeks_ago() -> None:
    held = trend.with_point({}, at_ms=NOW_MS - WEEK_MS, revision=1, index=0.5, rank=1)
    state = score(revision=1, index=0.5, at_ms=NOW_MS)
    assert standing_of({"state": state.model_dump(mode="json"), "trend": held}, NOW_MS).movement is None


def test_the_mean_course_counts_each_unit_from_its_first_point() -> None:
    first = [(0, 0.2), (WEEK_MS, 0.4)]
    second = [(WEEK_MS, 0.8)]
    assert trend.mean_course([first, second]) == ((0, 0.2), (WEEK_MS, (0.4 + 0.8) / 2))


def test_losses_are_the_greatest_first_and_leave_out_what_does_not_apply() -> None:
    found = losses(
        [
            indicator("A", points=20.0, points_max=25.0),
            indicator("B", points=0.0, points_max=30.0, status="not_reported"),
            indicator("C", points=None, points_max=None, status="not_applicable"),
            indicator("D", points=10.0, points_max=10.0),
        ]
    )
    assert [(loss.indicator.code, loss.points) for loss in found] == [("B", 30.0), ("A", 5.0)]


def test_pages_are_stale_when_we_are_behind_or_events_do_not_arrive() -> None:
    mark = Watermark({"report": 3}, NOW_MS - 500_000)
    assert not freshness(mark, Feed(True), NOW_MS).stale
    assert freshness(mark, Feed(True), NOW_MS).as_of_ms == NOW_MS
    behind = freshness(mark, Feed(True, STALE_SECONDS + 1), NOW_MS)
    assert behind.stale
    assert behind.as_of_ms == NOW_MS - 61_000
    away = freshness(mark, Feed(False), NOW_MS)
    assert away.stale
    assert away.as_of_ms == NOW_MS - 500_000


def _version(version: str, first: str, last: str | None, published_ms: int, plan: str = "P") -> PlanState:
    return PlanState(
        revision=1,
        plan=plan,
        version=version,
        names=Names(vi=plan, en=plan),
        effective_from=first,
        effective_to=last,
        sha256=version,
        published_at_ms=published_ms,
        document={},
    )


def test_plan_and_year_default_to_what_is_in_force_now() -> None:
    old = _version("1", "2006-01-01", "2010-12-31", 1, plan="OLD")
    new = _version("1", "2011-01-01", "2015-12-31", 2, plan="NEW")
    assert choose_plan([old, new], None, NOW_MS) == "NEW"
    assert choose_plan([old, new], "OLD", NOW_MS) == "OLD"
    assert choose_plan([old, new], "UNKNOWN", NOW_MS) == "NEW"
    assert choose_year(years_of([old], NOW_MS), None, NOW_MS) == 2010
    assert choose_year(years_of([new], NOW_MS), 2013, NOW_MS) == 2013
    assert choose_year(years_of([new], NOW_MS), 1990, NOW_MS) == 2011


def test_a_year_is_shown_under_the_version_that_was_in_force_for_it() -> None:
    first, second = _version("1", "2011-01-01", None, 1), _version("2", "2013-01-01", None, 2)
    assert version_of([first, second], 2012).version == "1"
    assert version_of([first, second], 2013).version == "2"

"""When digests are made."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.digests import digest_moments
from shared.plan.model import Digest, Monthly, Plan, Weekly

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY_MS = 86_400_000


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def said(moments: tuple[int, ...]) -> list[str]:
    return [
        datetime.fromtimestamp(ms / 1000, tz=UTC).astimezone(ZONE).isoformat(timespec="minutes")[:16] for ms in moments
    ]


def of(mic: Plan, audience: str) -> Digest:
    return next(digest for digest in mic.digests if digest.audience == audience)


def test_operations_hear_at_eight_on_working_days_only(mic: Plan) -> None:
    moments = digest_moments(mic, of(mic, "operations"), at("2011-01-31T08:00"), at("2011-02-09T08:00"))
    assert said(moments) == ["2011-02-01T08:00", "2011-02-08T08:00", "2011-02-09T08:00"]


def test_the_standing_body_hears_on_mondays_even_when_off(mic: Plan) -> None:
    moments = digest_moments(mic, of(mic, "standing_body"), at("2011-01-31T08:00"), at("2011-02-14T08:00"))
    assert said(moments) == ["2011-02-07T08:00", "2011-02-14T08:00"]


def test_the_leadership_hears_monthly_and_after_each_quarter(mic: Plan) -> None:
    moments = digest_moments(mic, of(mic, "leadership"), at("2011-01-01T00:00"), at("2011-06-30T00:00"))
    assert said(moments) == [
        "2011-01-04T08:00",  # 1 January is a holiday, 3 January its substitute
        "2011-02-01T08:00",
        "2011-03-01T08:00",
        "2011-03-18T08:00",  # due 16 March
        "2011-04-01T08:00",
        "2011-05-04T08:00",  # 30 April to 3 May are off
        "2011-06-01T08:00",
        "2011-06-20T08:00",  # due Thursday 16 June
    ]


def test_day_31_is_the_last_day_of_a_month_and_may_shift_into_the_next(mic: Plan) -> None:
    digest = of(mic, "leadership").model_copy(update={"schedules": (Monthly(kind="monthly", day=31),)})
    moments = digest_moments(mic, digest, at("2011-02-01T00:00"), at("2011-08-02T00:00"))
    assert said(moments) == [
        "2011-02-28T08:00",
        "2011-03-31T08:00",
        "2011-05-04T08:00",  # Saturday 30 April
        "2011-05-31T08:00",
        "2011-06-30T08:00",
        "2011-08-01T08:00",  # Sunday 31 July
    ]


def test_the_window_is_open_below_and_closed_above(mic: Plan) -> None:
    digest = of(mic, "standing_body")
    monday = at("2011-02-14T08:00")
    assert digest_moments(mic, digest, monday - 1, monday) == (monday,)
    assert digest_moments(mic, digest, monday, monday + 1) == ()
    assert digest_moments(mic, digest, monday, monday) == ()
    assert digest_moments(mic, digest, monday, monday - DAY_MS) == ()


def test_digests_end_with_the_plan_but_follow_its_last_period(mic: Plan) -> None:
    from_then = at("2015-12-15T00:00")
    assert said(digest_moments(mic, of(mic, "leadership"), from_then, at("2016-12-31T00:00"))) == ["2015-12-18T08:00"]
    assert said(digest_moments(mic, of(mic, "standing_body"), from_then, at("2016-12-31T00:00"))) == [
        "2015-12-21T08:00",
        "2015-12-28T08:00",
    ]


@given(
    start=st.integers(at("2011-01-01T00:00"), at("2015-12-01T00:00")),
    cuts=st.lists(st.integers(0, 120 * DAY_MS), min_size=1, max_size=4).map(sorted),
    audience=st.sampled_from(["operations", "standing_body", "leadership"]),
)
@settings(derandomize=True, max_examples=40, deadline=None)
def test_windows_side_by_side_lose_and_repeat_nothing(mic: Plan, start: int, cuts: list[int], audience: str) -> None:
    digest = of(mic, audience)
    edges = [start, *(start + cut for cut in cuts)]
    pieces = [m for low, high in pairwise(edges) for m in digest_moments(mic, digest, low, high)]
    assert tuple(pieces) == digest_moments(mic, digest, edges[0], edges[-1])


def test_two_schedules_at_one_moment_make_one_digest(mic: Plan) -> None:
    schedules = (Weekly(kind="weekly", weekday=2), Monthly(kind="monthly", day=1))
    digest = of(mic, "leadership").model_copy(update={"schedules": schedules})
    assert said(digest_moments(mic, digest, at("2011-02-28T09:00"), at("2011-03-02T00:00"))) == ["2011-03-01T08:00"]

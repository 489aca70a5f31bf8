"""Events reach the read models by revision: twice, late and out of order they leave the same state."""

from __future__ import annotations

import itertools

import pytest

from services.dashboard.consumer import subscriptions
from services.dashboard.repository.alerts import Alerts
from services.dashboard.repository.obligations import Obligations
from services.dashboard.repository.scores import Scores
from shared.errors import Permanent
from shared.events.catalog import CATALOG
from shared.events.envelope import Envelope
from tests.services.dashboard.conftest import Running
from tests.services.dashboard.samples import DUE_MS, PLAN, alert, obligation, received, score
from tests.support.sample_events import NOW_MS, envelope

pytestmark = pytest.mark.anyio


async def test_the_newest_revision_stands_in_whatever_order_events_come(empty: Running) -> None:
    states = [obligation(revision=1), received("ON_TIME", DUE_MS, revision=2), obligation(revision=3, outcome="WAIVED")]
    held = Obligations(empty.dashboard.store)
    for number, order in enumerate(itertools.permutations(states)):
        unit = f"U{number}"
        renamed = [one.model_copy(update={"obligation": f"obligation-{unit}", "unit": unit}) for one in order]
        await empty.apply(*renamed, *renamed)
        assert [one.outcome for one in await held.of_unit(PLAN, 2011, unit)] == ["WAIVED"]


async def test_a_duplicate_is_not_counted_and_announced_again(empty: Running) -> None:
    with empty.dashboard.live.seat() as listener:
        await empty.apply(obligation())
        assert "matrix" in await listener.changes(within_seconds=1)
        await empty.apply(obligation())
        assert await listener.changes(within_seconds=0.01) == []
    assert empty.dashboard.progress.watermark().events == 1


async def test_a_late_older_score_belongs_to_the_course_but_not_to_the_standing(empty: Running) -> None:
    week_ms = 7 * 86_400_000
    await empty.apply(score(revision=2, index=0.7, at_ms=NOW_MS), score(revision=1, index=0.5, at_ms=NOW_MS - week_ms))
    (standing,) = await Scores(empty.dashboard.store).standings(PLAN, 2011, NOW_MS)
    assert standing.index == 0.7
    assert [value for _, value in standing.course] == [0.5, 0.7]


async def test_a_resolved_alert_leaves_the_inbox(empty: Running) -> None:
    alerts = Alerts(empty.dashboard.store)
    await empty.apply(alert(1), alert(2))
    assert (await alerts.live_by_severity(PLAN))["medium"] == 2
    await empty.apply(alert(1, phase="RESOLVED", revision=2))
    assert (await alerts.live_by_severity(PLAN))["medium"] == 1
    assert [one.alert for one in (await alerts.newest(PLAN, live_only=True, limit=10)).items] == ["alert-0002"]


@pytest.mark.parametrize("kind", ["report.unheard_of.v1", "nonsense", "obligation.changed.v1"])
async def test_an_unreadable_event_is_refused_for_good(empty: Running, kind: str) -> None:
    event = envelope(obligation(), NOW_MS).model_copy(update={"type": kind, "data": {"revision": 1}})
    with pytest.raises(Permanent):
        await empty.dashboard.apply(Envelope.model_validate(event.model_dump()))


async def test_the_count_is_stored_at_each_pass_and_read_at_start(empty: Running) -> None:
    progress = empty.dashboard.progress
    await empty.apply(obligation(), alert(1))
    assert await progress.flush(NOW_MS) == 2
    assert await progress.flush(NOW_MS) == 0
    await empty.apply(alert(2))
    assert dict(progress.watermark().applied) == {"obligation": 1, "alert": 2}


async def test_what_another_instance_applied_is_announced(empty: Running) -> None:
    from services.dashboard.repository.watermarks import Watermarks

    await empty.dashboard.progress.load()
    with empty.dashboard.live.seat() as listener:
        await Watermarks(empty.dashboard.store).add({"score": 1}, NOW_MS)
        await empty.dashboard.progress.flush(NOW_MS)
        assert "ranking" in await listener.changes(within_seconds=1)


def test_every_noun_that_the_catalogue_gives_us_is_subscribed() -> None:
    async def handler(_: Envelope) -> None: ...

    ours = {f"tiendo.{row.name.split('.')[0]}.>" for row in CATALOG if "dashboard" in row.consumers}
    assert set(subscriptions(handler)) == ours

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from shared.errors import Transient
from shared.telemetry.health import Check, Health
from shared.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio


def test_every_metric_is_declared_with_a_sentence_and_told_in_the_text() -> None:
    metrics = Metrics()
    declared = [held for held in vars(metrics).values() if isinstance(held, (Counter, Gauge, Histogram))]
    assert len(declared) == 14
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    ours = {
        name: family
        for name, family in families.items()
        if name.startswith("tiendo_") and not name.endswith("_created")
    }
    assert len(ours) == len(declared)
    for name, family in ours.items():
        assert family.documentation.endswith("."), name
        assert family.type != "histogram" or name.endswith("_seconds"), name


def test_two_services_in_one_process_do_not_share_their_numbers() -> None:
    first, second = Metrics(), Metrics()
    first.reports.labels("created").inc(3)
    assert first.registry.get_sample_value("tiendo_reports_total", {"outcome": "created"}) == 3
    assert second.registry.get_sample_value("tiendo_reports_total", {"outcome": "created"}) is None


def test_a_late_reminder_falls_into_the_bucket_of_the_objective() -> None:
    metrics = Metrics()
    for seconds in (10, 899, 901):
        metrics.reminder_delay_seconds.observe(seconds)
    within = metrics.registry.get_sample_value("tiendo_reminder_delay_seconds_bucket", {"le": "900.0"})
    assert within == 2


async def works() -> None:
    return None


async def hangs() -> None:
    await asyncio.Event().wait()


async def away() -> None:
    raise Transient("nobody answers")


async def breaks() -> None:
    raise OSError("mongodb://user:s3cret@db refused")


async def test_readiness_names_what_is_missing_why_and_how_to_mend_it() -> None:
    health = Health(
        [
            Check("store", works, "start the store"),
            Check("broker", hangs, "start the broker", timeout_seconds=0.02),
            Check("plan", away, "publish a plan"),
        ]
    )
    health.add(Check("disk", breaks, "look at the disk"))
    ready, found = await health.readiness()
    assert not ready
    assert found["checks"] == [
        {"name": "store", "ok": True},
        {"name": "broker", "ok": False, "reason": "no answer within 0.02 s", "mend": "start the broker"},
        {"name": "plan", "ok": False, "reason": "nobody answers", "mend": "publish a plan"},
        {"name": "disk", "ok": False, "reason": "OSError", "mend": "look at the disk"},
    ]
    assert "s3cret" not in str(found)


async def test_a_service_without_needs_is_ready_until_it_stops() -> None:
    health = Health()
    assert (await health.readiness())[0]
    health.stop()
    assert (await health.readiness()) == (False, {"ready": False, "stopping": True, "checks": []})

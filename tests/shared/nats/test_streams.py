"""Streams as data: who owns a subject, what a durable is called, what counts as a difference."""

from __future__ import annotations

import pytest

from shared.errors import Permanent
from shared.events.catalog import CATALOG
from shared.nats.streams import (
    COMMON,
    GIB,
    INTAKE,
    OWNED,
    ConsumerSpec,
    consumer_config,
    differences,
    durable_name,
    matches,
    owner_of,
    stream_config,
)


def test_every_event_of_the_catalogue_belongs_to_the_stream_of_its_producer() -> None:
    for row in CATALOG:
        assert owner_of(f"tiendo.{row.name}.some-key").name == row.producer.upper()


def test_no_subject_belongs_to_two_streams() -> None:
    subjects = [subject for spec in (*OWNED, *COMMON) for subject in spec.subjects]
    assert len(set(subjects)) == len(subjects)


def test_all_streams_together_fit_eight_gibibytes_of_reserved_disk() -> None:
    assert sum(spec.bytes_max for spec in (*OWNED, *COMMON)) < 8 * GIB


@pytest.mark.parametrize(
    ("pattern", "subject", "wanted"),
    [
        ("tiendo.report.>", "tiendo.report.changed.v1.u1", True),
        ("tiendo.report.>", "tiendo.report", False),
        ("tiendo.report.>", "tiendo.reporter.changed", False),
        ("tiendo.*.changed", "tiendo.unit.changed", True),
        ("tiendo.*.changed", "tiendo.unit.changed.v1", False),
        ("tiendo.report.>", "tiendo.>", False),
        ("tiendo.report.>", "tiendo.report.changed.>", True),
        ("tiendo.report.changed", "tiendo.report.>", False),
        ("tiendo.report.changed", "tiendo.report.*", False),
    ],
)
def test_wildcards_are_whole_tokens(pattern: str, subject: str, wanted: bool) -> None:
    assert matches(pattern, subject) is wanted


def test_a_pattern_that_no_single_stream_holds_is_refused() -> None:
    for pattern in ("tiendo.>", "tiendo.*.changed.v1.u1", "other.report.>"):
        with pytest.raises(Permanent, match="no stream owns"):
            owner_of(pattern)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("tiendo.report.>", "scoring-report"),
        ("tiendo.report.changed.v1.>", "scoring-report-changed-v1"),
        ("tiendo.*.changed.>", "scoring-changed"),
    ],
)
def test_a_durable_is_named_after_service_and_pattern(pattern: str, name: str) -> None:
    assert durable_name("scoring", pattern) == name


def test_a_stream_never_forgets_silently() -> None:
    for spec in (*OWNED, *COMMON):
        config = stream_config(spec)
        assert (config["discard"], config["storage"], config["retention"]) == ("new", "file", "limits")
        assert config["deny_delete"] is config["deny_purge"] is True
        assert config["duplicate_window"] == 600 * 10**9
        assert min(config["max_bytes"], config["max_msgs"], config["max_age"], config["max_msg_size"]) > 0


def test_a_consumer_sets_neither_backoff_nor_a_bound_on_deliveries() -> None:
    config = consumer_config(ConsumerSpec("scoring-report", "INTAKE", "tiendo.report.>", ack_wait_seconds=1.5))
    assert "backoff" not in config
    assert (config["max_deliver"], config["ack_wait"]) == (-1, 1_500_000_000)


def test_a_difference_names_the_field_and_both_values() -> None:
    declared = stream_config(INTAKE)
    assert differences(declared, {**declared, "cluster": "x"}) == {}
    assert differences(declared, {**declared, "max_bytes": 5}) == {"max_bytes": (GIB, 5)}


def test_a_field_that_an_old_server_ignored_is_a_difference() -> None:
    declared = stream_config(INTAKE)
    echoed = {name: value for name, value in declared.items() if name != "deny_purge"}
    assert differences(declared, echoed) == {"deny_purge": (True, None)}


def test_what_somebody_added_by_hand_is_a_difference() -> None:
    declared = consumer_config(ConsumerSpec("a", "INTAKE", "tiendo.report.>"))
    assert differences(declared, {**declared, "backoff": [1]}) == {"backoff": (None, [1])}

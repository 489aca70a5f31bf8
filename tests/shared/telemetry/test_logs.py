from __future__ import annotations

import logging
import warnings

import pytest
import structlog
from pydantic import SecretStr

from shared.clock import FixedClock
from shared.telemetry.correlation import correlated
from shared.telemetry.redaction import REDACTED, redacted
from shared.telemetry.tracing import Tracing
from tests.shared.telemetry.captured import captured_logs, lines_of

log = structlog.stdlib.get_logger("tests")


def test_a_line_has_time_service_correlation_and_trace() -> None:
    tracing = Tracing(service="test")
    with captured_logs(clock=FixedClock(1_300_000_000_123)) as stream, correlated("r-1"):
        with tracing.span_from(None, "work") as span:
            log.info("report.accepted", unit="Cục Tin học", versions=3)
        log.info("later")
    first, later = lines_of(stream)
    context = span.get_span_context()
    assert first == {
        "event": "report.accepted",
        "level": "info",
        "time": "2011-03-13T07:06:40.123Z",
        "service": "test",
        "correlation_id": "r-1",
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "unit": "Cục Tin học",
        "versions": 3,
    }
    assert "trace_id" not in later


def test_lines_of_libraries_have_the_same_shape_and_only_what_needs_attention() -> None:
    with captured_logs() as stream, correlated("r-2"):
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("nats").warning("slow consumer %s", "a")
        logging.getLogger("motor").info("connected")
        try:
            raise KeyError("inside")
        except KeyError:
            logging.getLogger("uvicorn.error").exception("failed")
    slow, connected, failed = lines_of(stream)
    assert (slow["event"], slow["level"], slow["logger"]) == ("slow consumer a", "warning", "nats")
    assert (slow["service"], slow["correlation_id"]) == ("test", "r-2")
    assert connected["event"] == "connected"
    assert "KeyError: 'inside'" in failed["exception"]


def test_warnings_of_python_reach_the_log() -> None:
    with captured_logs() as stream, warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old thing", stacklevel=1)
    (line,) = lines_of(stream)
    assert "old thing" in line["event"]


def test_the_level_filters_and_a_later_call_takes_effect_for_older_loggers() -> None:
    with captured_logs(level="warning") as quiet:
        log.info("not written")
        log.warning("written")
    with captured_logs(level="debug") as loud:
        log.debug("written now")
    assert [line["event"] for line in lines_of(quiet)] == ["written"]
    assert [line["event"] for line in lines_of(loud)] == ["written now"]


def test_the_console_format_is_text_for_people() -> None:
    with captured_logs(format="console") as stream:
        log.info("report.accepted", unit="VCNTT")
    text = stream.getvalue().decode()
    assert "report.accepted" in text
    assert "unit=VCNTT" in text
    assert "{" not in text


def test_secrets_do_not_reach_the_log() -> None:
    with captured_logs() as stream:
        log.info(
            "asked",
            token="s3cret",
            headers={"Authorization": "Bearer s3cret", "Host": "t"},
            keys=[{"api_key": "s3cret"}],
            store_url="mongodb://intake:s3cret@db/",
            held=SecretStr("s3cret"),
        )
        logging.getLogger("nats").error("cannot reach nats://notify:s3cret@broker")
    assert b"s3cret" not in stream.getvalue()
    first, second = lines_of(stream)
    assert first["headers"] == {"Authorization": REDACTED, "Host": "t"}
    assert first["store_url"] == f"mongodb://{REDACTED}@db/"
    assert second["event"] == f"cannot reach nats://{REDACTED}@broker"


@pytest.mark.parametrize("name", ["token", "Password", "X-Api-Key", "session_cookie", "nats_password", "key"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert redacted({name: "held"}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["keyboard", "tokens_counted", "monkey", "unit"])
def test_harmless_names_are_left_alone(name: str) -> None:
    assert redacted({name: "held"}) == {name: "held"}


def test_what_is_nested_too_deeply_is_left_out() -> None:
    nested: dict[str, object] = {"token": "s3cret"}
    for _ in range(10):
        nested = {"in": nested}
    assert "s3cret" not in str(redacted(nested))

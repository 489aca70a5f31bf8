"""Every metric of the platform, declared once with a sentence and its unit.

`prometheus_client` with a registry per `Metrics`, not OpenTelemetry's Prometheus reader: an own registry keeps two
applications in one process apart, a sentence becomes the HELP line, and an increment costs about a microsecond.
Ages and depths are gauges set by whoever knows them (relay, consumer) when they look.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WORK_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
_REMINDER_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400)


class Metrics:
    """The metrics of one service. Labels take few values: types, outcomes, routes; never ids, units or people."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._declare_edges()
        self._declare_work()
        self._declare_notices()

    def _declare_edges(self) -> None:
        self.http_request_seconds = self._histogram(
            "http_request_seconds",
            "Seconds from the arrival of an HTTP request to the end of its answer.",
            ("method", "route", "status"),
            _REQUEST_SECONDS,
        )
        self.consumer_handled = self._counter(
            "consumer_handled", "Messages that a consumer finished, by outcome.", ("consumer", "outcome")
        )
        self.consumer_behind_seconds = self._gauge(
            "consumer_behind_seconds", "Age in seconds of the oldest message not yet acknowledged.", ("consumer",)
        )
        self.outbox_depth = self._gauge("outbox_depth", "Documents that carry unpublished events.", ())
        self.outbox_oldest_age_seconds = self._gauge(
            "outbox_oldest_age_seconds", "Age in seconds of the oldest unpublished event.", ()
        )
        self.dead_letters = self._counter(
            "dead_letters", "Messages given up and kept as dead letters.", ("consumer", "event_type")
        )

    def _declare_work(self) -> None:
        self.reports = self._counter("reports", "Reports submitted, by outcome.", ("outcome",))
        self.ledger_faults = self._counter(
            "ledger_faults", "Answers that showed figures of the ledger that cannot be, by kind.", ("kind",)
        )
        self.evaluations_computed = self._counter(
            "evaluations_computed", "Annual evaluations computed, by outcome.", ("outcome",)
        )
        self.evaluation_seconds = self._histogram(
            "evaluation_seconds", "Seconds to compute one annual evaluation of all units.", (), _WORK_SECONDS
        )

    def _declare_notices(self) -> None:
        self.notices = self._counter(
            "notices", "Notices decided on, sent or not, by kind and the reason of the decision.", ("kind", "reason")
        )
        self.deliveries = self._counter("deliveries", "Deliveries that reached a state.", ("channel", "state"))
        self.reminder_delay_seconds = self._histogram(
            "reminder_delay_seconds", "Seconds from when a reminder was due until it was sent.", (), _REMINDER_SECONDS
        )
        self.reminders_on_time_ratio = self._gauge(
            "reminders_on_time_ratio", "Share of the due reminders of 28 days that left within 15 minutes.", ()
        )

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, sentence: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"tiendo_{name}", sentence, labels, registry=self.registry)

    def _gauge(self, name: str, sentence: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"tiendo_{name}", sentence, labels, registry=self.registry)

    def _histogram(self, name: str, sentence: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"tiendo_{name}", sentence, labels, buckets=buckets, registry=self.registry)

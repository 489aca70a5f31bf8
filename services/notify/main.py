"""Composition root of notify: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI

from services.notify import consumer, schedule
from services.notify.channels.email import Email, Server
from services.notify.channels.letters import Letters
from services.notify.handlers.alerts import AlertDesk
from services.notify.handlers.deliver import Deliver
from services.notify.handlers.digest import MakeDigests
from services.notify.handlers.follow import Follow
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.handlers.ports import Channel
from services.notify.handlers.remind import Remind
from services.notify.handlers.tell_alerts import TellAlerts
from services.notify.handlers.watch import Raise, Watch
from services.notify.handlers.why import Why
from services.notify.repository.alerts import Alerts
from services.notify.repository.collections import COLLECTIONS, EMITTING
from services.notify.repository.deliveries import Deliveries
from services.notify.repository.digests import Digests
from services.notify.repository.ledger import Ledger
from services.notify.repository.plans import Plans
from services.notify.repository.reminders import Reminders
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES, Source
from services.notify.repository.units import Units
from services.notify.routes.alerts import alert_routes
from services.notify.routes.deliveries import delivery_routes
from services.notify.routes.digests import digest_routes
from services.notify.routes.reminders import reminder_routes
from services.notify.settings import NotifySettings
from shared.clock import Clock
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.streams import NOTIFY
from shared.schedule import Job, Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, internal_routes, run_until_stopped, settled_answer, watch
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.metrics import Metrics
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


class Books:
    """The repositories, one per collection."""

    def __init__(self, store: Documents) -> None:
        self.plans = Plans(store)
        self.units = Units(store)
        self.ledger = Ledger(store)
        self.reports: Source[ReportState] = Source(store, REPORTS, ReportState)
        self.scores: Source[ScoreState] = Source(store, SCORES, ScoreState)
        self.evaluations: Source[EvaluationState] = Source(store, EVALUATIONS, EvaluationState)
        self.reminders = Reminders(store)
        self.alerts = Alerts(store)
        self.deliveries = Deliveries(store)
        self.digests = Digests(store)

    async def due(self, now_ms: int) -> int:
        """How much work is due and not done at an instant. Counted in the store, so it is exact for all instances."""
        counts = (
            await self.ledger.count_due(now_ms),
            await self.reports.count_due(now_ms),
            await self.scores.count_due(now_ms),
            await self.units.count_due(now_ms),
            await self.reminders.count_due(now_ms),
            await self.alerts.count_notice_due(now_ms),
            await self.digests.count_unfinished(),
            await self.deliveries.count_due(now_ms),
        )
        return sum(counts)


class Work:
    """The handlers that the clock and the broker drive."""

    def __init__(
        self,
        books: Books,
        *,
        writer: Letters,
        channels: Mapping[str, Channel],
        clock: Clock,
        metrics: Metrics,
        instance: str,
        at_once: int,
    ) -> None:
        self.follow = Follow(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            reports=books.reports,
            scores=books.scores,
            evaluations=books.evaluations,
        )
        self.plan_rungs = PlanRungs(plans=books.plans, ledger=books.ledger, reminders=books.reminders)
        self.remind = Remind(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            reminders=books.reminders,
            deliveries=books.deliveries,
            writer=writer,
            raise_alert=Raise(books.alerts),
            notices=metrics.notices,
            delay=metrics.reminder_delay_seconds,
        )
        self.watch = Watch(
            plans=books.plans,
            units=books.units,
            obligations=books.ledger,
            reports=books.reports,
            scores=books.scores,
            alerts=books.alerts,
        )
        self.tell_alerts = TellAlerts(
            plans=books.plans,
            units=books.units,
            alerts=books.alerts,
            deliveries=books.deliveries,
            writer=writer,
            notices=metrics.notices,
        )
        self.make_digests = MakeDigests(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            scores=books.scores,
            evaluations=books.evaluations,
            alerts=books.alerts,
            deliveries=books.deliveries,
            digests=books.digests,
            writer=writer,
            notices=metrics.notices,
        )
        self.deliver = Deliver(
            deliveries=books.deliveries,
            channels=channels,
            clock=clock,
            counter=metrics.deliveries,
            instance=instance,
            at_once=at_once,
        )


@dataclass(slots=True)
class Notify:
    """The composed service. `work` and `books` are for tests that need no broker."""

    app: FastAPI
    work: Work
    books: Books
    store: Documents
    broker: Broker
    schedule: Schedule
    telemetry: Telemetry

    async def start(self) -> None:
        """Begin to listen and to look at what is due; a broker that is away is waited for in the background."""
        await self.work.deliver.resume()
        await self.broker.start()
        self.schedule.start()

    async def stop(self) -> None:
        """Stop in reverse. What was interrupted is finished by the next start. May be called without `start`."""
        self.telemetry.health.stop()
        await self.schedule.stop()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.store.aclose()
        await self.telemetry.aclose()


async def compose(
    settings: NotifySettings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
    store: Documents | None = None,
) -> Notify:
    """The service, not yet started. `clock`, `channels` and `store` replace those that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="notify", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="notify", collections=COLLECTIONS)
    books = Books(store)
    work = Work(
        books,
        writer=Letters(dashboard_url=settings.dashboard_url),
        channels=channels or {"email": Email(smtp_server(settings), clock)},
        clock=clock,
        metrics=telemetry.metrics,
        instance=settings.instance or socket.gethostname(),
        at_once=settings.mail_at_once,
    )
    broker = broker_of(
        settings,
        service="notify",
        store=store,
        clock=clock,
        telemetry=telemetry,
        owned=NOTIFY,
        emitting=EMITTING,
        subscriptions=consumer.subscriptions(work.follow),
    )
    every = Schedule(clock=clock, every_seconds=settings.schedule_seconds, jobs=_jobs(work))
    app = _app(settings, clock=clock, telemetry=telemetry, books=books, broker=broker, every=every, work=work)
    watch(telemetry, store=store, broker=broker, schedule=every)
    return Notify(app, work, books, store, broker, every, telemetry)


def smtp_server(settings: NotifySettings) -> Server:
    """The mail server that the settings name."""
    password = settings.smtp_password
    return Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_sender,
        sender_name=settings.mail_sender_name,
        start_tls=settings.smtp_start_tls,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        timeout_seconds=settings.smtp_timeout_seconds,
    )


def _jobs(work: Work) -> tuple[Job, ...]:
    return schedule.jobs(
        plan_rungs=work.plan_rungs,
        remind=work.remind,
        watch=work.watch,
        tell_alerts=work.tell_alerts,
        make_digests=work.make_digests,
        deliver=work.deliver,
    )


def _app(
    settings: NotifySettings,
    *,
    clock: Clock,
    telemetry: Telemetry,
    books: Books,
    broker: Broker,
    every: Schedule,
    work: Work,
) -> FastAPI:
    why = Why(
        ledger=books.ledger,
        reminders=books.reminders,
        alerts=books.alerts,
        alert_pages=books.alerts,
        deliveries=books.deliveries,
    )
    routers = [
        reminder_routes(books.reminders),
        alert_routes(books.alerts, AlertDesk(books.alerts, books.plans), clock),
        delivery_routes(books.deliveries, why),
        digest_routes(books.digests),
    ]
    if settings.profile == "local":

        async def settled() -> dict[str, int]:
            before = await books.due(clock.now_ms()) + work.deliver.in_flight
            answer = await settled_answer(broker, every, dirty=before)
            return {**answer, "dirty": answer["dirty"] + await books.due(clock.now_ms()) + work.deliver.in_flight}

        routers.append(internal_routes(settled))
    authenticator = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    return create_app(
        title="Tiendo notify",
        version=VERSION,
        summary="Reminders, inspection alerts, digests and their deliveries.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([authenticator]),
    )


async def run(settings: NotifySettings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(NotifySettings()))


if __name__ == "__main__":
    main()

"""Composition root of notify: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI

from services.notify import consumer, schedule
from services.notify.channels.apprise import CHAT_CHARACTERS_MAX, SMS_CHARACTERS_MAX, Apprise, Service
from services.notify.channels.calendar_words import sayings
from services.notify.channels.email import Email, Server
from services.notify.channels.letters import Letters
from services.notify.channels.pages import Foot
from services.notify.channels.press import Press
from services.notify.channels.webhook import Rules as WebhookRules
from services.notify.channels.webhook import Webhook, networks
from services.notify.channels.webhook import fault_of as webhook_fault
from services.notify.domain.links import Links
from services.notify.domain.silences import Outage, Silence
from services.notify.handlers.admit import Admit, StillOwed
from services.notify.handlers.alerts import AlertDesk
from services.notify.handlers.auditor import Auditor
from services.notify.handlers.bounces import TakeBounces
from services.notify.handlers.deliver import Deliver
from services.notify.handlers.desk import DeliveryDesk
from services.notify.handlers.digest import MakeDigests
from services.notify.handlers.digest_content import DigestContent
from services.notify.handlers.digest_pinned import PinnedDigests
from services.notify.handlers.digest_ports import Press as DigestPress
from services.notify.handlers.digest_preview import PreviewDigest
from services.notify.handlers.digest_sources import InspectionsTold, SilencesTold
from services.notify.handlers.draws import DrawDesk
from services.notify.handlers.fall_back import FallBack
from services.notify.handlers.feeds import FeedDesk
from services.notify.handlers.fold import Fold
from services.notify.handlers.follow import Follow
from services.notify.handlers.inspections import InspectionDesk
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.handlers.ports import Channel, Writer
from services.notify.handlers.preferences import CHAIN, AddressDesk, PreferenceDesk, target_check
from services.notify.handlers.remind import Remind
from services.notify.handlers.remind_inspections import RemindInspections
from services.notify.handlers.silences import SilenceDesk
from services.notify.handlers.slo import ReminderLevel
from services.notify.handlers.tell_alerts import TellAlerts
from services.notify.handlers.unreached import Unreached
from services.notify.handlers.watch import Raise, Watch
from services.notify.handlers.watch_inspections import WatchInspections
from services.notify.handlers.why import Why
from services.notify.repository.addresses import Addresses
from services.notify.repository.alerts import Alerts
from services.notify.repository.budgets import Budgets
from services.notify.repository.collections import COLLECTIONS, EMITTING
from services.notify.repository.deliveries import Deliveries
from services.notify.repository.digests import Digests
from services.notify.repository.enclosures import Enclosures
from services.notify.repository.feeds import Feeds
from services.notify.repository.groups import Groups
from services.notify.repository.inspections import (
    ChangedInspections,
    HeldInspection,
    InspectionDraws,
    InspectionNudges,
    Inspections,
)
from services.notify.repository.ledger import Ledger
from services.notify.repository.numbers import Numbers
from services.notify.repository.plans import Plans
from services.notify.repository.preferences import PreferenceBook
from services.notify.repository.reminders import Reminders
from services.notify.repository.silences import OUTAGES, SILENCES, Windows
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES, Source
from services.notify.repository.units import Units
from services.notify.routes.alerts import alert_routes
from services.notify.routes.deliveries import delivery_routes
from services.notify.routes.digests import digest_routes
from services.notify.routes.feeds import feed_routes
from services.notify.routes.inspections import draw_routes, finding_routes, inspection_routes
from services.notify.routes.preferences import preference_routes
from services.notify.routes.reminders import reminder_routes
from services.notify.routes.silences import silence_routes
from services.notify.routes.slo import slo_routes
from services.notify.routes.unsubscribe import unsubscribe_routes
from services.notify.settings import NotifySettings
from shared.audit.log import AskAudit, Audit
from shared.audit.mend import Mend
from shared.clock import Clock
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.http import refusals
from shared.http.app import Limits, create_app
from shared.http.audit import audit_routes
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.streams import NOTIFY
from shared.schedule import Job, Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, internal_routes, run_until_stopped, settled_answer, watch
from shared.store.audit_chain import AuditChain
from shared.store.documents import Documents
from shared.store.looked import LookedUntil
from shared.store.open import open_store
from shared.telemetry.metrics import Metrics
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


class Books:
    """The repositories, one per collection."""

    def __init__(self, store: Documents) -> None:
        self.plans = Plans(store)
        self.preferences = PreferenceBook(store)
        self.addresses = Addresses(store)
        self.budgets = Budgets(store)
        self.units = Units(store, self.preferences.languages)
        self.ledger = Ledger(store)
        self.reports: Source[ReportState] = Source(store, REPORTS, ReportState)
        self.scores: Source[ScoreState] = Source(store, SCORES, ScoreState)
        self.evaluations: Source[EvaluationState] = Source(store, EVALUATIONS, EvaluationState)
        self.reminders = Reminders(store)
        self.alerts = Alerts(store)
        self.groups = Groups(store)
        self.silences: Windows[Silence] = Windows(store, SILENCES, Silence)
        self.outages: Windows[Outage] = Windows(store, OUTAGES, Outage)
        self.numbers = Numbers(store)
        self.deliveries = Deliveries(store)
        self.digests = Digests(store)
        self.enclosures = Enclosures(store)
        self.inspections = Inspections(store)
        self.inspection_draws = InspectionDraws(store)
        self.inspection_nudges = InspectionNudges(store)
        self.audit_chain = AuditChain(store)
        self.changed_inspections = ChangedInspections(store)
        self.looked_until = LookedUntil(store)
        self.feeds = Feeds(store)

    async def due(self, now_ms: int) -> int:
        """How much work is due and not done at an instant. Counted in the store, so it is exact for all instances."""
        counts = (
            await self.ledger.count_due(now_ms),
            await self.reports.count_due(now_ms),
            await self.scores.count_due(now_ms),
            await self.units.count_due(now_ms),
            await self.reminders.count_due(now_ms),
            await self.alerts.count_work_due(now_ms),
            await self.groups.count_due(now_ms),
            await self.silences.count_due(now_ms),
            await self.outages.count_due(now_ms),
            await self.digests.count_unfinished(),
            await self.inspections.count_due(now_ms),
            await self.inspection_nudges.count_due(now_ms),
            await self.deliveries.count_due(now_ms),
        )
        return sum(counts)


class InspectionWork:
    """Inspections: what people do about them, and what the clock does."""

    def __init__(self, books: Books, *, letters: Letters, audit: Audit, clock: Clock, metrics: Metrics) -> None:
        raise_alerts = Raise(books.alerts, books.plans)
        self.mend = Mend(changes=books.changed_inspections, looked=books.looked_until, lines=books.audit_chain)
        self.desk: InspectionDesk[HeldInspection] = InspectionDesk(
            plans=books.plans,
            units=books.units,
            alerts=books.alerts,
            inspections=books.inspections,
            draws=books.inspection_draws,
            audit=audit,
            clock=clock,
        )
        self.draws = DrawDesk(
            plans=books.plans, units=books.units, draws=books.inspection_draws, audit=audit, clock=clock
        )
        self.watch: WatchInspections[HeldInspection] = WatchInspections(
            plans=books.plans,
            inspections=books.inspections,
            nudges=books.inspection_nudges,
            raise_alerts=raise_alerts,
        )
        self.remind = RemindInspections(
            plans=books.plans,
            units=books.units,
            inspections=books.inspections,
            nudges=books.inspection_nudges,
            deliveries=books.deliveries,
            writer=letters,
            raise_alerts=raise_alerts,
            notices=metrics.notices,
        )


class DigestWork:
    """Digests: made when they are due, read again as they were pinned, previewed."""

    def __init__(self, books: Books, *, press: DigestPress, metrics: Metrics) -> None:
        content = DigestContent(
            units=books.units,
            ledger=books.ledger,
            scores=books.scores,
            evaluations=books.evaluations,
            alerts=books.alerts,
            deliveries=books.deliveries,
            silences=SilencesTold(books.silences, books.alerts),
            inspections=InspectionsTold(books.inspections),
        )
        self.make = MakeDigests(
            plans=books.plans,
            units=books.units,
            content=content,
            press=press,
            deliveries=books.deliveries,
            digests=books.digests,
            enclosures=books.enclosures,
            notices=metrics.notices,
        )
        self.pinned = PinnedDigests(books.digests, books.enclosures)
        self.preview = PreviewDigest(plans=books.plans, content=content, press=press, digests=books.digests)


class DeliveryWork:
    """Deliveries: admitted, sent, followed up, folded; and what recipients and operators say about them."""

    def __init__(
        self,
        books: Books,
        settings: NotifySettings,
        *,
        letters: Letters,
        channels: Mapping[str, Channel] | None,
        enclosing: PinnedDigests,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        secret = settings.token_secret.get_secret_value()
        links = Links(public_url=settings.public_url, secret=secret, days=settings.link_days)
        self.pages = Foot(letters)
        chat, sms = _apprise(settings)
        self.channels: Mapping[str, Channel] = channels or {
            "email": Email(smtp_server(settings), clock, enclosing, links=links, footing=self.pages),
            "webhook": Webhook(_webhook_rules(settings), clock),
            "chat": chat,
            "sms": sms,
        }
        self.ask_audit = AskAudit(books.audit_chain)
        audit, raise_alert = Audit(books.audit_chain), Raise(books.alerts, books.plans)
        still_owed = StillOwed(books.reminders, books.ledger)
        admit = Admit(
            preferences=books.preferences,
            addresses=books.addresses,
            budgets=books.budgets,
            still_owed=still_owed,
            per_day_max=settings.messages_per_day_max,
        )
        self.fall_back = FallBack(
            deliveries=books.deliveries,
            addresses=books.addresses,
            preferences=books.preferences,
            alerts=books.alerts,
            units=books.units,
            plans=books.plans,
            admit=admit,
            raise_alert=raise_alert,
            unreached=Unreached(books.reminders),
        )
        self.fold = Fold(
            deliveries=books.deliveries,
            preferences=books.preferences,
            still_owed=still_owed,
            writer=letters,
            notices=metrics.notices,
        )
        self.deliver = Deliver(
            deliveries=books.deliveries,
            channels=self.channels,
            admit=admit,
            fall_back=self.fall_back,
            clock=clock,
            counter=metrics.deliveries,
            instance=settings.instance or socket.gethostname(),
            at_once=settings.mail_at_once,
        )
        self.desk = DeliveryDesk(books.deliveries, audit)
        self.bounces = TakeBounces(books.deliveries, links, strict=bool(settings.bounce_address))
        self.preferences = PreferenceDesk(
            preferences=books.preferences,
            links=links,
            audit=audit,
            check_target=target_check({"webhook": webhook_fault, "chat": chat.fault_of, "sms": sms.fault_of}),
        )
        self.addresses = AddressDesk(
            addresses=books.addresses, alerts=books.alerts, raise_alert=raise_alert, audit=audit
        )


class Work:
    """The handlers that the clock and the broker drive."""

    def __init__(
        self,
        books: Books,
        *,
        writer: Writer,
        metrics: Metrics,
        inspections: InspectionWork,
        digests: DigestWork,
        deliveries: DeliveryWork,
    ) -> None:
        self.deliveries = deliveries
        self.inspections = inspections
        self.digests = digests
        self.follow = Follow(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            reports=books.reports,
            scores=books.scores,
            evaluations=books.evaluations,
        )
        self.plan_rungs = PlanRungs(
            plans=books.plans, units=books.units, ledger=books.ledger, reminders=books.reminders
        )
        self.remind = Remind(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            reminders=books.reminders,
            deliveries=books.deliveries,
            writer=writer,
            raise_alert=Raise(books.alerts, books.plans),
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
            marks=books.alerts,
            numbers=books.numbers,
        )
        self.silences = SilenceDesk(
            silences=books.silences, outages=books.outages, alerts=books.alerts, plans=books.plans
        )
        self.tell_alerts = TellAlerts(
            plans=books.plans,
            units=books.units,
            alerts=books.alerts,
            groups=books.groups,
            windows=self.silences,
            silences=books.silences,
            outages=books.outages,
            ledger=books.ledger,
            deliveries=books.deliveries,
            writer=writer,
            notices=metrics.notices,
        )
        self.make_digests = digests.make
        self.deliver = deliveries.deliver
        self.level = ReminderLevel(
            deliveries=books.deliveries, reminders=books.reminders, ratio=metrics.reminders_on_time_ratio
        )
        self.auditor = Auditor(
            plans=books.plans,
            ledger=books.ledger,
            reminders=books.reminders,
            deliveries=books.deliveries,
            digests=books.digests,
            alerts=books.alerts,
            raise_alert=Raise(books.alerts, books.plans),
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
        await self.books.audit_chain.aclose()
        await self.store.aclose()
        await self.telemetry.aclose()


async def compose(
    settings: NotifySettings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
    store: Documents | None = None,
    writer: Writer | None = None,
    press: DigestPress | None = None,
) -> Notify:
    """The service, not yet started. What is given replaces what the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="notify", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="notify", collections=COLLECTIONS)
    books = Books(store)
    letters = Letters(dashboard_url=settings.dashboard_url)
    printing = press or Press(letters, browser_url=settings.public_url)
    digests = DigestWork(books, press=printing, metrics=telemetry.metrics)
    work = Work(
        books,
        writer=writer or letters,
        metrics=telemetry.metrics,
        inspections=InspectionWork(
            books, letters=letters, audit=Audit(books.audit_chain), clock=clock, metrics=telemetry.metrics
        ),
        digests=digests,
        deliveries=DeliveryWork(
            books,
            settings,
            letters=letters,
            channels=channels,
            enclosing=digests.pinned,
            clock=clock,
            metrics=telemetry.metrics,
        ),
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
        bounce_address=settings.bounce_address,
        ca_file=settings.smtp_ca_file,
    )


def _webhook_rules(settings: NotifySettings) -> WebhookRules:
    return WebhookRules(
        timeout_seconds=settings.webhook_timeout_seconds,
        private_networks=networks(settings.webhook_private_networks.split(",")),
    )


def _apprise(settings: NotifySettings) -> tuple[Apprise, Apprise]:
    """The chat and the SMS channel."""

    def service(schemes: str, characters_max: int) -> Service:
        names = frozenset(name.strip().lower() for name in schemes.split(",") if name.strip())
        return Service(names, settings.chat_timeout_seconds, characters_max)

    chat = service(settings.chat_schemes, CHAT_CHARACTERS_MAX)
    return Apprise(chat), Apprise(service(settings.sms_schemes, SMS_CHARACTERS_MAX))


def _feed_desk(settings: NotifySettings, books: Books) -> FeedDesk:
    return FeedDesk(
        feeds=books.feeds,
        plans=books.plans,
        units=books.units,
        ledger=books.ledger,
        sayings_of=sayings,
        host=settings.mail_sender.rpartition("@")[2],
    )


def _jobs(work: Work) -> tuple[Job, ...]:
    audit = schedule.audit_jobs(anchor_due=work.deliveries.ask_audit.anchor_due, mend_due=work.inspections.mend.due)
    made = schedule.jobs(
        plan_rungs=work.plan_rungs,
        remind=work.remind,
        watch=work.watch,
        watch_inspections=work.inspections.watch,
        remind_inspections=work.inspections.remind,
        tell_alerts=work.tell_alerts,
        make_digests=work.make_digests,
        fall_back=work.deliveries.fall_back,
        fold=work.deliveries.fold,
        deliver=work.deliver,
        auditor=work.auditor,
        level=work.level,
    )
    return (*made, *audit)


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
        units=books.units,
        ledger=books.ledger,
        reminders=books.reminders,
        alerts=books.alerts,
        alert_pages=books.alerts,
        groups=books.groups,
        deliveries=books.deliveries,
        digests=books.digests,
        preferences=books.preferences,
        addresses=books.addresses,
    )
    told = work.deliveries
    routers = [
        reminder_routes(books.reminders),
        alert_routes(books.alerts, AlertDesk(books.alerts, books.plans), clock),
        silence_routes(work.silences, clock),
        delivery_routes(books.deliveries, why, told.desk, told.bounces, clock),
        preference_routes(told.preferences, told.addresses, clock),
        unsubscribe_routes(told.preferences, told.pages, clock),
        digest_routes(books.digests, work.digests.pinned, work.digests.preview, clock),
        inspection_routes(work.inspections.desk),
        finding_routes(work.inspections.desk),
        draw_routes(work.inspections.draws),
        audit_routes(work.deliveries.ask_audit, beside_plans=frozenset({CHAIN})),
        slo_routes(work.level, clock),
        feed_routes(_feed_desk(settings, books), clock, public_url=settings.public_url),
    ]
    if settings.profile == "local":

        async def settled() -> dict[str, int]:
            before = await books.due(clock.now_ms()) + work.deliver.in_flight
            answer = await settled_answer(broker, every, dirty=before)
            return {**answer, "dirty": answer["dirty"] + await books.due(clock.now_ms()) + work.deliver.in_flight}

        routers.append(internal_routes(settled))
    authenticator = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    app = create_app(
        title="Tiendo notify",
        version=VERSION,
        summary="Reminders, inspection alerts, digests and their deliveries.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        # Who signed in on the dashboard opens a digest from its mail by a link; writes still need our own pages.
        identity=Identity([authenticator], cookie_allowed=True),
    )
    refusals.install(app)
    return app


async def run(settings: NotifySettings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(NotifySettings()))


if __name__ == "__main__":
    main()

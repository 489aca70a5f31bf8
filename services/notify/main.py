"""Composition root of notify: settings -> store -> repositories -> handlers -> edges; start, graceful stop.

What is put together from what, by concern, stands in `wiring`; here are the settings, the process and its ends.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from services.notify import consumer
from services.notify.channels.apprise import CHAT_CHARACTERS_MAX, SMS_CHARACTERS_MAX, Apprise, Service
from services.notify.channels.email import Email, Server
from services.notify.channels.letters import Letters
from services.notify.channels.pages import Foot
from services.notify.channels.press import Press
from services.notify.channels.webhook import Rules as WebhookRules
from services.notify.channels.webhook import Webhook, networks
from services.notify.channels.webhook import fault_of as webhook_fault
from services.notify.domain.links import Links
from services.notify.handlers.digest_ports import Press as DigestPress
from services.notify.handlers.ports import Channel, Writer
from services.notify.handlers.preferences import target_check
from services.notify.repository.collections import COLLECTIONS, EMITTING
from services.notify.settings import NotifySettings
from services.notify.wiring.books import Books
from services.notify.wiring.deliveries import DeliveryWork, Sending
from services.notify.wiring.digests import DigestWork
from services.notify.wiring.edge import routers
from services.notify.wiring.inspections import InspectionWork
from services.notify.wiring.work import Work
from shared.audit.log import Audit
from shared.clock import Clock
from shared.http import refusals
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.streams import NOTIFY
from shared.schedule import Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, internal_routes, run_until_stopped, settled_answer, watch
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


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
    mail: Email

    async def start(self) -> None:
        """Begin to listen and to look at what is due; a broker that is away is waited for in the background."""
        await self.work.deliver.resume()
        await self.broker.start()
        self.schedule.start()

    async def stop(self) -> None:
        """Stop in reverse. What was interrupted is finished by the next start. May be called without `start`."""
        self.telemetry.health.stop()
        await self.schedule.stop()
        await self.mail.aclose()
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
    books, metrics = Books(store), telemetry.metrics
    letters, audit = Letters(dashboard_url=settings.dashboard_url), Audit(books.audit_chain)
    pages = Foot(letters)
    digests = DigestWork(books, press=press or Press(letters, dashboard_url=settings.dashboard_url), metrics=metrics)
    links = Links(
        public_url=settings.public_url, secret=settings.token_secret.get_secret_value(), days=settings.link_days
    )
    mail = Email(smtp_server(settings), clock, digests.pinned, links=links, footing=pages)
    sending = _sending(settings, channels, mail=mail, links=links, clock=clock)
    work = Work(
        books,
        writer=writer or letters,
        audit=audit,
        metrics=metrics,
        inspections=InspectionWork(books, audit=audit, clock=clock),
        digests=digests,
        deliveries=DeliveryWork(books, sending, letters=letters, audit=audit, clock=clock, metrics=metrics),
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
    every = Schedule(clock=clock, every_seconds=settings.schedule_seconds, jobs=work.jobs())
    made = routers(
        work,
        books,
        pages=pages,
        clock=clock,
        public_url=settings.public_url,
        mail_host=settings.mail_sender.rpartition("@")[2],
        audit=audit,
    )
    if settings.profile == "local":
        made.append(internal_routes(_settled(broker, every, _unfinished(books, work, clock))))
    watch(telemetry, store=store, broker=broker, schedule=every)
    return Notify(_app(settings, made, telemetry, clock), work, books, store, broker, every, telemetry, mail)


def _sending(
    settings: NotifySettings,
    channels: Mapping[str, Channel] | None,
    *,
    mail: Email,
    links: Links,
    clock: Clock,
) -> Sending:
    """How messages leave, as the settings say; `channels` replaces the channels."""
    chat, sms = _apprise(settings)
    return Sending(
        channels=channels
        or {
            "email": mail,
            "webhook": Webhook(_webhook_rules(settings), clock),
            "chat": chat,
            "sms": sms,
        },
        links=links,
        check_target=target_check({"webhook": webhook_fault, "chat": chat.fault_of, "sms": sms.fault_of}),
        per_day_max=settings.messages_per_day_max,
        at_once=settings.mail_at_once,
        instance=settings.instance or socket.gethostname(),
        returns_to_us=bool(settings.bounce_address),
    )


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
        kept_max=settings.mail_at_once,
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


def _unfinished(books: Books, work: Work, clock: Clock) -> Callable[[], Awaitable[int]]:
    """How much is due or being sent now."""

    async def count() -> int:
        return await books.due(clock.now_ms()) + work.deliver.in_flight

    return count


def _settled(
    broker: Broker, every: Schedule, unfinished: Callable[[], Awaitable[int]]
) -> Callable[[], Awaitable[dict[str, int]]]:
    """Whether nothing moves any more: asked before and after the broker, so that nothing slips through between."""

    async def settled() -> dict[str, int]:
        answer = await settled_answer(broker, every, dirty=await unfinished())
        return {**answer, "dirty": answer["dirty"] + await unfinished()}

    return settled


def _app(settings: NotifySettings, made: Sequence[APIRouter], telemetry: Telemetry, clock: Clock) -> FastAPI:
    authenticator = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    app = create_app(
        title="Tiendo notify",
        version=VERSION,
        summary="Reminders, inspection alerts, digests and their deliveries.",
        routers=made,
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

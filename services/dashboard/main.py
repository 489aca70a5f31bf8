"""Composition root of the dashboard: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from services.dashboard import consumer, schedule
from services.dashboard.domain.facts import Consumer, GivenUp
from services.dashboard.domain.freshness import Feed
from services.dashboard.handlers.apply import Apply, ReadModel
from services.dashboard.handlers.lists import AlertPages, DeliveryPages
from services.dashboard.handlers.live import Live
from services.dashboard.handlers.overview import Overviews
from services.dashboard.handlers.pipeline import Pipelines
from services.dashboard.handlers.profiles import Profiles
from services.dashboard.handlers.progress import Progress
from services.dashboard.handlers.setting import Settings as SettingHandler
from services.dashboard.pages.render import Renderer, read_assets
from services.dashboard.repository.alerts import Alerts
from services.dashboard.repository.collections import COLLECTIONS
from services.dashboard.repository.deliveries import Deliveries
from services.dashboard.repository.digests import Digests
from services.dashboard.repository.evaluations import Evaluations
from services.dashboard.repository.obligations import Obligations
from services.dashboard.repository.plans import Plans
from services.dashboard.repository.reminders import Reminders
from services.dashboard.repository.reports import Reports
from services.dashboard.repository.scores import Scores
from services.dashboard.repository.units import Units
from services.dashboard.repository.watermarks import Watermarks
from services.dashboard.routes.alerts import alert_routes
from services.dashboard.routes.assets import asset_routes
from services.dashboard.routes.deliveries import delivery_routes
from services.dashboard.routes.exports import export_routes
from services.dashboard.routes.frame import Framing, SignInNeeded
from services.dashboard.routes.live import live_routes
from services.dashboard.routes.overview import overview_routes
from services.dashboard.routes.pipeline import pipeline_routes
from services.dashboard.routes.session import on_sign_in_needed, session_routes
from services.dashboard.routes.units import unit_routes
from services.dashboard.settings import Settings
from shared.clock import Clock
from shared.errors import TiendoError
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.dead_letter import list_dead_letters
from shared.schedule import Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, internal_routes, run_until_stopped, settled_answer, watch
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"
DEAD_LETTERS_MAX = 20
GZIP_BYTES_MIN = 1000
GZIP_LEVEL = 5
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class BrokerView:
    """What the pages ask of the broker, in the dashboard's terms."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def feed(self) -> Feed:
        """As this process knows it: nobody waits for the broker to see a page."""
        faults = tuple(self._broker.ready())
        behind = max((one.seconds_behind for one in self._broker.consumers), default=0.0)
        return Feed(connected=not faults, behind_seconds=behind, faults=faults)

    async def consumers(self) -> list[Consumer]:
        """Every subscription, as the broker knows it now; without numbers where it does not answer."""
        found = []
        for one in self._broker.consumers:
            waiting: int | None = None
            fault = one.reason
            try:
                waiting = (await one.progress()).unprocessed
            except TiendoError as err:
                fault = fault or str(err)
            found.append(Consumer(one.spec.name, waiting, one.seconds_behind, fault))
        return found

    async def dead_letters(self) -> list[GivenUp]:
        """The dashboard's events that were given up and not yet handled; none while the broker is away."""
        found: list[GivenUp] = []
        for one in self._broker.consumers:
            try:
                page = await list_dead_letters(self._broker.connection, limit=DEAD_LETTERS_MAX, consumer=one.spec.name)
            except TiendoError:
                return found
            found += [
                GivenUp(letter.sequence or 0, letter.subject, letter.reason, letter.attempts, letter.last_failed_ms)
                for letter in page.letters
            ]
        return sorted(found, key=lambda letter: -letter.sequence)[:DEAD_LETTERS_MAX]


@dataclass(slots=True)
class Dashboard:
    """The composed service. `apply` is the handler of every subscription, for tests that need no broker."""

    app: FastAPI
    apply: Apply
    progress: Progress
    live: Live
    store: Documents
    broker: Broker
    schedule: Schedule
    telemetry: Telemetry

    async def start(self) -> None:
        """Begin to consume; a broker that is away is waited for in the background."""
        await self.progress.load()
        self.schedule.start()
        await self.broker.start()

    async def stop(self) -> None:
        """Stop consuming, store the watermark, close the store. May be called without `start`."""
        self.telemetry.health.stop()
        self.live.close()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.schedule.stop()
        await self.schedule.run_once()
        await self.store.aclose()
        await self.telemetry.aclose()


async def compose(settings: Settings, *, clock: Clock | None = None, store: Documents | None = None) -> Dashboard:
    """The service, not yet started. `clock` and `store` replace those that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="dashboard", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="dashboard", collections=COLLECTIONS)
    live = Live(clients_max=settings.live_clients_max)
    progress = Progress(Watermarks(store), live.announce)
    models = Models(store)
    apply = Apply(models.by_noun(), progress.note)
    broker = broker_of(
        settings,
        service="dashboard",
        store=store,
        clock=clock,
        telemetry=telemetry,
        subscriptions=consumer.subscriptions(apply),
    )
    every = Schedule(clock=clock, every_seconds=settings.schedule_seconds, jobs=schedule.jobs(flush=progress.flush))
    app = _app(
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        models=models,
        progress=progress,
        live=live,
        broker=broker,
        every=every,
    )
    watch(telemetry, store=store, broker=broker, schedule=every)
    return Dashboard(app, apply, progress, live, store, broker, every, telemetry)


class Models:
    """The repositories, one for each noun."""

    def __init__(self, store: Documents) -> None:
        self.plans = Plans(store)
        self.units = Units(store)
        self.obligations = Obligations(store)
        self.reports = Reports(store)
        self.scores = Scores(store)
        self.evaluations = Evaluations(store)
        self.reminders = Reminders(store)
        self.alerts = Alerts(store)
        self.digests = Digests(store)
        self.deliveries = Deliveries(store)

    def by_noun(self) -> Mapping[str, ReadModel]:
        """Noun of an event type -> the repository that holds it."""
        return {
            "plan": self.plans,
            "unit": self.units,
            "obligation": self.obligations,
            "report": self.reports,
            "score": self.scores,
            "evaluation": self.evaluations,
            "reminder": self.reminders,
            "alert": self.alerts,
            "digest": self.digests,
            "delivery": self.deliveries,
        }


def _app(
    *,
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    models: Models,
    progress: Progress,
    live: Live,
    broker: Broker,
    every: Schedule,
) -> FastAPI:
    assets = read_assets()
    renderer = Renderer(assets)
    authenticator = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    view = BrokerView(broker)
    finder = SettingHandler(
        plans=models.plans, units=models.units, clock=clock, watermark=progress.watermark, feed=view.feed
    )
    framing = Framing(finder, renderer)
    overviews = _overviews(models)
    routers = [
        overview_routes(framing, overviews),
        unit_routes(framing, _profiles(models)),
        alert_routes(framing, AlertPages(models.alerts)),
        delivery_routes(framing, DeliveryPages(models.deliveries)),
        pipeline_routes(
            framing, Pipelines(broker=view, progress=progress, live=live, deliveries=models.deliveries, clock=clock)
        ),
        export_routes(framing, overviews),
        live_routes(
            stream_seconds_max=settings.live_stream_seconds_max,
            stopping=lambda: telemetry.health.stopping,
        ),
        session_routes(
            renderer,
            authenticator,
            session_seconds_max=settings.session_seconds_max,
            secure=settings.public_url.startswith("https:"),
        ),
        asset_routes(assets),
    ]
    if settings.profile == "local":
        routers.append(internal_routes(lambda: settled_answer(broker, every)))
    app = create_app(
        title="Tiendo dashboard",
        version=VERSION,
        summary="Where people see the plan.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([authenticator], cookie_allowed=True),
        content_security_policy=PAGE_POLICY,
    )
    app.state.live = live
    app.add_exception_handler(SignInNeeded, on_sign_in_needed(renderer))
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_BYTES_MIN, compresslevel=GZIP_LEVEL)
    return app


def _overviews(models: Models) -> Overviews:
    return Overviews(
        obligations=models.obligations,
        scores=models.scores,
        evaluations=models.evaluations,
        alerts=models.alerts,
        reminders=models.reminders,
        digests=models.digests,
        deliveries=models.deliveries,
    )


def _profiles(models: Models) -> Profiles:
    return Profiles(
        obligations=models.obligations,
        reports=models.reports,
        scores=models.scores,
        alerts=models.alerts,
        reminders=models.reminders,
        deliveries=models.deliveries,
    )


async def run(settings: Settings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(Settings()))


if __name__ == "__main__":
    main()

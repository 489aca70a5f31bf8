"""Composition root of the dashboard: settings -> store -> repositories -> handlers -> edges; start, graceful stop.

What is put together from what stands in `wiring`; here are the settings, the process, the application and its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from services.dashboard import consumer, schedule
from services.dashboard.channels.notify_api import NotifyApi
from services.dashboard.handlers.apply import Apply
from services.dashboard.handlers.live import Live
from services.dashboard.handlers.progress import Progress
from services.dashboard.handlers.setting import Settings as SettingHandler
from services.dashboard.pages.render import Renderer, read_assets
from services.dashboard.repository.collections import COLLECTIONS
from services.dashboard.repository.shapes import renew
from services.dashboard.repository.watermarks import Watermarks
from services.dashboard.routes.assets import asset_routes
from services.dashboard.routes.frame import Framing, SignInNeeded
from services.dashboard.routes.live import live_routes
from services.dashboard.routes.session import on_sign_in_needed, session_routes
from services.dashboard.settings import Settings
from services.dashboard.wiring.broker_view import BrokerView
from services.dashboard.wiring.models import Models
from services.dashboard.wiring.pages import page_routes
from shared.clock import Clock
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.schedule import Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, internal_routes, run_until_stopped, settled_answer, watch
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"
GZIP_BYTES_MIN = 1000
GZIP_LEVEL = 5
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(slots=True)
class Dashboard:
    """The composed service. `apply` is the handler of every subscription, for tests that need no broker."""

    app: FastAPI
    apply: Apply
    progress: Progress
    live: Live
    store: Documents
    notify: NotifyApi
    broker: Broker
    schedule: Schedule
    telemetry: Telemetry

    async def start(self) -> None:
        """Begin to consume; a broker that is away is waited for in the background."""
        await renew(self.store)
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
        await self.notify.aclose()
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
    notify = NotifyApi(
        settings.notify_url,
        timeout_seconds=settings.notify_timeout_seconds,
        paper_seconds=settings.digest_timeout_seconds,
    )
    app = _app(
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        models=models,
        notify=notify,
        progress=progress,
        live=live,
        broker=broker,
        every=every,
    )
    watch(telemetry, store=store, broker=broker, schedule=every)
    return Dashboard(app, apply, progress, live, store, notify, broker, every, telemetry)


def _app(
    *,
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    models: Models,
    notify: NotifyApi,
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
    routers = [
        *page_routes(framing, models, notify, view=view, progress=progress, live=live, clock=clock),
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


async def run(settings: Settings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(Settings()))


if __name__ == "__main__":
    main()

"""The HTTP edge: every page with the handler that it asks."""

from __future__ import annotations

from fastapi import APIRouter

from services.dashboard.channels.notify_api import NotifyApi
from services.dashboard.handlers.alert_desk import AlertDesk, WindowDesk
from services.dashboard.handlers.audits import Audits
from services.dashboard.handlers.delivery_desk import DeliveryDesk
from services.dashboard.handlers.digests import DigestPages
from services.dashboard.handlers.inspection_desk import InspectionDesk
from services.dashboard.handlers.inspections import InspectionPages
from services.dashboard.handlers.live import Live
from services.dashboard.handlers.overview import Overviews
from services.dashboard.handlers.pipeline import Pipelines
from services.dashboard.handlers.profiles import Profiles
from services.dashboard.handlers.progress import Progress
from services.dashboard.routes.alerts import alert_routes
from services.dashboard.routes.deliveries import delivery_routes, why_routes
from services.dashboard.routes.digests import digest_routes
from services.dashboard.routes.exports import export_routes
from services.dashboard.routes.frame import Framing
from services.dashboard.routes.inspections import inspection_routes
from services.dashboard.routes.overview import overview_routes
from services.dashboard.routes.pipeline import pipeline_routes
from services.dashboard.routes.units import unit_routes
from services.dashboard.wiring.broker_view import BrokerView
from services.dashboard.wiring.models import Models
from shared.clock import Clock


def page_routes(
    framing: Framing,
    models: Models,
    notify: NotifyApi,
    *,
    view: BrokerView,
    progress: Progress,
    live: Live,
    clock: Clock,
) -> list[APIRouter]:
    """Every page that people read and write on."""
    overviews = _overviews(models)
    pipelines = Pipelines(broker=view, progress=progress, live=live, deliveries=models.deliveries, clock=clock)
    return [
        overview_routes(framing, overviews),
        unit_routes(framing, _profiles(models)),
        *_asking(framing, models, notify, progress=progress, clock=clock),
        pipeline_routes(framing, pipelines, Audits(alerts=models.alerts, api=notify)),
        export_routes(framing, overviews),
    ]


def _asking(
    framing: Framing, models: Models, notify: NotifyApi, *, progress: Progress, clock: Clock
) -> list[APIRouter]:
    """The pages that ask notify on behalf of their reader."""
    alerts = AlertDesk(held=models.alerts, api=notify, note=progress.note, clock=clock)
    deliveries = DeliveryDesk(held=models.deliveries, api=notify, note=progress.note, clock=clock)
    windows = WindowDesk(silences=models.silences, outages=models.outages, api=notify, note=progress.note, clock=clock)
    inspections = InspectionPages(held=models.inspections, alerts=models.alerts, api=notify)
    desk = InspectionDesk(held=models.inspections, api=notify, note=progress.note, clock=clock)
    digests = DigestPages(held=models.digests, deliveries=models.deliveries, api=notify)
    return [
        alert_routes(framing, alerts, windows),
        inspection_routes(framing, inspections, desk),
        digest_routes(framing, digests),
        delivery_routes(framing, deliveries),
        why_routes(framing, deliveries),
    ]


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
        inspections=models.inspections,
        reminders=models.reminders,
        deliveries=models.deliveries,
    )

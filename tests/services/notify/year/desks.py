"""How the service is asked to do what people do: at its desks, as the HTTP edge asks them."""

from __future__ import annotations

from datetime import timedelta

from services.notify.domain.alerts import alert_id
from services.notify.domain.contacts import Target
from services.notify.domain.inspections.machine import Found
from services.notify.handlers.alerts import AlertClosed
from services.notify.handlers.inspections import StepGiven, Who
from services.notify.handlers.silences import Span
from services.notify.main import Notify
from shared.events.report import Evidence
from tests.services.notify.year.acts import Act
from tests.services.notify.year.days import local
from tests.services.notify.year.stage import Recorder
from tests.services.notify.year.words import CENTER, HOME

PAPER = Evidence(kind="document_number", reference="12/QD")
INSPECTOR, CLERK = Who("inspector", CENTER), Who("clerk", CENTER)


async def perform(notify: Notify, channel: Recorder, act: Act) -> None:
    """Ask the service, at the instant of the act. What is refused because it is over already is no fault."""
    about, now_ms = act.about, act.at_ms
    match act.what:
        case "breaks":
            channel.broken.add(about["address"])
        case "works":
            channel.broken.discard(about["address"])
        case "enable":
            address = Target("email", about["address"]).id
            await notify.work.deliveries.addresses.enable(address, by="operator", reason="works again", now_ms=now_ms)
        case "promise" | "resolve":
            await _about_alert(notify, act)
        case "silence" | "outage":
            span = Span("Lan", "known", "operator", now_ms, about["ends_ms"])
            desk = notify.work.silences
            if act.what == "silence":
                await desk.silence("P", span, unit=about["unit"], rule=about["rule"], now_ms=now_ms)
            else:
                await desk.outage("P", span, unit=about["unit"], now_ms=now_ms)
        case _:
            await _inspect(notify, act)


async def _about_alert(notify: Notify, act: Act) -> None:
    about, now_ms = act.about, act.at_ms
    desk = notify.work.alerts.desk
    alert = alert_id("P", about["unit"], about["rule"], about["subject"])
    try:
        if act.what == "resolve":
            await desk.resolve(alert, reason="seen to", now_ms=now_ms, by="operator")
        else:
            promise = local(now_ms, HOME).date() + timedelta(days=about["days"])
            await desk.acknowledge(alert, owner="Lan", promise=promise, now_ms=now_ms, by="operator")
    except AlertClosed:
        return


async def _inspect(notify: Notify, act: Act) -> None:
    about, desk = act.about, notify.work.inspections.desk
    unit, inspection = about["unit"], f"inspection-P-{about['unit']}-1"
    finding = f"finding-P-{unit}-1-{about.get('number', 0)}"
    match act.what:
        case "propose":
            await desk.propose("P", unit, reason="asked for", who=INSPECTOR)
        case "step":
            on = local(act.at_ms, HOME).date().isoformat()
            await desk.step(inspection, StepGiven(about["step"], on, PAPER, None), named=None, who=INSPECTOR)
        case "find":
            given = Found(f"F{about['number']}", about["severity"], "no plan")
            await desk.find(inspection, given, named=None, who=INSPECTOR)
        case "remedy":
            await desk.remedy(inspection, finding, PAPER, named=None, speaks_for_unit=False, who=CLERK)
        case "accept":
            await desk.accept(inspection, finding, named=None, who=INSPECTOR)
        case "give_back":
            await desk.give_back(inspection, finding, "not enough", named=None, who=INSPECTOR)
        case _:
            raise AssertionError(act.what)

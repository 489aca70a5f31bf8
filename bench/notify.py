"""Notify: rungs planned per second, selecting what is due among them, deliveries per second, alerts per second.

Planning and selecting run on the embedded store with events composed, as in service. Deliveries go to a local SMTP
sink (aiosmtpd in a process of its own) through the real claim, send and record; the floor is a bare aiosmtplib loop in
the same run that composes and sends the same messages, as many in flight, and records nothing. Target: 70 % of it.
Run: `python -m bench.notify [RUNGS]`, 100,000 without a number; 1,000,000 takes some minutes and 4 GB of disk.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

import aiosmtplib
import structlog
from aiosmtpd.smtp import SMTP

from bench.notify_alerts import PLAN, alert_figures
from services.notify.channels.email import compose as compose_mail
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.main import Books, compose, smtp_server
from services.notify.repository.collections import COLLECTIONS
from services.notify.settings import NotifySettings
from shared.clock import SystemClock
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.plan.load import load_plan, plan_document, plan_sha256
from shared.plan.model import Plan
from shared.store.documents import Documents
from shared.store.open import open_store

RUNGS = 100_000
MESSAGES = 1500
AT_ONCE = 32
DAY_MS = 86_400_000
DUE_MS = 1_300_294_799_999
SECRET = "a secret of the benchmark, long enough to sign"


async def ladder(folder: Path, rungs: int) -> None:
    """Plan so many rungs, then select what is due among them."""
    plan = load_plan(PLAN.read_text(encoding="utf-8"))
    form = next(form for form in plan.forms if form.ladder)
    per_obligation = len(plan.ladder(form.ladder or "").rungs)
    store = await open_store(f"sqlite://{folder}/ladder.sqlite3", database="notify", collections=COLLECTIONS)
    try:
        books = Books(store)
        await books.plans.add(_announced(plan))
        count = rungs // per_obligation
        for start in range(0, count, 500):
            states = [_obligation(plan, form.code, number) for number in range(start, min(start + 500, count))]
            await asyncio.gather(
                *(books.ledger.put(state, first_check_at_ms=2**53, check_at_ms=2**53) for state in states)
            )
        began = time.perf_counter()
        planner = PlanRungs(plans=books.plans, units=books.units, ledger=books.ledger, reminders=books.reminders)
        assert await planner.run(DUE_MS - 60 * DAY_MS) == count
        seconds = time.perf_counter() - began
        made = count * per_obligation
        print(f"planning: {made:,} rungs in {seconds:,.1f} s, {made / seconds:,.0f}/s")
        await _select(store, made)
    finally:
        await store.aclose()


async def _select(store: Documents, made: int) -> None:
    """Obligations are due on different days: about one rung in some hundred is due at the first firing instant."""
    books = Books(store)
    page = await store.find("reminders", {"status": "PENDING"}, order_by="next_at_ms", limit=1)
    first_ms = page.documents[0]["next_at_ms"]
    for now_ms, says in ((first_ms - 1, "nothing due"), (first_ms, "the first day due")):
        began = time.perf_counter()
        due = await books.reminders.due(now_ms)
        milliseconds = 1000 * (time.perf_counter() - began)
        print(f"selecting among {made:,}, {says}: {len(due):,} rows in {milliseconds:,.1f} ms")


async def deliveries(folder: Path) -> None:
    """Ours beside a bare loop, both into the same sink."""
    context = get_context("spawn")
    ports: Queue[int] = context.Queue()
    sink = context.Process(target=_sink, args=(ports,), daemon=True)
    sink.start()
    try:
        port = await asyncio.to_thread(ports.get, True, 30)
        settings = NotifySettings(
            store_url=f"sqlite://{folder}/deliveries.sqlite3", token_secret=SECRET, smtp_port=port, mail_at_once=AT_ONCE
        )
        bare = await _bare(settings)
        ours = await _ours(settings)
        print(f"deliveries: {ours:,.0f}/s, bare aiosmtplib {bare:,.0f}/s, ratio {ours / bare:.2f} (target 0.70)")
    finally:
        sink.terminate()
        sink.join()


async def _ours(settings: NotifySettings) -> float:
    notify = await compose(settings)
    try:
        now_ms = SystemClock().now_ms()
        for start in range(0, MESSAGES, 100):
            made = [_delivery(number, now_ms) for number in range(start, start + 100)]
            await asyncio.gather(*(notify.books.deliveries.add(one, now_ms=now_ms) for one in made))
        began = time.perf_counter()
        assert await notify.work.deliver.run(now_ms) == MESSAGES
        return MESSAGES / (time.perf_counter() - began)
    finally:
        await notify.stop()


async def _bare(settings: NotifySettings) -> float:
    """One connection per message, AT_ONCE side by side: what any sender would do without a record."""
    server = smtp_server(settings)
    waiting = iter([_delivery(number, 0) for number in range(MESSAGES)])

    async def sender() -> None:
        for delivery in waiting:
            message = compose_mail(delivery, server, now_ms=0)
            await aiosmtplib.send(message, hostname=server.host, port=server.port, start_tls=False)

    began = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    return MESSAGES / (time.perf_counter() - began)


def _delivery(number: int, now_ms: int) -> Delivery:
    body = "<p>" + "Báo cáo quý I/2011 đến hạn. " * 150 + "</p>"
    return created(
        kind="reminder",
        subject=f"reminder-{number}",
        slot="2011-03-11",
        plan="P",
        unit="U",
        recipient=Recipient(f"r{number}@units.example", None, "vi", "Asia/Ho_Chi_Minh"),
        covers=(f"reminder-{number}",),
        letter=Letter("Nhắc việc", body, body),
        reason="due",
        now_ms=now_ms,
        due_at_ms=now_ms,
    )


class _Sink:
    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        return "250 kept"


def _sink(ports: Queue[int]) -> None:
    """Takes everything, keeps nothing, until the process is ended."""
    asyncio.run(_serve(ports))


async def _serve(ports: Queue[int]) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(_Sink()), "127.0.0.1", 0)
    ports.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _announced(plan: Plan) -> PlanState:
    return PlanState(
        revision=1, plan=plan.code, version=plan.version, names=plan.names, effective_from="2011-01-01",
        effective_to=None, sha256=plan_sha256(plan), published_at_ms=0, document=plan_document(plan),
    )  # fmt: skip


def _obligation(plan: Plan, form: str, number: int) -> ObligationState:
    """Due days are spread over some hundred days."""
    due_at_ms = DUE_MS + (number % 250) * DAY_MS
    return ObligationState(
        revision=1, obligation=f"obligation-P-{form}-U{number}-2011", plan=plan.code, plan_version=plan.version,
        form=form, unit=f"U{number}", peer_group="VU", period="2011", year=2011, period_start="2011-01-01",
        period_last="2011-12-31", period_end_ms=due_at_ms, open_at_ms=0, due_at_ms=due_at_ms, grace_end_ms=due_at_ms,
        time_zone="Asia/Ho_Chi_Minh", outcome="PENDING", cause="materialised", changed_at_ms=DUE_MS - 60 * DAY_MS,
    )  # fmt: skip


async def run(rungs: int) -> None:
    """All figures, each part in a folder of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        place = Path(folder)
        await deliveries(place)
        (place / "alerts").mkdir()
        alerts = await alert_figures(place / "alerts")
        print(
            f"alerts evaluated: {alerts.decided:,.0f}/s in memory; with the store {alerts.opened:,.0f}/s opened, "
            f"{alerts.unchanged:,.0f}/s looked at again"
        )
        await ladder(place, rungs)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else RUNGS))

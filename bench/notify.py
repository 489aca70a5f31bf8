"""Notify: rungs planned per second, selecting what is due among them, deliveries per second, alerts per second.

Planning and selecting run on the embedded store with events composed, as in service. Deliveries go to a local SMTP
sink (aiosmtpd in a process of its own) through the real claim, send and record; the floor is a bare aiosmtplib loop in
the same run that composes and sends the same messages, as many in flight, and records nothing. Target: 70 % of it.
The same senders with kept connections, as ours has them, stand beside it.
Run: `python -m bench.notify [RUNGS]`, 100,000 without a number; 1,000,000 takes some minutes and 4 GB of disk.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import median

import aiosmtplib
import structlog
from aiosmtpd.smtp import SMTP

from bench.notify_alerts import PLAN, alert_figures
from services.notify.channels.email import Server
from services.notify.channels.email import compose as compose_mail
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.main import compose, smtp_server
from services.notify.repository.collections import COLLECTIONS
from services.notify.settings import NotifySettings
from services.notify.wiring.books import Books
from shared.clock import SystemClock
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.http.server import GC_OBJECTS
from shared.plan.load import load_plan, plan_document, plan_sha256
from shared.plan.model import Plan
from shared.store.documents import Documents
from shared.store.open import open_store

RUNGS = 100_000
RUNGS_MAX = 1_000_000
MESSAGES = 1000
ROUNDS = 3
"""Others may use the machine: of so many rounds the middle one counts."""
AT_ONCE = 32
DAY_MS = 86_400_000
DUE_MS = 1_300_294_799_999
Sender = Callable[[Server, Iterator[Delivery]], Awaitable[None]]
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
        planner = PlanRungs(plans=books.plans, units=books.units, ledger=books.ledger, reminders=books.reminders)
        began, worked = time.perf_counter(), time.process_time()
        assert await planner.run(DUE_MS - 60 * DAY_MS) == count
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
        made = count * per_obligation
        print(
            f"planning: {made:,} rungs in {seconds:,.1f} s, {made / seconds:,.0f}/s; {made / cpu_seconds:,.0f} per "
            f"second of CPU; most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"
        )
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
        rounds = [await _round(folder, port) for _ in range(ROUNDS)]
        ours, bare, kept = (median(figures) for figures in zip(*rounds, strict=True))
        ratio = median(ours / bare for ours, bare, _ in rounds)
        beside = median(ours / kept for ours, _, kept in rounds)
        print(f"deliveries: {ours:,.0f}/s, bare aiosmtplib {bare:,.0f}/s, ratio {ratio:.2f} (target 0.70)")
        print(f"            beside bare senders that keep their connections, {kept:,.0f}/s: {beside:.2f}")
    finally:
        sink.terminate()
        sink.join()


async def _round(folder: Path, port: int) -> tuple[float, float, float]:
    """Ours, bare, and bare with kept connections, one right after the other: messages per second."""
    store_url = f"sqlite://{folder}/deliveries.sqlite3"
    settings = NotifySettings(store_url=store_url, token_secret=SECRET, smtp_port=port, mail_at_once=AT_ONCE)
    bare, kept = await _bare(settings, _each_connects), await _bare(settings, _kept_connection)
    return await _ours(settings), bare, kept


async def _ours(settings: NotifySettings) -> float:
    notify = await compose(settings)
    try:
        now_ms = SystemClock().now_ms()
        slot = str(now_ms)
        for start in range(0, MESSAGES, 100):
            made = [_delivery(number, now_ms, slot) for number in range(start, start + 100)]
            await asyncio.gather(*(notify.books.deliveries.add(one, now_ms=now_ms) for one in made))
        began = time.perf_counter()
        assert await notify.work.deliver.run(now_ms) == MESSAGES
        return MESSAGES / (time.perf_counter() - began)
    finally:
        await notify.stop()


async def _bare(settings: NotifySettings, sender: Sender) -> float:
    """AT_ONCE senders side by side, the same messages: what anybody would do without a record."""
    server = smtp_server(settings)
    waiting = iter([_delivery(number, 0) for number in range(MESSAGES)])
    began = time.perf_counter()
    await asyncio.gather(*(sender(server, waiting) for _ in range(AT_ONCE)))
    return MESSAGES / (time.perf_counter() - began)


async def _each_connects(server: Server, waiting: Iterator[Delivery]) -> None:
    """One connection per message, as `aiosmtplib.send` does it."""
    for delivery in waiting:
        message = compose_mail(delivery, server, now_ms=0)
        to = [delivery.recipient]
        await aiosmtplib.send(
            message, sender=server.sender, recipients=to, hostname=server.host, port=server.port, start_tls=False
        )


async def _kept_connection(server: Server, waiting: Iterator[Delivery]) -> None:
    """One connection for all messages of this sender."""
    async with aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False) as client:
        for delivery in waiting:
            message = compose_mail(delivery, server, now_ms=0)
            await client.sendmail(server.sender, [delivery.recipient], message)


def _delivery(number: int, now_ms: int, slot: str = "bare") -> Delivery:
    body = "<p>" + "Báo cáo quý I/2011 đến hạn. " * 150 + "</p>"
    return created(
        kind="reminder",
        subject=f"reminder-{number}",
        slot=slot,
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
    gc.freeze()
    gc.set_threshold(GC_OBJECTS)  # as in service
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
    asyncio.run(run(min(int(sys.argv[1]), RUNGS_MAX) if len(sys.argv) > 1 else RUNGS))

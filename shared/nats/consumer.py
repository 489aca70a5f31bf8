"""One durable consumer: pulls messages, hands each envelope to its handler, and settles what came of it.

Messages of one key (the last token of the subject) go through the same lane one after the other; different keys run
in parallel. A message that is retried comes back later than its successors: consumers apply events by version, so
that does no harm. Effects happen before the acknowledgement; a crash between the two delivers the message again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from nats import errors
from nats.aio.msg import Msg
from opentelemetry.trace import Tracer

from shared.clock import Clock, SystemClock
from shared.events.envelope import Envelope
from shared.nats.attempts import AttemptLog
from shared.nats.connection import Connection
from shared.nats.dead_letter import DeadLetterBox
from shared.nats.jetstream_api import Absent, api_request
from shared.nats.outcome import Held, Outcomes
from shared.nats.pull import PullLoop
from shared.nats.settle import RetryPolicy, Settlement, is_invalid
from shared.nats.streams import ConsumerSpec, consumer_info, ensure_consumer
from shared.nats.tasks import start_task, stop_task
from shared.telemetry.correlation import correlated
from shared.telemetry.tracing import span_from

log = structlog.get_logger(__name__)

Handler = Callable[[Envelope], Awaitable[None]]
UNREADABLE = "unreadable"
FLUSH_SECONDS_MAX = 2
RELEASE_DELAY_SECONDS = 1.0
BRAKE_DELAY_SECONDS = 60.0
HELD_MAX_WINDOWS = 4


class ConsumerMetrics(Protocol):
    """What a consumer tells about itself."""

    def handled(self, *, consumer: str, event_type: str, outcome: str, seconds: float) -> None:
        """One message was settled: outcome `ack`, `retry` or `dead_letter`, after `seconds` of handling."""
        ...

    def behind(self, *, consumer: str, seconds: float) -> None:
        """Age of the oldest message that this process has received and not yet acknowledged."""
        ...


class NoMetrics:
    """Tells nobody."""

    def handled(self, *, consumer: str, event_type: str, outcome: str, seconds: float) -> None:
        return

    def behind(self, *, consumer: str, seconds: float) -> None:
        return


@dataclass(frozen=True, slots=True)
class ConsumerLimits:
    """Bounds of one consumer. More than `invalid_max` invalid ones among the last `invalid_window` stop it for good."""

    lanes: int = 8
    window: int = 256
    handler_seconds_max: float = 60.0
    heartbeat_seconds: float = 5.0
    invalid_max: int = 50
    invalid_window: int = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """`unprocessed`: messages not yet acknowledged, 0 only when there is none; `delivered`: deliveries ever."""

    unprocessed: int
    delivered: int


class Consumer:
    """Runs one durable. `start` returns at once; `reason` says why nothing is consumed, None when all is well."""

    def __init__(
        self,
        connection: Connection,
        spec: ConsumerSpec,
        handler: Handler,
        *,
        attempts: AttemptLog,
        dead_letters: DeadLetterBox,
        clock: Clock,
        policy: RetryPolicy | None = None,
        limits: ConsumerLimits | None = None,
        metrics: ConsumerMetrics | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.spec = spec
        self._connection = connection
        self._handler = handler
        self._outcomes = Outcomes(spec.name, attempts, dead_letters, clock, policy or RetryPolicy())
        self._broker_clock = SystemClock()  # the broker stamps messages with real time, whatever our clock says
        self._limits = limits or ConsumerLimits()
        self._metrics = metrics or NoMetrics()
        self._tracer = tracer
        self._held: dict[tuple[int, int], Held] = {}
        self._delayed: dict[tuple[int, int], tuple[int, float]] = {}
        self._recent: deque[bool] = deque(maxlen=self._limits.invalid_window)
        self._braked: str | None = None
        self._stopping = False
        self._lanes: list[asyncio.Queue[Held]] = [asyncio.Queue() for _ in range(self._limits.lanes)]
        self._tasks: list[asyncio.Task[None]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._pull = PullLoop(
            connection,
            stream=spec.stream,
            durable=spec.name,
            prepare=self._prepare,
            on_message=self._accept,
            held=lambda: self._limits.window if self._braked else len(self._held),
            window=self._limits.window,
            heartbeat_seconds=self._limits.heartbeat_seconds,
        )

    async def start(self) -> None:
        """Begin to consume as soon as the durable can be had."""
        for number, lane in enumerate(self._lanes):
            self._tasks.append(start_task(self._run_lane(lane), name=f"{self.spec.name} lane {number}"))
        self._tasks.append(start_task(self._keep_held(), name=f"{self.spec.name} in progress"))
        await self._pull.start()

    async def stop(self, *, finish_seconds_max: float = 10.0) -> None:
        """Pull nothing more, finish what is held within the bound, and give the rest back to the broker."""
        self._stopping = True
        await self._pull.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(finish_seconds_max):
                await self._idle.wait()
        await asyncio.gather(*map(stop_task, self._tasks))
        for held in list(self._held.values()):
            await self._give_back(held, RELEASE_DELAY_SECONDS)
        if self._connection.is_connected:
            with contextlib.suppress(errors.Error, TimeoutError, OSError):
                await self._connection.client.flush(timeout=FLUSH_SECONDS_MAX)

    @property
    def reason(self) -> str | None:
        """Why this consumer is not consuming, or None."""
        dead = [task.get_name() for task in self._tasks if task.done()]
        if dead and not self._stopping:
            return f"{self.spec.name}: ended unexpectedly: {', '.join(dead)}"
        why = self._braked or self._pull.reason
        return f"{self.spec.name}: {why}" if why else None

    @property
    def seconds_behind(self) -> float:
        """Age of the oldest message that this process received and has not yet acknowledged; 0 when there is none."""
        now = time.monotonic()
        self._delayed = {place: kept for place, kept in self._delayed.items() if kept[1] > now}
        waiting = [held.sent_ms for held in self._held.values()] + [sent for sent, _ in self._delayed.values()]
        return max(0.0, (self._broker_clock.now_ms() - min(waiting)) / 1000) if waiting else 0.0

    async def progress(self) -> Progress:
        """How much is left, asked of the broker: pending, delivered but not acknowledged, and held here.

        The broker counts a new message as pending a moment after acknowledging it to its publisher, so the last
        message of our subjects is compared too. `Transient` when the broker cannot tell.
        """
        held = len(self._held)
        last = await self._last_sequence()
        info = await consumer_info(self._connection, self.spec.stream, self.spec.name)
        unprocessed = info["num_pending"] + info["num_ack_pending"] + held
        if info["delivered"]["stream_seq"] < last:
            unprocessed = max(unprocessed, 1)
        return Progress(unprocessed, info["delivered"]["consumer_seq"])

    async def _last_sequence(self) -> int:
        try:
            found = await api_request(
                self._connection, f"STREAM.MSG.GET.{self.spec.stream}", {"last_by_subj": self.spec.filter_subject}
            )
        except Absent:
            return 0
        return int(found["message"]["seq"])

    async def _prepare(self) -> None:
        await self._outcomes.load()
        await ensure_consumer(self._connection, self.spec)

    async def _accept(self, message: Msg) -> None:
        held = Held(message)
        self._delayed.pop(held.place, None)
        if held.place in self._held:
            return  # delivered again while we work on it
        if self._stopping or self._braked or len(self._held) >= HELD_MAX_WINDOWS * self._limits.window:
            await self._give_back(held, BRAKE_DELAY_SECONDS if self._braked else RELEASE_DELAY_SECONDS)
            return
        self._held[held.place] = held
        self._idle.clear()
        self._lanes[zlib.crc32(held.lane_key) % len(self._lanes)].put_nowait(held)

    async def _run_lane(self, lane: asyncio.Queue[Held]) -> None:
        while True:
            held = await lane.get()
            if self._braked:
                await self._give_back(held, BRAKE_DELAY_SECONDS)
            else:
                await self._work(held)
            self._release(held)
            await self._pull.top_up()

    async def _work(self, held: Held) -> None:
        began = time.monotonic()
        event_type, error = await self._attempt(held)
        settlement = await self._outcomes.settle(held, error)
        if settlement.kind == "retry":
            self._note_delay(held, settlement.delay_seconds)
        seconds = time.monotonic() - began
        self._metrics.handled(consumer=self.spec.name, event_type=event_type, outcome=settlement.kind, seconds=seconds)
        self._note_validity(error, settlement)

    async def _attempt(self, held: Held) -> tuple[str, Exception | None]:
        """Decode and handle. The only broad `except` of the platform: here every failure becomes a settlement."""
        event_type = UNREADABLE
        try:
            envelope = Envelope.model_validate_json(held.message.data)
            event_type = envelope.type
            await self._handle(envelope)
        except Exception as error:
            return event_type, error
        return event_type, None

    async def _handle(self, envelope: Envelope) -> None:
        with (
            span_from(envelope.traceparent, f"consume {envelope.type}", tracer=self._tracer),
            correlated(envelope.correlationid or envelope.id),
            structlog.contextvars.bound_contextvars(
                event_id=envelope.id, event_type=envelope.type, consumer=self.spec.name
            ),
        ):
            async with asyncio.timeout(self._limits.handler_seconds_max):
                await self._handler(envelope)

    def _note_validity(self, error: Exception | None, settlement: Settlement) -> None:
        self._recent.append(error is not None and settlement.kind == "dead_letter" and is_invalid(error))
        invalid = sum(self._recent)
        if invalid > self._limits.invalid_max and self._braked is None:
            self._braked = f"stopped: {invalid} of the last {len(self._recent)} messages were invalid"
            log.error("consumer_braked", consumer=self.spec.name, reason=self._braked)

    async def _give_back(self, held: Held, delay_seconds: float) -> None:
        self._note_delay(held, delay_seconds)
        await held.give_back(delay_seconds)

    def _note_delay(self, held: Held, delay_seconds: float) -> None:
        # Another instance may get it next: after two ack waits it is no longer ours to tell about.
        forget_at = time.monotonic() + delay_seconds + 2 * self.spec.ack_wait_seconds
        self._delayed[held.place] = (held.sent_ms, forget_at)

    def _release(self, held: Held) -> None:
        self._held.pop(held.place, None)
        if not self._held:
            self._idle.set()
        self._metrics.behind(consumer=self.spec.name, seconds=self.seconds_behind)

    async def _keep_held(self) -> None:
        """Tell the broker in time that what we hold, queued or in work, is still being worked on."""
        while True:
            await asyncio.sleep(self.spec.ack_wait_seconds / 3)
            for held in list(self._held.values()):
                with contextlib.suppress(errors.Error, OSError):
                    await held.message.in_progress()
            self._metrics.behind(consumer=self.spec.name, seconds=self.seconds_behind)

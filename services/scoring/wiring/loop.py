"""What drives the handlers: the clock, and the loop that recomputes (traced, counted, woken, asked if it settled)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from opentelemetry.trace import SpanKind

from services.scoring import schedule
from services.scoring.domain.evaluations import Mark
from services.scoring.repository.marks import Marks
from services.scoring.wiring.handlers import Handlers
from shared.events.envelope import Envelope
from shared.nats.broker import Broker
from shared.schedule import Job, Schedule
from shared.service import settled_answer
from shared.telemetry.service import Telemetry


def jobs_of(made: Handlers) -> list[Job]:
    """Everything that the clock drives, in its order."""
    return [
        *schedule.jobs(mark_due=made.marks.mark_ticked),
        *schedule.round_jobs(
            step_due=made.round.run.due,
            anchor_due=made.round.ask_audit.anchor_due,
            mend_due=made.round.mend.due,
        ),
        *schedule.edition_jobs(
            snapshots_due=made.editions.provisionals.due,
            seals_due=made.editions.seal.due,
            follow_due=made.editions.follow.due,
        ),
    ]


def traced_runs(run: schedule.Run, telemetry: Telemetry) -> schedule.Run:
    """Each recomputation in a span of its own, linked to what caused it; its trace goes on in what it announces."""

    async def traced(mark: Mark) -> str:
        links = (mark.cause,) if mark.cause else ()
        with telemetry.tracing.span_from(
            None, "recompute", kind=SpanKind.INTERNAL, links=links, plan=mark.plan, year=mark.year
        ) as span:
            outcome = await run(mark)
            span.set_attribute("outcome", outcome)
            return outcome

    return traced


def telling(telemetry: Telemetry) -> Callable[[str, float], None]:
    """Counts each recomputation by its outcome, with the seconds that it took."""

    def told(outcome: str, seconds: float) -> None:
        telemetry.metrics.evaluations_computed.labels(outcome=outcome).inc()
        telemetry.metrics.evaluation_seconds.observe(seconds)

    return told


def noticed(
    handler: Callable[[Envelope], Awaitable[None]], loop: schedule.RecomputeLoop
) -> Callable[[Envelope], Awaitable[None]]:
    """The handler, after which the loop looks at the marks."""

    async def handled(envelope: Envelope) -> None:
        await handler(envelope)
        loop.notice()

    return handled


def settled(
    broker: Broker, every: Schedule, marks: Marks, loop: schedule.RecomputeLoop
) -> Callable[[], Awaitable[dict[str, int]]]:
    """Answers what is still under way: nothing is, when every number is 0."""

    async def answer() -> dict[str, int]:
        runs = loop.runs
        found = await settled_answer(broker, every, dirty=await marks.unfinished())
        # A recomputation that ended in between may have left events behind the look at the outbox.
        return {**found, "dirty": found["dirty"] + await marks.unfinished() + int(loop.runs != runs)}

    return answer

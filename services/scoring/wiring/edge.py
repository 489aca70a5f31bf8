"""The HTTP edge: which routes stand on which handlers."""

from __future__ import annotations

from fastapi import APIRouter

from services.scoring.handlers.reading import LISTS
from services.scoring.routes.analyses import analysis_routes, what_if_routes
from services.scoring.routes.appraisals import appraisal_routes
from services.scoring.routes.clarifications import clarification_routes
from services.scoring.routes.editions import edition_routes
from services.scoring.routes.evaluations import evaluation_routes
from services.scoring.routes.explanations import explanation_routes
from services.scoring.routes.files import file_routes
from services.scoring.routes.reading import noted_routes
from services.scoring.routes.rounds import round_routes
from services.scoring.routes.sealing import sealing_routes
from services.scoring.routes.totals import total_routes
from services.scoring.wiring.handlers import Handlers
from shared.clock import Clock
from shared.http.audit import audit_routes


def routers(made: Handlers, clock: Clock) -> list[APIRouter]:
    """Every noun of the interface."""
    work = made.round
    scores = [total_routes(made.totals, clock), evaluation_routes(made.answer, made.past, clock)]
    scores += [explanation_routes(made.explanations, clock), file_routes(made.files)]
    scores += [analysis_routes(made.analyses.ask), what_if_routes(made.analyses.ask, made.analyses.paces)]
    return [
        noted_routes(work.reading, scores),
        round_routes(work.run, work.desk),
        appraisal_routes(work.appraise, work.desk, work.reading),
        clarification_routes(work.clarify),
        noted_routes(work.reading, [edition_routes(made.editions.ask, made.editions.verify)]),
        sealing_routes(made.editions.ask, made.editions.seal, made.editions.publish, work.audit, clock),
        audit_routes(work.ask_audit, beside_plans=frozenset({LISTS})),
    ]

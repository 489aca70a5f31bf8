"""Analyses put together: what asks for them, and what computes them."""

from __future__ import annotations

import secrets

from services.scoring.handlers.compute import Compute
from services.scoring.handlers.jobs import AskAnalyses
from services.scoring.handlers.paces import Paces
from services.scoring.handlers.pinned import Pinned
from services.scoring.handlers.recompute import Recompute
from services.scoring.handlers.work import Work
from services.scoring.repository.jobs import Jobs
from services.scoring.repository.ledger import Ledger
from services.scoring.repository.plans import Plans
from services.scoring.repository.results import Results
from shared.audit.log import Audit
from shared.clock import Clock
from shared.store.documents import Documents


class AnalysisWork:
    """Analyses: what asks for them, and what computes them."""

    def __init__(
        self,
        store: Documents,
        *,
        plans: Plans,
        ledger: Ledger,
        results: Results,
        recompute: Recompute,
        computing: Compute,
        audit: Audit,
        clock: Clock,
        lease_seconds: float,
        lease_clock: Clock,
    ) -> None:
        jobs = Jobs(store, owner=secrets.token_hex(8), lease_ms=round(lease_seconds * 1000), lease_clock=lease_clock)
        pinned = Pinned(results=results, computing=computing, plans=plans, ledger=ledger, last=recompute.last)
        self.pinned = pinned
        self.ask = AskAnalyses(jobs=jobs, pinned=pinned, audit=audit, clock=clock)
        self.work = Work(jobs=jobs, pinned=pinned, clock=clock)
        self.paces = Paces(pinned=pinned)

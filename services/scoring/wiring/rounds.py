"""Rounds put together: what runs them, the appraisal desk, clarifications, the audit log."""

from __future__ import annotations

from services.scoring.handlers.appraise import Appraise
from services.scoring.handlers.clarify import Clarify
from services.scoring.handlers.desk import Desk
from services.scoring.handlers.numbers import Numbers
from services.scoring.handlers.reading import NoteReading
from services.scoring.handlers.round import RunRound
from services.scoring.handlers.round_case import RoundCases
from services.scoring.repository.appraisals import Appraisals
from services.scoring.repository.changes import ChangedInRounds
from services.scoring.repository.clarifications import Clarifications
from services.scoring.repository.marks import Marks
from services.scoring.repository.observations import Observations
from services.scoring.repository.plans import Plans
from services.scoring.repository.rounds import Rounds as RoundStore
from services.scoring.repository.rounds_view import RoundViews
from services.scoring.repository.units import Units
from shared.audit.log import AskAudit, Audit
from shared.audit.mend import Mend
from shared.clock import Clock
from shared.events.anchor import ScoringAnchorState
from shared.store.audit_chain import AuditChain
from shared.store.documents import Documents
from shared.store.looked import LookedUntil


class RoundWork:
    """Rounds: what runs them, what is appraised and contested in them, and the audit log."""

    def __init__(
        self,
        store: Documents,
        *,
        plans: Plans,
        units: Units,
        reports: Observations,
        numbers: Numbers,
        marks: Marks,
        clock: Clock,
    ) -> None:
        self.audit_chain = AuditChain(store, announces=ScoringAnchorState)
        self.ask_audit = AskAudit(self.audit_chain)
        self.audit = audit = Audit(self.audit_chain)
        self.mend = Mend(changes=ChangedInRounds(store), looked=LookedUntil(store), lines=self.audit_chain)
        self.views = RoundViews(store)
        self.reading = NoteReading(rounds=self.views, audit=audit, clock=clock)
        rounds, appraisals, clarifications = RoundStore(store), Appraisals(store), Clarifications(store)
        cases = RoundCases(rounds=rounds, reports=reports, units=units, numbers=numbers)
        self.desk = Desk(cases=cases, appraisals=appraisals, clarifications=clarifications, clock=clock)
        self.run = RunRound(
            rounds=rounds,
            decided=self.views,
            plans=plans,
            unappraised=self.desk.unappraised,
            marks=marks,
            audit=audit,
            clock=clock,
        )
        self.appraise = Appraise(cases=cases, appraisals=appraisals, marks=marks, audit=audit, clock=clock)
        self.clarify = Clarify(cases=cases, clarifications=clarifications, marks=marks, audit=audit, clock=clock)

"""The repositories of the read models."""

from __future__ import annotations

from collections.abc import Mapping

from services.dashboard.handlers.apply import ReadModel
from services.dashboard.repository.alerts import Alerts
from services.dashboard.repository.deliveries import Deliveries
from services.dashboard.repository.digests import Digests
from services.dashboard.repository.evaluations import Evaluations
from services.dashboard.repository.inspections import Inspections
from services.dashboard.repository.obligations import Obligations
from services.dashboard.repository.plans import Plans
from services.dashboard.repository.reminders import Reminders
from services.dashboard.repository.reports import Reports
from services.dashboard.repository.scores import Scores
from services.dashboard.repository.units import Units
from services.dashboard.repository.windows import OUTAGES, SILENCES, Windows
from shared.store.documents import Documents


class Models:
    """The repositories, one for each noun."""

    def __init__(self, store: Documents) -> None:
        self.plans = Plans(store)
        self.units = Units(store)
        self.obligations = Obligations(store)
        self.reports = Reports(store)
        self.scores = Scores(store)
        self.evaluations = Evaluations(store)
        self.reminders = Reminders(store)
        self.alerts = Alerts(store)
        self.silences = Windows(store, SILENCES)
        self.outages = Windows(store, OUTAGES)
        self.inspections = Inspections(store)
        self.digests = Digests(store)
        self.deliveries = Deliveries(store)

    def by_noun(self) -> Mapping[str, ReadModel]:
        """Noun of an event type -> the repository that holds it."""
        return {
            "plan": self.plans,
            "unit": self.units,
            "obligation": self.obligations,
            "report": self.reports,
            "score": self.scores,
            "evaluation": self.evaluations,
            "reminder": self.reminders,
            "alert": self.alerts,
            "silence": self.silences,
            "outage": self.outages,
            "inspection": self.inspections,
            "digest": self.digests,
            "delivery": self.deliveries,
        }

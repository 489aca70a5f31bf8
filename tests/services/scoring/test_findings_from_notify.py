"""What inspectors do in notify arrives in scoring as it left: from the pending event to the index of the unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.domain.inspections.machine import accepted, remedied
from services.notify.repository.inspections import INSPECTIONS, Inspections
from shared.events.envelope import Envelope
from shared.events.inspection import InspectionState
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.store.pending import envelope_of
from tests.services.notify.inspections.cases import PROOF, actor, in_phase
from tests.services.notify.samples import at
from tests.services.scoring.conftest import Service
from tests.services.scoring.test_findings import cell, index_of, inspected_plan, world
from tests.services.scoring.world import unit_event, year_of

pytestmark = pytest.mark.anyio

UNIT = "CVT"


async def announced(store: Documents, inspection: str) -> list[Envelope]:
    """The events that wait in the document, in their order."""
    held = await store.get(INSPECTIONS.name, inspection)
    assert held is not None
    return [Envelope.model_validate(envelope_of(event)) for event in held["pending"]]


async def test_a_remedy_that_an_inspector_accepts_moves_the_index(service: Service, tmp_path: Path) -> None:
    store = await open_store(f"sqlite://{tmp_path}/notify.sqlite3", database="notify", collections=[INSPECTIONS])
    inspections, made = Inspections(store), inspected_plan()
    await service.feed([*world(), unit_event(UNIT), *year_of(UNIT, 5)])
    state = await saved(inspections, in_phase("CONCLUDED", made, "high"))
    await service.feed(await announced(store, state.inspection))
    assert (await cell(service, UNIT))["value"] == 0.0
    before = await index_of(service, UNIT)
    finding = state.findings[0].finding
    state = await saved(inspections, remedied(state, finding, PROOF, actor("2011-05-24", "officer", UNIT)))
    state = await saved(inspections, accepted(state, finding, actor("2011-05-31")))
    await service.feed(await announced(store, state.inspection))
    row = await cell(service, UNIT)
    assert (row["value"], row["inputs"][0]["finding"]) == (100.0, finding)
    assert row["inputs"][0]["remedied_at_ms"] == at("2011-05-24 10:00"), "when it was proved, not when it was accepted"
    assert await index_of(service, UNIT) == before + 0.5
    await store.aclose()


async def saved(inspections: Inspections, state: InspectionState) -> InspectionState:
    assert await inspections.save(await inspections.get(state.inspection), state)
    return state

"""Recomputation around a round: layers, frozen numbers, and sealed numbers that stand whatever arrives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.computation import Computation
from services.scoring.domain.earlier import Earlier
from services.scoring.domain.last_year import Last
from services.scoring.domain.reference import Reference
from services.scoring.domain.round.view import RoundView
from services.scoring.domain.sealed import Sealed
from services.scoring.repository.results import Results
from shared.clock import FixedClock
from shared.errors import Permanent
from shared.events.score import EvaluationPhase, EvaluationState, ScoreState
from shared.store.documents import Documents
from shared.store.pending import envelope_of
from tests.services.scoring.conftest import Service, open_scoring_store, serve
from tests.services.scoring.test_recompute import figures, world
from tests.services.scoring.world import END_MS, envelope, mail, obligation, report, sites

pytestmark = pytest.mark.anyio


@dataclass
class Told:
    """A round and its editions as a test wants them; by instant where it was changed."""

    phase: EvaluationPhase = "DRAFT"
    appraised: tuple[Appraised, ...] = ()
    edition: Sealed | None = None
    reference: Reference | None = None
    asked: list[int | None] = field(default_factory=list)

    async def of(self, plan: str, year: int, *, as_of_ms: int | None = None) -> RoundView:
        self.asked.append(as_of_ms)
        rows = tuple(row for row in self.appraised if as_of_ms is None or row.decided_at_ms <= as_of_ms)
        return RoundView(plan, year, phase=self.phase, revision=1, appraised=rows)

    async def sealed(self, plan: str, year: int, *, as_of_ms: int | None = None) -> Sealed | None:
        return self.edition

    async def last_final(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> Reference | None:
        return self.reference

    async def earlier(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Earlier, ...]:
        return ()

    async def last_year(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Last, ...]:
        return ()

    async def again(self, plan: str, year: int) -> Computation | None:
        return None


@dataclass
class Year:
    told: Told
    service: Service
    clock: FixedClock

    async def recompute(self) -> None:
        """As after a step of the round: marked, then settled."""
        await self.service.handlers.marks.mark("TEST", 2011)
        await self.service.settle()

    async def evaluation(self) -> EvaluationState:
        found = await Results(self.service.store).evaluation("evaluation-TEST-2011")
        assert found is not None
        return found[0]

    async def unit(self, unit: str) -> dict[str, Any]:
        return dict(figures(await self.service.scores())[unit])

    async def seal(self) -> None:
        """What an edition does: the computation of this moment, and the round closed."""
        final = await self.service.handlers.computing.final("TEST", 2011)
        assert final is not None
        self.told.edition = Sealed("edition-TEST-2011-1", final.inputs_sha256, final.now_ms)
        self.told.phase = "SEALED"


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    opened = await open_scoring_store(tmp_path / "scoring.sqlite3")
    yield opened
    await opened.aclose()


@pytest.fixture
async def year(store: Documents) -> Year:
    told, clock = Told(), FixedClock(END_MS)
    made = Year(told, serve(store, clock, rounds=told, editions=told), clock)
    await made.service.feed(world())
    await made.service.settle()
    return made


def appraisal(value: float = 100.0, *, at_ms: int = END_MS, revision: int = 1) -> Appraised:
    return Appraised("a2", "MAIL", "value", revision, at_ms, value=value)


async def test_an_appraisal_moves_index_and_rank_and_both_layers_are_announced(year: Year) -> None:
    before = await year.unit("a2")
    year.told.appraised = (appraisal(),)
    await year.recompute()
    after = await year.unit("a2")
    assert after["layers"] == {"self": before["index"], "appraised": 1.0, "final": after["index"]}
    assert after["index"] > before["index"]
    assert (before["rank"], after["rank"]) == (2, 2)
    assert (await year.unit("a3"))["rank"] == 3, "whose tie was broken is told too"
    [mail_cell] = [cell for cell in after["indicators"] if cell["code"] == "MAIL"]
    assert (mail_cell["value"], mail_cell["appraised"]) == (100.0, True)
    waiting = (await year.service.scores())["a2"]["pending"]
    announced = ScoreState.model_validate(envelope_of(waiting[-1])["data"])
    assert announced.layers["self"] == before["index"]
    assert announced.movement.index_before == before["index"]
    assert announced == ScoreState.model_validate_json((await year.service.scores())["a2"]["body"])


async def test_restart_and_repetition_with_appraisals_change_nothing(year: Year, store: Documents) -> None:
    year.told.appraised = (appraisal(), replace(appraisal(), unit="a1", outcome="rejected", value=None))
    await year.recompute()
    before = await year.service.documents()
    year.told.appraised = year.told.appraised[::-1]
    await year.recompute()
    other = Year(year.told, serve(store, year.clock, rounds=year.told, editions=year.told), year.clock)
    await other.service.feed(world())
    await other.service.settle()
    assert await other.service.documents() == before


async def test_an_appraisal_belongs_to_the_past_from_when_it_was_decided(year: Year) -> None:
    ask = year.service.handlers.past.evaluation
    before = await ask("TEST", 2011, END_MS, peer_group=None, limit=50, cursor=None)
    year.told.appraised = (appraisal(at_ms=END_MS + 10),)
    year.clock.set(END_MS + 20)
    assert await ask("TEST", 2011, END_MS, peer_group=None, limit=50, cursor=None) == before
    after = await ask("TEST", 2011, END_MS + 10, peer_group=None, limit=50, cursor=None)
    assert before is not None
    assert after is not None
    assert after["inputs_sha256"] != before["inputs_sha256"]


async def test_before_the_review_numbers_are_frozen_and_from_then_on_derived_anew(year: Year) -> None:
    plain = await year.unit("a1")
    year.told.reference = Reference("edition-TEST-2010-1", posts={"SITES": {"A": {"peer_max": 64.0}}})
    frozen = await year.service.handlers.computing("TEST", 2011)
    assert frozen is not None
    assert frozen.reference is year.told.reference
    assert frozen.inputs_sha256 != (await year.evaluation()).inputs_sha256
    year.told.phase = "FINAL_REVIEW"
    await year.recompute()
    assert (await year.unit("a1"))["index"] == plain["index"]
    assert (await year.evaluation()).phase == "FINAL_REVIEW"
    assert (await year.evaluation()).provisional


async def test_sealed_numbers_stand_and_only_the_drift_is_noted(year: Year) -> None:
    year.told.phase = "FINAL_REVIEW"
    await year.recompute()
    await year.seal()
    await year.recompute()
    sealed = await year.evaluation()
    assert (sealed.phase, sealed.provisional, sealed.inputs_changed_since_seal) == ("SEALED", False, False)
    assert {figure["provisional"] for figure in figures(await year.service.scores()).values()} == {False}
    scores = await year.service.scores()
    await year.service.feed([envelope(report("a4", 3, mail(10, 10), sites(40), revision=2))])
    await year.service.settle()
    assert await year.service.scores() == scores, "nothing is computed that would be announced"
    drifted = await year.evaluation()
    assert drifted.inputs_changed_since_seal
    assert drifted.model_copy(update={"inputs_changed_since_seal": False, "revision": sealed.revision}) == sealed
    await year.service.feed([envelope(obligation("a4", 3, revision=3, outcome="PENDING", returned_count=1))])
    await year.service.settle()
    assert (await year.evaluation()).revision == drifted.revision, "noted once"
    year.told.phase = "PUBLISHED"
    await year.recompute()
    published = await year.evaluation()
    assert (published.phase, published.inputs_changed_since_seal) == ("PUBLISHED", True)
    assert published.inputs_sha256 == sealed.inputs_sha256


async def test_what_arrives_between_sealing_and_saving_does_not_get_in(year: Year) -> None:
    year.told.phase = "FINAL_REVIEW"
    await year.seal()
    expected = {unit: state["index"] for unit, state in figures(await year.service.scores()).items()}
    year.clock.set(END_MS + 100)
    late = report("a4", 3, mail(10, 10), sites(40), revision=2, changed_at_ms=END_MS + 50)
    await year.service.feed([envelope(late)])
    await year.service.settle()
    found = figures(await year.service.scores())
    assert {unit: state["index"] for unit, state in found.items()} == expected
    assert {state["provisional"] for state in found.values()} == {False}
    state = await year.evaluation()
    assert year.told.edition is not None
    assert (state.inputs_sha256, state.inputs_changed_since_seal) == (year.told.edition.inputs_sha256, True)


async def test_a_correction_brings_the_scores_to_the_new_edition(year: Year) -> None:
    year.told.phase = "FINAL_REVIEW"
    await year.seal()
    await year.recompute()
    await year.service.feed([envelope(report("a4", 3, mail(10, 10), sites(40), revision=2))])
    year.told.phase = "CORRECTED"
    await year.recompute()
    before = await year.unit("a4")
    await year.seal()
    await year.recompute()
    assert (await year.unit("a4"))["index"] > before["index"]
    assert not (await year.evaluation()).inputs_changed_since_seal


async def test_a_moment_after_the_sealing_is_the_sealed_evaluation(year: Year) -> None:
    year.told.phase = "FINAL_REVIEW"
    await year.seal()
    await year.recompute()
    year.clock.set(END_MS + 100)
    late = report("a4", 3, mail(10, 10), sites(40), revision=2, changed_at_ms=END_MS + 50)
    await year.service.feed([envelope(late)])
    stood = await year.service.handlers.computing.as_of("TEST", 2011, END_MS + 90)
    assert stood is not None
    assert year.told.edition is not None
    assert (stood.inputs_sha256, stood.phase) == (year.told.edition.inputs_sha256, "SEALED")


async def test_what_was_sealed_and_cannot_be_computed_again_is_said_and_not_overwritten(year: Year) -> None:
    scores = await year.service.scores()
    year.told.phase, year.told.edition = "SEALED", Sealed("edition-TEST-2011-1", "f" * 64, END_MS)
    await year.service.handlers.marks.mark("TEST", 2011)
    with pytest.raises(Permanent, match="cannot be computed again"):
        await year.service.settle()
    assert await year.service.scores() == scores
    assert json.loads(scores["a1"]["body"])["provisional"] is True

"""Inspections in the composed service: real mail, the API's description, audit lines that a crash left out."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from services.notify.domain.inspections.machine import Found
from services.notify.handlers.inspections import StepGiven, Who
from shared.http.api_docs import operations_of
from tests.services.notify.conftest import Running
from tests.services.notify.inspections.cases import PAPER, in_phase
from tests.services.notify.inspections.test_reminders import INSPECTOR, OFFICER, quiet_plan
from tests.services.notify.post import text_of
from tests.services.notify.samples import at, center, contact, plan_state, unit

pytestmark = pytest.mark.anyio


async def test_a_conclusion_reaches_the_unit_as_mail(running: Running) -> None:
    await running.hear(plan_state(quiet_plan()), center(), unit("CVT", contact("report_officer", OFFICER)))
    desk = running.notify.work.inspections.desk
    running.clock.set(at("2011-05-20 10:00"))
    state = await desk.propose("P", "CVT", reason="asked for", who=INSPECTOR)
    for step in ("decision", "visit"):
        given = StepGiven(step, "2011-05-20", PAPER, None)
        state = await desk.step(state.inspection, given, named=None, who=INSPECTOR)
    await desk.find(state.inspection, Found("KN-01", "high", "no backup"), named=None, who=Who("second", None))
    await desk.step(state.inspection, StepGiven("conclusion", "2011-05-20", PAPER, None), named=None, who=INSPECTOR)
    await running.go("2011-05-23 09:00")
    [mail] = running.post.to(OFFICER)
    assert "KN-01" in text_of(mail)


async def test_a_line_that_a_crash_left_out_is_made_up(running: Running) -> None:
    """The inspection was saved, and the process died before its audit line."""
    await running.hear(plan_state(quiet_plan()), center(), unit("CVT"))
    books, state = running.notify.books, in_phase("PROPOSED")
    running.clock.set(at("2011-05-04 10:00"))
    assert await books.inspections.save(None, state)
    await running.go("2011-05-04 10:01")
    [line] = await books.audit_chain.lines("P", about=state.inspection, by=None, after_seq=0, limit=10)
    assert (line.entry["what"], line.entry["by"], line.entry["made_up"]) == ("inspection.changed", "inspector", True)


async def test_the_description_of_every_call_has_examples_that_fit(running: Running) -> None:
    schema = running.notify.app.openapi()
    told = [
        one for one in operations_of(schema) if one[1].startswith("/v1/inspection") and one[1] != "/v1/inspection-list"
    ]
    assert len(told) == 16
    for method, path, operation in told:
        assert operation["description"], path
        answers = [answer for status, answer in operation["responses"].items() if status != "default"]
        held = [*answers, operation.get("requestBody", {})]
        for media in (found for part in held for found in part.get("content", {}).values()):
            example = media.get("example", next(iter(media.get("examples", {"": {}}).values())).get("value"))
            assert example is not None or media["schema"] == {"type": "object"}, f"{method} {path}"
            if example is not None:
                assert _fault(example, media["schema"], schema) is None, f"{method} {path}"


def _fault(example: Any, part: dict[str, Any], schema: dict[str, Any]) -> str | None:
    whole = {**part, "components": schema["components"]}
    errors = list(jsonschema_rs.Draft202012Validator(whole).iter_errors(example))
    return f"{errors[0].instance_path} {errors[0].message}"[:300] if errors else None

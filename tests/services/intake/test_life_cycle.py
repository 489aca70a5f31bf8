"""The life cycle of one report, driven at random against a small model of what is allowed to whom."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.services.intake.running import Running, running, token

REPORT = "report-SMALL-ANNUAL-U1-2011"
OBLIGATION = "obligation-SMALL-ANNUAL-U1-2011"
AFTER = "2012-01-03T08:00:00+07:00"
PEOPLE = ("an", "binh")
WHY = {"reason": "because"}

people = st.sampled_from(PEOPLE)
amounts = st.integers(0, 3)


class LifeCycle(RuleBasedStateMachine):
    """A form under `two_step`: who approves is not who submitted. The model is the handful of fields below."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.version = 0
        self.phase = ""
        self.outcome = "PENDING"
        self.sent_by = ""
        self.amount: int | None = None
        self.sealed = False
        self.draft: int | None = None
        self.first_amounts: list[int] = []

    @initialize()
    def start(self) -> None:
        self.runner.run(self._start())

    async def _start(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.intake: Running = await self.stack.enter_async_context(running(folder, at=AFTER))
        effective = {"first": "2011-01-01", "last": "2011-12-31"}
        assert (await self.intake.publish(validation=[], effective=effective)).status_code == 201
        await self.intake.put_unit("U1")

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def call(self, method: str, path: str, who: str = "admin", **more: Any) -> Any:
        self.intake.clock.advance(1000)
        roles = ["administrator"] if who == "admin" else ["operator"]
        bearer = token(who, roles=roles)
        answer = self.runner.run(self.intake.call(method, path, bearer=bearer, **more))
        assert answer.status_code < 500, answer.text
        return answer

    def decide(self, path: str, who: str, **more: Any) -> Any:
        return self.call("POST", path, who, **more)

    # --- what the unit does ---

    @rule(who=people, amount=amounts, stale=st.booleans())
    def submit(self, who: str, amount: int, stale: bool) -> None:
        version = self.version + 7 if stale else self.version
        headers = {"If-Match": f'"{version}"'} if version else {}
        answer = self.call("POST", "/v1/reports", who, json=body(amount), headers=headers)
        self.expect_submission(answer, who, amount, stale=stale)

    def expect_submission(self, answer: Any, who: str, amount: int, *, stale: bool) -> None:
        stands = self.phase in ("SUBMITTED", "APPROVED", "SEALED") and amount == self.amount
        if stands:
            assert answer.status_code == 200
        elif self.sealed:
            assert answer.status_code == 423
        elif self.outcome in ("WAIVED", "NOT_APPLICABLE"):
            assert answer.status_code == 409
        elif stale:
            assert (answer.status_code, answer.json()["current_version"]) == (412, self.version)
        else:
            assert answer.status_code == 201, answer.text
            self.version += 1
            self.first_amounts.append(amount)
            self.phase, self.outcome, self.sent_by, self.amount = "SUBMITTED", "FULFILLED", who, amount

    @rule(who=people, amount=amounts)
    def save_draft(self, who: str, amount: int) -> None:
        content = {"values": body(amount)["values"]}
        answer = self.call("PUT", f"/v1/drafts/{OBLIGATION}", who, json=content)
        if self.sealed:
            assert answer.status_code == 423
        else:
            assert answer.status_code == (200 if self.draft is not None else 201)
            self.draft = amount

    @rule(who=people)
    def submit_draft(self, who: str) -> None:
        headers = {"If-Match": f'"{self.version}"'} if self.version else {}
        answer = self.call("POST", f"/v1/drafts/{OBLIGATION}/submit", who, headers=headers)
        if self.draft is None:
            assert answer.status_code == 404
            return
        self.expect_submission(answer, who, self.draft, stale=False)
        if answer.status_code in (200, 201):
            self.draft = None

    # --- what reviewers do ---

    @rule(who=people)
    def approve(self, who: str) -> None:
        answer = self.decide(f"/v1/reports/{REPORT}/approve", who)
        if self.refused_without_report(answer):
            return
        if self.phase != "SUBMITTED" or who == self.sent_by:
            assert answer.status_code == 409
        else:
            assert answer.status_code == 200
            self.phase = "APPROVED"

    @rule(who=people)
    def give_back(self, who: str) -> None:
        answer = self.decide(f"/v1/reports/{REPORT}/return", who, json=WHY)
        if self.refused_without_report(answer):
            return
        if self.phase in ("SUBMITTED", "APPROVED"):
            assert answer.status_code == 200
            self.phase, self.outcome = "RETURNED", "PENDING"
        else:
            assert answer.status_code == 409

    @rule(who=people)
    def unapprove(self, who: str) -> None:
        answer = self.decide(f"/v1/reports/{REPORT}/unapprove", who, json=WHY)
        if self.refused_without_report(answer):
            return
        if self.phase == "APPROVED":
            assert answer.status_code == 200
            self.phase = "SUBMITTED"
        else:
            assert answer.status_code == 409

    def refused_without_report(self, answer: Any) -> bool:
        if self.version == 0:
            assert answer.status_code == 404
        elif self.sealed:
            assert answer.status_code == 423
        return self.version == 0 or self.sealed

    # --- what the standing body does ---

    @rule(who=people, what=st.sampled_from(["waive", "not-applicable"]))
    def waive(self, who: str, what: str) -> None:
        answer = self.decide(f"/v1/obligations/{OBLIGATION}/{what}", who, json=WHY)
        if self.sealed:
            assert answer.status_code == 423
        elif self.outcome == "PENDING":
            assert answer.status_code == 200
            self.outcome = "WAIVED" if what == "waive" else "NOT_APPLICABLE"
        else:
            assert answer.status_code == 409

    @rule(who=people)
    def reinstate(self, who: str) -> None:
        answer = self.decide(f"/v1/obligations/{OBLIGATION}/reinstate", who, json=WHY)
        if self.sealed:
            assert answer.status_code == 423
        elif self.outcome in ("WAIVED", "NOT_APPLICABLE"):
            assert answer.status_code == 200
            self.outcome = "PENDING"
        else:
            assert answer.status_code == 409

    @rule(who=st.sampled_from([*PEOPLE, "admin"]))
    def seal(self, who: str) -> None:
        answer = self.call("POST", "/v1/plans/SMALL/years/2011/seal", who)
        assert answer.status_code == (200 if who == "admin" else 403)
        if who == "admin":
            self.sealed = True
            self.phase = "SEALED" if self.phase == "APPROVED" else self.phase

    @rule(who=st.sampled_from([*PEOPLE, "admin"]))
    def unseal(self, who: str) -> None:
        answer = self.call("POST", f"/v1/obligations/{OBLIGATION}/unseal", who, json=WHY)
        if who != "admin":
            assert answer.status_code == 403
        elif self.sealed:
            assert answer.status_code == 200
            self.sealed = False
            self.phase = "APPROVED" if self.phase == "SEALED" else self.phase
        else:
            assert answer.status_code == 409

    # --- what must always hold ---

    @invariant()
    def the_entry_is_as_the_model_says(self) -> None:
        if not hasattr(self, "intake"):
            return
        held = self.runner.run(self.intake.entry("ANNUAL", "U1", "2011"))
        assert (held["outcome"], held["sealed_at_ms"] is not None) == (self.outcome, self.sealed)
        report = held["report"]
        assert (report is not None) == (self.version > 0)
        if report is not None:
            state = report["state"]
            assert (state["phase"], state["version"], state["submitted_by"]) == (self.phase, self.version, self.sent_by)

    @invariant()
    def every_version_is_kept_as_it_was(self) -> None:
        if not hasattr(self, "intake") or self.version == 0:
            return
        answer = self.call("GET", f"/v1/reports/{REPORT}")
        assert [held["version"] for held in answer.json()["versions"]] == list(range(1, self.version + 1))
        one = self.call("GET", f"/v1/reports/{REPORT}/versions/1").json()
        assert one["report"]["values"][0]["numerator"] == self.first_amounts[0]


def body(amount: int) -> dict[str, Any]:
    head = {"plan": "SMALL", "form": "ANNUAL", "unit": "U1", "period": "2011"}
    evidence = {"kind": "url", "reference": "u"}
    value = {"indicator": "STAFF", "numerator": amount, "denominator": 5, "evidence": evidence}
    return {**head, "values": [value]}


LifeCycle.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestLifeCycle = LifeCycle.TestCase

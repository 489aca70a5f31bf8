"""Publish a plan version: once, immutable, with everything that it makes owed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from services.intake.domain.plans import check_announceable, check_name, not_a_plan
from services.intake.domain.versions import PublishedPlan
from services.intake.handlers.materialise import Materialise
from shared.audit.log import Audit
from shared.clock import Clock
from shared.plan.faults import PlanErrors
from shared.plan.load import plan_document, plan_sha256
from shared.plan.model import Plan
from shared.refusal import Refusal, not_found


class PlanStore(Protocol):
    async def publish(self, published: PublishedPlan) -> bool: ...
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...
    async def all(self) -> list[PublishedPlan]: ...


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a document. `valid`: a dry run found nothing wrong."""

    result: Literal["published", "unchanged", "valid"]
    published: PublishedPlan
    obligations: int = 0


class PublishPlans:
    """Publishes plan versions and shows them."""

    def __init__(self, *, plans: PlanStore, materialise: Materialise, audit: Audit, clock: Clock) -> None:
        self._plans = plans
        self._materialise = materialise
        self._audit = audit
        self._clock = clock

    async def publish(
        self, read: Callable[[], Plan], *, plan: str, version: str, by: str, dry_run: bool
    ) -> Publication:
        """Publish what `read` gives under (plan, version). The same content again finishes what a crash left.

        Refused with all faults of the document; when it names another plan or version; when the version exists with
        other content. `read` takes a tenth of a second of processor time for a large plan, so it runs beside the loop.
        """
        fresh = await asyncio.to_thread(_checked, read, plan, version, self._clock.now_ms())
        held = await self._plans.get(plan, version)
        if dry_run:
            if held is not None:
                _check_same(held, fresh)
            return Publication("valid", fresh)
        is_new = held is None and await self._plans.publish(fresh)
        standing = fresh if is_new else held or await self._plans.get(plan, version)
        if standing is None:
            raise _name_taken(plan, version)
        _check_same(standing, fresh)
        at_ms = fresh.published_at_ms
        if is_new:
            await self._audit.record(plan, "plan.published", version, by=by, at_ms=at_ms, sha256=fresh.sha256)
        written = await self._materialise.for_plan(plan, at_ms)
        return Publication("published" if is_new else "unchanged", standing, written)

    async def get(self, plan: str, version: str) -> PublishedPlan:
        """The version, refused as not found when it was never published."""
        found = await self._plans.get(plan, version)
        if found is None:
            raise not_found(f"kế hoạch {plan} phiên bản {version}", f"plan {plan} version {version}")
        return found

    async def all(self) -> list[PublishedPlan]:
        """Every version of every plan."""
        return await self._plans.all()


def _checked(read: Callable[[], Plan], plan: str, version: str, now_ms: int) -> PublishedPlan:
    try:
        found = read()
    except PlanErrors as errors:
        raise not_a_plan(errors) from errors
    check_name(found.code, found.version, plan=plan, plan_version=version)
    check_announceable(plan_document(found))
    return PublishedPlan(found, plan_sha256(found), now_ms)


def _check_same(held: PublishedPlan, fresh: PublishedPlan) -> None:
    if held.sha256 != fresh.sha256:
        plan = held.plan
        raise Refusal(
            "content_exists",
            f"Phiên bản {plan.version} của {plan.code} đã ban hành với nội dung khác; hãy dùng số phiên bản mới.",
            f"Version {plan.version} of {plan.code} is published with other content; use a new version.",
            members={"sha256": held.sha256},
        )


def _name_taken(plan: str, version: str) -> Refusal:
    return Refusal(
        "content_exists",
        f"Tên {plan} {version} trùng với một kế hoạch khác khi ghép lại; hãy đổi số phiên bản.",
        f"{plan} {version} reads like another plan's name when joined; use another version.",
    )

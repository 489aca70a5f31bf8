"""What is announced of an edition: the whole state but the results, which are read at its address. Pure."""

from __future__ import annotations

from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.evaluations import evaluation_id
from shared.events.edition import EditionCorrection, EditionState


def state_of(edition: Edition) -> EditionState:
    """The state of the edition's present revision."""
    agreed, facts = edition.agreed, edition.agreed.facts
    published = edition.status == "PUBLISHED"
    correction = None
    if agreed.correction is not None:
        correction = EditionCorrection(
            reason=agreed.correction.reason,
            opened_by=agreed.correction.opened_by,
            opened_at_ms=agreed.correction.opened_at_ms,
            units_changed=agreed.counts.get("changed", 0),
            units_moved=agreed.counts.get("moved", 0),
        )
    return EditionState(
        revision=edition.revision,
        edition=edition.id,
        evaluation=evaluation_id(facts.plan, facts.year),
        plan=facts.plan,
        plan_version=facts.plan_version,
        year=facts.year,
        number=agreed.number,
        status=edition.status,
        sha256=edition.sha256,
        previous_sha256=edition.previous_sha256,
        digest=agreed.digest,
        inputs_sha256=facts.inputs_sha256,
        as_of_ms=facts.as_of_ms,
        code_version=facts.code_version,
        units=facts.units,
        ranked=facts.ranked,
        mean_index=facts.mean_index,
        proposed_by=agreed.proposed_by,
        confirmed_by=agreed.confirmed_by,
        sealed_at_ms=agreed.sealed_at_ms,
        published_by=edition.published_by if published else None,
        published_at_ms=edition.published_at_ms if published else None,
        correction=correction,
        changed_at_ms=edition.published_at_ms if published else agreed.sealed_at_ms,
    )

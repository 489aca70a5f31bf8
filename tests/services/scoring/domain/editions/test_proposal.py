"""Two identities for one digest; a proposal is void as soon as something else would be sealed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.scoring.domain.editions.content import INPUTS, Content, content_of
from services.scoring.domain.editions.edition import agreed_of
from services.scoring.domain.editions.files import lines_of
from services.scoring.domain.editions.proposal import (
    Proposal,
    check_may_confirm,
    check_may_propose,
    check_year_over,
    confirmed,
    proposal_of,
    void,
    voided,
)
from services.scoring.domain.editions.voiding import changes_since
from shared.clock import iso
from shared.refusal import Refusal
from tests.services.scoring.domain.editions.worlds import END_MS, computed, content, small_plan, some_units, sources

UNITS = some_units(4)


def proposal(made: Content | None = None) -> Proposal:
    return proposal_of(made or content(UNITS), number=1, attempt=1, by="an", now_ms=5, correction=None, rev=0)


def test_sealing_is_proposed_in_the_final_review_or_a_correction_only() -> None:
    check_may_propose("FINAL_REVIEW", unsettled=0)
    check_may_propose("CORRECTED", unsettled=0)
    for phase, kind in (("DRAFT", "state"), ("PROVISIONAL", "state"), ("SEALED", "sealed"), ("PUBLISHED", "sealed")):
        with pytest.raises(Refusal) as refusal:
            check_may_propose(phase, unsettled=0)  # type: ignore[arg-type]
        assert refusal.value.kind == kind
    with pytest.raises(Refusal) as refusal:
        check_may_propose("FINAL_REVIEW", unsettled=2)
    assert refusal.value.members == {"reason": "unsettled", "unsettled": 2}


def test_a_year_that_is_not_over_is_not_sealed() -> None:
    owed = sources(UNITS).owed
    check_year_over(owed, END_MS)
    with pytest.raises(Refusal) as refusal:
        check_year_over(owed, END_MS - 1)
    assert (refusal.value.kind, refusal.value.members["period"]) == ("state", "2011")


def test_a_year_whose_reports_may_still_come_in_time_is_not_sealed() -> None:
    first, *others = sources(UNITS).owed
    owed = [replace(first, outcome="PENDING"), *others]
    with pytest.raises(Refusal) as refusal:
        check_year_over(owed, first.due_at_ms)
    told = {"reason": "reports_due", "obligation": first.obligation, "due_at": iso(first.due_at_ms)}
    assert refusal.value.members == told
    check_year_over(owed, first.due_at_ms + 1)
    check_year_over([replace(first, outcome="WAIVED"), *others], END_MS)


def test_whoever_proposed_cannot_confirm() -> None:
    held = proposal()
    with pytest.raises(Refusal) as refusal:
        check_may_confirm(held, digest=held.digest, by="an")
    assert refusal.value.kind == "forbidden"
    assert check_may_confirm(held, digest=held.digest, by="binh") is held


def test_only_the_proposed_digest_can_be_confirmed() -> None:
    held = proposal()
    with pytest.raises(Refusal) as refusal:
        check_may_confirm(held, digest="0" * 64, by="binh")
    assert refusal.value.members == {"reason": "other_digest", "digest": held.digest}
    with pytest.raises(Refusal) as missing:
        check_may_confirm(None, digest=held.digest, by="binh")
    assert missing.value.kind == "not_found"


def test_a_void_proposal_says_what_changed() -> None:
    held = proposal()
    fresh = content({**UNITS, "a000": {"STAFF": 1.0, "SITES": 1.0, "FLAG": 9.0}})
    lines = list(lines_of(part.text for part in content(UNITS).parts[INPUTS]))
    gone = voided(held, changes_since(held, lines, fresh))
    assert [(each["what"], each["unit"]) for each in gone.changes] == [("accepted", "a000")]
    with pytest.raises(Refusal) as refusal:
        check_may_confirm(gone, digest=held.digest, by="binh")
    assert refusal.value.members == void(gone).members
    assert refusal.value.members["changes"] == list(gone.changes)


def test_another_plan_or_other_code_is_named() -> None:
    held = proposal()
    lines = list(lines_of(part.text for part in content(UNITS).parts[INPUTS]))
    found = changes_since(held, lines, content(UNITS, of=small_plan(version="2")))
    assert [each["what"] for each in found] == ["plan_version", "plan_sha256"]
    other = content_of(computed(UNITS), code_version="c2", edition="edition-TEST-2011-1")
    assert changes_since(held, lines, other) == (
        {"what": "code_version", "change": "changed", "before": "c1", "after": "c2"},
    )


def test_files_of_two_proposals_are_kept_apart_unless_they_are_the_same() -> None:
    one = proposal()
    assert one.folder == proposal(content(dict(UNITS), shuffled=3)).folder
    assert one.folder != proposal(content(some_units(5))).folder
    other_try = proposal_of(content(UNITS), number=1, attempt=2, by="an", now_ms=5, correction=None, rev=1)
    assert one.folder != other_try.folder


def test_what_was_agreed_survives_the_store() -> None:
    agreed = confirmed(proposal(), by="binh", now_ms=9).agreed()
    assert agreed_of(_stored(agreed.entry())) == agreed
    assert agreed.digest_now == agreed.digest
    assert replace(agreed, facts=replace(agreed.facts, ranked=3)).digest_now != agreed.digest


def _stored(value: Any) -> Any:
    import orjson

    return orjson.loads(orjson.dumps(value))

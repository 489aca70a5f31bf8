"""Two identities for one digest: one proposes, another confirms exactly that. Pure.

`open` -> `sealing` (confirmed: from here on the outcome is settled, whoever finishes it) -> `sealed`
`open` -> `void` (what would be sealed is no longer what was proposed; `changes` says why)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.scoring.domain.editions.content import Content, Facts
from services.scoring.domain.editions.edition import Agreed, Correction
from services.scoring.domain.editions.files import File, sha256_of
from services.scoring.domain.ledger import Owed
from services.scoring.domain.round.refusals import forbidden, is_sealed, refused, wrong_phase
from shared.clock import iso
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal

State = Literal["open", "void", "sealing", "sealed"]

PROPOSABLE: frozenset[EvaluationPhase] = frozenset({"FINAL_REVIEW", "CORRECTED"})
"""The final review, and a correction that is open."""
STANDING: frozenset[EvaluationPhase] = frozenset({"SEALED", "PUBLISHED"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """The proposal to seal one (plan, year): the newest one. `attempt` counts them; `rev` 0: not stored yet.

    `folder` is where its files are kept, `counts` how many units a correction changes, and why.
    """

    number: int
    attempt: int
    facts: Facts
    digest: str
    files: Mapping[str, File]
    folder: str
    proposed_by: str
    proposed_at_ms: int
    state: State = "open"
    confirmed_by: str = ""
    confirmed_at_ms: int = 0
    correction: Correction | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[dict[str, Any], ...] = ()
    rev: int = field(default=0, compare=False)

    def agreed(self) -> Agreed:
        """What is sealed once it is confirmed."""
        return Agreed(
            number=self.number,
            facts=self.facts,
            digest=self.digest,
            files=self.files,
            folder=self.folder,
            proposed_by=self.proposed_by,
            proposed_at_ms=self.proposed_at_ms,
            confirmed_by=self.confirmed_by,
            sealed_at_ms=self.confirmed_at_ms,
            correction=self.correction,
            counts=self.counts,
        )


def proposal_of(
    content: Content, *, number: int, attempt: int, by: str, now_ms: int, correction: Correction | None, rev: int
) -> Proposal:
    """A fresh proposal. Its folder is named after all its texts: two of the same name hold the same."""
    facts, told = content.facts, "".join(content.files[kind].sha256 for kind in sorted(content.files))
    return Proposal(
        number=number,
        attempt=attempt,
        facts=facts,
        digest=content.digest,
        files=content.files,
        folder=f"{facts.plan}-{facts.year}-{number}-{attempt}-{sha256_of(told)[:16]}",
        proposed_by=by,
        proposed_at_ms=now_ms,
        correction=correction,
        counts=content.counts,
        rev=rev,
    )


def check_may_propose(phase: EvaluationPhase, *, unsettled: int) -> None:
    """Refused outside of the final review, and while something that changes numbers is undecided."""
    if phase in STANDING:
        raise is_sealed(phase)
    if phase not in PROPOSABLE:
        raise wrong_phase(phase, "FINAL_REVIEW", "CORRECTED")
    if unsettled:
        raise refused(
            "unsettled",
            f"Còn {unsettled} nội dung chưa được quyết định.",
            f"{unsettled} matters are not decided yet.",
            unsettled=unsettled,
        )


def check_year_over(owed: Iterable[Owed], now_ms: int) -> None:
    """Refused while a period of the year is not over (intake would not seal its reports either), or while a report of
    it may still come in time: a seal would take from the unit the days that it was promised."""
    for entry in owed:
        if entry.period_end_ms > now_ms:
            raise refused(
                "year_not_over",
                f"Kỳ {entry.period} chưa kết thúc; chưa niêm phong được kết quả của năm.",
                f"Period {entry.period} is not over; the year cannot be sealed yet.",
                obligation=entry.obligation,
                period=entry.period,
            )
        if entry.outcome == "PENDING" and not entry.due(now_ms):
            due_at = iso(entry.due_at_ms)
            raise refused(
                "reports_due",
                f"Đơn vị {entry.unit} còn thời hạn nộp báo cáo kỳ {entry.period} đến {due_at}.",
                f"Unit {entry.unit} may still send its report for {entry.period}, due at {due_at}. Wait until then.",
                obligation=entry.obligation,
                due_at=due_at,
            )


def check_may_confirm(proposal: Proposal | None, *, digest: str, by: str) -> Proposal:
    """The proposal that `by` may confirm now; refused with the reason otherwise."""
    if proposal is None:
        raise Refusal("not_found", "Chưa có đề nghị niêm phong.", "Nobody has proposed to seal this evaluation.")
    if proposal.state == "void":
        raise void(proposal)
    if proposal.state == "sealed":
        raise is_sealed("SEALED")
    if proposal.digest != digest:
        raise refused(
            "other_digest",
            "Mã băm này không phải mã đang được đề nghị niêm phong.",
            "This is not the digest that is proposed to be sealed.",
            digest=proposal.digest,
        )
    if proposal.proposed_by == by:
        raise forbidden(
            "own_proposal",
            "Người xác nhận phải khác người đề nghị niêm phong.",
            "Whoever proposed the seal cannot confirm it: that takes another person.",
        )
    return proposal


def confirmed(proposal: Proposal, *, by: str, now_ms: int) -> Proposal:
    """Settled: it will be sealed as proposed."""
    return replace(proposal, state="sealing", confirmed_by=by, confirmed_at_ms=now_ms)


def voided(proposal: Proposal, changes: tuple[dict[str, Any], ...]) -> Proposal:
    """No longer what would be sealed; `changes` says what is different."""
    return replace(proposal, state="void", changes=changes)


def void(proposal: Proposal) -> Refusal:
    """Why a void proposal cannot be confirmed."""
    return refused(
        "proposal_void",
        "Dữ liệu đã thay đổi sau khi đề nghị; đề nghị này không còn giá trị. Hãy đề nghị lại.",
        "What would be sealed has changed since it was proposed, so the proposal is void. Propose again.",
        proposal="void",
        digest=proposal.digest,
        changes=list(proposal.changes),
    )

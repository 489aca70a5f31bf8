"""A plan and states made by hand, small enough to count on fingers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notify.channels.letters import Letters
from services.notify.channels.press import Press
from services.notify.domain.alerts import Alert, Signal, acknowledged, after_signal
from services.notify.domain.digests.letter import DigestLetter, Moment, digest_letter
from services.notify.domain.digests.material import Material
from services.notify.domain.digests.standing import Standing
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.score import IndicatorScore, PeerSummary, ScoreState
from shared.plan.load import plan_document, plan_from_document
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.samples import at, evaluation, names, obligation, received, score, unit

UNITS = ("CVT", "CBC", "CXB", "CTS")
MOMENT = at("2011-03-21 08:00")
"""A Monday, five days after the first quarter's reports were due."""

WINDOW_FROM = at("2011-03-14 08:00")


def counting_plan() -> Plan:
    """The sample plan with a second indicator: devices bought, summed over the quarters, target 40, sourced."""
    document = plan_document(samples.plan())
    document["groups"][0]["indicators"].append(
        {
            "code": "INF-02",
            "names": names("Số thiết bị mua mới", "Devices bought"),
            "type": "count",
            "measure": "thiết bị",
            "frequency": "quarterly",
            "time": "flow",
            "weight": 0.0,
            "method": {"kind": "linear_to_target"},
            "targets": {str(year): 40.0 for year in range(2011, 2016)},
            "target_basis": "sourced (QĐ 1605)",
        }
    )
    document["groups"][0]["indicators"][1]["weight"] = 10.0
    document["groups"][0]["weight"] = 20.0
    document["scoring"]["scale_max"] = 20.0
    return plan_from_document(document)


def ledger() -> list[ObligationState]:
    """Four reports of the first quarter: on time, in grace by 2 h, 3 days late, and one that did not arrive."""
    states = [obligation(code) for code in UNITS]
    due = states[0].due_at_ms
    return [
        received(states[0], due - 86_400_000),
        received(states[1], due + 2 * 3_600_000, "IN_GRACE"),
        received(states[2], due + 3 * 86_400_000, "LATE"),
        states[3],
    ]


def scored(code: str, index: float, rank: int | None, **values: float) -> ScoreState:
    """A score with values of INF-01 (target 85) and INF-02 (target 40)."""
    targets = {"INF-01": 85.0, "INF-02": 40.0}
    made = score(code, index=index, rank=rank)
    indicators = tuple(
        IndicatorScore(code=name, group="INF", status="observed", value=value, target=targets[name])
        for name, value in ((key.replace("_", "-"), value) for key, value in values.items())
    )
    return made.model_copy(update={"indicators": indicators, "band": "TOT" if index >= 0.85 else "KHA"})


def scores() -> list[ScoreState]:
    return [
        scored("CVT", 0.9, 1, INF_01=85.0, INF_02=10.0),
        scored("CBC", 0.8, 2, INF_01=70.0, INF_02=8.0),
        scored("CXB", 0.7, 3, INF_01=40.0, INF_02=1.0),
    ]


def alert(code: str, rule: str, *, severity: str = "high", points: int = 2, opened: str = "2011-03-16 09:00") -> Alert:
    signal = Signal(
        plan="P",
        unit=code,
        rule=rule,
        names=Names(vi=f"Cảnh báo {rule}", en=f"Alert {rule}"),
        severity=severity,  # type: ignore[arg-type]
        points=points,
        subject=f"{rule}-{code}",
        firing=True,
        source_revision=1,
        reason="",
        detail={},
    )
    opened_alert = after_signal(None, signal, now_ms=at(opened))
    assert opened_alert is not None
    return opened_alert


def promised(held: Alert, day: str) -> Alert:
    return acknowledged(held, owner="Trần Thị Hoa", promise=day, now_ms=held.opened_at_ms + 1)


def material(**changes: Any) -> Material:
    peer = PeerSummary(peer_group="CUC", units=4, ranked=3, mean_index=0.8, bands={"TOT": 1, "KHA": 2})
    given: dict[str, Any] = {
        "obligations": ledger(),
        "evaluation": evaluation(peer, mean=0.8),
        "scores": scores(),
        "alerts": [],
        "undelivered": [],
        "units": {code: unit(code) for code in UNITS},
        "changes_seen": 17,
    }
    return Material(**(given | changes))


def letter(
    held: Material | None = None,
    before: Standing | None = None,
    *,
    audience: str = "leadership",
    run: str | None = "digest-P-leadership-1",
    moment_ms: int = MOMENT,
    looks_back: bool = False,
) -> DigestLetter:
    moment = Moment(2011, WINDOW_FROM, moment_ms, moment_ms + 1000, run, looks_back)
    return digest_letter(counting_plan(), audience, held or material(), before or Standing(), moment)


def press() -> Press:
    return Press(Letters(dashboard_url="http://127.0.0.1:8100"), dashboard_url="http://127.0.0.1:8100")


def codes(lines: Sequence[Any]) -> list[str]:
    return [line.unit for line in lines]

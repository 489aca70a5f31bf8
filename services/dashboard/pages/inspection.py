"""One inspection: its steps with their deadlines, its findings and what became of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.dashboard.domain.days import day_in
from services.dashboard.domain.facts import Setting
from services.dashboard.handlers.inspections import InspectionFacts
from services.dashboard.pages import labels, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.inspection_rows import (
    CAUSES,
    FINDINGS,
    PHASES,
    STEPS,
    InspectionRow,
    inspection_row,
    is_late,
)
from services.dashboard.pages.words import Words
from shared.events.inspection import InspectionFinding, InspectionState, InspectionStep
from shared.events.report import Evidence


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: taken, or the next one with its deadline."""

    name: str
    day: str
    by: str
    document: str
    note: str
    look: str
    deadline: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding and what became of it."""

    code: str
    severity: str
    severity_text: str
    text: str
    indicator: str
    status: str
    look: str
    due: str
    evidence: str
    note: str


@dataclass(frozen=True, slots=True)
class FindingAct:
    """A finding that waits for somebody: `remedy` while it is open, else `judge`."""

    id: str
    name: str
    act: str


@dataclass(frozen=True, slots=True)
class Acts:
    """What may be done now. `step`: the code of the next step and its name, `close` among them; `version`: the revision
    that the reader sees; `given`: what was sent and could not be carried out."""

    step: str
    step_name: str
    may_cancel: bool
    may_find: bool
    findings: tuple[FindingAct, ...]
    indicators: tuple[tuple[str, str], ...]
    version: int
    today: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InspectionView:
    """One inspection."""

    row: InspectionRow
    facts: tuple[tuple[str, str], ...]
    draw: str
    draw_link: str
    steps: tuple[StepRow, ...]
    findings: tuple[FindingRow, ...]
    alerts: tuple[rows.AlertRow, ...]
    acts: Acts | None = None


NEXT: Mapping[str, tuple[str, str]] = {
    "PROPOSED": ("decision", STEPS["decision"]),
    "DECIDED": ("visit", STEPS["visit"]),
    "VISITED": ("conclusion", STEPS["conclusion"]),
    "CONCLUDED": ("close", STEPS["closure"]),
}
"""Phase -> what a person enters next."""
ACTS = {"OPEN": "remedy", "REMEDIED": "judge"}
CANCELLABLE = frozenset({"PROPOSED", "DECIDED", "VISITED"})


def compose(
    facts: InspectionFacts,
    *,
    setting: Setting,
    words: Words,
    address: Address,
    may_write: bool = False,
    given: Mapping[str, str] | None = None,
) -> InspectionView:
    """One inspection with steps, deadlines, findings, and what may be done by who `may_write`."""
    naming = rows.Naming(setting.units, words, address)
    state = facts.state
    said = [
        (words.say("Phase"), words.say(PHASES[state.phase])),
        (words.say("Why"), ", ".join(words.say(CAUSES.get(cause, cause)) for cause in state.causes)),
        (words.say("Risk points when proposed"), words.number(state.points, 0)),
        (words.say("Last visit"), words.iso_day(state.visited_on) if state.visited_on else ""),
        (words.say("Last change"), words.moment(state.changed_at_ms)),
        (words.say("By"), state.changed_by),
    ]
    return InspectionView(
        row=inspection_row(state, setting.now_ms, naming),
        facts=tuple((name, value) for name, value in said if value),
        draw=state.draw or "",
        draw_link=address.to("/inspections", peer=None, verify=state.draw) if state.draw else "",
        steps=_steps(state, setting.now_ms, words),
        findings=tuple(_finding(finding, setting, words) for finding in state.findings),
        alerts=tuple(rows.alert_row(alert, naming) for alert in facts.alerts),
        acts=_acts(state, given or {}, setting, words) if may_write and state.phase in NEXT else None,
    )


def _acts(state: InspectionState, given: Mapping[str, str], setting: Setting, words: Words) -> Acts:
    step, name = NEXT[state.phase]
    plan = setting.choice.plan if setting.choice else None
    waiting = state.findings if state.phase == "CONCLUDED" else ()
    return Acts(
        step=step,
        step_name=words.say(name),
        may_cancel=state.phase in CANCELLABLE,
        may_find=state.phase == "VISITED",
        findings=tuple(
            FindingAct(one.finding, f"{one.code}: {one.text}", ACTS[one.status])
            for one in waiting
            if one.status in ACTS
        ),
        indicators=tuple((one.code, words.name(one.names)) for one in (plan.indicators() if plan else ())),
        version=state.revision,
        today=day_in(setting.now_ms, plan.time_zone if plan else "UTC", 0),
        given=given,
    )


def _steps(state: InspectionState, now_ms: int, words: Words) -> tuple[StepRow, ...]:
    taken = [_step(step, words) for step in state.steps]
    if state.next_step is None:
        return tuple(taken)
    late = state.next_due_at_ms is not None and now_ms > state.next_due_at_ms
    deadline = words.iso_day(state.next_due_day) if state.next_due_day else ""
    following = StepRow(words.say(STEPS[state.next_step]), "", "", "", "", "late" if late else "next", deadline)
    return (*taken, following)


def _step(step: InspectionStep, words: Words) -> StepRow:
    return StepRow(
        name=words.say(STEPS[step.step]),
        day=words.iso_day(step.on),
        by=step.by,
        document=_document(step.document, words),
        note=step.note or "",
        look="cancelled" if step.step == "cancellation" else "done",
        deadline="",
    )


def _document(document: Evidence | None, words: Words) -> str:
    if document is None:
        return ""
    return words.say("file {name}", name=document.reference) if document.kind == "file" else document.reference


def _finding(finding: InspectionFinding, setting: Setting, words: Words) -> FindingRow:
    late = is_late(finding, setting.now_ms)
    looks = {"OPEN": "bad" if late else "quiet", "REMEDIED": "quiet", "ACCEPTED": "good", "WITHDRAWN": "quiet"}
    status = words.say(FINDINGS[finding.status])
    if late:
        status = words.say("overdue")
    notes = []
    if finding.remedied_at_ms:
        by = finding.remedied_by or ""
        notes.append(words.say("shown by {by}, {time}", by=by, time=words.moment(finding.remedied_at_ms)))
    if finding.accepted_at_ms:
        by = finding.accepted_by or ""
        notes.append(words.say("accepted by {by}, {time}", by=by, time=words.moment(finding.accepted_at_ms)))
    if finding.reason:
        notes.append(finding.reason)
    return FindingRow(
        code=finding.code,
        severity=finding.severity,
        severity_text=words.say(labels.SEVERITIES[finding.severity]),
        text=finding.text,
        indicator=finding.indicator or "",
        status=status,
        look=looks[finding.status],
        due=words.iso_day(finding.due_day) if finding.due_day else "",
        evidence=_document(finding.evidence, words),
        note=" · ".join(notes),
    )

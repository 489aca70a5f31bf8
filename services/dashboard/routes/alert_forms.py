"""What the forms and addresses of alerts say: filters, what was given, what a change needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.dashboard.domain.alert_choice import PHASES, AlertChoice
from services.dashboard.domain.days import end_of_day
from services.dashboard.pages import choices
from services.dashboard.routes.forms import OWNER_MAX, REASON_MIN, Form, Incomplete, needed
from services.dashboard.routes.frame import Frame
from shared.http.identity import Principal

SEVERITIES = ("high", "medium", "low")


def choice_of(query: Mapping[str, str]) -> AlertChoice:
    """The filters of an address; what is not known is left out."""
    state = query.get("state", "")
    severity = query.get("severity", "")
    return AlertChoice(
        unit=query.get("unit", ""),
        rule=query.get("rule", ""),
        severity=severity if severity in SEVERITIES else "",
        phase=state if state in PHASES else "",
        every=state == "ALL" or "all" in query,
    )


def given_first(frame: Frame, principal: Principal) -> choices.Given:
    """What the forms hold before anything was given."""
    return choices.given_first(frame.setting, frame.zone, principal.subject)


def given_again(form: Form, frame: Frame, principal: Principal) -> choices.Given:
    """What was sent, to be mended and sent again."""
    first = given_first(frame, principal)
    return replace(
        first,
        owner=form.text("owner", OWNER_MAX) or first.owner,
        silence_owner=form.text("silence_owner", OWNER_MAX) or first.silence_owner,
        silence_reason=form.text("silence_reason"),
        promise=form.text("promise", 10) or first.promise,
        until=form.text("until", 10) or first.until,
        reason=form.text("reason"),
        selected=frozenset(form.many("alert")),
    )


def window_of(form: Form, frame: Frame) -> dict[str, Any]:
    """Who silences, why, and until the end of which day. Incomplete."""
    ends_at = end_of_day(form.text("until", 10), frame.zone)
    if ends_at is None:
        raise Incomplete("end_needed")
    owner = needed(form.text("silence_owner", OWNER_MAX) or form.text("owner", OWNER_MAX), "owner_needed")
    reason = needed(form.text("silence_reason") or form.text("reason"), "reason_needed", least=REASON_MIN)
    return {"owner": owner, "reason": reason, "ends_at": ends_at}

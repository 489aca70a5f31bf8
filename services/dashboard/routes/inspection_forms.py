"""What the forms of inspections ask for: a proposal, a step, a finding, what becomes of a remedy."""

from __future__ import annotations

from typing import Any

from services.dashboard.handlers.inspection_desk import Change
from services.dashboard.routes.forms import REASON_MIN, Form, Incomplete, day_of, needed, reason_of

STEPS = ("decision", "visit", "conclusion")
JUDGED = {"accept": "accepted", "return": "returned", "withdraw": "withdrawn"}
SEVERITIES = ("high", "medium", "low")
TEXT_MAX = 2000
CODE_MAX = 64


def change_of(form: Form) -> tuple[str, Change]:
    """(What is said when it is done, the change). Incomplete."""
    code, finding = form.action()
    if code in STEPS:
        return "step", Change(("steps",), {"step": code, **_proved(form)})
    if code == "cancellation":
        note = needed(form.text("note", TEXT_MAX), "reason_needed", least=REASON_MIN)
        return "step", Change(("steps",), {"step": code, "on": day_of(form.text("on")), "note": note})
    if code == "close":
        return "closed", Change(("close",), _proved(form))
    if code == "find":
        return "found", Change(("findings",), _finding(form))
    if finding:
        return _of_finding(code, finding, form)
    raise Incomplete("no_action")


def _of_finding(code: str, finding: str, form: Form) -> tuple[str, Change]:
    at = ("findings", finding, code)
    if code == "remedy":
        return "remedied", Change(at, {"evidence": _document(form, "evidence")})
    if code == "accept":
        return JUDGED[code], Change(at)
    if code in JUDGED:
        return JUDGED[code], Change(at, {"reason": reason_of(form)})
    raise Incomplete("no_action")


def _finding(form: Form) -> dict[str, Any]:
    found = {
        "code": needed(form.text("code", CODE_MAX), "code_needed"),
        "severity": form.text("severity") if form.text("severity") in SEVERITIES else "medium",
        "text": needed(form.text("text", TEXT_MAX), "text_needed", least=REASON_MIN),
    }
    indicator = form.text("indicator", CODE_MAX)
    return found | ({"indicator": indicator} if indicator else {})


def _proved(form: Form) -> dict[str, Any]:
    """The day of a step and the document that proves it."""
    return {"on": day_of(form.text("on")), "document": _document(form, "document")}


def _document(form: Form, name: str) -> dict[str, str]:
    """A number, or the link that it plainly is."""
    reference = needed(form.text(name), "document_needed")
    kind = "url" if reference.startswith(("https://", "http://")) else "document_number"
    return {"kind": kind, "reference": reference}

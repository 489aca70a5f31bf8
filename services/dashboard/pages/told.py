"""What is said after a change, and when notify refuses or does not answer. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.dashboard.domain.asking import Refused
from services.dashboard.handlers.ask import Outcome
from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.words import Words

DONE = {
    "acknowledged": N_("Acknowledged: {n}"),
    "resolved": N_("Resolved: {n}"),
    "silenced": N_("Silenced: {n}. It takes effect within seconds."),
    "silence": N_("The silence was declared. It takes effect within seconds."),
    "outage": N_("The outage was declared. It takes effect within seconds."),
    "ended": N_("It has ended. Its alerts are looked at again within seconds."),
    "resent": N_("Sent again: {n}"),
    "cancelled": N_("Cancelled: {n}"),
    "proposed": N_("The inspection was proposed."),
    "step": N_("The step was entered."),
    "closed": N_("The inspection was closed."),
    "found": N_("The finding was written down."),
    "remedied": N_("The remedy was entered. Somebody else judges it."),
    "accepted": N_("The remedy was accepted."),
    "returned": N_("The remedy was returned; the finding is open again."),
    "withdrawn": N_("The finding was withdrawn."),
}
FAULTS = {
    "nothing_selected": N_("Select at least one line first."),
    "too_many": N_("Select at most {n} lines at once."),
    "no_action": N_("Choose what is to be done."),
    "owner_needed": N_("Say who takes care of it."),
    "day_needed": N_("Give the day as a date."),
    "reason_needed": N_("Give a reason of at least 3 characters."),
    "target_needed": N_("Name a unit or a rule to be silenced."),
    "unit_needed": N_("Name the unit."),
    "document_needed": N_("Give the document: its number or a link."),
    "code_needed": N_("Give the finding a code, such as KN-01."),
    "text_needed": N_("Say what was found, in at least 3 characters."),
    "end_needed": N_("Give the day on which it ends."),
}
AWAY = N_("Notify does not answer at the moment. Nothing is lost; try again in a minute.")
_UNKNOWN = N_(
    "Notify did not answer in time. It may have been done all the same: look at the list before you repeat it."
)
_NOT_ALLOWED = N_("You may not do this. It needs the right {scope}; ask an administrator.")
_SIGNED_OUT = N_("Your session has ended. Sign in again and repeat it.")
_MOVED = N_("It has changed since you opened this page. Look at it again, then decide.")
_GONE = N_("Notify does not know it.")
_PARTLY = N_("Done: {n}. The others were refused:")
_REFUSED = N_("Not done:")


@dataclass(frozen=True, slots=True)
class Message:
    """What is said on top of the page, `details` one a line."""

    look: str
    text: str
    details: tuple[str, ...] = ()


def done(code: str | None, number: str | None, words: Words) -> Message | None:
    """What was done before this page was shown; None for a code that nobody gives."""
    if code not in DONE:
        return None
    count = number if number is not None and number.isascii() and number.isdigit() and len(number) < 4 else "1"
    return Message("good", words.say(DONE[code], n=count))


def fault(code: str, words: Words, *, n: int = 0) -> Message:
    """What is missing in the form."""
    return Message("bad", words.say(FAULTS[code], n=n))


def refusal(refused: Refused, words: Words) -> str:
    """Why notify refused, in words that help a person on a page."""
    if refused.status == 401:
        return words.say(_SIGNED_OUT)
    if refused.status == 403 and refused.scope:
        return words.say(_NOT_ALLOWED, scope=refused.scope)
    if refused.status == 412:
        return words.say(_MOVED)
    if refused.status == 404:
        return words.say(_GONE)
    return refused.says or words.say(_REFUSED)


def not_whole(outcome: Outcome, name: Callable[[str], str], words: Words) -> Message:
    """What went wrong with a change that was not carried out in full. `name`: how the page names a thing."""
    if outcome.away and not outcome.refused and not outcome.done:
        return Message("bad", words.say(_UNKNOWN))
    details = _by_reason(outcome, name, words)
    if outcome.away:
        details.append(": ".join(part for part in (name(outcome.away), words.say(_UNKNOWN)) if part))
    if not outcome.done and len(details) == 1:
        return Message("bad", details[0])
    text = words.say(_PARTLY, n=len(outcome.done)) if outcome.done else words.say(_REFUSED)
    return Message("bad", text, tuple(details))


def _by_reason(outcome: Outcome, name: Callable[[str], str], words: Words) -> list[str]:
    """Each reason once, with the names of what was refused for it, or how many there were."""
    found: dict[str, list[str]] = {}
    for id, refused in outcome.refused:
        found.setdefault(refusal(refused, words), []).append(name(id))
    return [_line(reason, names) for reason, names in found.items()]


def _line(reason: str, names: list[str]) -> str:
    if all(names):
        return f"{', '.join(names)}: {reason}"
    return f"{reason} (×{len(names)})" if len(names) > 1 else reason

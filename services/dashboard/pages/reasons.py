"""The named reasons of reminders and deliveries in words: every decision that notify announces says why. Pure.

A code may carry a particular behind a colon (`refused: 550 no such user`), and several may be joined by `+`. A code
without words is shown as it is.
"""

from __future__ import annotations

from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.words import Words

REASONS = {
    "planned": N_("planned"),
    "due": N_("its time has come"),
    "extended": N_("the due day was extended"),
    "newer_rung_due": N_("a newer reminder was due as well"),
    "too_late_newer_rung_exists": N_("too late; a later reminder follows"),
    "obligation_known_late": N_("the obligation became known too late"),
    "obligation_unknown": N_("the obligation is not known"),
    "told_in_part": N_("some of the recipients were told"),
    "missing_contact": N_("nobody holds the role"),
    "not_delivered": N_("it could not be delivered"),
    "report_received": N_("the report was received"),
    "nil_reported": N_("nothing to report was reported"),
    "waived": N_("the report was waived"),
    "not_applicable": N_("not applicable"),
    "cancelled": N_("the obligation was cancelled"),
    "waits_for_next_mail": N_("today's mail was sent already; it waits for the next"),
    "waits_for_recipient_morning": N_("waits for the recipient's morning"),
    "waits_for_working_day": N_("waits for a working day"),
    "quiet_hours": N_("within the plan's quiet hours"),
    "claimed": N_("being sent"),
    "lease_expired": N_("sent again: the attempt before has no result"),
    "accepted": N_("the server took it"),
    "answered": N_("the receiver answered"),
    "confirmed_by_mail_system": N_("the mail system confirmed it"),
    "try_later": N_("the server asks to try later"),
    "refused": N_("refused"),
    "gave_up": N_("given up after the time for retries"),
    "gone": N_("the receiver has ended the subscription"),
    "timeout": N_("no answer in time"),
    "server_away": N_("the server cannot be reached"),
    "server_not_serving": N_("the server is not serving"),
    "connection_lost": N_("the connection was lost"),
    "certificate_not_trusted": N_("the server's certificate is not trusted"),
    "encryption_failed": N_("no encrypted connection came about"),
    "authentication_refused": N_("the server refused our account"),
    "sender_refused": N_("the server refused our sender address"),
    "not_supported": N_("the server does not support it"),
    "not_accepted": N_("the service did not take it"),
    "redirect_not_followed": N_("a redirect, which is not followed"),
    "address_not_public": N_("a private address, which may not be called"),
    "https_required": N_("https is required"),
    "address_not_valid": N_("the address is not valid"),
    "target_not_valid": N_("the channel's address is not valid"),
    "message_not_valid": N_("no message can be made of it"),
    "no_address_in_use": N_("no address is in use"),
    "bounced": N_("the mail came back"),
    "delayed": N_("the other mail system goes on trying"),
    "switched_off_by_recipient": N_("the recipient has switched this kind off"),
    "recipient_quiet_hours": N_("within the recipient's quiet hours"),
    "over_budget": N_("over the day's budget; it waits for the morning"),
    "next_morning": N_("sent the next morning"),
    "folded": N_("carries what was held back"),
    "folded_into": N_("folded into another message"),
    "fallback_from": N_("the channel before failed"),
    "resent_by_operator": N_("sent again by an operator"),
    "cancelled_by_operator": N_("cancelled by an operator"),
    "opened": N_("opened"),
    "reopened": N_("opened again"),
    "reopened_in_cooldown": N_("opened again"),
    "repeated": N_("seen again"),
    "amended": N_("the report was amended"),
    "reports_received": N_("the reports were received"),
    "row_broken": N_("the row of periods is broken"),
    "within_peers": N_("the values are within those of the peers again"),
    "above_limit_again": N_("above the limit again"),
    "acknowledged": N_("acknowledged"),
    "resolved": N_("resolved"),
    "silenced": N_("silenced"),
    "unsilenced": N_("the silence has ended"),
    "promise_missed": N_("the promised day has passed"),
    "outage": N_("explained by an outage"),
    "scheduled": N_("as scheduled"),
    "made_up_after_downtime": N_("made up after downtime"),
    "first": N_("first notice"),
    "new_alerts": N_("there are new alerts"),
    "all_resolved": N_("everything is resolved"),
    "repeat": N_("repeated after a day"),
    "escalated": N_("told to the next level"),
}


def said(reason: str, words: Words) -> str:
    """A named reason in the language of the page, its particular behind it."""
    code, _, particular = reason.partition(":")
    parts = [words.say(REASONS[part]) if part in REASONS else part for part in code.split("+")]
    particular = particular.strip()
    behind = said(particular, words) if code == "gave_up" else particular
    return ", ".join(parts) + (f": {behind}" if behind else "")

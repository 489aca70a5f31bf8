"""Two complete lists of messages, and what they do not have in common."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.services.notify.year.mail import subject
from tests.services.notify.year.oracle import Message, Oracle
from tests.services.notify.year.stage import Stage

LISTED_MAX = 40
DAY_MAIL = ("reminder", "inspection")


async def differences(held: Stage, naive: Oracle) -> list[str]:
    """What was sent and should not have been, what should have been and was not; what became of rungs otherwise."""
    sent, wanted = Counter(await _sent(held, naive)), Counter(naive.messages)
    found = [f"too much: {message}" for message in (sent - wanted).elements()]
    found += [f"missing: {message}" for message in (wanted - sent).elements()]
    found.sort(key=lambda line: line.partition("at=")[2])
    found += await _rungs(held, naive)
    return found[:LISTED_MAX]


async def _sent(held: Stage, naive: Oracle) -> list[Message]:
    """Every message as the store and the channel have it, in the words of the oracle."""
    names = await _names(held)
    deliveries = await held.documents("deliveries")
    found: list[Message] = []
    days: set[tuple[str, str]] = set()
    for id, delivery in deliveries.items():
        kind = "day" if delivery["kind"] in DAY_MAIL else delivery["kind"]
        assert (delivery["status"] == "SENT") == (id in held.channel.sent), delivery
        if kind == "day":
            assert (delivery["recipient"], delivery["slot"]) not in days, "two messages to one recipient on one day"
            days.add((delivery["recipient"], delivery["slot"]))
        about = _about(kind, delivery, names)
        must = about - naive.may.get((delivery["recipient"], delivery["created_at_ms"]), frozenset())
        why = delivery["subject"].split("-")[2] if kind == "digest" else delivery["cause"]
        about = must if delivery["cause"] == "repeat" else about
        found.append(
            Message(kind, delivery["recipient"], delivery["created_at_ms"], why, about, delivery["status"] == "SENT")
        )
    return found


def _about(kind: str, delivery: dict[str, Any], names: dict[str, str]) -> frozenset[str]:
    if kind == "digest":
        return frozenset({delivery["text"]})
    return frozenset(names[key.partition("@")[0]] for key in delivery["covers"])


async def _names(held: Stage) -> dict[str, str]:
    """Id of a row or an alert -> what it is about, in the words of the oracle."""
    rungs = await held.documents("reminders")
    deadlines = await held.documents("inspection_reminders")
    alerts = await held.documents("alerts")
    addresses = await held.documents("addresses")
    found = {id: subject((row["obligation"], row["rung"], row["due_at_ms"])) for id, row in rungs.items()}
    found |= {id: subject((_deadline(row), row["rung"], row["due_at_ms"])) for id, row in deadlines.items()}
    for id, alert in alerts.items():
        about = alert["subject"]
        about = addresses[about]["recipient"] if alert["rule"] == "DELIVERY_PROBLEM" else about
        about = f"finding {about.rpartition('-')[2]}" if alert["rule"] == "R9" else about
        found[id] = f"{alert['unit']} {alert['rule']} {about}"
    return found


def _deadline(row: dict[str, Any]) -> str:
    if row["kind"] == "step":
        return f"{row['unit']} {row['about']}"
    return f"{row['unit']} finding {row['about'].rpartition('-')[2]}"


async def _rungs(held: Stage, naive: Oracle) -> list[str]:
    """What became of every rung. One that reached nobody may say so."""
    rungs = await held.documents("reminders")
    became = {(row["obligation"], row["rung"], row["due_at_ms"]): row["status"] for row in rungs.values()}
    found = [f"rung too much: {key}" for key in became.keys() - naive.mail.lines.keys()]
    for key, line in naive.mail.lines.items():
        if not line.is_of_ladder:
            continue
        allowed = {line.status.replace("REPLANNED", "SUPERSEDED")}
        if line.told and line.told <= line.unreached:
            allowed.add("FAILED")
        if became.get(key) not in allowed:
            found.append(f"rung {key}: {became.get(key)}, not {line.status}")
    return found


def told_once(naive: Oracle) -> bool:
    """Nobody is told twice about the same rung, nor twice on one day."""
    mail = [message for message in naive.messages if message.kind == "day"]
    told = Counter((message.to, about) for message in mail for about in message.about)
    return not told or max(told.values()) == 1

"""Addresses that do not work: switched off with a reason, shown, told to operations, switched on again by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.alerts import Signal
from services.notify.domain.contacts import Target, is_same
from services.notify.domain.signals import delivery_problem
from shared.events.unit import UnitState

TRAIL_MAX = 20
UNITS_MAX = 20
"""Units that are told of one address; who is a contact of more than these is known there as well."""

REASON_CHARACTERS_MAX = 300

AddressStatus = Literal["ACTIVE", "DISABLED"]


@dataclass(frozen=True, slots=True)
class Address:
    """One address of one channel that failed once. `shown` may be told; the address itself is not kept here.

    `recipient` is whose it is; `delivery` the one whose failure switched it off last.
    """

    id: str
    channel: str
    recipient: str
    shown: str
    status: AddressStatus
    reason: str
    delivery: str
    plan: str
    unit: str
    disabled_at_ms: int
    changed_at_ms: int
    changed_by: str
    revision: int = 1
    trail: tuple[dict[str, Any], ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_disabled(self) -> bool:
        return self.status == "DISABLED"


def disabled(
    held: Address | None,
    target: Target,
    *,
    recipient: str,
    reason: str,
    delivery: str,
    plan: str,
    unit: str,
    now_ms: int,
) -> Address | None:
    """The address switched off; None when this delivery's failure is known already."""
    if held is not None and (held.is_disabled or held.delivery == delivery):
        return None
    short = reason[:REASON_CHARACTERS_MAX]
    fresh = Address(
        id=target.id,
        channel=target.channel,
        recipient=recipient,
        shown=target.shown,
        status="DISABLED",
        reason=short,
        delivery=delivery,
        plan=plan,
        unit=unit,
        disabled_at_ms=now_ms,
        changed_at_ms=now_ms,
        changed_by="notify",
    )
    before = held or replace(fresh, revision=0)
    trail = _longer(before, "DISABLED", short, "notify", now_ms)
    return replace(fresh, revision=before.revision + 1, trail=trail, kept=before.kept)


def enabled(held: Address, *, by: str, reason: str, now_ms: int) -> Address:
    """The address in use again, by a person's decision."""
    return replace(
        held,
        status="ACTIVE",
        reason=reason[:REASON_CHARACTERS_MAX],
        changed_at_ms=now_ms,
        changed_by=by,
        revision=held.revision + 1,
        trail=_longer(held, "ACTIVE", reason, by, now_ms),
    )


def _longer(held: Address, status: str, reason: str, by: str, now_ms: int) -> tuple[dict[str, Any], ...]:
    step = {"status": status, "reason": reason[:REASON_CHARACTERS_MAX], "by": by, "at_ms": now_ms}
    return (*held.trail, step)[-TRAIL_MAX:]


def names_address(unit: UnitState | None, recipient: str) -> bool:
    """Whether a unit has this recipient among its contacts."""
    return unit is not None and any(is_same(one.email, recipient) for one in unit.contacts)


def units_of(recipient: str, units: Mapping[str, UnitState]) -> list[str]:
    """The units that have this recipient among their contacts, by code."""
    return sorted(code for code, unit in units.items() if names_address(unit, recipient))


def quality_signals(address: Address, units: Mapping[str, UnitState], *, standing_body: str | None) -> list[Signal]:
    """What operations are told: one alert for each unit that has the recipient on record, else at the standing body."""
    places = units_of(address.recipient, units)[:UNITS_MAX] or [address.unit or standing_body or ""]
    return [_signal(address, unit, firing=True, reason="") for unit in places if unit]


def settled_signal(address: Address, unit: str, reason: str) -> Signal:
    """The end of the alert: the address is in use again, or the unit has other contacts now."""
    return _signal(address, unit, firing=False, reason=reason)


def _signal(address: Address, unit: str, *, firing: bool, reason: str) -> Signal:
    detail = {"channel": address.channel, "address": address.shown, "reason": address.reason}
    signal = delivery_problem(
        address.plan, unit, address.shown, firing=firing, source_revision=address.revision, detail=detail
    )
    # Two people may share a shortened address: the fingerprint is that of the address itself.
    return replace(signal, subject=address.id, reason=reason or signal.reason)

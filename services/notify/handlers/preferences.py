"""What recipients want: changed by a signed link or by an operator; and addresses that are switched on again."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from services.notify.domain.acts import CHAIN
from services.notify.domain.alerts import DELIVERY_PROBLEM, Alert
from services.notify.domain.contacts import Target
from services.notify.domain.contacts_quality import Address, enabled, settled_signal
from services.notify.domain.links import Claim, Links, Purpose
from services.notify.domain.preferences import Preferences, changed, faults, ordered
from services.notify.handlers.ports import Recorder
from services.notify.handlers.watch import Raise
from shared.errors import Permanent, Transient

ATTEMPTS_MAX = 5
SECRET_BYTES = 24


class PreferencesNotValid(Permanent):
    """What was asked for cannot be kept; `reasons` names why."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = tuple(reasons)


class PreferenceStore(Protocol):
    async def of(self, recipient: str) -> Preferences: ...
    async def save(self, preferences: Preferences) -> bool: ...


class AddressStore(Protocol):
    async def get(self, address: str) -> Address | None: ...
    async def save(self, address: Address) -> bool: ...
    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> tuple[list[Address], str | None]: ...


class OpenAlerts(Protocol):
    async def open_of_rule(self, rule: str) -> list[Alert]: ...


class TargetCheck(Protocol):
    """Whether a URL can be used by a channel; a named fault, or None."""

    def __call__(self, target: Target, /) -> str | None: ...


def target_check(by_channel: Mapping[str, TargetCheck]) -> TargetCheck:
    """Asks the channel that a target is for. A mail address was looked at where the contact was registered."""

    def check(target: Target) -> str | None:
        asked = by_channel.get(target.channel)
        return asked(target) if asked is not None else None

    return check


@dataclass(frozen=True, slots=True)
class Choice:
    """What a recipient's own page can change. `order`: channel names, the first to be tried first."""

    off: tuple[str, ...]
    language: str
    order: tuple[str, ...]
    quiet_begin: str
    quiet_end: str


class PreferenceDesk:
    """Reads and changes preferences. Every change is kept with who made it, and is in the audit log."""

    def __init__(
        self,
        *,
        preferences: PreferenceStore,
        links: Links,
        audit: Recorder,
        check_target: TargetCheck,
    ) -> None:
        self._preferences = preferences
        self._links = links
        self._audit = audit
        self._check_target = check_target

    def claim(self, token: str, purpose: Purpose, now_ms: int) -> Claim | None:
        """What a signed link allows; None when it is not ours or is over."""
        return self._links.read(token, purpose, now_ms=now_ms)

    def preferences_token(self, claim: Claim) -> str:
        """The token of the preferences page of the same recipient, for as long as this link holds."""
        return self._links.token(Claim("preferences", claim.recipient, "", claim.expires_at_ms))

    async def of(self, recipient: str) -> Preferences:
        return await self._preferences.of(recipient.strip().lower())

    async def unsubscribe(self, claim: Claim, *, now_ms: int) -> Preferences:
        """Switch the claim's kind off; asked twice, done once."""

        def without(held: Preferences) -> Preferences:
            return replace(held, off=(*held.off, claim.kind))

        return await self._change(claim.recipient, without, by="recipient", how="one_click_link", now_ms=now_ms)

    async def choose(self, claim: Claim, choice: Choice, *, now_ms: int) -> Preferences:
        """A recipient's own choice; of channels only the order. PreferencesNotValid."""

        def chosen(held: Preferences) -> Preferences:
            targets = ordered(held.targets, choice.order)
            return replace(
                held,
                off=choice.off,
                language=choice.language,
                channels=targets if held.channels else (),
                quiet_begin=choice.quiet_begin,
                quiet_end=choice.quiet_end,
            )

        return await self._change(claim.recipient, chosen, by="recipient", how="preferences_link", now_ms=now_ms)

    async def set(self, recipient: str, given: Mapping[str, Any], *, by: str, now_ms: int) -> tuple[Preferences, str]:
        """An operator's change of the named fields. The second value is a webhook secret made now, told this once.

        A channel without its URL keeps the one that it has. PreferencesNotValid.
        """
        address = recipient.strip().lower()
        fresh_secret = "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

        def wanted(held: Preferences) -> Preferences:
            fields = dict(given)
            if "channels" in fields:
                fields["channels"] = tuple(_target(one, held, fresh_secret) for one in fields["channels"])
            return replace(held, **fields)

        after = await self._change(address, wanted, by=by, how="api", now_ms=now_ms)
        is_used = any(target.secret == fresh_secret for target in after.channels)
        return after, fresh_secret if is_used else ""

    async def _change(
        self, recipient: str, change: Callable[[Preferences], Preferences], *, by: str, how: str, now_ms: int
    ) -> Preferences:
        for _ in range(ATTEMPTS_MAX):
            held = await self._preferences.of(recipient)
            wanted = change(held)
            wrong = faults(wanted) + [
                fault for target in wanted.channels if (fault := self._check_target(target)) is not None
            ]
            if wrong:
                raise PreferencesNotValid(wrong)
            fresh = changed(held, wanted, by=by, how=how, now_ms=now_ms)
            if fresh is None:
                return held
            if await self._preferences.save(fresh):
                what = fresh.trail[-1]["what"]
                await self._audit.record(
                    CHAIN, "preferences.changed", fresh.id, by=by, at_ms=now_ms, fields=what, how=how,
                    revision=fresh.revision,
                )  # fmt: skip
                return fresh
        raise Transient(f"preferences moved on {ATTEMPTS_MAX} times while they were changed")


def _target(given: Mapping[str, str], held: Preferences, fresh_secret: str) -> Target:
    channel, url = given["channel"], given.get("url") or ""
    before = next((one for one in held.targets if one.channel == channel), None)
    if channel == "email":
        return Target("email", held.recipient)
    address = url or (before.address if before else "")
    secret = given.get("secret") or (before.secret if before and before.address == address else "")
    return Target(channel, address, secret or (fresh_secret if channel == "webhook" else ""))


class AddressDesk:
    """Addresses that do not work, and their way back."""

    def __init__(self, *, addresses: AddressStore, alerts: OpenAlerts, raise_alert: Raise, audit: Recorder) -> None:
        self._addresses = addresses
        self._alerts = alerts
        self._raise = raise_alert
        self._audit = audit

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> tuple[list[Address], str | None]:
        return await self._addresses.page(status=status, limit=limit, cursor=cursor)

    async def enable(self, id: str, *, by: str, reason: str, now_ms: int) -> Address | None:
        """Use an address again and end its alerts. None: no such address. Asked twice, done once.

        Crash after the address was switched on: its alert stays open; switching it on again ends it.
        """
        for _ in range(ATTEMPTS_MAX):
            held = await self._addresses.get(id)
            if held is None:
                return None
            fresh = enabled(held, by=by, reason=reason, now_ms=now_ms) if held.is_disabled else held
            if fresh is held or await self._addresses.save(fresh):
                for alert in await self._alerts.open_of_rule(DELIVERY_PROBLEM):
                    if alert.subject == id:
                        await self._raise.apply(settled_signal(fresh, alert.unit, "address_enabled"), now_ms)
                if fresh is not held:
                    await self._audit.record(
                        CHAIN, "address.enabled", id, by=by, at_ms=now_ms, reason=reason, revision=fresh.revision
                    )
                return fresh
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was switched on")

"""Preferences of recipients and addresses that do not work, as operators see and change them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.contacts import is_address
from services.notify.domain.contacts_quality import Address
from services.notify.domain.preferences import Preferences
from services.notify.handlers.preferences import AddressDesk, PreferenceDesk, PreferencesNotValid
from services.notify.routes.deliveries import Operator, Reader, Wish
from shared.clock import Clock, iso
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_unbound

Recipient = Annotated[str, Query(max_length=254, description="A mail address.")]
KindName = Literal["reminder", "alert", "digest"]
ChannelName = Literal["email", "webhook", "chat", "sms"]
ClockTime = Annotated[str, Field(max_length=5, description="HH:MM in the recipient's zone; empty for none.")]

_ADDRESS = Text("Địa chỉ thư không hợp lệ.", "Not a mail address.")


class ChannelInput(BaseModel):
    """One channel. `url` and `secret` are write-only; without a URL the one on record is kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    channel: ChannelName
    url: str | None = Field(default=None, max_length=2000, description="Webhook: https URL. Chat, SMS: Apprise URL.")
    secret: str | None = Field(
        default=None, max_length=200, description="Webhook: whsec_...; without one it is made and told once."
    )


class PreferencesInput(BaseModel):
    """What is to change; what is not named stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    off: list[KindName] | None = Field(default=None, max_length=3)
    language: Literal["", "vi", "en"] | None = None
    channels: list[ChannelInput] | None = Field(default=None, max_length=4, description="In the order of trying.")
    quiet_begin: ClockTime | None = None
    quiet_end: ClockTime | None = None


class ChannelShown(BaseModel):
    """One channel, without its secrets."""

    channel: str
    address: str = Field(description="Shortened: a mailbox, a webhook's host, a chat service's name.")
    id: str = Field(description="Its id among the addresses.")


class PreferencesShown(BaseModel):
    """What a recipient receives, in which language, by which channels in this order, and when not."""

    recipient: str
    off: tuple[str, ...]
    language: str
    channels: tuple[ChannelShown, ...]
    quiet_begin: str
    quiet_end: str
    changed_at: str | None
    changed_by: str
    revision: int
    webhook_secret: str | None = Field(default=None, description="Made by this request; told this once.")

    @classmethod
    def of(cls, held: Preferences, secret: str = "") -> PreferencesShown:
        return cls(
            recipient=held.recipient,
            off=held.off,
            language=held.language,
            channels=tuple(ChannelShown(channel=one.channel, address=one.shown, id=one.id) for one in held.targets),
            quiet_begin=held.quiet_begin,
            quiet_end=held.quiet_end,
            changed_at=iso(held.changed_at_ms) if held.changed_at_ms else None,
            changed_by=held.changed_by,
            revision=held.revision,
            webhook_secret=secret or None,
        )


class AddressShown(BaseModel):
    """One address that failed for good, with the reason, and whether it is in use again."""

    address: str
    channel: str
    shown: str
    status: str
    reason: str
    delivery: str
    unit: str | None
    disabled_at: str
    changed_at: str
    changed_by: str

    @classmethod
    def of(cls, held: Address) -> AddressShown:
        return cls(
            address=held.id,
            channel=held.channel,
            shown=held.shown,
            status=held.status,
            reason=held.reason,
            delivery=held.delivery,
            unit=held.unit or None,
            disabled_at=iso(held.disabled_at_ms),
            changed_at=iso(held.changed_at_ms),
            changed_by=held.changed_by,
        )


def preference_routes(desk: PreferenceDesk, addresses: AddressDesk, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["preferences"])

    @routes.get("/v1/preferences")
    async def read_preferences(recipient: Recipient, who: Reader) -> PreferencesShown:
        """The preferences of one recipient; the empty ones where nothing was ever chosen."""
        check_unbound(who)
        return PreferencesShown.of(await desk.of(_checked(recipient)))

    @routes.put("/v1/preferences")
    async def change_preferences(recipient: Recipient, given: PreferencesInput, who: Operator) -> PreferencesShown:
        """Change what is named. Legal notices (overdue, escalation) cannot be switched off."""
        check_unbound(who)
        try:
            after, secret = await desk.set(_checked(recipient), _fields(given), by=who.subject, now_ms=clock.now_ms())
        except PreferencesNotValid as err:
            raise Problem(422, members={"reasons": list(err.reasons)}) from err
        return PreferencesShown.of(after, secret)

    @routes.get("/v1/addresses")
    async def list_addresses(
        who: Reader,
        status: Annotated[Literal["ACTIVE", "DISABLED"] | None, Query()] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[AddressShown]:
        """Addresses that failed for good, by last change, the latest first."""
        check_unbound(who)
        found, following = await addresses.page(status=status, limit=limit, cursor=cursor)
        return Listing(items=[AddressShown.of(one) for one in found], next_cursor=following)

    @routes.post("/v1/addresses/{address}/enable")
    async def enable_address(address: IdInPath, given: Wish, who: Operator) -> AddressShown:
        """Use an address again; its alert ends."""
        check_unbound(who)
        held = await addresses.enable(address, by=who.subject, reason=given.reason, now_ms=clock.now_ms())
        if held is None:
            raise Problem(404)
        return AddressShown.of(held)

    return routes


def _checked(recipient: str) -> str:
    if not is_address(recipient):
        raise Problem(422, detail=_ADDRESS, members={"parameter": "recipient"})
    return recipient


def _fields(given: PreferencesInput) -> dict[str, Any]:
    fields = given.model_dump(exclude_none=True)
    if "off" in fields:
        fields["off"] = tuple(fields["off"])
    return fields

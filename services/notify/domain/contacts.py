"""Who is written to: a role at a unit, resolved to people; and where their messages go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.events.unit import UnitState

DEPTH_MAX = 12
LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person at one address. Equal addresses are one recipient, whatever the roles."""

    address: str
    name: str | None
    language: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages of one channel go: a mail address, or a URL that may hold secrets and is therefore never shown."""

    channel: str
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The same channel and address always have the same id; it gives neither away."""
        return "address-" + hashlib.sha256(f"{self.channel}\n{self.address}".encode()).hexdigest()[:32]

    @property
    def shown(self) -> str:
        """What may be told of it: a shortened mail address, a webhook's host, a chat service's name."""
        if self.channel == "email":
            return shortened(self.address)
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.hostname or ''}/…" if self.channel == "webhook" else f"{parts.scheme}://…"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The recipients of some roles, each address once, and the roles that nobody holds."""

    recipients: tuple[Recipient, ...]
    missing: tuple[str, ...]


def resolve(
    roles: Sequence[str], unit: str, units: Mapping[str, UnitState], *, standing_body: str | None
) -> Resolution:
    """Each role at the unit itself, else at its ancestors from the nearest up, else at the standing body's unit."""
    found: dict[str, Recipient] = {}
    missing: list[str] = []
    for role in roles:
        people = _holders(role, unit, units, standing_body)
        if not people:
            missing.append(role)
        for person in people:
            found.setdefault(person.address, person)
    return Resolution(tuple(found.values()), tuple(missing))


def answers_for(recipient: str, units: Mapping[str, UnitState]) -> dict[str, frozenset[str]]:
    """Unit -> roles whose messages go to this address: units that name it, then those below that lack the role."""
    held = {
        code: frozenset(one.role for one in unit.contacts if is_same(one.email, recipient))
        for code, unit in units.items()
    }
    mine = frozenset().union(*held.values())
    found: dict[str, frozenset[str]] = {code: roles for code, roles in sorted(held.items()) if roles}
    for code in sorted(units) if mine else ():
        above = lineage(code, units, None)[1:]
        lacking = {role for role in mine - held[code] if any(role in held.get(place, ()) for place in above)}
        inherited = {
            role
            for role in lacking
            if any(is_same(one.address, recipient) for one in _holders(role, code, units, None))
        }
        if inherited:
            found[code] = held[code] | inherited
    return found


def lineage(unit: str, units: Mapping[str, UnitState], standing_body: str | None) -> list[str]:
    """The unit, its ancestors and the standing body, each once. A cycle in the tree ends the climb."""
    places: list[str] = []
    at: str | None = unit
    while at is not None and at not in places and len(places) < DEPTH_MAX:
        places.append(at)
        at = units[at].parent if at in units else None
    if standing_body is not None and standing_body not in places:
        places.append(standing_body)
    return places


def _holders(role: str, unit: str, units: Mapping[str, UnitState], standing_body: str | None) -> list[Recipient]:
    for place in lineage(unit, units, standing_body):
        held = units.get(place)
        people = (
            [
                _recipient(contact.email, contact.name, contact.language, held.time_zone)
                for contact in (held.contacts if held else ())
                if contact.role == role and is_address(contact.email)
            ]
            if held
            else []
        )
        if people:
            return people
    return []


def _recipient(email: str, name: str | None, language: str, time_zone: str) -> Recipient:
    return Recipient(email.strip().lower(), name, language if language in LANGUAGES else "vi", time_zone)


def is_same(email: str, address: str) -> bool:
    """Whether a contact's mail address, as it was registered, is this recipient's."""
    return email.strip().lower() == address


def is_address(email: str) -> bool:
    """Whether this can stand in a mail header and an envelope: one @, no blanks, no control characters."""
    local, at, domain = email.strip().rpartition("@")
    held = email.strip()
    return (
        bool(local and at and domain) and len(held) <= 254 and held.isascii() and held.isprintable() and not _odd(held)
    )


def _odd(email: str) -> bool:
    return email.count("@") != 1 or any(mark in email for mark in ' ,;<>"()[]\\')


def shortened(address: str) -> str:
    """The address as events and logs may carry it: `r…@units.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def address_mark(address: str) -> str:
    """A short hash of an address: enough to know it again, without keeping it in one more place."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]

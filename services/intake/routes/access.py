"""Who may ask about what: the keys of unit systems, and the reach of a principal."""

from __future__ import annotations

from services.intake.domain.keys import Fault
from services.intake.handlers.keys import UnitKeys
from shared.clock import iso
from shared.http.identity import Principal
from shared.http.language import Text
from shared.http.problems import Problem
from shared.telemetry.correlation import current_client_address

_FAULTS: dict[Fault, tuple[int, str, Text]] = {
    "revoked": (
        401,
        "key-revoked",
        Text(
            "Khóa này đã bị thu hồi; hãy xin khóa mới ở đơn vị thường trực.",
            "This key is revoked: ask the standing body for a new one.",
        ),
    ),
    "expired": (
        401,
        "key-expired",
        Text("Khóa này đã hết hạn; hãy dùng khóa mới.", "This key has expired: use the one that replaced it."),
    ),
    "address": (
        403,
        "address-not-allowed",
        Text(
            "Khóa này chỉ dùng được từ các mạng đã đăng ký.",
            "This key is accepted only from the networks that it was issued for.",
        ),
    ),
}


class KeyAuthenticator:
    """Knows the keys of unit systems. A key speaks for its own unit, or for that and all below it."""

    def __init__(self, keys: UnitKeys) -> None:
        self._keys = keys

    async def authenticate(self, bearer: str) -> Principal | None:
        """401 or 403 that says why, to whoever holds a secret of ours: to anybody else the key does not exist."""
        address = current_client_address() or ""
        found = await self._keys.recognise(bearer, address=address)
        if found is None:
            return None
        key = found.key
        if found.fault is not None:
            status, slug, detail = _FAULTS[found.fault]
            since = {"revoked": key.revoked_ms, "expired": key.expires_at_ms}.get(found.fault, 0)
            members = {"key_id": key.id, **({"since": iso(since)} if since else {"address": address})}
            headers = {"WWW-Authenticate": 'Bearer realm="tiendo", error="invalid_token"'} if status == 401 else None
            raise Problem(status, slug, detail=detail, members=members, headers=headers)
        return Principal(
            subject=key.id,
            kind="unit_system",
            unit=key.unit,
            scopes=frozenset(key.scopes),
            units=found.units,
            forms=frozenset(key.forms) if key.forms else None,
        )

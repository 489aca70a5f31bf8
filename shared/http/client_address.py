"""Where a request came from: the peer, or what a trusted proxy says about it.

`X-Forwarded-For` is believed only from peers in the trusted networks, and only as far as those vouch for it: the list
is read from its end, and the first address that is not a trusted proxy is the client. Anyone may write anything
further left.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
HOPS_MAX = 16


class ClientAddress:
    """Finds the client's address. `trusted`: networks of proxies (CIDR)."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted = tuple(ip_network(text) for text in trusted)

    def of(self, scope: Scope) -> str:
        """The address as text; `unknown` where there is none (a Unix socket)."""
        peer = (scope.get("client") or (UNKNOWN, 0))[0]
        if not self._trusted or not self._is_trusted(peer):
            return str(peer)
        held = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
        for told in reversed(held[-HOPS_MAX:]):
            address = parsed(told.strip())
            if address is None:
                return str(peer)
            if not within(address, self._trusted):
                return str(address)
        return str(peer)

    def _is_trusted(self, peer: str) -> bool:
        address = parsed(peer)
        return address is not None and within(address, self._trusted)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Address | None:
    """The address, None for what is none. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds the address."""
    return any(address.version == network.version and address in network for network in networks)


def split(text: str) -> tuple[str, ...]:
    """Networks from a setting: separated by commas."""
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)

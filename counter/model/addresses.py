"""Addresses and networks as numbers: `ipaddress` takes ten times as long to compare them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from socket import AF_INET, inet_pton

Address = tuple[str, int, int]
"""An address in its canonical form, its version (4 or 6), and its number; what is no address has
version 0."""


def parse_address(text: str) -> Address | None:
    """Return the address that `text` is, without its zone and out of IPv6 if IPv4 is mapped."""
    return parse_ipv4(text) or _parse_other(text)


def read_peer(text: str) -> Address:
    """Return the address that `text` is; or `text` as it is, of version 0, if it is none."""
    return parse_address(text) or (text, 0, 0)


def parse_ipv4(text: str) -> Address | None:
    if ":" in text:
        return None  # an error costs more than to look
    try:
        # It takes four numbers without leading zeros, and nothing else: they are canonical.
        return text, 4, int.from_bytes(inet_pton(AF_INET, text))
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=16_384)
def _parse_other(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return str(address), address.version, int(address)


class Networks:
    """Networks in which addresses are looked up."""

    __slots__ = ("_ranges",)

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._ranges = [(n.version, int(n.netmask), int(n.network_address)) for n in networks]

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __contains__(self, address: Address) -> bool:
        _, version, number = address
        for its, mask, first in self._ranges:  # noqa: SIM110 # any() takes twice as long
            if its == version and number & mask == first:
                return True
        return False

"""Connections to others: none to an address that only this machine or its network reaches.

A name says nothing of where it leads: whoever holds a site's name may let it lead to a store, to
another service's administration or to a cloud's metadata. So it is not names that are judged, but
each address, at the very moment at which it is connected to.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import AddrInfoType

from counter.model.addresses import Networks, read_peer
from counter.settings import Network

_NAT64 = ip_network("64:ff9b::/96")
"""What an IPv6 network without IPv4 makes of an IPv4 address (RFC 6052)."""


class OnlyPublic:
    """Makes the sockets for a connector (`socket_factory`), or refuses to.

    Args:
        networks: what may be connected to though it is not public.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = Networks(networks)

    def __call__(self, where: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, (address, *_) = where
        if not (is_public(str(address)) or read_peer(str(address)) in self._networks):
            raise PermissionError(
                errno.EACCES,
                f"{address} is no public address: its network is to be named in sitemap_networks",
            )
        return socket.socket(family, kind, protocol)


def is_public(text: str) -> bool:
    """Tell whether anybody in the internet may reach the address `text`."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFF_FFFF)
        else:
            address = address.ipv4_mapped or address
    return address.is_global and not address.is_multicast

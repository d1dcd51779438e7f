"""Whose request it is, behind proxies: what `Forwarded` and `X-Forwarded-For` say, if one may
believe it.

Each proxy writes the address that it saw at the right end; what stands further left may be a
client's invention. So a header is read from the right, as long as whoever wrote it is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address

from counter.model.addresses import Address, Networks, parse_address, parse_ipv4, read_peer

_NODE = re.compile(
    r"\[([0-9A-Fa-f:.]+)\](?::[\w.-]+)?"  # [2001:db8::1], [2001:db8::1]:443
    r"|([0-9.]+)(?::[\w.-]+)?"  # 192.0.2.1, 192.0.2.1:443, 192.0.2.1:_hidden
    r"|([0-9A-Fa-f:.]+)",  # 2001:db8::1, as X-Forwarded-For has it
    re.ASCII,
)
_LONGEST_NODE = 64


def client_address(
    peer: str,
    forwarded: str | None,
    x_forwarded_for: str | None,
    trusted: Networks,
    *,
    trust_unix: bool = False,
) -> Address:
    """Return the address of the client whose request came from `peer`.

    The headers are believed only when the peer is in a trusted network, and then up to the first
    address from the right that is not. Where one can't be read (`unknown`, a hidden name, garbage)
    the last good address stands.

    If there are both headers and they disagree, the answer is the peer: a proxy that writes the
    one lets the other through as the client made it up, and which it writes can't be told.

    Args:
        peer: who holds the connection; empty for a unix socket.
        forwarded: the `Forwarded` header (RFC 7239), its lines joined by commas, if any.
        x_forwarded_for: the `X-Forwarded-For` header, likewise.
        trusted: the networks of the proxies.
        trust_unix: believe the headers of whoever reaches a unix socket.

    Returns:
        an address, IPv4 where it is one mapped into IPv6; or `peer` as it is, of version 0, if
        that is no address.
    """
    if not (forwarded or x_forwarded_for) or not _is_trusted(peer, trusted, trust_unix):
        return read_peer(peer)
    # One proxy, which wrote one plain address: nearly always.
    if x_forwarded_for and not forwarded and "," not in x_forwarded_for:
        address = parse_ipv4(x_forwarded_for)
        if address:
            return address
    address = None
    if x_forwarded_for:
        address = _walk(x_forwarded_for, str.strip, trusted)
    if forwarded:
        other = _walk(forwarded, _forwarded_node, trusted)
        address = other if address == other or not x_forwarded_for else None
    return address or read_peer(peer)


@lru_cache(maxsize=4096)
def _is_trusted(peer: str, trusted: Networks, trust_unix: bool) -> bool:
    return read_peer(peer) in trusted if peer else trust_unix


def _walk(header: str, node: Callable[[str], str], trusted: Networks) -> Address | None:
    last = None
    # A comma within quotes parts elements too: it makes garbage of one, while a quote that a
    # client leaves open can't swallow what a proxy adds.
    for element in reversed(header.split(",")):
        address = _parse_node(node(element))
        if not address:
            break
        last = address
        if address not in trusted:
            break
    return last


def _forwarded_node(element: str) -> str:
    """Return what the one `for` of a `Forwarded` element names; empty if it has none."""
    pairs = [pair.partition("=") for pair in element.split(";")]
    nodes = [value.strip() for name, _, value in pairs if name.strip().lower() == "for"]
    if len(nodes) != 1:
        return ""
    node = nodes[0]
    if len(node) > 1 and node[0] == node[-1] == '"':
        return re.sub(r"\\(.)", r"\1", node[1:-1])
    return node


def _parse_node(node: str) -> Address | None:
    if len(node) > _LONGEST_NODE:
        return None
    if address := parse_ipv4(node):
        return address
    match = _NODE.fullmatch(node)
    return parse_address(match[match.lastindex or 0]) if match else None


def read_address(text: str) -> Address | None:
    """Return the address that `text` is, without a port; None if it is none."""
    return _parse_node(text.strip())


def rate_key(address: Address) -> str:
    """Return what shares one rate: an IPv4 address, or an IPv6 subnet of 64 bits.

    Every host may pick as many addresses within its /64 as it likes (RFC 8981). What is no
    address stands for itself.
    """
    text, version, number = address
    return f"{IPv6Address(number >> 64 << 64)}/64" if version == 6 else text

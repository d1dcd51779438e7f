"""Whose request it is: what proxies say is believed, what clients make up is not."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from counter.ingest.addresses import client_address, rate_key
from counter.model.addresses import Networks, read_peer

PROXIES = Networks((ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")))
NONE = Networks(())
PROXY = "10.0.0.1"
CLIENT = "203.0.113.7"
VICTIM = "198.51.100.1"


def client_text(*request: Any, **options: bool) -> str:
    return client_address(*request, **options)[0]


@pytest.mark.parametrize(
    ("peer", "canonical"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:0DB8:0:0::0001", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("a name", "a name"),
    ],
)
def test_without_headers_it_is_the_peer_in_canonical_form(peer: str, canonical: str) -> None:
    assert client_text(peer, None, None, NONE) == canonical
    assert client_text(peer, None, None, PROXIES) == canonical


X_FORWARDED_FOR = {
    "one hop": ("203.0.113.7", CLIENT),
    "spaces around": ("  203.0.113.7 ", CLIENT),
    "a port": ("203.0.113.7:51234", CLIENT),
    "IPv6": ("2001:DB8::7", "2001:db8::7"),
    "IPv6 with a port": ("[2001:db8::7]:51234", "2001:db8::7"),
    "IPv4 mapped into IPv6": ("::ffff:203.0.113.7", CLIENT),
    "two trusted hops": ("203.0.113.7, 10.0.0.9, 10.0.0.8", CLIENT),
    "a trusted hop of IPv6": ("203.0.113.7, 2001:db8:ffff::1", CLIENT),
    "trusted hops alone: the first of them": ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
    "an address made up on the left": ("198.51.100.1, 203.0.113.7", CLIENT),
    "a trusted address made up on the left": ("10.0.0.9, 203.0.113.7", CLIENT),
    "many made up": (", ".join([VICTIM] * 200 + [CLIENT]), CLIENT),
    "garbage on the left": ("<script>, ,;;=, 203.0.113.7", CLIENT),
    "garbage within: the last good one": ("198.51.100.1, garbage, 10.0.0.9", "10.0.0.9"),
    "an empty element within": ("198.51.100.1,, 10.0.0.9", "10.0.0.9"),
    "unknown": ("unknown", PROXY),
    "empty elements": (" , ,", PROXY),
    "an octet of 256": ("203.0.113.256", PROXY),
    "a leading zero": ("203.0.113.07", PROXY),
    "a zone": ("fe80::1%eth0", PROXY),
    "a host name": ("client.example", PROXY),
    "a port that is not ASCII": ("203.0.113.7:é", PROXY),
    "digits that are not ASCII": ("٢٠٣.٠.١١٣.٧", PROXY),
}

FORWARDED = {
    "one hop": ("for=203.0.113.7", CLIENT),
    "all parameters": ("for=203.0.113.7;proto=https;by=10.0.0.1;host=count.example", CLIENT),
    "in any order and case": ("proto=https;FOR=203.0.113.7", CLIENT),
    "spaces": ("by=10.0.0.1; for=203.0.113.7 ", CLIENT),
    "quoted": ('for="203.0.113.7"', CLIENT),
    "quoted, with a port": ('for="203.0.113.7:51234"', CLIENT),
    "quoted, with escapes": (r'for="203\.0.113.7"', CLIENT),
    "a hidden port": ('for="203.0.113.7:_port"', CLIENT),
    "IPv6": ('for="[2001:DB8::7]"', "2001:db8::7"),
    "IPv6 with a port": ('for="[2001:db8::7]:51234"', "2001:db8::7"),
    "two trusted hops": ('for=203.0.113.7, for=10.0.0.9;proto=http, for="10.0.0.8:80"', CLIENT),
    "an address made up on the left": ("for=198.51.100.1, for=203.0.113.7", CLIENT),
    "a quote left open on the left": ('for="198.51.100.1, for=203.0.113.7', CLIENT),
    "a quote left open before another": ('for=198.51.100.1;by="x, for="203.0.113.7"', CLIENT),
    "an escape left open": ('for="198.51.100.1\\, for="[2001:db8::7]"', "2001:db8::7"),
    "unknown": ("for=unknown", PROXY),
    "hidden": ("for=_gazonk", PROXY),
    "hidden behind a trusted hop": ("for=198.51.100.1, for=_secret, for=10.0.0.9", "10.0.0.9"),
    "no for": ("proto=https;by=203.0.113.7", PROXY),
    "two of for": ("for=203.0.113.7;for=198.51.100.1", PROXY),
    "a bare address": ("203.0.113.7", PROXY),
    "a comma within quotes": ('for=203.0.113.7;host="a,b"', PROXY),
    "a lone quote": ('for="', PROXY),
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "address"), X_FORWARDED_FOR.values(), ids=X_FORWARDED_FOR.keys()
)
def test_x_forwarded_for_is_read_from_the_right(header: str, address: str) -> None:
    assert client_text(PROXY, None, header, PROXIES) == address


@pytest.mark.parametrize(("header", "address"), FORWARDED.values(), ids=FORWARDED.keys())
def test_forwarded_is_read_from_the_right(header: str, address: str) -> None:
    assert client_text(PROXY, header, None, PROXIES) == address


@pytest.mark.parametrize("peer", [CLIENT, "2001:db8::7", "::ffff:203.0.113.7", "11.0.0.1"])
def test_nobody_else_is_believed(peer: str) -> None:
    honest = client_text(peer, None, None, PROXIES)
    assert client_text(peer, f"for={VICTIM}", None, PROXIES) == honest
    assert client_text(peer, None, VICTIM, PROXIES) == honest
    assert client_text(peer, None, VICTIM, NONE) == honest


def test_a_proxy_of_ipv4_is_known_on_a_socket_of_ipv6() -> None:
    assert client_text("::ffff:10.0.0.1", None, CLIENT, PROXIES) == CLIENT


def test_headers_that_agree_are_believed() -> None:
    assert client_text(PROXY, f"for={CLIENT}", CLIENT, PROXIES) == CLIENT


@pytest.mark.parametrize("invention", [f"for={VICTIM}", "for=unknown", "garbage"])
def test_a_header_that_the_proxy_lets_through_counts_for_nothing(invention: str) -> None:
    assert client_text(PROXY, invention, CLIENT, PROXIES) == PROXY


def test_a_unix_socket_is_believed_only_if_told_so() -> None:
    assert client_text("", None, CLIENT, PROXIES) == ""
    assert client_text("", None, CLIENT, NONE, trust_unix=True) == CLIENT
    assert client_text("", None, f"{VICTIM}, {CLIENT}", PROXIES, trust_unix=True) == CLIENT
    assert client_text(CLIENT, None, VICTIM, PROXIES, trust_unix=True) == CLIENT


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_a_subnet_of_ipv6_shares_one_rate(address: str, key: str) -> None:
    assert rate_key(read_peer(address)) == key


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("::ffff:10.0.0.1", True),
        ("2001:db8:ffff::1", True),
        ("2001:db8:fffe::1", False),
        ("", False),
        ("a name", False),
    ],
)
def test_networks_know_their_own(address: str, inside: bool) -> None:
    assert (read_peer(address) in PROXIES) is inside
    assert read_peer(address) not in NONE


def is_address(text: str) -> bool:
    try:
        return str(ip_address(text)) == text
    except ValueError:
        return False


addresses = st.ip_addresses().map(str)
nodes = st.one_of(
    addresses,
    st.sampled_from(["10.0.0.2", "unknown", "_x", "", '"', "[", "[::1]", "10.0.0.2:80", "::%1"]),
    st.text(alphabet='0123456789abf.:[]";=,\\ %_é\x00', max_size=20),
)
elements = st.one_of(nodes, nodes.map("for={}".format), nodes.map('for="{}";proto=http'.format))
headers = st.none() | st.lists(elements, max_size=6).map(",".join) | st.text(max_size=60)


@settings(max_examples=2000)
@given(st.sampled_from([PROXY, CLIENT, "", "::1"]), headers, headers, st.booleans())
@example(PROXY, 'for="\\"', None, False)
def test_the_answer_is_the_peer_or_an_address(
    peer: str, forwarded: str | None, x_forwarded_for: str | None, trust_unix: bool
) -> None:
    address = client_address(peer, forwarded, x_forwarded_for, PROXIES, trust_unix=trust_unix)
    assert address[0] == peer or is_address(address[0])
    assert rate_key(address) or address[0] == ""


@settings(max_examples=500)
@given(st.text(max_size=60) | headers.map(str), addresses)
def test_nothing_that_a_client_sends_changes_what_the_proxy_saw(invention: str, seen: str) -> None:
    honest = client_text(seen, None, None, NONE)
    assume(read_peer(seen) not in PROXIES)
    assert client_text(PROXY, None, f"{invention}, {seen}", PROXIES) == honest
    node = f'"[{seen}]:80"' if ":" in seen else seen
    for element in (f"for={node}", f"by=10.0.0.1;for={node};proto=https"):
        assert client_text(PROXY, f"{invention}, {element}", None, PROXIES) == honest

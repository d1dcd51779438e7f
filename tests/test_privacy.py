"""After a run with many readers, none of their addresses and agents is anywhere that lasts.

What is searched: all that Redis holds, and its append-only file; the journal's files, while they
hold views; the log, at its most talkative; the metrics. That a search finds what is there is shown
by the paths, which are kept on purpose.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import aiohttp
import pytest
from agents import BROWSERS, PROGRAMS
from chaos.server import StoreServer
from services import Served, served, write_config

SITES = """
[sites.a]
rate_limit = "9/h"
[sites.b]
origins = ["https://b.example"]
ignore_addresses = ["203.0.113.0/24"]
privacy_signals = "ignore"
"""
SERVER = 'log_level = "debug"\ntrusted_proxies = ["127.0.0.0/8"]\nlive_streams_per_address = 1'
READERS = 150


def readers() -> list[tuple[str, str]]:
    """Return addresses, each with an agent."""
    chance = random.Random(6)
    addresses = [
        str(IPv4Address(chance.getrandbits(32) | 0x40000000))
        if n % 3
        else str(IPv6Address(0x2001 << 112 | chance.getrandbits(112)))
        for n in range(READERS)
    ]
    addresses[0] = "203.0.113.9"
    agents = itertools.cycle([*BROWSERS.values(), *PROGRAMS.values()])
    made_up = (f"{agent} Kept/{chance.getrandbits(48)}" for agent in agents)
    return list(zip(addresses, made_up, strict=False))


def secrets(who: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield each address and agent in every form in which it might have been kept."""
    for address, agent in who:
        for text in (address, agent, f"{address}{agent}", f"a\0{address}\0{agent}"):
            yield text, text.encode()
            for method in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b):
                digest = method(text.encode()).digest()
                yield f"{method.__name__} of {text}", digest[:8]
                yield f"{method.__name__} of {text}", digest[:8].hex().encode()
        packed = (IPv6Address if ":" in address else IPv4Address)(address).packed
        yield f"{address}, packed", packed
        yield f"{address}, in hexadecimal", packed.hex().encode()
        yield f"{agent}, its last word", agent.rpartition(" ")[2].encode()


def found_in(place: bytes, who: list[tuple[str, str]]) -> list[str]:
    text = place.lower()
    # Four random bytes are found by chance in what is not text.
    return [name for name, secret in secrets(who) if len(secret) > 4 and secret.lower() in text]


async def read_on(service: Served, who: list[tuple[str, str]], *, stale: bool = False) -> None:
    """Have every reader do all that a reader, or one who is no reader, may do."""
    url = service.line["listen"]
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def ask(method: str, path: str, reader: tuple[str, str], **headers: str) -> None:
            sent = {"X-Forwarded-For": reader[0], "User-Agent": reader[1], **headers}
            async with session.request(method, url + path, headers=sent) as answer:
                if "/live" not in path:
                    await answer.read()

        async def do(n: int, reader: tuple[str, str]) -> None:
            await ask("POST", f"v1/a/views?path=/kept-{n}", reader)
            if stale:
                return
            for _ in range(12 if n == 1 else 2):
                await ask("POST", "v1/a/views?path=/again", reader)
            forwarded = {"Forwarded": f'for="[{reader[0]}:80]";by=203.0.113.1'}
            await ask("POST", "v1/a/views?path=/disagree", reader, **forwarded)
            await ask("POST", "v1/b/views?path=/x", reader, Origin="https://b.example", DNT="1")
            await ask("POST", "v1/b/views?path=/x", reader, Origin="https://evil.example")
            await ask("POST", "v1/a/presence", reader)
            await ask("GET", "v1/a/widget?path=/widget", reader)
            await ask("GET", "v1/a/live?path=/live", reader)
            await ask("GET", "v1/a/live?path=/live", reader)
            await ask("POST", "v1/a/views?path=bad", reader)
            await ask("DELETE", "v1/none/views", reader)
            await ask("POST", "v1/a/views", reader, **{"Content-Encoding": "gzip"})

        await asyncio.gather(*(do(n, reader) for n, reader in enumerate(who)))
        await garbage(url, who[1])


async def garbage(url: str, reader: tuple[str, str]) -> None:
    """Send what is no HTTP at all, with a reader's name in it."""
    host, _, port = url.removeprefix("http://").strip("/").partition(":")
    source, sink = await asyncio.open_connection(host, int(port))
    sink.write(f"{reader[0]} {reader[1]}\r\nUser-Agent : {reader[1]}\r\n\r\n".encode())
    await source.read()
    sink.close()
    with contextlib.suppress(ConnectionError):
        await sink.wait_closed()


async def kept(store: StoreServer) -> bytes:
    """Return all that the store holds, its append-only file included."""
    async with store.client() as client:
        await client.config_set("rdbcompression", "no")
        dumps = [key + b"\n" + await client.dump(key) async for key in client.scan_iter(count=1000)]
    files = [file.read_bytes() for file in store.directory.rglob("*") if file.is_file()]
    return b"\n".join(dumps + files)


def journal(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())


async def metrics(service: Served) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.get(service.line["ops"] + "metrics") as answer,
    ):
        return await answer.read()


async def test_no_reader_can_be_found_afterwards(tmp_path: Path) -> None:
    who = readers()
    places: dict[str, bytes] = {}
    async with StoreServer(tmp_path / "store") as store:
        config = write_config(
            tmp_path, store.url, server=SERVER, store='timeout = "300ms"', sites=SITES
        )
        with served(config) as service:
            await read_on(service, who)
            places["Redis"] = await kept(store)
            places["metrics"] = await metrics(service)
            store.kill()
            await read_on(service, who, stale=True)
            places["journal"] = journal(tmp_path / "journal")
            places["metrics without a store"] = await metrics(service)
            await store.start()
            assert service.stop() == 0
            places["Redis, once the journal is in it"] = await kept(store)
            places["log"] = service.log.read_bytes()
            places["journal, empty"] = journal(tmp_path / "journal")
    for place in ("Redis", "journal", "Redis, once the journal is in it"):
        assert places[place].count(b"/kept-") > READERS // 3, place
    for reason in (b"bot", b"rate", b"repeat", b"address", b"signal"):
        assert b'reason="%b"' % reason in places["metrics"]
    assert b'"event": "serving"' in places["log"]
    assert {name: found for name, place in places.items() if (found := found_in(place, who))} == {}


@pytest.mark.parametrize("form", range(3))
def test_the_search_finds_a_reader_who_is_there(form: int) -> None:
    who = readers()
    address, agent = who[7]
    packed = IPv4Address(address).packed.hex() if "." in address else ""
    place = [f"x{address}y", agent.upper(), packed or hashlib.md5(agent.encode()).hexdigest()]
    assert found_in(f"...{place[form]}...".encode(), who)
    assert not found_in(b"nobody", who)

"""After a run with many readers, none of their addresses and agents is anywhere that lasts.

They come as readers do, as other counters' scripts and a site's own server have them, as callers of
the administration, and in a web server's log that is imported. What is searched: all that Redis
holds, and its append-only file; the audit log as it is told; the journal's files, while they hold
views; the log, at its most talkative; the metrics; what an import says and leaves behind. That a
search finds what is there is shown by the paths, which are kept on purpose.
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
from typing import Any

import aiohttp
import pytest
from agents import BROWSERS, PROGRAMS
from chaos.server import StoreServer
from services import Served, served, visitor_counter, write_config
from test_dropins import ALL, COUNTING, HOME, PAGE

from counter.web.tokens import token_hash

CMS, OPS = "vc_cms", "vc_ops"
SITES = f"""
[sites.a]
rate_limit = "9/h"
[sites.b]
origins = ["https://b.example"]
ignore_addresses = ["203.0.113.0/24"]
privacy_signals = "ignore"
[sites.c]
origins = ["{HOME}"]
dropins = {ALL}
repeat_window = "0s"
[tokens.cms]
hash = "{token_hash(CMS)}"
scopes = ["count"]
[tokens.ops]
hash = "{token_hash(OPS)}"
scopes = ["read", "write"]
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


async def come_otherwise(service: Served, who: list[tuple[str, str]]) -> None:
    """Have every reader come in one of the ways of other counters, and by a server of the site."""
    url = service.line["listen"]
    ways = itertools.cycle(COUNTING.values())
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, headers: dict[str, str], **options: Any) -> int:
            async with session.request(method, url + path, headers=headers, **options) as answer:
                await answer.read()
                return answer.status

        async def come(reader: tuple[str, str], way: tuple[str, str, dict[str, Any]]) -> None:
            (address, agent), (method, path, options) = reader, way
            sent = {"X-Forwarded-For": address, "User-Agent": agent, "Referer": PAGE}
            headers = {**sent, **options.get("headers", {})}
            await ask(method, path.lstrip("/"), **{**options, "headers": headers})
            vouched = {"X-Visitor-Address": address, "X-Visitor-User-Agent": agent}
            authorised = {**vouched, "Authorization": f"Bearer {CMS}"}
            assert await ask("POST", "v1/a/views?path=/vouched", authorised) == 200
            broken = {**authorised, "X-Visitor-Address": f"{address}.{agent}"}
            assert await ask("POST", "v1/a/views?path=/vouched", broken) == 400
            wrong = {**sent, **vouched, "Authorization": f"Bearer {agent}"}
            assert await ask("POST", "v1/a/views?path=/vouched", wrong) == 401

        await asyncio.gather(*map(come, who, ways))


async def administer(service: Served, who: list[tuple[str, str]]) -> bytes:
    """Have readers ask the administration, who may not and who may; returns the audit logs."""
    url = service.line["ops"] + "admin/v1/sites/a"
    tasks: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "-new", {"timezone": "Asia/Ho_Chi_Minh"}),
        ("PATCH", "-new", {"unit": "visits"}),
        ("POST", "/pause", {}),
        ("POST", "/resume", {}),
        ("POST", "/set", {"start": 7}),
        ("POST", "/rename", {"old": "/kept-5", "new": "/kept-6"}),
        ("POST", "/forget", {"path": "/kept-7"}),
        ("POST", "/compact", {}),
        ("POST", "-new/merge", {"into": "a"}),
        ("GET", "/check", {}),
        ("POST", "/set", {"start": -1}),
        ("DELETE", "-none", {}),
    ]
    async with aiohttp.ClientSession() as session:
        for (address, agent), (method, path, body) in zip(who, tasks * 2, strict=False):
            sent = {"X-Forwarded-For": address, "User-Agent": agent}
            for token in (OPS, "vc_wrong", agent):
                headers = {**sent, "Authorization": f"Bearer {token}"}
                async with session.request(method, url + path, json=body, headers=headers) as got:
                    await got.read()
                    assert (got.status == 401) is (token != OPS)
        headers = {"Authorization": f"Bearer {OPS}"}
        async with session.get(url + "/audit", headers=headers) as answer:
            return await answer.read()


def import_log(config: Path, who: list[tuple[str, str]]) -> bytes:
    """Import a web server's log of the readers; returns what was said and what was left behind."""
    directory = config.parent / "imported"
    directory.mkdir()
    when = "[22/Nov/2026:08:30:00 +0000]"
    lines = [
        f'{address} - - {when} "GET /logged-{n} HTTP/1.1" 200 5 "-" "{agent}"'
        for n, (address, agent) in enumerate(who)
    ]
    lines += [
        f'{address} - - [yesterday] "GET / HTTP/1.1" 200 5 "-" "{agent}"' for address, agent in who
    ]
    lines += [f"{agent} {address}" for address, agent in who]
    (directory / "log").write_text("\n".join(lines))
    arguments = ("import", "log-combined", directory / "log", "-s", "c", "--config", config)
    done = visitor_counter(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    left = b"".join(file.read_bytes() for file in directory.iterdir() if file.name != "log")
    return (done.stdout + done.stderr).encode() + left


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
            await come_otherwise(service, who)
            places["audit log"] = await administer(service, who)
            places["Redis"] = await kept(store)
            places["metrics"] = await metrics(service)
            store.kill()
            await read_on(service, who, stale=True)
            await come_otherwise(service, who[: 3 * len(COUNTING)])
            places["journal"] = journal(tmp_path / "journal")
            places["metrics without a store"] = await metrics(service)
            await store.start()
            assert service.stop() == 0
            places["Redis, once the journal is in it"] = await kept(store)
            places["log"] = service.log.read_bytes()
            places["journal, empty"] = journal(tmp_path / "journal")
        places["import"] = import_log(config, who)
        places["Redis, with a log imported"] = await kept(store)
    for place in ("Redis", "journal", "Redis, once the journal is in it"):
        assert places[place].count(b"/kept-") > READERS // 3, place
    for what in ("set", "rename", "forget", "compact"):
        assert f'"what": "{what}"'.encode() in places["audit log"]
    for path in (b"/bai/mot", b"/vouched"):
        assert path in places["Redis"]
        assert path in places["journal"]
    assert places["Redis, with a log imported"].count(b"/logged-") > READERS // 3
    assert b"is no line of the combined log format" in places["import"]
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

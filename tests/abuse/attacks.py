"""Attacks on a listener, each a context within which it goes on.

Attackers come from 127.1.0.0/16, `PER_ADDRESS` connections from each of its addresses; honest
clients have others.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import cast

Address = tuple[str, int]

PER_ADDRESS = 200
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
HOST = f"Host: a\r\nUser-Agent: {AGENT}\r\n"
VIEW = f"POST /v1/a/views?path=/attack HTTP/1.1\r\n{HOST}"
JSON = "Content-Type: application/json\r\n"
SMUGGLED = f"POST /v1/a/views?path=/smuggled HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n"
DRIP_SECONDS = 0.5


@dataclass
class Tally:
    """What became of an attack's connections."""

    opened: int = 0
    answered: int = 0
    """How many got an answer, or the beginning of one."""
    closed: int = 0
    """How many the service closed."""


class Held(asyncio.Protocol):
    """A connection that is held on to."""

    def __init__(self, tally: Tally, *, reads: bool) -> None:
        loop = asyncio.get_running_loop()
        self._tally = tally
        self._reads = reads
        self.answered: asyncio.Future[bytes] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._tally.opened += 1
        if not self._reads:
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.received = (self.received + data)[:65_536]
        if not self.answered.done():
            self._tally.answered += 1
            self.answered.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.closed += 1
        if not self.closed.done():
            self.closed.set_result(None)
        self.answered.cancel()


async def connect(target: Address, tally: Tally, source: int, *, reads: bool = True) -> Held:
    """Open a connection from the attackers' address number `source`."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    if not reads:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.bind((f"127.1.{source // 250}.{source % 250 + 1}", 0))
    try:
        await loop.sock_connect(sock, target)
        _, held = await loop.create_connection(lambda: Held(tally, reads=reads), sock=sock)
    except BaseException:
        sock.close()
        raise
    return held


@contextlib.asynccontextmanager
async def _crowd(
    target: Address,
    size: int,
    first: str,
    *,
    drip: bytes = b"",
    wait: bool = False,
    reads: bool = True,
    per_address: int = PER_ADDRESS,
) -> AsyncIterator[Tally]:
    """Hold `size` connections, each opened again when it is closed; yields when all were open.

    Args:
        first: what each sends to begin with.
        drip: what it sends every now and then from then on.
        wait: whether each waits for an answer before the next is opened.
    """
    tally, begun, gate = Tally(), asyncio.Semaphore(0), asyncio.Semaphore(100)

    async def begin(source: int) -> Held:
        async with gate:
            held = await connect(target, tally, source, reads=reads)
            held.transport.write(first.encode())
            if wait:
                await asyncio.wait((held.answered, held.closed), return_when="FIRST_COMPLETED")
            return held

    async def live(number: int) -> None:
        first_time = True
        while True:
            try:
                held = await begin(number // per_address)
            except OSError:
                held = None
            if first_time:
                begun.release()
                first_time = False
            if held:
                await _hold(held, drip)
            await asyncio.sleep(DRIP_SECONDS)

    tasks = [asyncio.create_task(live(number)) for number in range(size)]
    try:
        for _ in range(size):
            await begun.acquire()
        yield tally
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hold(held: Held, drip: bytes) -> None:
    try:
        while not held.closed.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRIP_SECONDS if drip else None):
                    await asyncio.shield(held.closed)
            if drip and not held.closed.done():
                held.transport.write(drip)
    finally:
        held.transport.abort()


def slow_heads(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """A head that never ends, a header's letter at a time."""
    return _crowd(target, size, VIEW + "X-Slow: ", drip=b"a")


def slow_bodies(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """A body that never ends."""
    return _crowd(target, size, f"{VIEW}{JSON}Content-Length: 8000\r\n\r\n", drip=b" ")


def idle(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """Connections that are kept alive for nothing."""
    return _crowd(target, size, f"GET /v1/a/figures HTTP/1.1\r\n{HOST}\r\n", wait=True)


def streams(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """Pages that are live, as many from an address as may be."""
    asked = f"GET /v1/a/live?path=/attack HTTP/1.1\r\n{HOST}\r\n"
    return _crowd(target, size, asked, wait=True, per_address=20)


def unread(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """Answers that are asked for, many at once, and never taken."""
    asked = f"GET /openapi.json HTTP/1.1\r\n{HOST}\r\n" * 40
    return _crowd(target, size, asked, drip=b"\r\n", reads=False)


def long_answers(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    """The longest answers that there are, one after the other."""
    asked = f"GET /v1/a/history?from=2017-01-01&to=2026-11-01 HTTP/1.1\r\n{HOST}\r\n"
    return _again_and_again(target, size, [asked.encode()])


def _chunked(head: str) -> str:
    return f"{VIEW}{head}\r\n0\r\n\r\n{SMUGGLED}"


SMUGGLING = {
    "a length and chunks": _chunked("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    "chunks and a length": _chunked("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    "two lengths": f"{VIEW}Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "two lengths in one": f"{VIEW}Content-Length: 0, {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "a length below zero": f"{VIEW}Content-Length: -1\r\n\r\n{SMUGGLED}",
    "a length with a sign": f"{VIEW}Content-Length: +0\r\n\r\n{SMUGGLED}",
    "a length in hexadecimal": f"{VIEW}Content-Length: 0x0\r\n\r\n{SMUGGLED}",
    "chunks by another name": _chunked("Transfer-Encoding: xchunked\r\n"),
    "chunks twice": _chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    "chunks that are not last": _chunked("Transfer-Encoding: chunked, identity\r\n"),
    "a space before the colon": _chunked("Transfer-Encoding : chunked\r\n"),
    "a tab before the colon": _chunked("Transfer-Encoding\t: chunked\r\n"),
    "a folded header": _chunked("Transfer-Encoding:\r\n chunked\r\n"),
    "a folded value": f"{VIEW}X: a\r\n b\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
    "bare line feeds": f"{VIEW}X: a\nContent-Length: 0\n\n{SMUGGLED}",
    "a bare carriage return": f"{VIEW}X: a\rTransfer-Encoding: chunked\r\n\r\n{SMUGGLED}",
    "chunks in HTTP/1.0": _chunked(
        "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"
    ).replace("HTTP/1.1", "HTTP/1.0", 1),
    "another version": VIEW.replace("1.1", "2.0") + f"\r\n{SMUGGLED}",
    "no version": f"GET /v1/a/figures\r\n\r\n{SMUGGLED}",
    "no host": VIEW.replace("Host: a\r\n", "") + f"\r\n{SMUGGLED}",
    "two hosts": f"{VIEW}Host: b\r\n\r\n{SMUGGLED}",
    "a length twice": f"{VIEW}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
    "a length beyond all": f"{VIEW}Content-Length: {'9' * 30}\r\n\r\n{SMUGGLED}",
    "chunks in quotes": _chunked('Transfer-Encoding: "chunked"\r\n'),
    "a NUL in a header": f"{VIEW}X: a\0b\r\n\r\n{SMUGGLED}",
    "a chunk of no size": (
        f"{VIEW}{JSON}Transfer-Encoding: chunked\r\n\r\nx\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"
    ),
    "a chunk with a sign": (
        f"{VIEW}{JSON}Transfer-Encoding: chunked\r\n\r\n+2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"
    ),
    "a chunk that ends in a bare line feed": (
        f"{VIEW}{JSON}Transfer-Encoding: chunked\r\n\r\n2\n{{}}\n0\n\n{SMUGGLED}"
    ),
    "a chunk longer than it says": (
        f"{VIEW}{JSON}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}xx\r\n0\r\n\r\n{SMUGGLED}"
    ),
    "a chunk of a size beyond all": (
        f"{VIEW}{JSON}Transfer-Encoding: chunked\r\n\r\n{'f' * 17}\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"
    ),
}
"""Requests of which two servers might not agree where they end; what follows is the smuggled one.

RFC 9112, sections 5.1, 5.2, 6.1, 6.3, 7.1 and 11.2.
"""

OVERSIZED = {
    "a long first line": f"GET /{'a' * 40_000} HTTP/1.1\r\n{HOST}\r\n",
    "a long header": f"{VIEW}X: {'a' * 9_000}\r\n\r\n",
    "a long name of a header": f"{VIEW}{'X' * 9_000}: a\r\n\r\n",
    "many headers": VIEW + "X: a\r\n" * 101 + "\r\n",
    "large headers": VIEW + f"X: {'a' * 8_000}\r\n" * 99 + "\r\n",
}
"""Heads that are larger than is read."""

MIB = 1024 * 1024


def _bomb(encoding: str, body: bytes) -> bytes:
    head = f"{VIEW}{JSON}Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


BOMBS = {
    "a gzip bomb": _bomb("gzip", gzip.compress(bytes(4 * MIB))),
    "a deflate bomb": _bomb("deflate", zlib.compress(bytes(4 * MIB))),
    "a bomb in a bomb": _bomb("gzip, gzip", gzip.compress(gzip.compress(bytes(16 * MIB)))),
    "a bomb of a method unknown": _bomb("snappy", bytes(1000)),
}
"""Bodies of kilobytes that would be megabytes."""


async def ask(target: Address, request: bytes, seconds: float = 5.0) -> bytes:
    """Send bytes as they are; returns all that comes back until the service closes, or rests."""
    answers = b""
    reader, writer = await asyncio.open_connection(*target, local_addr=("127.1.255.1", 0))
    try:
        writer.write(request)
        while True:
            patience = seconds if not answers else 0.2
            async with asyncio.timeout(patience):
                data = await reader.read(65_536)
            if not data:
                break
            answers += data
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.transport.abort()
    return answers


@contextlib.asynccontextmanager
async def _again_and_again(
    target: Address, size: int, requests: Iterable[bytes]
) -> AsyncIterator[Tally]:
    tally, many = Tally(), list(requests)

    async def send(number: int) -> None:
        while True:
            number += 1
            with contextlib.suppress(OSError):
                tally.opened += 1
                answered = bool(await ask(target, many[number % len(many)]))
                tally.answered += answered

    tasks = [asyncio.create_task(send(number)) for number in range(size)]
    try:
        yield tally
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def smuggling(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    return _again_and_again(target, size, (text.encode() for text in SMUGGLING.values()))


def oversized(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    return _again_and_again(target, size, (text.encode() for text in OVERSIZED.values()))


def bombs(target: Address, size: int) -> AbstractAsyncContextManager[Tally]:
    return _again_and_again(target, size, BOMBS.values())


Attack = Callable[[Address, int], AbstractAsyncContextManager[Tally]]

ATTACKS: dict[str, tuple[Attack, int]] = {
    "slow heads": (slow_heads, 500),
    "slow bodies": (slow_bodies, 500),
    "idle connections": (idle, 10_000),
    "live streams": (streams, 2_000),
    "answers left lying": (unread, 200),
    "long answers": (long_answers, 200),
    "smuggling": (smuggling, 50),
    "oversized heads": (oversized, 50),
    "compressed bombs": (bombs, 50),
}
"""Each attack, and the number of connections with which `make abuse` makes it."""

"""Honest clients while others attack: how long they wait, and what is counted of them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field

from .attacks import HOST, Address

_REQUEST = f"POST /v1/a/views?path=/honest HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n".encode()
_PAUSE_SECONDS = 0.01


@dataclass
class Phase:
    """What the honest met for a while."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    """Seconds from each view to its answer."""
    failed: int = 0
    """Views without an answer, or with an error's."""

    def wait_ms(self, share: float) -> float:
        """Return how long (ms) `share` of the views waited at most."""
        waits = sorted(self.waits) or [0.0]
        return 1000 * waits[min(int(len(waits) * share), len(waits) - 1)]


class Honest:
    """Some clients, each of which sends a view, waits for its answer, and pauses."""

    def __init__(self, target: Address, clients: int = 8) -> None:
        self._target = target
        self._clients = clients
        self.answered = 0
        """Views that were answered, in all phases together."""
        self._phase = Phase()
        self._began = time.perf_counter()

    def turn(self) -> Phase:
        """Begin a new phase; returns the one that ends."""
        ended, self._phase = self._phase, Phase()
        now = time.perf_counter()
        ended.seconds, self._began = now - self._began, now
        return ended

    async def run(self) -> None:
        await asyncio.gather(*(self._read() for _ in range(self._clients)))

    async def _read(self) -> None:
        while True:
            try:
                await self._on_one_connection()
            except (OSError, asyncio.IncompleteReadError, TimeoutError, AssertionError):
                self._phase.failed += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _on_one_connection(self) -> None:
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            while True:
                began = time.perf_counter()
                writer.write(_REQUEST)
                async with asyncio.timeout(30):
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
                    body = await reader.readexactly(length)
                assert head.startswith(b"HTTP/1.1 200"), head
                assert json.loads(body)["views"], body
                self.answered += 1
                self._phase.waits.append(time.perf_counter() - began)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            writer.transport.abort()

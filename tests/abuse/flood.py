"""Made-up paths and sites by the hundred thousand, as fast as they are taken."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

from .attacks import HOST, Address

_IN_ONE_GO = 8
"""Requests that are sent before their answers are read."""


def made_up(number: int, seed: int = 1) -> Iterator[str]:
    """Yield `number` requests: of every ten, eight name a new path, one a new site, and one asks
    for the figures of new paths, comes as a drop-in's from a new origin, or has a new owner's link.
    """
    chance = random.Random(seed)  # nobody is to be surprised
    for n in range(number):
        name = f"{seed}-{n}-{chance.getrandbits(48):x}"
        if n % 10 < 8:
            # Now and then one that is as long as a path may be.
            filler = "/" + "x" * 900 if n % 100 == 0 else ""
            yield f"POST /v1/a/views?path=/{name}{filler} HTTP/1.1\r\n{HOST}\r\n"
        elif n % 10 == 8:
            yield f"POST /v1/{name[:63]}/views?path=/a HTTP/1.1\r\n{HOST}\r\n"
        elif n % 30 == 9:
            referer = f"Referer: https://{name}.example/a\r\n"
            yield f"GET /busuanzi?jsonpCallback=f HTTP/1.1\r\n{HOST}{referer}\r\n"
        elif n % 30 == 19:
            yield f"GET /owner/a.{name} HTTP/1.1\r\n{HOST}\r\n"
        else:
            yield f"GET /v1/a/figures?path=/{name}&path=/{name}/2 HTTP/1.1\r\n{HOST}\r\n"


async def flood(target: Address, requests: Iterator[str], connections: int = 8) -> Counter[str]:
    """Send all `requests`; returns how many answers had which status."""
    statuses: Counter[str] = Counter()

    async def send() -> None:
        reader, writer = await asyncio.open_connection(*target)
        try:
            while part := [text for _, text in zip(range(_IN_ONE_GO), requests, strict=False)]:
                writer.write("".join(part).encode())
                for _ in part:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = head.lower().partition(b"content-length: ")[2].split(b"\r")[0]
                    await reader.readexactly(int(length))
                    statuses[head.split(b" ", 2)[1].decode()] += 1
        finally:
            writer.transport.abort()

    await asyncio.gather(*(send() for _ in range(connections)))
    return statuses

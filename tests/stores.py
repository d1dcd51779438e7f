"""The store without a service around it: batches by hand, and everything that Redis holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from counter.errors import CounterError
from counter.metrics import Metrics
from counter.model.clock import Clock
from counter.model.figures import Batch, Counted, Figures, Hit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.store import Applied, Query, Store

NOW = 1_795_348_800_000
"""2026-11-22, 12:00 UTC."""
DAY = "20261122"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def visitor(number: int) -> bytes:
    return f"visitor{number:01x}".encode()[:8] if number < 16 else number.to_bytes(8, "big")


def hit(path: str = "/a", who: int | None = 1, at: int = NOW, **fields: Any) -> Hit:
    """Return a view of `path` by visitor number `who` on the day of `NOW`, unless told."""
    name = b"" if who is None else visitor(who)
    return Hit(**{"site": "a", "path": path, "day": DAY, "at": at, "visitor": name, **fields})


@dataclass
class Desk:
    """A store of site `a` and somebody who numbers batches for it."""

    store: Store
    now: int = NOW
    producer: str = "0123456789abcdef"
    batches: list[Batch] = field(default_factory=list)

    async def apply(self, *hits: Hit) -> Applied:
        """Apply the hits as the next batch; it must be applied."""
        [outcome] = await self.send(self.batch(*hits))
        assert isinstance(outcome, Applied)
        return outcome

    async def count(self, *hits: Hit) -> list[Counted]:
        """Apply the hits; returns the answer to each."""
        return (await self.apply(*hits)).answers

    def batch(self, *hits: Hit) -> Batch:
        """Number the hits as the next batch."""
        seq = len(self.batches) + 1
        self.batches.append(Batch(self.producer, seq, hits[0].site, hits[0].day, hits))
        return self.batches[-1]

    async def send(self, *batches: Batch) -> list[Applied | CounterError]:
        return await self.store.apply(batches, self.now)

    async def figures(self, *paths: str) -> Figures:
        return await self.store.figures(Query("a", self.now, paths))


def open_store(url: str, site: dict[str, Any] | None = None, clock: Clock | None = None) -> Store:
    """Return a store of the sites `a`, set as `site` says, and `b`."""
    settings = parse(
        {
            "store": {"url": url, "journal": str(Path("/nonexistent"))},
            "sites": {"a": {"repeat_window": "0s", **(site or {})}, "b": {}},
        }
    )
    return Store.open(url, settings.store, Sites(settings.sites), Metrics())


async def contents(redis: Redis) -> dict[bytes, tuple[bytes, int]]:
    """Return all that Redis holds: each key's value as DUMP tells it, and when it expires."""
    found = {}
    for key in await redis.keys():
        # A HyperLogLog keeps the estimate that was asked for last beside its registers.
        if await redis.type(key) == b"string" and b":visitors:" in key:
            await redis.pfcount(key)
        found[key] = (await redis.dump(key), await redis.pexpiretime(key))
    return found

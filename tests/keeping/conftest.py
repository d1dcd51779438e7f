"""A site that has counted for a while, somebody who keeps house, and readers who never stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis
from stores import DAY, DAY_MS, NOW, Desk, hit, open_store

from counter.model.days import shift
from counter.model.figures import Unit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.check import differences
from counter.storage.house import House
from counter.storage.store import Applied

WHO = "cli:ann"
YESTERDAY = shift(DAY, -1)
LAST_WEEK = shift(DAY, -7)


@dataclass
class Readers:
    """Readers who view articles without a pause, with a ledger of what they were answered."""

    url: str
    paths: tuple[str, ...]
    site: str = "a"
    day: str = DAY
    answered: Counter[str] = field(default_factory=Counter)

    async def _read(self) -> None:
        desk = Desk(open_store(self.url), producer=f"reader-of-{self.site}")
        # Nobody repeats what nobody is known to have viewed: site `b` has a repeat window.
        hits = [hit(path, None, site=self.site, day=self.day) for path in self.paths]
        try:
            while True:
                [outcome] = await desk.send(desk.batch(*hits))
                assert isinstance(outcome, Applied)
                self.answered.update(self.paths)
                await asyncio.sleep(0)
        finally:
            await desk.store.close()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read while the body runs, from before its beginning until after its end."""
        task = asyncio.create_task(self._read())
        try:
            await self._more()
            yield
            await self._more()
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _more(self) -> None:
        seen = self.answered.total()
        async with asyncio.timeout(10):
            while self.answered.total() < seen + 3 * len(self.paths):  # noqa: ASYNC110 # no event
                await asyncio.sleep(0)


@pytest.fixture
async def desk(redis: Redis, valkey: str) -> AsyncIterator[Desk]:
    """A desk of site `a`, which started from 1,000 and has views of three days: `/a` 6, `/b` 3,
    `/c` 1. Afterwards the figures of both sites must agree."""
    desk = Desk(open_store(valkey))
    await desk.store.start("a", Unit.VIEWS, 1000, only_new=True)
    for days_ago, viewed in ((7, "/a /a"), (1, "/a /a /b"), (0, "/a /a /b /b /c")):
        at, day = NOW - days_ago * DAY_MS, shift(DAY, -days_ago)
        await desk.apply(*[hit(path, n, at, day=day) for n, path in enumerate(viewed.split())])
    yield desk
    for site in ("a", "b"):
        assert differences(await desk.store.ledger(site)) == []
    await desk.store.close()


@pytest.fixture
def house(desk: Desk) -> House:
    sites = Sites(parse({"sites": {"a": {"repeat_window": "0s"}, "b": {}}}).sites)
    return House(desk.store, sites, lambda: desk.now)


@pytest.fixture
def readers(valkey: str) -> Callable[..., Readers]:
    """Hire readers of some articles."""

    def readers(*paths: str, **options: str) -> Readers:
        return Readers(valkey, paths, **options)

    return readers

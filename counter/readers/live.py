"""Figures as they change: one look a second for all who watch, however many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from counter.errors import CounterError, TooManyRequests, Unavailable
from counter.model.figures import Figures
from counter.readers.figures import FiguresReader

_TICK_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class Watcher:
    """One open page: it sees the latest figures, and misses none but those that were overtaken."""

    site: str
    paths: tuple[str, ...]
    address: str
    figures: Figures | None = None
    closed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, patience: float) -> Figures | None:
        """Return the figures when they have changed; None after `patience` seconds without."""
        try:
            async with asyncio.timeout(patience):
                await self._changed.wait()
        except TimeoutError:
            return None
        self._changed.clear()
        return self.figures

    def show(self, figures: Figures) -> None:
        if figures != self.figures:
            self.figures = figures
            self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()


class LiveFeed:
    """The watchers of one worker, bounded in all and for each address."""

    def __init__(self, reader: FiguresReader, *, most: int, most_per_address: int) -> None:
        self._reader = reader
        self._most = most
        self._most_per_address = most_per_address
        self._watchers: set[Watcher] = set()
        self._by_address: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._watchers)

    def join(self, site: str, paths: tuple[str, ...], address: str) -> Watcher:
        """Return a new watcher, which `leave` is to be called for.

        Raises:
            Unavailable: as many watch as may.
            TooManyRequests: as many watch from this address as may.
        """
        if len(self._watchers) >= self._most:
            raise Unavailable("As many pages are live as may be; ask /figures.", retry_after=60)
        if self._by_address.get(address, 0) >= self._most_per_address:
            raise TooManyRequests(
                "As many pages of this address are live as may be; ask /figures.",
                headers={"Retry-After": "60"},
            )
        watcher = Watcher(site, paths, address)
        self._watchers.add(watcher)
        self._by_address[address] = self._by_address.get(address, 0) + 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="live")
        return watcher

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        left = self._by_address.pop(watcher.address, 1) - 1
        if left:
            self._by_address[watcher.address] = left

    async def close(self) -> None:
        """End every watcher's wait; their pages come again to whoever serves then."""
        self._most = 0
        for watcher in self._watchers:
            watcher.close()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._watchers:
            wanted: dict[tuple[str, tuple[str, ...]], list[Watcher]] = {}
            for watcher in self._watchers:
                wanted.setdefault((watcher.site, watcher.paths), []).append(watcher)
            # Asked together, all of it is one round trip.
            await asyncio.gather(*(self._look(*what, who) for what, who in wanted.items()))
            await asyncio.sleep(_TICK_SECONDS)
        self._task = None

    async def _look(self, site: str, paths: tuple[str, ...], watchers: list[Watcher]) -> None:
        try:
            figures = await self._reader.read(site, paths)
        except CounterError:
            return  # the store is away: the page keeps what it shows
        for watcher in watchers:
            watcher.show(figures)

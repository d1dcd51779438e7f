"""Group commit: while one flight of batches is on its way to the store, the next one gathers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from counter.errors import CounterError, StoreUnavailable, Unavailable
from counter.metrics import Metrics
from counter.model.clock import Clock, monotonic_ms
from counter.model.figures import Batch, Counted, Hit
from counter.storage.store import Applied, Store

MAX_FLIGHT = 512
"""Views that one flight carries at most: the script is not to hold the store for long."""
_PAUSE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5)

log = structlog.get_logger()


@dataclass(slots=True)
class Group:
    """A batch on its way, and the futures of those who wait for it, hit by hit."""

    batch: Batch
    waiters: list[asyncio.Future[Counted]]


class Batcher:
    """Brings views to the store, many in one round trip, each exactly once.

    - It accepts a hit as long as fewer than `limit` wait, and else raises `Unavailable`. Whoever
      submits awaits the future; giving up on it takes nothing back.
    - Batches are numbered in their order. One whose answer was lost is sent again, unchanged,
      until it is answered or `patience_ms` has passed; no later batch of its site overtakes it.
    - A batch that the store refuses for good is answered with `Unavailable`: it counts nothing.
    - `close` takes no more hits and returns when every hit has its answer.
    """

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        producer: str,
        clock: Clock,
        *,
        limit: int,
        patience_ms: int,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._producer = producer
        self._clock = clock
        self._limit = limit
        self._patience_ms = patience_ms
        self._queue: deque[tuple[Hit, asyncio.Future[Counted]]] = deque()
        self._wake = asyncio.Event()
        self._seq = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._task:
            await self._task

    def submit(self, hit: Hit) -> asyncio.Future[Counted]:
        """Queue `hit`; the future gives the figures just after it.

        Raises:
            Unavailable: too many wait already, or the service is stopping.
        """
        if self._closing:
            raise Unavailable("The service is stopping.", retry_after=2)
        if len(self._queue) >= self._limit:
            raise Unavailable("More views wait for the store than may wait.", retry_after=1)
        waiter: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        self._queue.append((hit, waiter))
        self._wake.set()
        return waiter

    async def _run(self) -> None:
        while True:
            if self._queue:
                await self._fly(self._take())
            elif self._closing:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _take(self) -> list[Group]:
        """Number the views at the head of the queue, a batch for each site.

        Views of a site's next day stay for the next flight: with one batch of a site on its way,
        none can overtake another.
        """
        groups: dict[str, tuple[str, list[Hit], list[asyncio.Future[Counted]]]] = {}
        queue = self._queue
        for _ in range(min(len(queue), MAX_FLIGHT)):
            hit, waiter = queue[0]
            group = groups.get(hit.site)
            if group is None:
                group = groups[hit.site] = (hit.day, [], [])
            elif group[0] != hit.day:
                break
            queue.popleft()
            group[1].append(hit)
            group[2].append(waiter)
        self._metrics.queued.set(len(queue))
        flight = []
        for site, (day, hits, waiters) in groups.items():
            self._seq += 1
            flight.append(Group(Batch(self._producer, self._seq, site, day, tuple(hits)), waiters))
        return flight

    async def _fly(self, flight: list[Group]) -> None:
        began, attempt = monotonic_ms(), 0
        while flight:
            outcomes = await self._apply(flight)
            left = []
            for group, outcome in zip(flight, outcomes, strict=True):
                if isinstance(outcome, StoreUnavailable):
                    left.append((group, outcome))
                else:
                    self._settle(group, outcome)
            if left and monotonic_ms() - began >= self._patience_ms:
                for group, lost in left:
                    self._settle(group, lost)
                return
            flight = [group for group, _ in left]
            if flight:
                await asyncio.sleep(_PAUSE_SECONDS[min(attempt, len(_PAUSE_SECONDS) - 1)])
                attempt += 1

    async def _apply(self, flight: Sequence[Group]) -> Sequence[Applied | CounterError]:
        try:
            return await self._store.apply([group.batch for group in flight], self._clock())
        except Exception as error:
            # A mistake of ours must not end the counting: these views are refused, and told so.
            log.exception("flight_failed")
            return [CounterError(repr(error))] * len(flight)

    def _settle(self, group: Group, outcome: Applied | CounterError) -> None:
        site = group.batch.site
        if isinstance(outcome, CounterError):
            log.error("batch_refused", site=site, views=len(group.waiters), error=str(outcome))
            self._metrics.refused[site, "store"].inc(_views(group.batch))
            for waiter in group.waiters:
                if not waiter.done():
                    waiter.set_exception(Unavailable(f"Not counted: {outcome}."))
            return
        self._metrics.counted[site,].inc(outcome.counted)
        if outcome.repeats:
            self._metrics.dropped[site, "repeat"].inc(outcome.repeats)
        for waiter, answer in zip(group.waiters, outcome.answers, strict=True):
            if not waiter.done():
                waiter.set_result(answer)


def _views(batch: Batch) -> int:
    return sum([bool(hit.path) for hit in batch.hits])

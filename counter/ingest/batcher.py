"""Group commit: while one flight of batches is on its way to the store, the next one gathers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from counter.errors import JournalError, StoreUnavailable, Unavailable, Unsure
from counter.ingest.backlog import Backlog
from counter.ingest.lastknown import LastKnown
from counter.metrics import Metrics
from counter.model.clock import Clock, monotonic_ms
from counter.model.figures import Batch, Counted, Hit
from counter.storage.store import Applied, Store

MAX_FLIGHT = 512
"""Views that one flight carries at most: the script is not to hold the store for long."""
_HOLD_MS = 10_000
_PAUSE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5)

log = structlog.get_logger()


class Waiter(Protocol):
    """Who is told what became of a hit: a future, or whatever else takes the answer."""

    def done(self) -> bool: ...
    def set_result(self, counted: Counted, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


@dataclass(slots=True)
class Group:
    """A batch on its way, and the futures of those who wait for it, hit by hit."""

    batch: Batch
    waiters: list[Waiter]
    views: int
    """How many of the hits are views; the others are heartbeats."""
    settled: bool = False
    """Whether the metrics know what became of it."""
    unsure: bool = False
    """Whether the store may have applied it without our knowing."""


class Batcher:
    """Brings views to the store, many in one round trip, each exactly once.

    - It accepts a hit as long as fewer than `limit` wait, and else raises `Unavailable`. Whoever
      submits awaits the future; giving up on it takes nothing back.
    - Batches are numbered in their order. One whose answer was lost is sent again, unchanged,
      until it is answered or `patience_ms` has passed; then it goes to the journal, and so does
      all that follows until the journal is empty: no batch of a site overtakes another. These
      are answered with the last known figures, marked stale, when they are safe on disk.
    - A hit that neither store nor journal takes is answered with `Unavailable`: it counts nothing.
      But if the store may have applied it, and only its answer was lost, it is held until either
      takes it; past `_HOLD_MS` it is answered with `Unsure`.
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
        journal: Path,
        journal_limit: int,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._producer = producer
        self._clock = clock
        self._limit = limit
        self._patience_ms = patience_ms
        self._backlog = Backlog(
            journal, producer, journal_limit, store, metrics, clock, self._tally
        )
        self._known = LastKnown()
        self._queue: deque[tuple[Hit, Waiter]] = deque()
        self._flying = 0
        self._wake = asyncio.Event()
        self._seq = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        metrics.watch(metrics.queued, self._waiting)

    async def open(self) -> None:
        """Begin to take hits, and to apply what journals hold.

        Raises:
            JournalError: the journals' directory can't be used.
        """
        await self._backlog.open()
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._task:
            await self._task
        await self._backlog.close()

    def submit(self, hit: Hit) -> asyncio.Future[Counted]:
        """Queue `hit`; the future gives the figures just after it.

        Raises:
            Unavailable: too many wait already, or the service is stopping.
        """
        waiter: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        self.queue(hit, waiter)
        return waiter

    def queue(self, hit: Hit, waiter: Waiter) -> None:
        """Queue `hit`; `waiter` is given the figures just after it.

        Raises:
            Unavailable: too many wait already, or the service is stopping.
        """
        if self._closing:
            raise Unavailable("The service is stopping.", retry_after=2)
        if len(self._queue) >= self._limit:
            raise Unavailable("More views wait for the store than may wait.", retry_after=1)
        self._queue.append((hit, waiter))
        self._wake.set()

    def _waiting(self) -> int:
        return self._flying + sum(bool(hit.path) for hit, _ in self._queue)

    async def _run(self) -> None:
        while True:
            if self._queue:
                flight = self._take()
                self._flying = sum(group.views for group in flight)
                try:
                    await self._fly(flight)
                except Exception:
                    # A mistake of ours must not end the counting: these views are refused.
                    log.exception("flight_failed")
                    self._refuse(flight, "the service made a mistake")
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
        taken: dict[str, tuple[str, list[Hit], list[Waiter]]] = {}
        queue = self._queue
        for _ in range(min(len(queue), MAX_FLIGHT)):
            hit, waiter = queue[0]
            group = taken.get(hit.site)
            if group is None:
                group = taken[hit.site] = (hit.day, [], [])
            elif group[0] != hit.day:
                break
            queue.popleft()
            group[1].append(hit)
            group[2].append(waiter)
        flight = []
        for site, (day, hits, waiters) in taken.items():
            self._seq += 1
            batch = Batch(self._producer, self._seq, site, day, tuple(hits))
            flight.append(Group(batch, waiters, sum([bool(hit.path) for hit in hits])))
        return flight

    async def _fly(self, flight: list[Group]) -> None:
        left = flight if await self._backlog.stands() else await self._send(flight)
        until = monotonic_ms() + _HOLD_MS
        while left and (why := await self._keep(left)):
            self._refuse([group for group in left if not group.unsure], why)
            left = [group for group in left if group.unsure]
            if self._closing or monotonic_ms() > until:
                self._refuse(left, why)
                return
            if left:
                self._refuse_queued(why)
                left = await self._send(left)

    async def _keep(self, groups: list[Group]) -> str:
        """Bring `groups` to the journal, and answer them; returns why not, if not."""
        try:
            # A heartbeat can't be late.
            await self._backlog.keep([group.batch for group in groups if group.views])
        except JournalError as error:
            return str(error)
        for group in groups:
            self._land(group)
            self._answer(group, self._known.answers(group.batch))
        return ""

    async def _send(self, flight: list[Group]) -> list[Group]:
        """Bring `flight` to the store; returns what it did not answer in good time."""
        began, attempt = monotonic_ms(), 0
        while True:
            outcomes = await self._store.apply([group.batch for group in flight], self._clock())
            left = []
            for group, outcome in zip(flight, outcomes, strict=True):
                if isinstance(outcome, Applied):
                    self._settle(group, outcome)
                elif isinstance(outcome, StoreUnavailable):
                    group.unsure |= outcome.unsure
                    left.append(group)
                else:
                    self._refuse([group], str(outcome))
            if not left or monotonic_ms() - began >= self._patience_ms:
                return left
            flight = left
            await asyncio.sleep(_PAUSE_SECONDS[min(attempt, len(_PAUSE_SECONDS) - 1)])
            attempt += 1

    def _settle(self, group: Group, outcome: Applied) -> None:
        self._land(group)
        self._tally(group.batch, outcome)
        self._known.learn(group.batch, outcome.answers)
        self._answer(group, outcome.answers)

    def _land(self, group: Group) -> None:
        group.settled = True
        self._flying -= group.views

    def _answer(self, group: Group, answers: Iterable[Counted]) -> None:
        for waiter, answer in zip(group.waiters, answers, strict=True):
            if not waiter.done():
                waiter.set_result(answer)

    def _tally(self, batch: Batch, outcome: Applied) -> None:
        self._metrics.counted[batch.site,].inc(outcome.counted)
        if outcome.repeats:
            self._metrics.dropped[batch.site, "repeat"].inc(outcome.repeats)
        if outcome.full:
            self._metrics.unkept[batch.site, "articles"].inc(outcome.full)
        if outcome.too_new:
            self._metrics.unkept[batch.site, "new-articles"].inc(outcome.too_new)

    def _refuse(self, groups: list[Group], why: str) -> None:
        for group in groups:
            if group.settled:
                continue
            site, unsure = group.batch.site, group.unsure
            log.error("batch_refused", site=site, views=group.views, unsure=unsure, why=why)
            self._land(group)
            self._metrics.refused[site, "unsure" if unsure else "store"].inc(group.views)
            for waiter in group.waiters:
                if not waiter.done():
                    waiter.set_exception(
                        Unsure("The store did not answer in time, and could not be asked again.")
                        if unsure
                        else Unavailable(f"Not counted: {why}.")
                    )

    def _refuse_queued(self, why: str) -> None:
        """Refuse what has not been sent, rather than let it wait as well."""
        while self._queue:
            groups = self._take()
            self._flying += sum(group.views for group in groups)
            self._refuse(groups, why)

"""The views that wait on disk while the store is away, and their way back into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import structlog

from counter.errors import CounterError, StoreUnavailable
from counter.metrics import Metrics
from counter.model.clock import Clock
from counter.model.figures import Batch
from counter.storage.connect import cancel
from counter.storage.journal import Journal
from counter.storage.keys import JOURNAL_MAX_AGE
from counter.storage.store import Applied, Store

_PAUSE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)
_FLIGHT = 64
"""Journaled batches that one round trip carries at most."""
_LOOK_SECONDS = 5.0
"""Between two looks for journals that other workers have left."""

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()


class Backlog:
    """The journals of this worker: its own, and those that dead workers left.

    Batches are applied oldest first, each journal in its own order and under its own producer's
    numbers: so one that had reached the store before its answer was lost is not applied again.
    While the worker's own journal holds anything, `standing` is true, and the batcher's next
    batches must follow into it: none may overtake another.
    """

    def __init__(
        self,
        directory: Path,
        producer: str,
        limit: int,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        settled: Callable[[Batch, Applied], None],
    ) -> None:
        self._directory = directory
        self._own = Journal.open(directory, producer, limit)
        self._adopted: list[Journal] = []
        # What a journal holds changes in the disk's thread; what is told to the metrics changes
        # here, in one go with what became of the views, so that their sums agree at every scrape.
        self._waiting: dict[Journal, int] = {}
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._settled = settled
        # SQLite blocks while the disk is written to; one thread keeps its calls in their order.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._turn = asyncio.Lock()
        self._filled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.watch(metrics.journal_views, lambda: sum(self._waiting.values()))
        metrics.watch(metrics.journal_bytes, lambda: sum(j.size_bytes for j in self._journals()))

    @property
    def standing(self) -> bool:
        return self._own.pending_views > 0

    async def stands(self) -> bool:
        """Tell whether batches must follow into the journal, once its last ones have been tried."""
        if self.standing:
            async with self._turn:
                pass
        return self.standing

    def _journals(self) -> list[Journal]:
        return [self._own, *self._adopted]

    async def open(self) -> None:
        """Take over what dead workers left, and begin to apply it.

        Raises:
            JournalError: the directory can't be used.
        """
        self._begin_to_drain(self._own)
        await self._adopt()
        self._begin(self._keep_looking(), "look for journals")

    async def _adopt(self) -> None:
        for journal in await self._on_disk(Journal.abandoned, self._directory):
            self._adopted.append(journal)
            self._waiting[journal] = journal.pending_views
            self._metrics.adopted.inc(journal.pending_views)
            log.info("journal_adopted", journal=str(journal.path), views=journal.pending_views)
            self._begin_to_drain(journal)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._adopt()
            except Exception:
                log.exception("journals_not_looked_for")

    def _begin_to_drain(self, journal: Journal) -> None:
        self._begin(self._drain(journal), f"drain {journal.path.name}")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leave what is left to whoever starts next."""
        await cancel(*self._tasks)
        for journal in self._journals():
            await self._ask(journal, journal.close)
        self._disk.shutdown()

    async def keep(self, batches: Sequence[Batch]) -> None:
        """Write `batches` to disk; they are safe when this returns.

        Raises:
            JournalError: the journal is full, or the disk refuses; nothing was kept.
        """
        first = not self.standing
        async with self._turn:
            await self._ask(self._own, self._own.append, batches)
        self._filled.set()
        if first and self.standing:
            log.warning("store_away", journal=str(self._own.path))

    async def _drain(self, journal: Journal) -> None:
        up, failures = False, 0
        while True:
            try:
                async with AsyncExitStack() as turn:
                    await turn.enter_async_context(self._turn)
                    batches = await self._ask(journal, journal.oldest, _FLIGHT)
                    if not batches and journal is not self._own:
                        return await self._let_go(journal)
                    # While the last ones are applied, none may follow: else views that keep coming
                    # would keep the journal from ever being empty. But only a store that answers
                    # may be waited for.
                    if not (batches and up and len(batches) < _FLIGHT):
                        self._filled.clear()
                        await turn.aclose()
                    if batches:
                        up = await self._apply(journal, batches)
                    else:
                        await self._filled.wait()
                        up = False
                        continue
            except CounterError as error:
                up = False
                log.error("journal_not_drained", journal=str(journal.path), error=str(error))
            except Exception:
                # A mistake of ours must not end the draining: the views are still there.
                up = False
                log.exception("journal_not_drained", journal=str(journal.path))
            failures = 0 if up else failures + 1
            if failures:
                await asyncio.sleep(_PAUSE_SECONDS[min(failures, len(_PAUSE_SECONDS)) - 1])

    async def _let_go(self, journal: Journal) -> None:
        self._adopted.remove(journal)
        await self._ask(journal, journal.close)
        del self._waiting[journal]

    async def _apply(self, journal: Journal, batches: list[Batch]) -> bool:
        """Apply the head of a journal; False if the store is still away."""
        now = self._clock()
        old = [b for b in batches if now - b.hits[-1].at > JOURNAL_MAX_AGE * 1000]
        for batch in old:
            await self._set_aside(journal, batch, "too old to tell whether it was applied")
        fresh = [batch for batch in batches if batch not in old]
        outcomes = await self._store.apply(fresh, now) if fresh else []
        applied: list[tuple[Batch, Applied]] = []
        away = False
        for batch, outcome in zip(fresh, outcomes, strict=True):
            if isinstance(outcome, Applied):
                applied.append((batch, outcome))
            elif isinstance(outcome, StoreUnavailable):
                away = True
            else:
                await self._set_aside(journal, batch, str(outcome))
        if applied:
            try:
                await self._ask(journal, journal.remove, [batch for batch, _ in applied])
            finally:
                for batch, outcome in applied:
                    self._settled(batch, outcome)
            if not journal.pending_views:
                log.info("journal_drained", journal=str(journal.path))
        return not away

    async def _set_aside(self, journal: Journal, batch: Batch, why: str) -> None:
        log.error(
            "journaled_batch_set_aside",
            journal=str(journal.path),
            seq=batch.seq,
            site=batch.site,
            views=len(batch.hits),
            why=why,
        )
        await self._ask(journal, journal.set_aside, batch, why)
        self._metrics.refused[batch.site, "store"].inc(sum(bool(hit.path) for hit in batch.hits))

    async def _ask(
        self, journal: Journal, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a method of `journal`, and note what it holds then."""
        pending = []

        def noting() -> T:
            try:
                return call(*args, **kwargs)
            finally:
                pending.append(journal.pending_views)

        try:
            return await self._on_disk(noting)
        finally:
            if pending:
                self._waiting[journal] = pending[0]

    async def _on_disk(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._disk, lambda: call(*args, **kwargs))

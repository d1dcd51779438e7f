"""Batcher, journal and store together count what a plain Python model counts, in any order of
things: outages, lost replies, workers that stop or die and others that start, days that pass."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from chaos.proxy import Proxy
from chaos.server import StoreServer
from conftest import FakeClock
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from stores import HOUR_MS, NOW, hit

from counter.errors import Unavailable
from counter.ingest.batcher import Batcher
from counter.metrics import Metrics
from counter.model.days import day_name
from counter.model.figures import Counted, Hit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.check import differences
from counter.storage.connect import cancel
from counter.storage.store import Query, Store

QUEUE = 20
SITES = ("a", "b")
PATHS = ("/1", "/2", "/3")
PATIENCE_MS = 40

Views = list[tuple[str, str]]
"""The site and the path of each."""
views = st.lists(st.tuples(st.sampled_from(SITES), st.sampled_from(PATHS)), min_size=1, max_size=8)


def day_of(at: int) -> str:
    return day_name(datetime.fromtimestamp(at / 1000, UTC).date())


class World:
    """A store, a network to it, and one worker after another."""

    def __init__(self, server: StoreServer, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self.clock = FakeClock(NOW)
        self.counted: Counter[tuple[str, str, str]] = Counter()
        """The model: how many views of a site, a day and an article have been answered."""
        self.unsure: Counter[tuple[str, str, str]] = Counter()
        """Those that a worker had when it died."""
        self.unanswered: list[tuple[Hit, asyncio.Future[Counted]]] = []
        self.workers = 0

    async def open(self) -> None:
        self.stack = AsyncExitStack()
        async with self.server.client() as redis:
            await redis.flushall()
        self.proxy = await self.stack.enter_async_context(Proxy(self.server.port))
        self.metrics = Metrics()
        self.store, self.reader = map(self._store, (self.proxy.url, self.server.url))
        await self.start_worker()

    def _store(self, url: str) -> Store:
        sites = {key: {"repeat_window": "0s"} for key in SITES}
        made = parse({"store": {"url": url, "timeout": "150ms"}, "sites": sites})
        store = Store.open(url, made.store, Sites(made.sites), self.metrics)
        self.stack.push_async_callback(store.close)
        return store

    async def start_worker(self) -> None:
        self.workers += 1
        self.batcher = Batcher(
            self.store,
            self.metrics,
            f"{self.workers:016x}",
            self.clock,
            limit=QUEUE,
            patience_ms=PATIENCE_MS,
            journal=self.directory,
            journal_limit=1 << 20,
        )
        await self.batcher.open()

    async def send(self, sent: Views, *, wait: bool) -> None:
        """Submit views, and wait for their answers or go on."""
        for site, path in sent:
            viewed = hit(path, at=self.clock.now, site=site, day=day_of(self.clock.now))
            try:
                self.unanswered.append((viewed, self.batcher.submit(viewed)))
            except Unavailable:
                assert len(self.unanswered) >= QUEUE
        if wait:
            await self.take_answers()
        else:
            await asyncio.sleep(0)

    async def take_answers(self) -> None:
        async with asyncio.timeout(30):
            for viewed, answer in self.unanswered:
                await answer
                self.counted[viewed.site, viewed.day, viewed.path] += 1
        self.unanswered.clear()

    async def stop_worker(self) -> None:
        async with asyncio.timeout(30):
            await self.batcher.close()
        await self.take_answers()

    async def kill_worker(self) -> None:
        """Let it be gone, with all that it has not answered."""
        backlog = self.batcher._backlog
        assert self.batcher._task
        await cancel(self.batcher._task, *backlog._tasks)
        backlog._disk.shutdown()
        for journal in backlog._journals():
            journal._file.close()
            journal._file.release()
        for viewed, answer in self.unanswered:
            model = self.counted if answer.done() else self.unsure
            model[viewed.site, viewed.day, viewed.path] += 1
        self.unanswered.clear()

    async def settle(self) -> None:
        """Let everything work again until all that waits has been applied."""
        self.proxy.heal()
        await self.take_answers()
        async with asyncio.timeout(30):
            while list(self.directory.glob("*.journal")):  # noqa: ASYNC110 # of several workers
                await asyncio.sleep(0.01)
        await self.compare()

    async def compare(self) -> None:
        """Hold all figures against the model."""
        for site in SITES:
            figures = await self.reader.figures(Query(site, self.clock.now, PATHS))
            self._hold(figures.total, site)
            for path in PATHS:
                self._hold(figures.articles[path], site, path=path)
            for day in {day for _, day, _ in self.counted}:
                [row] = await self.reader.history(site, day, day)
                self._hold(row.views, site, day=day)
            assert differences(await self.reader.ledger(site)) == []

    def _hold(
        self, figure: int, site: str, day: str | None = None, path: str | None = None
    ) -> None:
        def total(model: Counter[tuple[str, str, str]]) -> int:
            return sum(
                count
                for (its_site, its_day, its_path), count in model.items()
                if site == its_site and day in (None, its_day) and path in (None, its_path)
            )

        least = total(self.counted)
        assert least <= figure <= least + total(self.unsure), (site, day, path)

    async def close(self) -> None:
        await self.stop_worker()
        await self.stack.aclose()


class Counting(RuleBasedStateMachine):
    server: StoreServer
    runner: asyncio.Runner

    @initialize()
    def open(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.world = World(self.server, Path(self.directory.name))
        self.run(self.world.open())
        self.away = False

    def run(self, what: Coroutine[None, None, None]) -> None:
        self.runner.run(what)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.run(self.world.settle())
            finally:
                self.run(self.world.close())
                self.directory.cleanup()

    @rule(sent=views)
    def views_come_and_are_answered(self, sent: Views) -> None:
        self.run(self.world.send(sent, wait=True))

    @rule(sent=views)
    def views_come_and_wait(self, sent: Views) -> None:
        self.run(self.world.send(sent, wait=False))

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.world.clock.now += hours * HOUR_MS

    @precondition(lambda self: not self.away)
    @rule(how=st.sampled_from(["refuse", "swallow_requests", "swallow_replies"]))
    def the_network_fails(self, how: str) -> None:
        self.away = True
        if how == "refuse":
            self.world.proxy.refuse()
        else:
            setattr(self.world.proxy, how, True)

    @precondition(lambda self: self.away)
    @rule()
    def the_network_heals(self) -> None:
        self.away = False
        self.world.proxy.heal()

    @rule()
    def connections_break(self) -> None:
        self.world.proxy.cut()

    @rule()
    def the_store_is_killed_and_comes_back(self) -> None:
        self.server.kill()
        self.run(self.server.start())

    @rule()
    def a_worker_stops_and_another_starts(self) -> None:
        self.run(self.world.stop_worker())
        self.run(self.world.start_worker())

    @rule()
    def a_worker_dies_and_another_starts(self) -> None:
        self.run(self.world.kill_worker())
        self.run(self.world.start_worker())

    @precondition(lambda self: not self.away)
    @rule()
    def what_waits_is_applied(self) -> None:
        self.run(self.world.settle())


def test_whatever_happens_in_whatever_order_each_answered_view_counts_once(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        # Else it answers before it writes while a sync lasts: docs/durability.md.
        Counting.server = StoreServer(tmp_path / "store", appendfsync="always")
        Counting.runner = runner
        runner.run(Counting.server.start())
        try:
            run_state_machine_as_test(
                Counting,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=15,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            Counting.server.kill()

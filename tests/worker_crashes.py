"""A worker that is killed at each line of the way of a view in turn, and the next one that starts.

    python tests/worker_crashes.py DIRECTORY [EVERY]

The worker brings views to a real store, loses a reply, finds the store away, keeps views in its
journal and applies them when the store is back. It is killed at every line that it executes in
the batcher, the backlog, the journal and the store's client, or at every EVERYth: so before the
journal's commit and after it, before the script and after it, before the journal's clean-up and
after it. Prints how often; ends with an error if an answered view is lost, or any counted twice.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import structlog
from chaos.server import StoreServer
from conftest import FakeClock
from journal_crashes import fork, killed_at
from redis import Redis
from stores import DAY, NOW, hit

from counter.errors import CounterError, StoreUnavailable
from counter.ingest import backlog, batcher
from counter.ingest.batcher import Batcher
from counter.metrics import Metrics
from counter.model.figures import Batch
from counter.settings import parse
from counter.sites import Sites
from counter.storage import journal, journal_file, store
from counter.storage.check import differences
from counter.storage.store import Applied, Query, Store

WATCHED = {str(module.__file__) for module in (batcher, backlog, journal, journal_file, store)}
OUTAGE = ["there", "reply lost", "away", "away", "there", "away", "reply lost"]
"""What becomes of the worker's calls, one after the other; after that the store is there."""
FLIGHTS = 5
VIEWS = 3
"""In each flight."""

backlog._PAUSE_SECONDS = batcher._PAUSE_SECONDS = (0.001,)  # type: ignore[assignment]


class Unreliable(Store):
    """A store that is away for some of its calls, or whose replies are lost."""

    outage: list[str]

    async def apply(self, batches: Sequence[Batch], now: int) -> list[Applied | CounterError]:
        how = self.outage.pop(0) if self.outage else "there"
        outcomes: list[Applied | CounterError] = []
        if how != "away":
            outcomes = await super().apply(batches, now)
        if how == "there":
            return outcomes
        return [StoreUnavailable(how, unsure=how == "reply lost") for _ in batches]


async def work(url: str, directory: Path, answered: Path, outage: list[str]) -> None:
    """Live as a worker: take what others left, send views, and stop when all are applied."""
    made = parse({"store": {"url": url}, "sites": {"a": {"repeat_window": "0s"}}})
    client = Unreliable.open(url, made.store, Sites(made.sites), Metrics())
    assert isinstance(client, Unreliable)
    client.outage = outage
    worker = Batcher(
        client,
        Metrics(),
        os.urandom(8).hex(),
        FakeClock(NOW),
        limit=100,
        patience_ms=0,
        journal=directory,
        journal_limit=1 << 20,
    )
    await worker.open()
    for flight in range(FLIGHTS if outage else 0):
        paths = [f"/{flight}/{view}" for view in range(VIEWS)]
        waiters = [worker.submit(hit(path)) for path in paths]
        for path, waiter in zip(paths, waiters, strict=True):
            await waiter
            note(answered, path)
    while journals(directory):  # noqa: ASYNC110 # its own and those it has taken over
        await asyncio.sleep(0.001)
    await worker.close()
    await client.close()


def journals(directory: Path) -> list[Path]:
    return list(directory.glob("*.journal"))


def note(book: Path, path: str) -> None:
    """Write down that a view was answered: it stays written, whatever befalls us."""
    descriptor = os.open(book, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{path}\n".encode())
    os.close(descriptor)


def was_killed(url: str, directory: Path, line: int) -> bool:
    """Kill a worker at its `line`th line, let the next one start, and look at the figures."""
    with Redis.from_url(url) as redis:
        redis.flushall()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    answered = directory / "answered"

    def live(outage: list[str]) -> Callable[[], None]:
        return lambda: asyncio.run(work(url, directory, answered, outage))

    killed = not fork(lambda: killed_at(line, live([*OUTAGE]), WATCHED))
    assert fork(live([])), line
    told = answered.read_text().split() if answered.exists() else []
    views = asyncio.run(figures(url))
    assert set(views.values()) <= {0, 1}, (line, "counted twice", views)
    assert all(views[path] for path in told), (line, "lost", told, views)
    assert killed or len(told) == FLIGHTS * VIEWS
    return killed


async def figures(url: str) -> dict[str, int]:
    """Return the views of each article; the sums must agree with them."""
    paths = tuple(f"/{flight}/{view}" for flight in range(FLIGHTS) for view in range(VIEWS))
    made = parse({"store": {"url": url}, "sites": {"a": {}}})
    client = Store.open(url, made.store, Sites(made.sites), Metrics())
    found = await client.figures(Query("a", NOW, paths))
    [day] = await client.history("a", DAY, DAY)
    assert differences(await client.ledger("a")) == []
    assert sum(found.articles.values()) == found.total == day.views
    await client.close()
    return found.articles


def main(directory: Path, every: int = 1) -> int:
    """Kill it again and again; returns how often."""
    server = StoreServer(directory / "store", appendfsync="no")
    asyncio.run(server.start())
    try:
        for times, line in enumerate(count(1, every)):
            if not was_killed(server.url, directory / "journal", line):
                return times
        raise AssertionError("unreachable")
    finally:
        server.kill()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    print(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))  # noqa: T201 # a program

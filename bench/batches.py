"""What a view costs in the store alone, by the size of its batch: no HTTP, no waiting."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.load import ARTICLES, PATH, VISITORS
from bench.machine import store, store_cpu_us
from counter.metrics import Metrics
from counter.model.figures import Batch, Hit
from counter.settings import Settings, parse
from counter.sites import Sites
from counter.storage.store import Applied, Store

SITE, DAY, PRODUCER = "bench", "20261122", "0123456789abcdef"
FLIGHT = 512
"""Views in one round trip, where they are of several sites."""
_STEP_MS = 0.1
"""The time between two views: 10,000 a second, so that online sets are as full as they get."""


class Views:
    """Views of a busy site: articles by Zipf's law, visitors by chance, one after another."""

    def __init__(self, seed: int, articles: int = ARTICLES, visitors: int = VISITORS) -> None:
        self._random = random.Random(seed)
        self._weights = list(accumulate(1 / rank for rank in range(1, articles + 1)))
        self._articles = articles
        self._visitors = visitors
        self._seq = 0
        self._at = time.time() * 1000

    def __iter__(self) -> Iterator[Hit]:
        while True:
            for rank in self._random.choices(
                range(self._articles), cum_weights=self._weights, k=4096
            ):
                self._at += _STEP_MS
                path = PATH % (rank * 7919 % self._articles)
                # As scattered as hashes are.
                visitor = self._random.randrange(self._visitors) * 0x9E3779B97F4A7C15 % 2**64
                yield Hit(SITE, path, DAY, int(self._at), visitor.to_bytes(8))

    def batches(self, size: int) -> Iterator[Batch]:
        hits = iter(self)
        while True:
            self._seq += 1
            taken = tuple(hit for hit, _ in zip(hits, range(size), strict=False))
            yield Batch(PRODUCER, self._seq, SITE, DAY, taken)

    def flights(self, sites: int) -> Iterator[list[Batch]]:
        """Yield the batches of `FLIGHT` views that go round so many sites."""
        hits = iter(self)
        while True:
            taken = [hit for hit, _ in zip(hits, range(FLIGHT), strict=False)]
            flight = []
            for n in range(sites):
                self._seq += 1
                own = tuple(hit._replace(site=f"{SITE}-{n}") for hit in taken[n::sites])
                flight.append(Batch(PRODUCER, self._seq, own[0].site, DAY, own))
            yield flight


def settings(url: str, sites: int = 0) -> Settings:
    site = {"timezone": "UTC", "max_articles": 100_000_000}
    keys = [SITE, *(f"{SITE}-{n}" for n in range(sites))]
    return parse({"store": {"url": url}, "sites": dict.fromkeys(keys, site)})


async def measure(
    sizes: list[int], sites: list[int], views: int, warm: int
) -> dict[str, dict[str, Any]]:
    """Apply `views` views in batches of each size, and in flights over so many sites.

    Returns:
        `size` and `sites`: by each of them the µs of CPU a view on both sides.
    """
    results: dict[str, dict[str, Any]] = {"size": {}, "sites": {}}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        made = settings(url, max(sites))
        counted = Store.open(url, made.store, Sites(made.sites), Metrics())
        stack.push_async_callback(counted.close)
        source = Views(1)
        cases: list[tuple[str, int, Iterator[list[Batch]], int]] = [
            *(("size", n, ([batch] for batch in source.batches(n)), n) for n in sizes),
            *(("sites", n, source.flights(n), FLIGHT) for n in sites),
        ]
        await _apply(counted, ([batch] for batch in source.batches(256)), warm // 256)
        for kind, n, flights, size in cases:
            if kind == "sites":
                await _apply(counted, flights, warm // FLIGHT)
            prepared = list(islice(flights, max(views // size, 1)))
            before, own = await store_cpu_us(redis), time.process_time()
            await _apply(counted, iter(prepared), len(prepared))
            own = 1e6 * (time.process_time() - own)
            used = await store_cpu_us(redis) - before
            number = len(prepared) * size
            results[kind][str(n)] = {"client_us": own / number, "store_us": used / number}
    return results


async def _apply(counted: Store, flights: Iterator[list[Batch]], number: int) -> None:
    for flight in islice(flights, number):
        outcomes = await counted.apply(flight, flight[0].hits[-1].at)
        assert all(isinstance(outcome, Applied) for outcome in outcomes), outcomes


def show(measured: dict[str, dict[str, Any]]) -> None:
    for kind, title, column in (
        ("size", "CPU of a view, by the size of its batch", "views"),
        ("sites", f"CPU of a view in a flight of {FLIGHT}, by the sites that they are of", "sites"),
    ):
        table = Table(title=title)
        for name in (column, "client µs", "Redis µs"):
            table.add_column(name, justify="right")
        for n, row in measured[kind].items():
            table.add_row(n, f"{row['client_us']:.1f}", f"{row['store_us']:.1f}")
        Console().print(table)

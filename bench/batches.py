"""What a view costs in the store alone, by the size of its batch: no HTTP, no waiting."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.load import ARTICLES, VISITORS
from bench.machine import store, store_cpu_us
from counter.metrics import Metrics
from counter.model.figures import Batch, Hit
from counter.settings import Settings, parse
from counter.sites import Sites
from counter.storage.store import Applied, Store

SITE, DAY, PRODUCER = "bench", "20261122", "0123456789abcdef"
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
                path = f"/tin-tuc/2026/11/bai-viet-{rank * 7919 % self._articles:06d}"
                # As scattered as hashes are.
                visitor = self._random.randrange(self._visitors) * 0x9E3779B97F4A7C15 % 2**64
                yield Hit(SITE, path, DAY, int(self._at), visitor.to_bytes(8))

    def batches(self, size: int) -> Iterator[Batch]:
        hits = iter(self)
        while True:
            self._seq += 1
            taken = tuple(hit for hit, _ in zip(hits, range(size), strict=False))
            yield Batch(PRODUCER, self._seq, SITE, DAY, taken)


def settings(url: str) -> Settings:
    return parse(
        {"store": {"url": url}, "sites": {SITE: {"timezone": "UTC", "max_articles": 100_000_000}}}
    )


async def measure(sizes: list[int], views: int, warm: int) -> dict[str, Any]:
    """Apply `views` views in batches of each size; returns µs of CPU a view on both sides."""
    results: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        made = settings(url)
        counted = Store.open(url, made.store, Sites(made.sites), Metrics())
        stack.push_async_callback(counted.close)
        source = Views(1)
        await _apply(counted, source.batches(256), warm // 256)
        for size in sizes:
            batches = source.batches(size)
            prepared = [next(batches) for _ in range(max(views // size, 1))]
            before, own = await store_cpu_us(redis), time.process_time()
            await _apply(counted, iter(prepared), len(prepared))
            own = 1e6 * (time.process_time() - own)
            used = await store_cpu_us(redis) - before
            number = len(prepared) * size
            results[str(size)] = {"client_us": own / number, "store_us": used / number}
    return results


async def _apply(counted: Store, batches: Iterator[Batch], number: int) -> None:
    for batch, _ in zip(batches, range(number), strict=False):
        [outcome] = await counted.apply([batch], batch.hits[-1].at)
        assert isinstance(outcome, Applied), outcome


def show(measured: dict[str, Any]) -> None:
    table = Table(title="CPU of a view, by the size of its batch")
    for name in ("views", "client µs", "Redis µs"):
        table.add_column(name, justify="right")
    for size, row in measured.items():
        table.add_row(size, f"{row['client_us']:.1f}", f"{row['store_us']:.1f}")
    Console().print(table)

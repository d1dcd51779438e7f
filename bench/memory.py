"""What articles, online visitors and idle sites take, and whether many of them make views dear."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.batches import DAY, Views
from bench.machine import peer, resident_bytes, store, store_cpu_us
from counter.metrics import Metrics
from counter.model.figures import Batch, Hit, Unit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.store import Applied, Store

_PART = 1_000
_BATCH, _BATCHES, _RUN = 64, 600, 20
ONLINE, SITES = 1_000_000, 10_000


async def measure(articles: list[int]) -> dict[str, Any]:
    """Fill a store step by step; returns bytes of each thing, and CPU per view by articles."""
    results: dict[str, Any] = {"articles": {}}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        await redis.config_set("appendonly", "no")  # it is memory that is measured, not the disk
        await redis.config_set("save", "")
        sites = {str(number): {"max_articles": 100_000_000} for number in articles}
        made = parse({"store": {"url": url}, "sites": {**sites, "online": {}}})
        counted = Store.open(url, made.store, Sites(made.sites), Metrics())
        stack.push_async_callback(counted.close)
        # All are filled before any is counted in: visitors that leave meanwhile would be missed.
        for number in articles:
            before = await _used(redis)
            path_bytes = await _fill(counted, str(number), number)
            beyond = (await _used(redis) - before) / number - path_bytes
            results["articles"][str(number)] = {"bytes_beyond_path": beyond}
        for number in articles:
            results["articles"][str(number)] |= await _cpu(counted, redis, str(number), number)
        results["online_bytes"] = await _online(counted, redis)
        results["idle_site_store_bytes"] = await _idle_sites(counted, redis)
        results["idle_site_service_bytes"] = await _idle_sites_in_service(url)
    return results


async def _used(redis: Redis) -> int:
    await redis.script_flush()  # what scripts have left in Lua's own memory is no data
    return int((await redis.info("memory"))["used_memory"])


def _path(number: int) -> str:
    return f"/tin-tuc/2026/11/bai-viet-so-{number:09d}-cua-tinh"


async def _fill(counted: Store, site: str, number: int) -> int:
    for part in range(0, number, _PART):
        views = {_path(n): 1 + n % 500 for n in range(part, min(part + _PART, number))}
        await counted.add(site, "fill", part // _PART + 1, [], views)
    return len(_path(0))


async def _cpu(counted: Store, redis: Redis, site: str, articles: int) -> dict[str, float]:
    """Return µs of CPU a view, in batches of 64, medians of short runs."""
    columns: dict[str, list[float]] = {"service_us": [], "store_us": []}
    batches = _batches(Views(1, articles=articles), site, articles)
    for run in range(0, _BATCHES, _RUN):
        service, used = time.process_time(), await store_cpu_us(redis)
        for batch in batches[run : run + _RUN]:
            [outcome] = await counted.apply([batch], batch.hits[-1].at)
            assert isinstance(outcome, Applied), outcome
        service, used = time.process_time() - service, await store_cpu_us(redis) - used
        columns["service_us"].append(1e6 * service / _RUN / _BATCH)
        columns["store_us"].append(used / _RUN / _BATCH)
    return {name: median(values) for name, values in columns.items()}


def _batches(source: Views, site: str, articles: int) -> list[Batch]:
    batches = []
    for batch, seq in zip(source.batches(_BATCH), range(1, _BATCHES + 1), strict=False):
        numbers = [int(hit.path.rpartition("-")[2]) for hit in batch.hits]
        hits = [
            hit._replace(site=site, path=_path(number % articles))
            for hit, number in zip(batch.hits, numbers, strict=True)
        ]
        batches.append(Batch("cpu", seq, site, DAY, tuple(hits)))
    return batches


async def _online(counted: Store, redis: Redis) -> float:
    before, now = await _used(redis), time.time_ns() // 1_000_000
    for seq in range(ONLINE // 500):
        hits = tuple(Hit("online", "", DAY, now, os.urandom(8)) for _ in range(500))
        await counted.apply([Batch("fill", seq + 1, "online", DAY, hits)], now)
    return (await _used(redis) - before) / ONLINE


async def _idle_sites(counted: Store, redis: Redis) -> float:
    before = await _used(redis)
    for number in range(SITES):
        await counted.start(f"idle-{number}", Unit.VIEWS, 1_000_000, only_new=True)
    return (await _used(redis) - before) / SITES


async def _idle_sites_in_service(url: str) -> float:
    """Return what a service with many idle sites takes more than one with a single site."""
    resident = []
    for number in (0, SITES):
        os.environ["BENCH_IDLE_SITES"] = str(number)
        async with peer("counter", url) as server:
            await asyncio.sleep(1)
            resident.append(resident_bytes(server.pid))
    return (resident[1] - resident[0]) / SITES


def show(measured: dict[str, Any]) -> None:
    table = Table(title="By articles; CPU of a view in batches of 64, without HTTP")
    for name in ("articles", "bytes beyond the path", "service µs", "Redis µs"):
        table.add_column(name, justify="right")
    for number, row in measured["articles"].items():
        table.add_row(
            f"{int(number):,}",
            f"{row['bytes_beyond_path']:.1f}",
            f"{row['service_us']:.1f}",
            f"{row['store_us']:.1f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"An online visitor of {ONLINE:,}: {measured['online_bytes']:.0f} bytes in Redis."
    )
    console.print(
        f"An idle site of {SITES:,}: {measured['idle_site_store_bytes']:.0f} bytes in Redis, "
        f"{measured['idle_site_service_bytes']:.0f} in the service."
    )

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

from bench.batches import DAY
from bench.load import Run, run_wrk
from bench.machine import peer, resident_bytes, store
from bench.peers import BUSY_SITES, IDLE_SITES
from counter.metrics import Metrics
from counter.model.figures import Batch, Hit, Unit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.store import Store

_PART = 1_000
_PATH = "/tin-tuc/2026/11/bai-viet-so-%09d-cua-tinh"
_TURNS, _SECONDS, _PAST_SECONDS, _CONNECTIONS = 7, 2, 10, 128
"""Runs of each site, and how long they are; the first, uncounted, is as long as all visitors take
to come."""
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
        for number, cpu in (await _cpu(url, redis, directory, articles)).items():
            results["articles"][str(number)] |= cpu
        results["online_bytes"] = await _online(counted, redis)
        results["idle_site_store_bytes"] = await _idle_sites(counted, redis)
        results["idle_site_service_bytes"] = await _idle_sites_in_service(url)
    return results


async def _used(redis: Redis) -> int:
    await redis.script_flush()  # what scripts have left in Lua's own memory is no data
    return int((await redis.info("memory"))["used_memory"])


async def _fill(counted: Store, site: str, number: int) -> int:
    for part in range(0, number, _PART):
        views = {_PATH % n: 1 + n % 500 for n in range(part, min(part + _PART, number))}
        await counted.add(site, "fill", part // _PART + 1, [], views)
    return len(_PATH % 0)


async def _cpu(
    url: str, redis: Redis, directory: Path, articles: list[int]
) -> dict[int, dict[str, float]]:
    """Return µs of CPU a view, each site loaded in turn: medians."""
    os.environ[BUSY_SITES] = " ".join(map(str, articles))
    runs: dict[int, list[Run]] = {number: [] for number in articles}
    async with peer("counter", url) as server:
        for turn in range(_TURNS + 1):
            for number in articles:
                run = await run_wrk(
                    server,
                    redis,
                    directory,
                    seconds=_SECONDS if turn else _PAST_SECONDS,
                    connections=_CONNECTIONS,
                    articles=number,
                    site=str(number),
                    path=_PATH,
                )
                if run.socket_errors or run.status_errors:
                    raise SystemExit(f"{number} articles: {run}")
                if turn:
                    runs[number].append(run)
    del os.environ[BUSY_SITES]
    return {
        number: {
            "service_us": median(run.service_us for run in found),
            "store_us": median(run.store_us for run in found),
        }
        for number, found in runs.items()
    }


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
        os.environ[IDLE_SITES] = str(number)
        async with peer("counter", url) as server:
            await asyncio.sleep(1)
            resident.append(resident_bytes(server.pid))
    return (resident[1] - resident[0]) / SITES


def show(measured: dict[str, Any]) -> None:
    table = Table(title=f"By articles; CPU of a view, {_CONNECTIONS} connections")
    for name in ("articles", "bytes beyond the path", "service µs", "Redis µs", "both", "×"):
        table.add_column(name, justify="right")
    least = next(iter(measured["articles"].values()))
    for number, row in measured["articles"].items():
        both = row["service_us"] + row["store_us"]
        table.add_row(
            f"{int(number):,}",
            f"{row['bytes_beyond_path']:.1f}",
            f"{row['service_us']:.1f}",
            f"{row['store_us']:.1f}",
            f"{both:.1f}",
            f"{both / (least['service_us'] + least['store_us']):.2f}",
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

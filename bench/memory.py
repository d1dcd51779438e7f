"""What articles, online visitors and idle sites take."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.machine import peer, resident_bytes, store
from bench.past import give_articles, give_crowd
from bench.peers import IDLE_SITES
from counter.metrics import Metrics
from counter.model.figures import Unit
from counter.settings import parse
from counter.sites import Sites
from counter.storage.store import Store

_PATH = "/tin-tuc/2026/11/bai-viet-so-%09d-cua-tinh"
ONLINE, SITES = 1_000_000, 10_000


async def measure(articles: list[int]) -> dict[str, Any]:
    """Fill a store step by step; returns bytes of each thing."""
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
        for number in articles:
            before = await _used(redis)
            await give_articles(counted, str(number), number, _PATH)
            results["articles"][str(number)] = (await _used(redis) - before) / number - len(
                _PATH % 0
            )
        results["online_bytes"] = await _online(counted, redis)
        results["idle_site_store_bytes"] = await _idle_sites(counted, redis)
        results["idle_site_service_bytes"] = await _idle_sites_in_service(url)
    return results


async def _used(redis: Redis) -> int:
    await redis.script_flush()  # what scripts have left in Lua's own memory is no data
    return int((await redis.info("memory"))["used_memory"])


async def _online(counted: Store, redis: Redis) -> float:
    before = await _used(redis)
    await give_crowd(counted, "online", ONLINE)
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
    table = Table(title="Memory of an article")
    for name in ("articles", "bytes beyond the path"):
        table.add_column(name, justify="right")
    for number, beyond in measured["articles"].items():
        table.add_row(f"{int(number):,}", f"{beyond:.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"An online visitor of {ONLINE:,}: {measured['online_bytes']:.0f} bytes in Redis."
    )
    console.print(
        f"An idle site of {SITES:,}: {measured['idle_site_store_bytes']:.0f} bytes in Redis, "
        f"{measured['idle_site_service_bytes']:.0f} in the service."
    )

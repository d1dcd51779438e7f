"""What a scrape takes by the number of sites, and how long a view has to wait meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from bench.machine import SERVICE_CORE, Running, cpu_us, served, store

SITES = (1, 100, 1_000)
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
"""What a Prometheus asks for."""
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def measure(scrapes: int) -> dict[str, Any]:
    """Scrape services of more and more sites, each of which has counted and left out views."""
    results: dict[str, Any] = {}
    for sites in SITES:
        async with contextlib.AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, _ = await stack.enter_async_context(store(directory / "store"))
            service = await stack.enter_async_context(serving(directory, url, sites))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            await _fill(session, service, sites)
            results[str(sites)] = await _scrape(session, service, scrapes)
    return results


def serving(
    directory: Path, url: str, sites: int
) -> contextlib.AbstractAsyncContextManager[Running]:
    """Run a service of so many sites on a core of its own."""
    sections = (f'[sites.site-{n}]\ntimezone = "Asia/Ho_Chi_Minh"\n' for n in range(sites))
    return served(directory, url, "", "".join(sections), [SERVICE_CORE])


async def _fill(session: aiohttp.ClientSession, service: Running, sites: int) -> None:
    async def view(site: int, path: str, agent: str) -> None:
        address = f"{service.public}v1/site-{site}/views?path={path}"
        async with session.post(address, headers={"User-Agent": agent}) as answer:
            await answer.read()

    for site in range(sites):
        # Counted, a repeat, a bot's, refused: what most sites have after a day.
        pairs = (("/a", _BROWSER), ("/a", _BROWSER), ("/a", "Googlebot/2.1"), ("a", _BROWSER))
        await asyncio.gather(*(view(site, *pair) for pair in pairs))


async def _scrape(session: aiohttp.ClientSession, service: Running, scrapes: int) -> dict[str, Any]:
    took, waited, text = [], [], b""

    async def scrape() -> bytes:
        address, headers = f"{service.ops}metrics", {"Accept": _ACCEPT}
        async with session.get(address, headers=headers) as answer:
            return await answer.read()

    before = cpu_us(service.pid)
    for _ in range(scrapes):
        began = time.perf_counter()
        text = await scrape()
        took.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.05)
    used = cpu_us(service.pid) - before
    for _ in range(scrapes):
        done = asyncio.Event()
        watching = asyncio.create_task(_longest_wait(session, service, done))
        await scrape()
        done.set()
        waited.append(await watching)
    return {
        "p50_ms": statistics.median(took),
        "worst_ms": max(took),
        "blocked_ms": statistics.median(waited),
        "cpu_ms": used / 1000 / scrapes,
        "bytes": len(text),
        "series": sum(line[:1] not in (b"#", b"") for line in text.split(b"\n")),
    }


async def _longest_wait(
    session: aiohttp.ClientSession, service: Running, done: asyncio.Event
) -> float:
    """Ask for what costs nothing until `done`; returns the longest wait in ms."""
    longest = 0.0
    while not done.is_set():
        began = time.perf_counter()
        async with session.get(f"{service.ops}healthz") as answer:
            await answer.read()
        longest = max(longest, 1000 * (time.perf_counter() - began))
    return longest


def show(measured: dict[str, Any]) -> None:
    table = Table(title="A scrape")
    columns = ("sites", "p50 ms", "worst ms", "others wait ms", "CPU ms", "series", "KiB")
    for name in columns:
        table.add_column(name, justify="right")
    for sites, row in measured.items():
        times = (f"{row[name]:.1f}" for name in ("p50_ms", "worst_ms", "blocked_ms", "cpu_ms"))
        table.add_row(sites, *times, f"{row['series']:,}", f"{row['bytes'] / 1024:,.0f}")
    Console().print(table)

"""What a second worker brings, with Redis and the load on the same cores."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.load import Run, run_wrk
from bench.machine import CORES, Peer, cpu_us, served, store
from bench.peers import SITE

WORKERS = (1, 2)


class Family(Peer):
    """A service with the processes that it has started."""

    __slots__ = ()

    def cpu_us(self) -> float:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return cpu_us(self.pid) + sum(cpu_us(int(child)) for child in children)


async def measure(rounds: int, seconds: int, connections: int) -> dict[str, Any]:
    """Load services of one worker and of two in turn, each with a store of its own.

    Nothing is bound to a core: workers, Redis and wrk share what there is.
    """
    runs: dict[int, list[Run]] = {workers: [] for workers in WORKERS}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        services: dict[int, tuple[Family, Redis]] = {}
        for workers in WORKERS:
            place = directory / str(workers)
            place.mkdir()
            url, redis = await stack.enter_async_context(store(place / "store", CORES))
            services[workers] = (
                await stack.enter_async_context(_serving(place, url, workers)),
                redis,
            )
        for n in range(rounds + 1):
            for workers, (service, redis) in services.items():
                run = await run_wrk(
                    service, redis, directory, seconds=seconds, connections=connections
                )
                if run.socket_errors or run.status_errors:
                    raise SystemExit(f"{workers} workers: {run}")
                if n:
                    runs[workers].append(run)
    return {
        str(workers): {
            "rate": median(run.rate for run in found),
            "p99_ms": median(run.p99_ms for run in found),
            "service_us": median(run.service_us for run in found),
            "store_us": median(run.store_us for run in found),
        }
        for workers, found in runs.items()
    }


@contextlib.asynccontextmanager
async def _serving(directory: Path, url: str, workers: int) -> AsyncIterator[Family]:
    server = f'trusted_proxies = ["127.0.0.0/8"]\nworkers = {workers}\n'
    site = f'[sites.{SITE}]\norigins = ["https://www.example.gov.vn"]\n'
    async with served(directory, url, server, site, CORES) as running:
        port = urlsplit(running.public).port
        assert port
        yield Family(str(workers), running.pid, port)


def show(measured: dict[str, Any]) -> None:
    table = Table(title=f"{len(CORES)} cores for workers, Redis and the load together")
    for name in ("workers", "req/s", "p99 ms", "service µs", "Redis µs", "× req/s", "× per CPU"):
        table.add_column(name, justify="right")
    one = measured[str(WORKERS[0])]
    for workers, row in measured.items():
        table.add_row(
            workers,
            f"{row['rate']:,.0f}",
            *(f"{row[name]:.1f}" for name in ("p99_ms", "service_us", "store_us")),
            f"{row['rate'] / one['rate']:.2f}",
            # What so many cores of their own would count, by what a view costs.
            f"{int(workers) * one['service_us'] / row['service_us']:.2f}",
        )
    Console().print(table)

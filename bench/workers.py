"""What a second worker brings, with Redis and the load on the same cores."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Case:
    """So many workers on so many cores, with Redis and the load on the same ones."""

    name: str
    workers: int
    cores: tuple[int, ...]


CASES = (
    Case("1 worker, 1 core", 1, tuple(CORES[:1])),
    Case("2 workers, 2 cores", 2, tuple(CORES)),
    Case("1 worker, 2 cores", 1, tuple(CORES)),
)


class Family(Peer):
    """A service with the processes that it has started."""

    __slots__ = ()

    def cpu_us(self) -> float:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return cpu_us(self.pid) + sum(cpu_us(int(child)) for child in children)


async def measure(rounds: int, seconds: int, connections: int) -> dict[str, Any]:
    """Load each case in turn, each with a store of its own."""
    runs: dict[Case, list[Run]] = {case: [] for case in CASES}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        services: dict[Case, tuple[Family, Redis]] = {}
        for case in CASES:
            place = directory / case.name
            place.mkdir()
            url, redis = await stack.enter_async_context(store(place / "store", case.cores))
            service = await stack.enter_async_context(_serving(place, url, case))
            services[case] = (service, redis)
        for n in range(rounds + 1):
            for case, (service, redis) in services.items():
                os.sched_setaffinity(0, case.cores)
                run = await run_wrk(
                    service, redis, directory, seconds=seconds, connections=connections
                )
                if run.socket_errors or run.status_errors:
                    raise SystemExit(f"{case.name}: {run}")
                if n:
                    runs[case].append(run)
    return {
        case.name: {
            "rate": median(run.rate for run in found),
            "p99_ms": median(run.p99_ms for run in found),
            "service_us": median(run.service_us for run in found),
            "store_us": median(run.store_us for run in found),
        }
        for case, found in runs.items()
    }


@contextlib.asynccontextmanager
async def _serving(directory: Path, url: str, case: Case) -> AsyncIterator[Family]:
    server = f'trusted_proxies = ["127.0.0.0/8"]\nworkers = {case.workers}\n'
    site = f'[sites.{SITE}]\norigins = ["https://www.example.gov.vn"]\n'
    async with served(directory, url, server, site, case.cores) as running:
        port = urlsplit(running.public).port
        assert port
        yield Family(case.name, running.pid, port)


def show(measured: dict[str, Any]) -> None:
    table = Table(title="Workers, Redis and the load together on so many cores")
    for name in ("", "req/s", "p99 ms", "service µs", "Redis µs", "× req/s"):
        table.add_column(name, justify="right" if name else "left")
    one = measured[CASES[0].name]
    for name, row in measured.items():
        table.add_row(
            name,
            f"{row['rate']:,.0f}",
            *(f"{row[column]:.1f}" for column in ("p99_ms", "service_us", "store_us")),
            f"{row['rate'] / one['rate']:.2f}",
        )
    Console().print(table)

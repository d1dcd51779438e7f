"""Latency below the highest throughput, and what happens past it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.load import Run, run_wrk
from bench.machine import Peer, peer, store

_OFFERED = {0.7: 256, 2.0: 2_000}
"""What is offered, as a part of the highest throughput, and by how many connections."""


async def measure(rounds: int, seconds: int) -> dict[str, Any]:
    """Find the highest throughput, then offer 0.7 and 2 times as much.

    wrk alone offers no more than is answered. So many connections that each pause between two
    requests offer what they do whatever the server does, as long as the pause is long beside the
    answer's time; past capacity what is offered falls a little with the answers' time.
    """
    results: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        for name in ("counter", "hasty"):
            server = await stack.enter_async_context(peer(name, url))
            results[name] = await _measure_one(server, redis, directory, rounds, seconds)
    return results


async def _measure_one(
    server: Peer, redis: Redis, directory: Path, rounds: int, seconds: int
) -> dict[str, Any]:
    runs: dict[str, list[Run]] = {}
    await run_wrk(server, redis, directory, seconds=seconds, connections=128)
    for _ in range(rounds):
        full = await run_wrk(server, redis, directory, seconds=seconds, connections=128)
        runs.setdefault("highest", []).append(full)
        for factor, connections in _OFFERED.items():
            run = await run_wrk(
                server,
                redis,
                directory,
                seconds=seconds,
                connections=connections,
                pause_ms=1000 * connections / (factor * full.rate),
            )
            runs.setdefault(f"{factor:g} ×", []).append(run)
    return {
        name: {
            "answered": median(run.rate for run in found),
            "counted": median(run.good_rate for run in found),
            "p50_ms": median(run.p50_ms for run in found),
            "p99_ms": median(run.p99_ms for run in found),
        }
        for name, found in runs.items()
    }


def show(measured: dict[str, Any]) -> None:
    titles = {"counter": "the default queue", "hasty": "a queue of 256"}
    table = Table(
        title="The highest throughput, by 128 connections without a pause, and parts of it"
    )
    for name in ("", "offered", "answered/s", "counted/s", "p50 ms", "p99 ms"):
        table.add_column(name, justify="left" if name in ("", "offered") else "right")
    for server, rows in measured.items():
        for offered, row in rows.items():
            figures = (f"{row[name]:,.0f}" for name in ("answered", "counted"))
            times = (f"{row[name]:.1f}" for name in ("p50_ms", "p99_ms"))
            table.add_row(titles[server], offered, *figures, *times)
    Console(width=120).print(table)

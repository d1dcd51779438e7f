"""What readers cost the store: however many they are, one round trip a second."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.load import run_wrk
from bench.machine import peer, store
from bench.peers import SITE

_HOT = "path=/tin-tuc/2026/11/bai-viet-000000"
ROUTES = {
    "figures": f"/v1/{SITE}/figures?{_HOT}",
    "badge.svg": f"/v1/{SITE}/badge.svg?figure=total",
}
READERS = (1, 32, 512)


async def measure(seconds: int) -> dict[str, Any]:
    """Read one hot article from more and more connections, and count Redis' script calls."""
    results: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        server = await stack.enter_async_context(peer("counter", url))
        for name, address in ROUTES.items():
            for readers in READERS:
                before, began = await _calls(redis), time.monotonic()
                run = await run_wrk(
                    server, redis, directory, what=address, seconds=seconds, connections=readers
                )
                trips = (await _calls(redis) - before) / (time.monotonic() - began)
                results[f"{name}, {readers}"] = {"rate": run.good_rate, "round_trips": trips}
        for readers in READERS:
            async with contextlib.AsyncExitStack() as pages:
                for number in range(readers):
                    await pages.enter_async_context(_page(server.port, number))
                await asyncio.sleep(1)
                before, began = await _calls(redis), time.monotonic()
                await asyncio.sleep(seconds)
                trips = (await _calls(redis) - before) / (time.monotonic() - began)
                results[f"live, {readers}"] = {"rate": 0, "round_trips": trips}
    return results


async def _calls(redis: Redis) -> int:
    stats = await redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "eval"))


@contextlib.asynccontextmanager
async def _page(port: int, number: int) -> AsyncIterator[None]:
    """An open page that watches; each from an address of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    address = f"11.0.{number >> 8}.{number & 255}"
    head = f"GET /v1/{SITE}/live?{_HOT} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\n\r\n"
    writer.write(head.encode())
    assert b" 200 " in await reader.readline()
    drain = asyncio.create_task(_read_on(reader))
    try:
        yield
    finally:
        drain.cancel()
        writer.close()


async def _read_on(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def show(measured: dict[str, Any]) -> None:
    table = Table(title="Reads of one hot article")
    table.add_column("route, readers")
    for name in ("answers/s", "Redis script calls/s"):
        table.add_column(name, justify="right")
    for name, row in measured.items():
        table.add_row(name, f"{row['rate']:,.0f}", f"{row['round_trips']:.2f}")
    Console().print(table)

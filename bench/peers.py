"""The servers under test, each a process of its own: `python -m bench.peers NAME STORE_URL`.

Each serves on a free port of loopback, prints it as its first line, and ends by a signal.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvloop
from aiohttp import web
from redis.asyncio import Redis

from counter.cli import logs
from counter.cli.run import run, until_told
from counter.ingest import batcher
from counter.settings import parse
from counter.web import service

SITE = "bench"
IDLE_SITES, BUSY_SITES = "BENCH_IDLE_SITES", "BENCH_BUSY_SITES"
"""Variables: how many sites the counter has besides, and the keys of those that are loaded, if
these are others than `SITE`."""
_BUSY_SITE = {
    "origins": ["https://www.example.gov.vn"],
    "timezone": "Asia/Ho_Chi_Minh",
    "ignore_addresses": ["192.0.2.0/24"],
    "privacy_signals": "ignore",
    "keep_query": ["id"],
    "max_articles": 100_000_000,
    "start_total": 1361382,
}
FIGURES = {"views": 63, "online": 14, "today": 6080, "yesterday": 5120, "total": 1361383}


async def _constant(request: web.BaseRequest) -> web.Response:
    return web.json_response(FIGURES)


@contextlib.asynccontextmanager
async def _listening(runner: web.BaseRunner[Any]) -> AsyncIterator[int]:
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def application(store: str) -> contextlib.AbstractAsyncContextManager[int]:
    """(a) A bare application, answering a constant JSON."""
    app = web.Application()
    app.router.add_post("/v1/{site}/views", _constant)
    return _listening(web.AppRunner(app, access_log=None))


def server(store: str) -> contextlib.AbstractAsyncContextManager[int]:
    """(b) A bare `web.Server`, answering the same."""
    return _listening(web.ServerRunner(web.Server(_constant, access_log=None)))


@contextlib.asynccontextmanager
async def counter(store: str, **options: Any) -> AsyncIterator[int]:
    """(c) The counter, with all its filters and metrics."""
    busy = os.environ.get(BUSY_SITES, SITE).split()
    idle = range(int(os.environ.get(IDLE_SITES, "0")))
    with tempfile.TemporaryDirectory() as journal:
        settings = parse(
            {
                "server": {
                    "listen": "127.0.0.1:0",
                    "ops_listen": "127.0.0.1:0",
                    "trusted_proxies": ["127.0.0.0/8"],
                    **options,
                },
                "store": {"url": store, "journal": journal},
                "sites": {
                    **dict.fromkeys(busy, _BUSY_SITE),
                    **{f"idle-{n}": {"start_total": 1_000_000} for n in idle},
                },
            }
        )
        async with service.running(settings) as up:
            yield up.service.address[1]


def one_by_one(store: str) -> contextlib.AbstractAsyncContextManager[int]:
    """(d) The counter with one script call for each view."""
    batcher.MAX_FLIGHT = 1
    return counter(store)


@contextlib.asynccontextmanager
async def six_commands(store: str) -> AsyncIterator[int]:
    """(e) Six commands a view, one after another: what self-hosted busuanzi asks of Redis."""
    redis: Redis = Redis.from_url(store, max_connections=2048)

    async def count(request: web.Request) -> web.Response:
        site, path = request.match_info["site"], request.query["path"]
        visitor = request.headers["X-Forwarded-For"] + request.headers["User-Agent"]
        site_views = await redis.incr(f"six:{site}:views")
        page_views = await redis.zincrby(f"six:{site}:pages", 1, path)
        await redis.pfadd(f"six:{site}:visitors", visitor)
        site_visitors = await redis.pfcount(f"six:{site}:visitors")
        await redis.pfadd(f"six:{site}:visitors:{path}", visitor)
        page_visitors = await redis.pfcount(f"six:{site}:visitors:{path}")
        return web.json_response(
            {
                "site_pv": site_views,
                "page_pv": page_views,
                "site_uv": site_visitors,
                "page_uv": page_visitors,
            }
        )

    app = web.Application()
    app.router.add_post("/v1/{site}/views", count)
    try:
        async with _listening(web.AppRunner(app, access_log=None)) as port:
            yield port
    finally:
        await redis.aclose()


def hasty(store: str) -> contextlib.AbstractAsyncContextManager[int]:
    """The counter, with a queue that a benchmark can fill."""
    return counter(store, queue=256)


def reading(store: str) -> contextlib.AbstractAsyncContextManager[int]:
    """(f) The counter, where it is only read."""
    return counter(store)


COUNTERS = (counter, one_by_one, reading, hasty)
PEERS: dict[str, Callable[[str], contextlib.AbstractAsyncContextManager[int]]] = {
    peer.__name__: peer for peer in (application, server, six_commands, *COUNTERS)
}


async def _serve(name: str, store: str) -> None:
    async with PEERS[name](store) as port:
        print(port, flush=True)
        await until_told()


def main() -> None:
    name, store = sys.argv[1:]
    logs.configure("warning")
    # The counter as its command runs it; the others as they would be run.
    (run if PEERS[name] in COUNTERS else uvloop.run)(_serve(name, store))


if __name__ == "__main__":
    main()

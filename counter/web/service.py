"""The service as a whole: what it is made of, in which order it starts, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import http, web

from counter.errors import SettingsError
from counter.ingest.batcher import Batcher
from counter.ingest.identity import Identity, Salts
from counter.ingest.pipeline import Pipeline
from counter.metrics import Metrics
from counter.model.clock import Clock, wall_ms
from counter.readers.figures import FiguresReader
from counter.readers.live import LiveFeed
from counter.settings import Settings
from counter.sites import Sites
from counter.storage.embedded import store_url
from counter.storage.store import Store
from counter.web.live import Live
from counter.web.metrics import Exposition
from counter.web.ops import Ops
from counter.web.public import Public
from counter.web.requests import MAX_BODY
from counter.web.routing import Router

_MAX_TARGET = 16 * 1024
"""Bytes of a request's first line: 100 paths of a usual length, escaped, fit in."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    settings: Settings
    sites: Sites
    store: Store
    public: Public
    router: Router
    public_address: tuple[str, int]
    ops_address: tuple[str, int]
    clock: Clock


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock = wall_ms) -> AsyncIterator[Service]:
    """Start a service and stop it at the end: what was accepted is stored before it is gone.

    Raises:
        SettingsError, EmbeddedStoreError, StoreUnavailable: it can't start; one line says why.
    """
    refuse_slow_parser()
    sites, metrics = Sites(settings.sites), Metrics()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings.store, own=True))
        store = Store.open(url, settings.store, sites, metrics)
        stack.push_async_callback(store.close)
        found = await store.inspect()
        log.info("store", version=found.version, persistence=found.persistence)
        for warning in found.warnings:
            log.warning("store_may_lose", what=warning)
        await store.ready()
        for key, site in sites.items():
            await store.start(key, site.unit, site.start_total, only_new=True)

        salts = Salts(store, sites, clock)
        await salts.prepare()
        stack.push_async_callback(_cancel, asyncio.create_task(salts.keep(), name="salts"))

        batcher = Batcher(
            store,
            metrics,
            secrets.token_hex(8),
            clock,
            limit=settings.server.queue,
            patience_ms=settings.store.timeout,
            journal=settings.store.journal,
            journal_limit=settings.store.journal_limit,
        )
        await batcher.open()
        stack.push_async_callback(batcher.close)
        reader = FiguresReader(store, sites, clock, max_age_ms=settings.server.figures_max_age)
        public = Public(
            sites=sites,
            pipeline=Pipeline(Identity(salts)),
            batcher=batcher,
            reader=reader,
            store=store,
            metrics=metrics,
            clock=clock,
            server=settings.server,
        )
        feed = LiveFeed(
            reader,
            most=settings.server.live_streams,
            most_per_address=settings.server.live_streams_per_address,
        )
        ops = Ops(store, Exposition(metrics, store, sites, clock))
        public_router, ops_router = Router(metrics), Router(metrics)
        public.add_to(public_router)
        Live(feed, sites, public).add_to(public_router)
        ops.add_to(ops_router)
        ops_address = await stack.enter_async_context(
            _listening(ops_router, settings.server.ops_listen, settings)
        )
        public_address = await stack.enter_async_context(
            _listening(public_router, settings.server.listen, settings)
        )
        stack.push_async_callback(feed.close)
        stack.callback(setattr, ops, "stopping", True)
        yield Service(
            settings, sites, store, public, public_router, public_address, ops_address, clock
        )


def refuse_slow_parser() -> None:
    """Refuse to serve with aiohttp's Python parser: request smuggling was found in that one.

    Raises:
        SettingsError: aiohttp's C parser is missing.
    """
    if http.HttpRequestParser.__module__ != "aiohttp._http_parser":
        raise SettingsError(
            "aiohttp's C parser is missing: install aiohttp from a wheel, and unset "
            "AIOHTTP_NO_EXTENSIONS"
        )


@contextlib.asynccontextmanager
async def _listening(
    router: Router, address: tuple[str, int], settings: Settings
) -> AsyncIterator[tuple[str, int]]:
    """Serve `router` at `address`; yields the address, with the port that a port of 0 became."""
    server = web.Server(
        router,
        request_factory=partial(
            web.BaseRequest, loop=asyncio.get_running_loop(), client_max_size=MAX_BODY
        ),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=settings.server.keepalive_timeout / 1000,
        max_line_size=_MAX_TARGET,
    )
    runner = web.ServerRunner(server, shutdown_timeout=settings.server.shutdown_timeout / 1000)
    await runner.setup()
    try:
        site = web.TCPSite(runner, *address, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(
                f"can't listen on {address[0]}:{address[1]}: {_reason(error)}; free it, or "
                "set another address in [server]"
            ) from None
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()


def _reason(error: OSError) -> str:
    # asyncio words the error itself, with the address, and leaves the system's reason behind it.
    return str(error.strerror or error).rpartition("]")[2].strip().rpartition(": ")[2]


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

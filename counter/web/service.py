"""The service as a whole: what it is made of, in which order it starts, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import http

from counter.errors import SettingsError
from counter.ingest.batcher import Batcher
from counter.ingest.identity import Identity, Salts
from counter.ingest.listing import Listings
from counter.ingest.pipeline import Pipeline
from counter.metrics import Metrics
from counter.model.clock import Clock, wall_ms
from counter.readers.figures import FiguresReader
from counter.readers.live import LiveFeed
from counter.readers.overview import OverviewReader
from counter.settings import Settings
from counter.sites import Sites
from counter.storage.connect import cancel
from counter.storage.directory import Directory, Entries
from counter.storage.embedded import store_url
from counter.storage.house import House
from counter.storage.schema import upgrade
from counter.storage.store import Store
from counter.web import dropins, openapi, openapi_ops
from counter.web.admin import Admin
from counter.web.dashboard.handlers import Dashboard, OwnerLink
from counter.web.dropins.desk import Desk
from counter.web.embedding import Embedding
from counter.web.housekeeping import Housekeeping
from counter.web.listener import listening
from counter.web.live import Live
from counter.web.metrics import Exposition
from counter.web.ops import Ops
from counter.web.public import Public
from counter.web.routing import Router
from counter.web.sitemaps import Sitemaps
from counter.web.tokens import Tokens

log = structlog.get_logger()


class HasRoutes(Protocol):
    """A part of a listener."""

    def add_to(self, router: Router) -> None: ...


@dataclass(frozen=True, slots=True)
class Service:
    """What serves the public, in one process."""

    settings: Settings
    sites: Sites
    directory: Directory
    tokens: Tokens
    store: Store
    metrics: Metrics
    public: Public
    router: Router
    feed: LiveFeed
    salts: Salts
    sitemaps: Sitemaps
    address: tuple[str, int]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Running:
    """A service in one process, with its operations listener."""

    service: Service
    ops: Ops
    ops_router: Router
    ops_address: tuple[str, int]


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock = wall_ms) -> AsyncIterator[Running]:
    """Run a service in this process; what it accepted is stored before it is gone.

    Raises:
        SettingsError, EmbeddedStoreError, StoreError, StoreUnavailable, JournalError: it can't
            start; one line says why.
    """
    async with (
        store_url(settings.store, own=True) as url,
        serving(settings, url, clock) as service,
    ):
        counts = service.metrics
        exposition = Exposition(
            counts.registry,
            service.store,
            service.sites,
            clock,
            counts.of_sites,
            counts.refresh,
        )
        ops = Ops(service.store, exposition, problems=service.sitemaps.problems)
        dashboard = owners_pages(service.store, service.sites, settings, clock)
        admin = administration(service.directory, service.store, service.tokens, settings, clock)
        router = operations_router((ops, dashboard, *admin), service.metrics)
        async with operations(router, service.metrics, settings) as address:
            try:
                yield Running(service, ops, router, address)
            finally:
                ops.stopping = True


async def prepare(store: Store, sites: Sites, directory: Directory) -> None:
    """See that the store can do what is asked of it, give new sites their start, and take those
    that were added while a service ran.

    Raises:
        StoreError, StoreUnavailable: it can't.
    """
    found = await store.inspect()
    log.info("store", version=found.version, persistence=found.persistence)
    for warning in found.warnings:
        log.warning("store_may_lose", what=warning)
    await upgrade(store)
    await store.ready()
    for key, site in sites.items():
        await store.start(key, site.unit, site.start_total, only_new=True)
    await directory.follow()


@contextlib.asynccontextmanager
async def serving(
    settings: Settings,
    url: str,
    clock: Clock = wall_ms,
    listener: socket.socket | None = None,
    entries: Entries | None = None,
) -> AsyncIterator[Service]:
    """Serve the public from this process.

    Args:
        url: where Redis answers.
        listener: a socket that listens already, of a parent that has prepared the store; else one
            is made as the settings say. With it the service starts even while the store is away.
        entries: the sites that a parent found in the store.

    Raises:
        StoreError, StoreUnavailable, JournalError, SettingsError: it can't start.
    """
    refuse_slow_parser()
    sites, metrics = Sites(settings.sites), Metrics()
    async with contextlib.AsyncExitStack() as stack:
        store = Store.open(url, settings.store, sites, metrics)
        stack.push_async_callback(store.close)
        salts = Salts(store, sites, clock)
        directory = Directory(
            store, sites, settings.sites, entries=entries, changed=salts.try_to_prepare
        )
        if listener is None:
            await prepare(store, sites, directory)
        else:
            await directory.try_to_follow()
        await salts.try_to_prepare()
        stack.push_async_callback(cancel, asyncio.create_task(salts.keep(), name="salts"))
        stack.push_async_callback(cancel, asyncio.create_task(directory.keep(), name="sites"))

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
        listings = Listings()
        sitemaps = Sitemaps(sites, listings, metrics, settings.server.sitemap_networks)
        stack.push_async_callback(cancel, asyncio.create_task(sitemaps.keep(), name="sitemaps"))
        tokens = Tokens(settings.tokens, settings.server.trusted)
        public = Public(
            sites=sites,
            pipeline=Pipeline(Identity(salts), listings),
            batcher=batcher,
            reader=reader,
            store=store,
            metrics=metrics,
            clock=clock,
            server=settings.server,
            tokens=tokens,
        )
        feed = LiveFeed(
            reader,
            most=settings.server.live_streams,
            most_per_address=settings.server.live_streams_per_address,
        )
        router = Router(metrics, settings.server.prefix)
        public.add_to(router)
        Live(feed, sites, public).add_to(router)
        openapi.add_to(router, settings.server.prefix)
        body_timeout = settings.server.body_timeout / 1000
        desk = Desk(public, sites, reader, metrics, clock, body_timeout=body_timeout)
        embedding = Embedding(sites, public, reader, clock)
        embedding.add_to(router)
        dropins.add_to(router, desk, embedding)
        OwnerLink(sites, overviews(store, sites, settings, clock)).add_to(router)
        address = await stack.enter_async_context(
            listening(router, listener or settings.server.listen, settings.server, metrics)
        )
        stack.push_async_callback(feed.close)
        yield Service(
            settings=settings,
            sites=sites,
            directory=directory,
            tokens=tokens,
            store=store,
            metrics=metrics,
            public=public,
            router=router,
            feed=feed,
            salts=salts,
            sitemaps=sitemaps,
            address=address,
            clock=clock,
        )


def administration(
    directory: Directory, store: Store, tokens: Tokens, settings: Settings, clock: Clock
) -> tuple[HasRoutes, ...]:
    """Return what changes sites and figures by request, for the operations listener."""
    sites = directory.sites
    house = House(store, sites, clock)
    return (
        Admin(directory, tokens, settings.server),
        Housekeeping(house, store, sites, tokens, settings.server),
    )


def operations_router(parts: Iterable[HasRoutes], metrics: Metrics) -> Router:
    """Return the routes of the operations listener."""
    router = Router(metrics)
    for part in parts:
        part.add_to(router)
    openapi_ops.add_to(router)
    return router


@contextlib.asynccontextmanager
async def operations(
    router: Router, metrics: Metrics, settings: Settings
) -> AsyncIterator[tuple[str, int]]:
    """Serve the operations listener; yields its address."""
    where, server = settings.server.ops_listen, settings.server
    async with listening(router, where, server, metrics, "operations") as address:
        yield address


def overviews(store: Store, sites: Sites, settings: Settings, clock: Clock) -> OverviewReader:
    return OverviewReader(store, sites, clock, max_age_ms=settings.server.figures_max_age)


def owners_pages(store: Store, sites: Sites, settings: Settings, clock: Clock) -> Dashboard:
    """Return the pages of all sites, for the operations listener."""
    return Dashboard(sites, overviews(store, sites, settings, clock), store, clock)


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

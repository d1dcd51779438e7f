"""Several processes on one port: they share the socket, the store and the metrics.

The parent listens, runs the embedded store if there is one, and serves the operations listener;
the workers accept from its socket, so that no connection is lost when one of them dies. A dead one
is replaced; the journal it left is taken over by whoever starts next.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import tempfile
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from counter import __version__
from counter.cli import logs
from counter.cli.reload import reload
from counter.cli.run import on_hangup, run, until_told
from counter.metrics import MULTIPROCESS_DIRECTORY, Metrics
from counter.model.clock import wall_ms
from counter.settings import Settings
from counter.sites import Sites
from counter.storage.connect import cancel
from counter.storage.directory import Directory, Entries
from counter.storage.embedded import store_url
from counter.storage.store import Store
from counter.web.listener import listen
from counter.web.metrics import Exposition
from counter.web.ops import Ops
from counter.web.service import (
    administration,
    operations,
    operations_router,
    owners_pages,
    prepare,
    serving,
)
from counter.web.tokens import Tokens

_REFRESH_SECONDS = 0.25
"""How often a worker tells the others what it has counted: so much a scrape may lack."""
_RESTART_SECONDS = 0.5
"""A worker that dies at its start is not started again more often than this."""

log = structlog.get_logger()


def url_of(address: tuple[str, int]) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"http://{host}:{address[1]}/"


def log_serving(
    settings: Settings, public: tuple[str, int], ops: tuple[str, int], *, workers: int
) -> None:
    """Log the one line that says what runs where."""
    scheme, separator, rest = settings.store.url.partition("://")
    # The URL may hold a password.
    store = f"{scheme}://{rest.rpartition('@')[2]}" if separator else settings.store.url
    log.info(
        "serving",
        version=__version__,
        listen=url_of(public),
        ops=url_of(ops),
        store=store,
        sites=len(settings.sites),
        workers=workers,
    )


async def serve_with_workers(settings: Settings, count: int, config: Path | None) -> None:
    """Serve with `count` workers until SIGTERM.

    Raises:
        SettingsError, EmbeddedStoreError, StoreError, StoreUnavailable: it can't start.
    """
    with tempfile.TemporaryDirectory(prefix="visitor-counter-") as directory:
        # The workers' prometheus-client looks for this when it is imported.
        os.environ[MULTIPROCESS_DIRECTORY] = directory
        with listen(settings.server.listen) as listener:
            async with store_url(settings.store, own=True) as url:
                workers = Workers(settings, config, count, url, listener, directory)
                await _supervise(settings, workers, url, directory)
    log.info("stopped")


async def _supervise(settings: Settings, workers: Workers, url: str, directory: str) -> None:
    metrics, sites = Metrics(), Sites(settings.sites)
    store = Store.open(url, settings.store, sites, metrics)
    register = Directory(store, sites, settings.sites)
    tokens = Tokens(settings.tokens, settings.server.trusted)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await prepare(store, sites, register)
        stack.push_async_callback(cancel, asyncio.create_task(register.keep(), name="sites"))
        stack.push_async_callback(workers.stop)
        workers.start(register)
        counts = MultiProcessCollector(None, directory)  # type: ignore[no-untyped-call] # untyped
        ops = Ops(store, Exposition(counts, store, sites, wall_ms), workers.all_alive)
        dashboard = owners_pages(store, sites, settings, wall_ms)
        admin = administration(register, store, tokens, settings, wall_ms)
        router = operations_router((ops, dashboard, *admin), metrics)
        listener = operations(router, metrics, settings)
        ops_address = await stack.enter_async_context(listener)
        on_hangup(partial(workers.reload, register, tokens))
        told = until_told()
        log_serving(settings, workers.address, ops_address, workers=workers.count)
        log.info("stopping", signal=await told)
        ops.stopping = True


class Workers:
    """The processes, each watched and replaced when it dies."""

    def __init__(
        self,
        settings: Settings,
        config: Path | None,
        count: int,
        url: str,
        listener: socket.socket,
        directory: str,
    ) -> None:
        self._settings = settings
        self._config = config
        self.count = count
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._url = url
        self._listener = listener
        self._directory = directory
        self._processes: set[BaseProcess] = set()
        self._stopping = False

    def start(self, register: Directory) -> None:
        """Start them; `register` tells each what the store held of sites when it is started."""
        self._register = register
        for _ in range(self.count):
            self._spawn()

    def all_alive(self) -> bool:
        return sum(process.is_alive() for process in self._processes) == self.count

    async def reload(self, register: Directory, tokens: Tokens) -> None:
        """Take the settings' sites and tokens anew, here and in every worker."""
        settings = await reload(self._config, self._settings, register, tokens)
        if settings is None:
            return
        self._settings = settings
        for process in self._processes:
            if process.pid:
                os.kill(process.pid, signal.SIGHUP)

    async def stop(self) -> None:
        """Ask all of them to stop, and wait until they have; past the limit they are killed."""
        self._stopping = True
        for process in self._processes:
            process.terminate()
        # Its own limit, and a second for what comes after.
        limit = self._settings.server.shutdown_timeout / 1000 + self._settings.store.timeout / 1000
        for process in list(self._processes):
            await asyncio.to_thread(process.join, limit + 1)
            if process.is_alive():
                log.error("worker_killed", process=process.pid)
                process.kill()

    def _spawn(self) -> None:
        # A fresh interpreter: nothing of the parent's loop and threads goes along.
        process = multiprocessing.get_context("spawn").Process(
            target=_worker,
            args=(
                self._settings,
                self._config,
                self._url,
                self._listener,
                self._register.entries,
            ),
            daemon=True,
        )
        process.start()
        self._processes.add(process)
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, self._ended, process)

    def _ended(self, process: BaseProcess) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(process.sentinel)
        process.join(0.1)
        mark_process_dead(process.pid, self._directory)  # type: ignore[no-untyped-call] # untyped
        self._processes.discard(process)
        if not self._stopping:
            log.error("worker_died", process=process.pid, exit_code=process.exitcode)
            loop.call_later(_RESTART_SECONDS, self._replace)

    def _replace(self) -> None:
        if not self._stopping:
            self._spawn()


def _worker(
    settings: Settings, config: Path | None, url: str, listener: socket.socket, entries: Entries
) -> None:
    # Ctrl-C goes to the whole group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure(settings.server.log_level)
    run(_work(settings, config, url, listener, entries))


async def _work(
    settings: Settings, config: Path | None, url: str, listener: socket.socket, entries: Entries
) -> None:
    async with serving(settings, url, listener=listener, entries=entries) as service:
        on_hangup(partial(reload, config, settings, service.directory, service.tokens))
        refresher = asyncio.create_task(_refresh(service.metrics))
        told = until_told(interrupt=False)
        orphaned = asyncio.create_task(_orphaned())
        await asyncio.wait((told, orphaned), return_when=asyncio.FIRST_COMPLETED)
        for task in (refresher, told, orphaned):
            task.cancel()
    service.metrics.refresh()


async def _refresh(metrics: Metrics) -> None:
    while True:
        metrics.refresh()
        await asyncio.sleep(_REFRESH_SECONDS)


async def _orphaned() -> None:
    """Return when the parent is gone, however it went."""
    parent = multiprocessing.parent_process()
    gone = asyncio.Event()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, gone.set)
    await gone.wait()

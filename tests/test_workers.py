"""Several processes on one port: none of their ends loses a view, and their sums are right."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chaos.server import StoreServer
from conftest import eventually
from services import Served, served, write_config


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[StoreServer]:
    async with StoreServer(tmp_path / "store", appendfsync="always") as server:
        yield server


@pytest.fixture
def config(server: StoreServer, tmp_path: Path) -> Path:
    return write_config(tmp_path, server.url, server="workers = 2", store='timeout = "500ms"')


def children(pid: int) -> list[int]:
    """Return the worker processes of a service; Python's own resource tracker is none."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in found if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


async def two_workers(service: Served) -> list[int]:
    """Wait until both accept connections."""

    async def both() -> bool:
        return service.ready() and len(children(service.process.pid)) == 2

    await eventually(both)
    return children(service.process.pid)


async def test_a_worker_that_dies_is_replaced_and_loses_no_view(config: Path) -> None:
    with served(config) as service:
        workers = await two_workers(service)
        assert [service.view("/x")["views"] for _ in range(10)] == [*range(1, 11)]
        os.kill(workers[0], signal.SIGKILL)
        assert [service.view("/x")["views"] for _ in range(10)] == [*range(11, 21)]
        assert set(await two_workers(service)) != set(workers)
        assert service.figures("/x")["total"] == 20
        assert [line["event"] for line in service.lines()].count("worker_died") == 1


async def test_a_worker_that_starts_while_the_store_is_away_keeps_its_views(
    server: StoreServer, config: Path
) -> None:
    with served(config) as service:
        await two_workers(service)
        assert service.view("/x")["views"] == 1
        server.kill()
        for worker in children(service.process.pid):
            os.kill(worker, signal.SIGKILL)
        answers = [await asyncio.to_thread(service.view, "/x") for _ in range(4)]
        assert all(answer["stale"] for answer in answers)
        await server.start()

        async def counted() -> bool:
            return bool(service.figures("/x")["total"] == 5)

        await eventually(counted)
        # Every line is one of the log: nobody is shown a traceback.
        events = [line["event"] for line in service.lines()]
        assert events.count("worker_died") == 2


async def test_workers_whose_parent_was_killed_end_and_their_journals_are_taken_over(
    server: StoreServer, config: Path, tmp_path: Path
) -> None:
    with served(config) as service:
        workers = await two_workers(service)
        server.kill()
        for _ in range(4):
            assert service.view("/x")["stale"]
        service.process.kill()
        service.process.wait()

        async def gone() -> bool:
            return not any(map(os.path.exists, (f"/proc/{worker}" for worker in workers)))

        await eventually(gone)
    assert list((tmp_path / "journal").glob("*.journal"))
    await server.start()
    with served(config) as service:

        async def counted() -> bool:
            return bool(service.figures("/x")["total"] == 4)

        await eventually(counted)


async def test_what_the_workers_counted_is_told_as_one_sum(config: Path) -> None:
    with served(config) as service:
        await two_workers(service)
        for _ in range(20):
            service.view("/x")

        async def told() -> bool:
            return 'visitor_counter_views_total{site="a"} 20.0' in service.metrics()

        await eventually(told)

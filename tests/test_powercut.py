"""What an answered view survives when the power fails: each line of docs/durability.md's table."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from chaos.disk import Disk
from chaos.server import StoreServer
from conftest import Running, Start, eventually

from counter.storage.journal import Journal

TESTS = Path(__file__).parent
VALKEY = None
"""The server that the tests use."""
SERVERS = [
    VALKEY,
    pytest.param(
        "redis-server",
        marks=pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server"),
    ),
]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


Store = Callable[..., Awaitable[StoreServer]]


@pytest.fixture
async def store(disk: Disk, tmp_path: Path) -> AsyncIterator[Store]:
    """Start a store on the disk; it lives until the service that uses it has gone."""
    async with AsyncExitStack() as stack:

        async def store(program: str | None = VALKEY, **options: str) -> StoreServer:
            server = StoreServer(tmp_path / "store", program, disk.environment, **options)
            return await stack.enter_async_context(server)

        yield store


async def cut_power(disk: Disk, server: StoreServer) -> int:
    """Cut the store's power, and start it again; returns how many bytes were lost."""
    server.kill()
    lost = disk.cut_power(server.directory)
    disk.go_on()
    await server.start()
    return lost


async def count(up: Running, views: int) -> int:
    """Send views at once; returns how many were answered by the store."""
    answers = await asyncio.gather(*(up.client.view("/x") for _ in range(views)))
    assert all("title" not in answer for answer in answers)
    return sum("stale" not in answer for answer in answers)


async def counted(up: Running) -> int:
    """Return what the store holds when no journal holds anything."""

    async def drained() -> bool:
        return not list(up.service.settings.store.journal.glob("*.journal"))

    await eventually(drained)
    figures = await up.client.figures("/x")
    assert figures["total"] == figures["articles"]["/x"]
    total: int = figures["total"]
    return total


@pytest.mark.parametrize("program", SERVERS)
async def test_appendfsync_always_loses_nothing(
    disk: Disk, store: Store, start: Start, program: str | None
) -> None:
    server = await store(program, appendfsync="always")
    up = await start(store={"url": server.url})
    for _ in range(3):
        assert await count(up, 20) == 20
    await cut_power(disk, server)
    assert await counted(up) == 60


async def test_views_go_to_the_journal_while_the_store_s_disk_hangs(
    disk: Disk, store: Store, start: Start
) -> None:
    """The store has applied them, and can't say that they are on disk."""
    server = await store(appendfsync="always")
    up = await start(store={"url": server.url, "timeout": "500ms"})
    assert await count(up, 5) == 5
    disk.stall()
    assert await count(up, 5) == 0
    assert await count(up, 5) == 0
    assert await cut_power(disk, server) > 0
    assert await counted(up) == 15


async def test_fast_with_everysec_loses_what_was_not_synced(
    disk: Disk, store: Store, start: Start
) -> None:
    server = await store(appendfsync="everysec")
    up = await start(store={"url": server.url})
    assert await count(up, 20) == 20
    await eventually(synced(disk, server))
    disk.stall()
    assert await count(up, 20) == 20
    assert await cut_power(disk, server) > 0
    assert await counted(up) == 20


async def test_fast_with_everysec_may_lose_views_to_a_kill_while_a_sync_lasts(
    disk: Disk, store: Store, start: Start
) -> None:
    """The server puts its writes off meanwhile, for up to 2 s, but not its answers."""
    server = await store(appendfsync="everysec")
    up = await start(store={"url": server.url})
    assert await count(up, 20) == 20
    await eventually(synced(disk, server))
    disk.stall()
    assert await count(up, 1) == 1
    await eventually(syncing(server))
    assert await count(up, 20) == 20
    server.kill()
    disk.go_on()
    await server.start()
    assert await counted(up) == 21


def synced(disk: Disk, server: StoreServer) -> Callable[[], Awaitable[bool]]:
    async def is_synced() -> bool:
        status = server.append_only_file.stat()
        return disk.synced().get(status.st_ino) == status.st_size

    return is_synced


def syncing(server: StoreServer) -> Callable[[], Awaitable[bool]]:
    async def is_syncing() -> bool:
        async with server.client() as redis:
            return bool((await redis.info("persistence"))["aof_pending_bio_fsync"])

    return is_syncing


def test_the_journal_loses_nothing(disk: Disk, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from journal_crashes import *; "
        "journal = Journal.open(Path(sys.argv[1]), PRODUCER, 1 << 20); "
        "journal.append([batch(1), batch(2, LONG)]); journal.append([batch(3)]); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    directory = tmp_path / "journal"
    environment = {**os.environ, **disk.environment}
    subprocess.run([sys.executable, "-c", code, directory], cwd=TESTS, env=environment)
    disk.cut_power(directory)
    [journal] = Journal.abandoned(directory)
    assert [b.seq for b in journal.oldest(9)] == [1, 2, 3]
    journal.close()

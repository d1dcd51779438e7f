"""Backups, and back again: the ways of docs/backup.md on real stores, while views come in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chaos.server import StoreServer
from conftest import eventually
from redis.asyncio import Redis
from services import visitor_counter, write_config
from stores import DAY, DAY_MS, NOW, Desk, hit, open_store

from counter.model.days import shift
from counter.model.figures import DayRow, Unit
from counter.storage.check import differences
from counter.storage.embedded import EmbeddedStore
from keeping.conftest import Readers

SERVERS = [
    pytest.param(None, id="Valkey"),
    pytest.param(
        "redis-server",
        marks=pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server"),
        id="Redis",
    ),
]
PATHS = ("/a", "/b", "/tin/lũ-lụt")


async def fill(url: str) -> None:
    """Give site `a` a start, an archive, and views of three days."""
    desk = Desk(open_store(url))
    await desk.store.start("a", Unit.VIEWS, 1000, only_new=True)
    archive = {f"/archive/{n}": n + 1 for n in range(500)}
    await desk.store.add("a", "old", 1, [DayRow("20190101", 9, 5, 3)], archive)
    for days_ago in (7, 1, 0):
        at, day = NOW - days_ago * DAY_MS, shift(DAY, -days_ago)
        await desk.apply(*[hit(path, n, at, day=day) for n, path in enumerate(PATHS)])
    await desk.store.close()


async def everything(url: str) -> dict[str, Any]:
    """Return the figures of site `a`, which must agree."""
    store = open_store(url)
    desk = Desk(store)
    async with store.snapshot("a") as snapshot:
        articles = {path: views async for path, views in snapshot.articles}
        ledger = snapshot.ledger
    assert differences(ledger) == []
    figures = await desk.figures(*PATHS)
    top = await store.top("a", [DAY], 10)
    await store.close()
    return {
        "articles": articles,
        "total": {name: figure for name, figure in ledger.total.items() if figure},
        "days": {name: figure for name, figure in ledger.days.items() if figure},
        "figures": figures,
        "top": top,
    }


async def settled(redis: Redis, name: str) -> None:
    """Wait until the store has written what it is writing."""

    async def is_settled() -> bool:
        return not (await redis.info("persistence"))[name]

    await eventually(is_settled)


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[tuple[Path, str]]:
    """An embedded store with figures: its directory and its URL."""
    directory = tmp_path / "data"
    async with EmbeddedStore(directory, durable=True).running() as url:
        await fill(url)
        yield directory, url


def put_back(directory: Path, tmp_path: Path) -> Path:
    """Copy a store's append-only file, as it is now, to a new directory."""
    again = tmp_path / "again"
    shutil.copytree(directory / "appendonlydir", again / "appendonlydir")
    return again


async def test_the_embedded_store_s_files_are_a_backup(
    embedded: tuple[Path, str], tmp_path: Path
) -> None:
    directory, url = embedded
    before = await everything(url)
    again = put_back(directory, tmp_path)
    async with EmbeddedStore(again, durable=True).running() as restored:
        assert await everything(restored) == before
    config = write_config(tmp_path, f"embedded:{again}")
    checked = await asyncio.to_thread(visitor_counter, "check", "--config", str(config))
    assert (checked.returncode, checked.stdout) == (0, "a: all figures agree\n")


async def test_a_copy_that_is_made_while_views_come_in_is_of_one_moment(
    embedded: tuple[Path, str], tmp_path: Path
) -> None:
    directory, url = embedded
    async with Redis.from_url(url) as redis:
        await redis.config_set("auto-aof-rewrite-percentage", 0)
        await settled(redis, "aof_rewrite_in_progress")
    readers = Readers(url, PATHS)
    async with readers.reading():
        least = (await everything(url))["total"]["views"]
        again = await asyncio.to_thread(put_back, directory, tmp_path)
    most = (await everything(url))["total"]["views"]
    async with EmbeddedStore(again, durable=True).running() as restored:
        found = await everything(restored)
    assert least <= found["total"]["views"] <= most
    assert least < most
    # Each batch is a view of each article, whole or not there.
    counted = [found["articles"][path] for path in PATHS]
    assert len(set(counted)) == 1


@pytest.mark.parametrize("program", SERVERS)
async def test_a_snapshot_is_a_backup_and_is_put_back_with_the_append_only_file_off(
    program: str | None, tmp_path: Path
) -> None:
    async with StoreServer(tmp_path / "data", program) as server:
        await fill(server.url)
        before = await everything(server.url)
        async with server.client() as redis:
            await redis.bgsave()
            await settled(redis, "rdb_bgsave_in_progress")
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(tmp_path / "data" / "dump.rdb", again)
    shutil.copytree(again, tmp_path / "as-ever")
    async with StoreServer(tmp_path / "as-ever", program) as as_ever, as_ever.client() as redis:
        assert await redis.dbsize() == 0
    async with StoreServer(again, program, appendonly="no") as restored:
        async with restored.client() as redis:
            await redis.config_set("appendonly", "yes")
            await settled(redis, "aof_rewrite_in_progress")
            await settled(redis, "aof_rewrite_scheduled")
        restored.kill()
        (again / "dump.rdb").unlink()
        await restored.start(appendonly="yes")
        assert await everything(restored.url) == before


@pytest.mark.parametrize("program", SERVERS)
async def test_the_append_only_file_of_a_server_is_a_backup(
    program: str | None, tmp_path: Path
) -> None:
    async with StoreServer(tmp_path / "data", program, appendfsync="always") as server:
        await fill(server.url)
        async with server.client() as redis:
            await redis.bgrewriteaof()
            await settled(redis, "aof_rewrite_in_progress")
        before = await everything(server.url)
        again = put_back(tmp_path / "data", tmp_path)
        async with StoreServer(again, program) as restored:
            assert await everything(restored.url) == before


async def test_an_export_is_a_backup_of_what_is_for_ever(
    embedded: tuple[Path, str], tmp_path: Path, redis: Redis, valkey: str
) -> None:
    _, url = embedded
    before = await everything(url)
    (tmp_path / "new").mkdir()
    old, new = write_config(tmp_path, url), write_config(tmp_path / "new", valkey)
    file = str(tmp_path / "a.jsonl")
    for arguments in (
        ("export", "-s", "a", "--out", file, "--config", str(old)),
        ("import", "jsonl", file, "-s", "a", "--config", str(new)),
        ("check", "--config", str(new)),
    ):
        done = await asyncio.to_thread(visitor_counter, *arguments)
        assert done.returncode == 0, done.stderr
    after = await everything(valkey)
    assert after["articles"] == before["articles"]
    assert after["days"] == before["days"]
    buckets = {"buckets": after["total"]["buckets"]}
    assert after["total"] == before["total"] | buckets
    assert after["figures"].articles == before["figures"].articles

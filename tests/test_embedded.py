"""The embedded store keeps what it was given, whoever is killed, and belongs to one service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from ctypes.util import find_library
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from services import served, visitor_counter, write_config

from counter.errors import EmbeddedStoreError
from counter.settings import Store as StoreSettings
from counter.storage.embedded import EmbeddedStore, socket_path, store_url


@contextlib.asynccontextmanager
async def opened(directory: Path, *, durable: bool = False) -> AsyncIterator[Redis]:
    """Run the embedded store in `directory`; yields a client."""
    async with EmbeddedStore(directory, durable=durable).running() as url:
        client = Redis.from_url(url)
        try:
            yield client
        finally:
            await client.aclose()


async def server_process(client: Redis) -> int:
    return (await client.info("server"))["process_id"]


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path / "data") as client:
        assert await client.incr("n") == 1
    async with opened(tmp_path / "data") as client:
        assert await client.incr("n") == 2


async def test_a_valkey_that_is_killed_is_started_again_with_all_that_it_answered(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as client:
        for _ in range(100):
            await client.incr("n")
        killed = await server_process(client)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(RedisConnectionError):
                    assert await client.get("n") == b"100"
                    break
                await asyncio.sleep(0.02)
        assert await server_process(client) != killed


def test_a_service_that_is_killed_leaves_a_valkey_that_the_next_one_retires(tmp_path: Path) -> None:
    data = tmp_path / "data"
    config = write_config(tmp_path, f"embedded:{data}")
    with served(config) as service:
        assert [service.view("/a")["total"] for _ in range(3)] == [1, 2, 3]
        service.process.kill()
        service.process.wait()
    [orphan] = valkeys_of(data)
    with served(config) as service:
        answer = service.view("/a")
        assert (answer["views"], answer["total"], answer["online"]) == (4, 4, 1)
        assert orphan not in valkeys_of(data)
        assert len(valkeys_of(data)) == 1
    assert valkeys_of(data) == []


def test_a_command_retires_what_a_kill_left_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    config = write_config(tmp_path, f"embedded:{data}")
    with served(config) as service:
        assert service.view("/a")["total"] == 1
        service.process.kill()
        service.process.wait()
    assert len(valkeys_of(data)) == 1
    checked = visitor_counter("check", "--config", str(config))
    assert (checked.returncode, checked.stdout) == (0, "a: all figures agree\n")
    assert "embedded_store_left_over" in checked.stderr
    assert valkeys_of(data) == []


def test_a_service_and_its_valkey_that_are_killed_together_lose_no_answered_view(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    config = write_config(tmp_path, f"embedded:{data}")
    with served(config) as service:
        assert [service.view("/a")["total"] for _ in range(3)] == [1, 2, 3]
        service.process.kill()
        for valkey in valkeys_of(data):
            os.kill(valkey, signal.SIGKILL)
        service.process.wait()
    with served(config) as service:
        assert service.figures("/a")["articles"] == {"/a": 3}


def valkeys_of(data: Path) -> list[int]:
    """Return the processes that work in `data`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == data:
                found.append(int(process.name))
    return found


async def test_a_directory_that_another_service_holds_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        with pytest.raises(EmbeddedStoreError) as caught:
            async with opened(tmp_path):
                pytest.fail("two services hold one directory")
        assert str(caught.value) == (
            f"embedded:{tmp_path}: another service (process {os.getpid()}) holds this directory; "
            "stop it, or give this one a directory of its own"
        )
        assert await client.ping()
    async with opened(tmp_path) as client:
        assert await client.ping()


async def test_a_command_uses_the_store_of_the_service_that_runs(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"embedded:{tmp_path}")
    async with opened(tmp_path) as client:
        await client.incr("n")
        async with store_url(settings, own=False) as url:
            other = Redis.from_url(url)
            assert await other.incr("n") == 2
            await other.aclose()
        assert await client.incr("n") == 3


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("d" * 120, id="longer than a socket's name may be"),
        pytest.param("with space", id="a space"),
        pytest.param("dữ liệu 数据", id="letters beyond ASCII"),
        pytest.param("100%25?a=b#c", id="what means something in a URL"),
        pytest.param('a"b\\c', id="what means something in Valkey's settings"),
    ],
)
async def test_a_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    for total in (1, 2):
        async with opened(tmp_path / name) as client:
            assert await client.incr("n") == total


def test_a_long_directory_s_socket_is_elsewhere_and_its_own(tmp_path: Path) -> None:
    near, far = socket_path(tmp_path), socket_path(tmp_path / ("d" * 120))
    assert near == tmp_path / "valkey.sock"
    assert len(str(far)) < 100
    assert far != socket_path(tmp_path / ("e" * 120))


@pytest.mark.parametrize("name", ["file", "file/below"])
async def test_a_directory_that_can_t_be_used_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedStoreError, match=rf"^embedded:{tmp_path}/{name}: can't be used: "):
        async with opened(tmp_path / name):
            pytest.fail("it started in a file")


async def test_a_valkey_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        await client.incr("n")
    [manifest] = (tmp_path / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(EmbeddedStoreError, match=r"Valkey ended at its start \(exit code 1\): .+"):
        async with opened(tmp_path):
            pytest.fail("it started with nonsense")


async def test_an_append_only_file_that_was_cut_off_is_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as client:
        for _ in range(3):
            await client.incr("n")
    [log] = (tmp_path / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(log.read_bytes()[:-3])
    async with opened(tmp_path) as client:
        assert await client.get("n") == b"2"


@pytest.mark.parametrize(("durable", "policy"), [(False, "everysec"), (True, "always")])
async def test_every_write_goes_to_a_file_and_nothing_is_evicted(
    tmp_path: Path, durable: bool, policy: str
) -> None:
    async with opened(tmp_path, durable=durable) as client:
        found = await client.config_get("appendonly", "appendfsync", "maxmemory-policy", "port")
    assert found == {
        "appendonly": "yes",
        "appendfsync": policy,
        "maxmemory-policy": "noeviction",
        "port": "0",
    }


def mapped(process: int) -> str:
    """Return what files a process has in its memory (Linux)."""
    return Path(f"/proc/{process}/maps").read_text()


@pytest.mark.skipif(
    sys.platform != "linux" or not find_library("jemalloc"), reason="jemalloc is not there"
)
async def test_it_runs_with_jemalloc_where_the_machine_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        assert "libjemalloc" in mapped(await server_process(client))


async def test_nobody_else_can_reach_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opened(data):
        for path in (data, data / "valkey.sock"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700

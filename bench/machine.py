"""Processes under test: started, pinned to a core, and watched for the CPU that they use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from counter.storage.embedded import EmbeddedStore
from tests.chaos.server import free_port

CORES = sorted(os.sched_getaffinity(0))
SERVICE_CORE, OTHER_CORE = CORES[0], CORES[-1]
"""The service has a core to itself; Redis and the load share another, if there is one."""


def cpu_us(pid: int) -> float:
    """Return the CPU time (µs) of all threads of a process (Linux: `schedstat`).

    To the nanosecond, where `/proc/PID/stat` counts ticks of 10 ms.
    """
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds (Linux: `VmRSS`)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under test."""

    name: str
    pid: int
    port: int

    def cpu_us(self) -> float:
        return cpu_us(self.pid)


@contextlib.asynccontextmanager
async def store(
    directory: Path, cores: Collection[int] = (OTHER_CORE,), *, tcp: bool = False
) -> AsyncIterator[tuple[str, Redis]]:
    """Run a real Valkey as the service does by default; yields its URL and a client of it.

    The benchmark itself, and with it the load, has the same `cores` from then on.

    Args:
        tcp: whether the URL is one of a port of loopback, as in `docker-compose.yml`.
    """
    os.sched_setaffinity(0, cores)
    async with EmbeddedStore(directory, durable=False).running() as url:
        redis: Redis = Redis.from_url(url)
        try:
            if tcp:
                port = free_port()
                await redis.config_set("port", port)
                url = f"redis://127.0.0.1:{port}/0"
            yield url, redis
        finally:
            await redis.aclose()


async def store_cpu_us(redis: Redis) -> float:
    """Return the CPU time (µs) of Redis' main thread, which runs the commands."""
    cpu = await redis.info("cpu")
    return 1e6 * (cpu["used_cpu_sys_main_thread"] + cpu["used_cpu_user_main_thread"])


@contextlib.asynccontextmanager
async def peer(name: str, store_url: str) -> AsyncIterator[Peer]:
    """Run one of `bench.peers` on the service's core."""
    process = await asyncio.create_subprocess_exec(
        *("taskset", "--cpu-list", str(SERVICE_CORE)),
        *(sys.executable, "-m", "bench.peers", name, store_url),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        yield Peer(name, process.pid, int(line))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


@dataclass(frozen=True, slots=True)
class Running:
    """A service that was started as its user does, and the addresses of its listeners."""

    pid: int
    public: str
    ops: str


@contextlib.asynccontextmanager
async def served(
    directory: Path, store_url: str, server: str, sites: str, cores: Collection[int]
) -> AsyncIterator[Running]:
    """Run `visitor-counter serve` on `cores`, with these lines of settings beside its own."""
    config = directory / "counter.toml"
    config.write_text(
        f'[server]\nlisten = "127.0.0.1:0"\nops_listen = "127.0.0.1:0"\n{server}'
        f'[store]\nurl = "{store_url}"\njournal = "{directory}/journal"\n{sites}'
    )
    process = await asyncio.create_subprocess_exec(
        *("taskset", "--cpu-list", ",".join(map(str, cores))),
        *(sys.executable, "-m", "counter", "serve", "--config", str(config)),
        stderr=asyncio.subprocess.STDOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        while True:
            line = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
            if line["event"] == "serving":
                yield Running(process.pid, line["listen"], line["ops"])
                break
    finally:
        process.terminate()
        await process.communicate()


async def output(command: Sequence[str]) -> str:
    """Run `command` on the other core; returns what it writes.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    text = (await process.stdout.read()).decode()
    if await process.wait():
        raise RuntimeError(f"{command[0]}: {text}")
    return text

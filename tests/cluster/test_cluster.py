"""A real cluster of three primaries and three replicas, while slots move and a primary dies."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cluster.servers import SITES, Load, counted, free_ports
from conftest import Client, settings

from counter.errors import StoreError
from counter.storage.check import differences
from counter.storage.house import House
from counter.storage.schema import UPGRADES, upgrade
from counter.storage.store import Store
from counter.web.service import Running, running

NEWEST = max(UPGRADES)


def cli(*arguments: str) -> str:
    """Run redis-cli; returns what it prints."""
    done = subprocess.run(["redis-cli", *arguments], capture_output=True, text=True, timeout=60)
    if arguments[0] == "--cluster":
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(port: int) -> None:
    while "PONG" not in cli("-p", str(port), "ping"):
        time.sleep(0.1)


@dataclass
class Cluster:
    """Six servers on loopback, made into one cluster by redis-cli."""

    directory: Path
    ports: list[int]
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.ports[0]}"

    def start(self, port: int) -> None:
        directory = self.directory / str(port)
        directory.mkdir(exist_ok=True)
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "cluster-enabled": "yes",
            "cluster-node-timeout": 1000,
            "cluster-replica-validity-factor": 0,
            "repl-diskless-sync-delay": 0,
            "appendonly": "yes",
            "save": "",
            "dir": str(directory),
            "logfile": "redis.log",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self.processes[port] = subprocess.Popen(["redis-server", *arguments])

    def nodes(self) -> dict[int, dict[str, Any]]:
        """Return what the cluster knows of each living node, by its port."""
        alive = next(port for port, process in self.processes.items() if process.poll() is None)
        found = {}
        for line in cli("-p", str(alive), "cluster", "nodes").splitlines():
            name, address, flags, *_ = line.split()
            port = int(address.split("@")[0].rpartition(":")[2])
            found[port] = {"id": name, "flags": flags.split(","), "slots": line.split()[8:]}
        return found

    def primaries(self) -> list[int]:
        return [
            port
            for port, node in self.nodes().items()
            if "master" in node["flags"] and "fail" not in node["flags"] and node["slots"]
        ]

    def kill(self, port: int) -> None:
        self.processes[port].send_signal(signal.SIGKILL)
        self.processes[port].wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    if not shutil.which("redis-server"):
        pytest.fail("redis-server is missing: apt-get install redis-server")
    made = Cluster(tmp_path, free_ports(6))
    try:
        for port in made.ports:
            made.start(port)
        for port in made.ports:
            wait_for(port)
        addresses = [f"127.0.0.1:{port}" for port in made.ports]
        cli("--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes")
        for port in made.ports:
            while "cluster_state:ok" not in cli("-p", str(port), "cluster", "info"):
                time.sleep(0.1)
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()


@contextlib.asynccontextmanager
async def serving(cluster: Cluster, tmp_path: Path, **store: Any) -> AsyncIterator[Running]:
    sites = {key: {"repeat_window": "0s", "rate_limit": "off"} for key in SITES}
    store = {"journal": str(tmp_path / "journal"), "timeout": "1s", **store}
    async with running(settings(cluster.url, sites=sites, store=store)) as up:
        yield up


@pytest.mark.failover
async def test_moving_slots_neither_loses_nor_doubles_a_view(
    cluster: Cluster, tmp_path: Path
) -> None:
    async with serving(cluster, tmp_path) as up, aiohttp.ClientSession() as session:
        load = Load(Client(session, "http://{}:{}".format(*up.service.address)))
        running_load = asyncio.create_task(load.run(8))
        nodes = cluster.nodes()
        source, target, *_ = cluster.primaries()
        await asyncio.sleep(1)
        await asyncio.to_thread(
            cli,
            *("--cluster", "reshard", f"127.0.0.1:{source}"),
            *("--cluster-from", nodes[source]["id"], "--cluster-to", nodes[target]["id"]),
            *("--cluster-slots", "1500", "--cluster-yes"),
        )
        await running_load
        assert await counted(up) == load.answered
        assert load.answered.total() > 1000
        assert not load.refused


@pytest.mark.failover
async def test_a_fail_over_doubles_nothing_and_with_replicas_loses_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    async with (
        serving(cluster, tmp_path, replicas=1) as up,
        aiohttp.ClientSession() as session,
    ):
        load = Load(Client(session, "http://{}:{}".format(*up.service.address)))
        running_load = asyncio.create_task(load.run(12))
        await asyncio.sleep(2)
        # Its replica has a copy of everything that was answered, or it was not answered.
        killed = cluster.primaries()[0]
        cluster.kill(killed)
        await asyncio.sleep(5)
        assert killed not in cluster.primaries()
        # The new primary is alone, and confirms nothing: views wait in the journal until the old
        # one is back as its replica.
        cluster.start(killed)
        await running_load
        found = await counted(up)
        assert found == load.answered
        assert load.answered.total() > 1000


async def test_house_is_kept_across_slots(cluster: Cluster, tmp_path: Path) -> None:
    async with serving(cluster, tmp_path) as up, aiohttp.ClientSession() as session:
        client = Client(session, "http://{}:{}".format(*up.service.address))
        sites = SITES[:12]
        for site in sites:
            for path in ("/a", "/a", "/b"):
                await client.view(path, site=site)
        store, house = up.service.store, House(up.service.store, up.service.sites)
        into, *others = sites
        for site in others:
            await house.rename(site, "/b", "/c", who="cli:ann")
            await house.merge(site, into, who="cli:ann")
            await house.forget_site(site, who="cli:ann")
        await house.compact(into, who="cli:ann")
        found = await client.figures("/a", "/b", "/c", site=into)
        assert found["articles"] == {"/a": 24, "/b": 1, "/c": 11}
        assert found["total"] == found["today"] == 36
        assert differences(await store.ledger(into)) == []
        assert not any([(await store.ledger(site)).total for site in others])
        assert {len(await house.audit(site)) for site in others} == {5}
        # Each node knows its own sites: a version is for all of them.
        found_sites: list[str] = []

        async def note(_: Store, site: str) -> None:
            found_sites.append(site)

        await upgrade(store, {NEWEST + 1: note, **UPGRADES})
        assert set(found_sites) == set(SITES) - set(others)
    with pytest.raises(StoreError, match="a newer service has upgraded it"):
        async with serving(cluster, tmp_path):
            pass


async def test_a_cluster_named_as_one_server_is_told_at_the_start(
    cluster: Cluster, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="redis\\+cluster:// would be right"):
        async with running(settings(cluster.url.replace("+cluster", ""))):
            pass


async def test_one_server_named_as_a_cluster_is_told_at_the_start() -> None:
    port = free_ports(1)[0]
    server = await asyncio.create_subprocess_exec(
        "redis-server", "--port", str(port), "--save", "", stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        with pytest.raises(StoreError, match="no cluster: redis:// would be right"):
            async with running(settings(f"redis+cluster://127.0.0.1:{port}")):
                pass
    finally:
        server.kill()
        await server.wait()

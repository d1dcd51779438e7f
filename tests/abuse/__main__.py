"""`python -m tests.abuse`: attacks on a service while honest clients go on, with what they wait.

python -m tests.abuse                             all attacks, some four minutes
python -m tests.abuse --attack "idle connections" one of them
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from counter.storage.embedded import EmbeddedStore
from counter.web.connections import allow_files

from .attacks import ATTACKS
from .honest import Honest, Phase
from .service import Service, get, served

_SITE = '[sites.a]\nrepeat_window = "0s"\nrate_limit = "off"\n'
_MIB = 1024 * 1024
_MOST_BYTES = 96 * 1024
"""Memory of the service that one connection of an attacker may cost; with `_SLACK` for all."""
_SLACK = 64 * _MIB


@dataclass
class Seen:
    """A phase, with what the processes held at its end."""

    attack: str
    phase: str
    honest: Phase
    service_bytes: int
    store_bytes: int
    connections: int


class Run:
    """All attacks on one service, one after the other."""

    def __init__(self, service: Service, redis: Redis, seconds: float) -> None:
        self._service = service
        self._redis = redis
        self._seconds = seconds
        self._honest = Honest(("127.0.0.1", service.port))
        self.seen: list[Seen] = []
        self.problems: list[str] = []

    async def attacks(self, wanted: dict[str, int]) -> None:
        honest = asyncio.create_task(self._honest.run())
        await asyncio.sleep(1)
        for name, size in wanted.items():
            await self._attack(name, size)
        honest.cancel()
        await asyncio.gather(honest, return_exceptions=True)
        await self._check_counts()

    async def _attack(self, name: str, size: int) -> None:
        before = await self._phase(name, "before", self._seconds / 2)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.abuse.attacker", name, str(size)),
            str(self._service.port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin
        assert process.stdout
        self._honest.turn()
        await process.stdout.readline()
        during = await self._phase(name, "during", self._seconds, turn=False)
        process.stdin.close()
        tally = (await process.stdout.read()).decode().strip()
        await process.wait()
        await self._phase(name, "after", self._seconds / 2)
        click.echo(f"{name}, {size} connections: {tally}")
        if during.service_bytes > before.service_bytes + _SLACK + size * _MOST_BYTES:
            self.problems.append(f"{name}: the service grew to {during.service_bytes:,} bytes")
        if process.returncode or not tally:
            self.problems.append(f"{name}: the attacker failed")

    async def _phase(self, attack: str, phase: str, seconds: float, *, turn: bool = True) -> Seen:
        if turn:
            self._honest.turn()
        await asyncio.sleep(seconds)
        memory = await self._redis.info("memory")
        connections = await self._service.sample('visitor_counter_connections{listener="public"}')
        seen = Seen(
            attack,
            phase,
            self._honest.turn(),
            self._service.resident_bytes(),
            memory["used_memory"],
            connections,
        )
        self.seen.append(seen)
        if seen.honest.failed:
            self.problems.append(f"{attack}, {phase}: {seen.honest.failed} honest views failed")
        return seen

    async def _check_counts(self) -> None:
        url = f"http://127.0.0.1:{self._service.port}/v1/a/figures?path=/honest&path=/smuggled"
        await asyncio.sleep(1.5)
        figures = json.loads(await asyncio.to_thread(get, url))
        counted, answered = figures["articles"]["/honest"], self._honest.answered
        # Each client may have been told to stop between a view and its answer.
        if not answered <= counted <= answered + 8:
            self.problems.append(f"{answered:,} views were answered, {counted:,} counted")
        if figures["articles"]["/smuggled"]:
            self.problems.append(f"{figures['articles']['/smuggled']} smuggled views counted")
        click.echo(f"honest views: {answered:,} answered, {counted:,} counted")


def _table(seen: list[Seen]) -> Table:
    table = Table(box=None)
    for name in ("attack", "", "views/s", "p50 ms", "p99 ms", "worst ms", "failed"):
        table.add_column(name, justify="left" if name in ("attack", "") else "right")
    for name in ("service MiB", "Redis MiB", "connections"):
        table.add_column(name, justify="right")
    for row in seen:
        honest = row.honest
        table.add_row(
            row.attack if row.phase == "before" else "",
            row.phase,
            f"{len(honest.waits) / honest.seconds:,.0f}",
            *(f"{honest.wait_ms(share):,.1f}" for share in (0.5, 0.99, 1.0)),
            str(honest.failed),
            f"{row.service_bytes / _MIB:.0f}",
            f"{row.store_bytes / _MIB:.1f}",
            f"{row.connections:,}",
        )
    return table


async def _run(wanted: dict[str, int], seconds: float) -> int:
    directory = Path(tempfile.mkdtemp(prefix="abuse-"))
    async with EmbeddedStore(directory / "store", durable=False).running() as url:
        redis: Redis = Redis.from_url(url)
        async with served(directory, url, _SITE) as service:
            run = Run(service, redis, seconds)
            await run.attacks(wanted)
        await redis.aclose()
    Console(width=120).print(_table(run.seen))
    for problem in run.problems:
        click.echo(problem, err=True)
    return 1 if run.problems else 0


@click.command(help=__doc__)
@click.option("--attack", type=click.Choice(list(ATTACKS)), help="This attack only.")
@click.option("--size", type=int, help="So many connections instead of the attack's own number.")
@click.option("--seconds", default=12.0, show_default=True, help="How long each attack goes on.")
def main(attack: str | None, size: int | None, seconds: float) -> None:
    wanted = {name: size or usual for name, (_, usual) in ATTACKS.items()}
    if attack:
        wanted = {attack: wanted[attack]}
    most = max(wanted.values())
    if (possible := allow_files(most)) < most:
        click.echo(f"This machine allows {possible:,} open files: attacks are bounded by that.")
        wanted = {name: min(number, possible) for name, number in wanted.items()}
    sys.exit(uvloop.run(_run(wanted, seconds)))


if __name__ == "__main__":
    main()

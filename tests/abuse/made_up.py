"""`python -m tests.abuse.made_up`: a million made-up paths and sites, and what they leave behind.

The site keeps 100,000 articles; once they are there, nothing may grow any more.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from itertools import islice
from pathlib import Path

import click
import uvloop
from redis.asyncio import Redis

from counter.storage.embedded import EmbeddedStore

from .flood import flood, made_up
from .service import Service, get, served

_SITE = '[sites.a]\nrepeat_window = "0s"\nrate_limit = "off"\nmax_articles = 100000\n'
_MIB = 1024 * 1024
_STEPS = 10
_STEADY = 5
"""After so many of the steps the articles are as many as may be, and the caches are full."""
_GROWTH = 1.05
"""By how much memory may differ between then and the end."""


async def _series(service: Service) -> int:
    text = await asyncio.to_thread(get, service.ops + "metrics")
    return sum(line[:1] not in ("#", "") for line in text.splitlines())


async def _run(number: int) -> list[str]:
    directory = Path(tempfile.mkdtemp(prefix="made-up-"))
    measured = []
    async with EmbeddedStore(directory / "store", durable=False).running() as url:
        redis: Redis = Redis.from_url(url)
        async with served(directory, url, _SITE) as service:
            requests = made_up(number)
            await _series(service)
            for step in range(_STEPS + 1):
                store = (await redis.info("memory"))["used_memory"]
                row = (
                    service.resident_bytes(),
                    store,
                    await _series(service),
                    await redis.dbsize(),
                )
                measured.append(row)
                click.echo(
                    f"{step * number // _STEPS:>9,} requests: service {row[0] / _MIB:5.0f} MiB, "
                    f"Redis {row[1] / _MIB:5.1f} MiB in {row[3]:,} keys, {row[2]} series"
                )
                part = islice(requests, number // _STEPS)
                await flood(("127.0.0.1", service.port), part)
        await redis.aclose()
    names = ("the service's memory", "Redis' memory", "the series", "the keys")
    then, last = measured[_STEADY], measured[-1]
    return [
        f"{name} went from {a:,} to {b:,}"
        for name, a, b in zip(names, then, last, strict=True)
        if b > a * _GROWTH
    ]


@click.command(help=__doc__)
@click.option("--number", default=1_000_000, show_default=True, help="How many requests.")
def main(number: int) -> None:
    problems = uvloop.run(_run(number))
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()

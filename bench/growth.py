"""What a view costs as a site grows: by its articles, and by the crowd that is online."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.load import Run, run_wrk
from bench.machine import peer, store
from bench.past import give_articles, give_crowd
from bench.peers import BUSY_SITES
from counter.metrics import Metrics
from counter.settings import parse
from counter.sites import Sites
from counter.storage.store import Store

TURNS, SECONDS, PAST_SECONDS, CONNECTIONS = 5, 2, 10, 128
"""Runs of each site, and how long they are; the first, uncounted, is as long as all visitors take
to come."""


@dataclass(frozen=True, slots=True)
class Case:
    """A site: what grows, and how far; with the articles and the crowd that it has."""

    by: str
    size: int
    articles: int
    crowd: int = 0

    @property
    def site(self) -> str:
        return f"{self.by}-{self.size}"


def cases(articles: list[int], crowds: list[int]) -> list[Case]:
    return [
        *(Case("articles", number, number) for number in articles),
        *(Case("crowd", number, 1_000, number) for number in crowds),
    ]


async def measure(articles: list[int], crowds: list[int]) -> dict[str, dict[str, dict[str, float]]]:
    """Load a site of each size in turn, over HTTP; returns medians of µs of CPU a view."""
    runs: dict[Case, list[Run]] = {case: [] for case in cases(articles, crowds)}
    os.environ[BUSY_SITES] = " ".join(case.site for case in runs)
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store"))
        made = parse({"store": {"url": url}, "sites": {case.site: {} for case in runs}})
        counted = Store.open(url, made.store, Sites(made.sites), Metrics())
        stack.push_async_callback(counted.close)
        for case in runs:
            await give_articles(counted, case.site, case.articles)
        server = await stack.enter_async_context(peer("counter", url))
        for case in runs:
            await _load(case, server, redis, directory, PAST_SECONDS)
        # A crowd leaves after five minutes: it comes last.
        for case in runs:
            await give_crowd(counted, case.site, case.crowd)
        await _at_rest(redis)
        for _ in range(TURNS):
            for case, found in runs.items():
                found.append(await _load(case, server, redis, directory, SECONDS))
    del os.environ[BUSY_SITES]
    results: dict[str, dict[str, dict[str, float]]] = {"articles": {}, "crowd": {}}
    for case, found in runs.items():
        results[case.by][str(case.size)] = {
            "service_us": median(run.service_us for run in found),
            "store_us": median(run.store_us for run in found),
        }
    return results


async def _load(case: Case, server: Any, redis: Redis, directory: Path, seconds: int) -> Run:
    run = await run_wrk(
        server,
        redis,
        directory,
        seconds=seconds,
        connections=CONNECTIONS,
        articles=case.articles,
        site=case.site,
    )
    if run.socket_errors or run.status_errors:
        raise SystemExit(f"{case}: {run}")
    return run


async def _at_rest(redis: Redis) -> None:
    """Wait until Redis does not write its append-only file anew."""
    while (await redis.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110 # Redis calls nobody
        await asyncio.sleep(1)


def show(measured: dict[str, dict[str, dict[str, float]]]) -> None:
    titles = {"articles": "by its articles", "crowd": "by the visitors online besides the load's"}
    for by, rows in measured.items():
        table = Table(title=f"CPU of a view of a site, {titles[by]}; {CONNECTIONS} connections")
        for name in (by, "service µs", "Redis µs", "both", "×"):
            table.add_column(name, justify="right")
        first = sum(next(iter(rows.values())).values())
        for size, row in rows.items():
            both = sum(row.values())
            figures = (f"{each:.1f}" for each in (*row.values(), both))
            table.add_row(f"{int(size):,}", *figures, f"{both / first:.2f}")
        Console().print(table)

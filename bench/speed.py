"""What a counted view costs, side by side with the framework alone and with other ways to count."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.batches import settings
from bench.load import ARTICLES, Run, run_wrk
from bench.machine import peer, store
from bench.past import give_articles, give_six
from bench.peers import SITE
from counter.metrics import Metrics
from counter.sites import Sites
from counter.storage.store import Store

_PAST_RUNS = 5
"""How many times as long the first, uncounted run of the counter is: its visitors come then."""


@dataclass(frozen=True, slots=True)
class Case:
    letter: str
    title: str
    peer: str
    what: str = "views"


CASES = (
    Case("a", "aiohttp Application, constant JSON", "application"),
    Case("b", "aiohttp web.Server, constant JSON", "server"),
    Case("c", "POST views", "counter"),
    Case("d", "POST views, one script call each", "one_by_one"),
    Case("e", "six commands a view, one by one", "six_commands"),
    Case("f1", "GET figures, 1 article", "reading", "figures:1"),
    Case("f30", "GET figures, 30 articles", "reading", "figures:30"),
)


async def measure(
    letters: str, rounds: int, seconds: int, connections: int, *, tcp: bool
) -> dict[str, Any]:
    """Load each case in turn, `rounds` times over; returns the medians.

    The cases take turns in short runs, so that a machine that slows down slows all of them; one
    run of each goes before, uncounted. The sites have a past (`past.py`).
    """
    cases = [case for case in CASES if case.letter.rstrip("0123456789") in letters]
    runs: dict[str, list[Run]] = {case.letter: [] for case in cases}
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, redis = await stack.enter_async_context(store(directory / "store", tcp=tcp))
        made = settings(url)
        counted = Store.open(url, made.store, Sites(made.sites), Metrics())
        stack.push_async_callback(counted.close)
        await give_articles(counted, SITE, ARTICLES)
        if "e" in letters:
            await give_six(redis, SITE)
        peers = {
            name: await stack.enter_async_context(peer(name, url))
            for name in dict.fromkeys(case.peer for case in cases)
        }
        for n in range(rounds + 1):
            for case in cases:
                run = await run_wrk(
                    peers[case.peer],
                    redis,
                    directory,
                    what=case.what,
                    seconds=seconds * (_PAST_RUNS if case.letter == "c" and not n else 1),
                    connections=connections,
                )
                if run.socket_errors or run.status_errors:
                    raise SystemExit(f"({case.letter}) {case.title}: {run}")
                if n:
                    runs[case.letter].append(run)
    return {case.letter: {"title": case.title, **_medians(runs[case.letter])} for case in cases}


def _medians(runs: list[Run]) -> dict[str, float]:
    columns = {name: [asdict(run)[name] for run in runs] for name in asdict(runs[0])}
    columns["rate"] = [run.rate for run in runs]
    result = {name: median(values) for name, values in columns.items()}
    result["service_us_least"] = min(columns["service_us"])
    result["service_us_most"] = max(columns["service_us"])
    return result


def show(measured: dict[str, Any]) -> None:
    table = Table(title="Each server with a core to itself, Redis and the load on another")
    for name in ("", "case", "req/s", "p50 ms", "p99 ms", "p99.9 ms"):
        table.add_column(name, justify="left" if name in ("", "case") else "right")
    for name in ("service µs", "(range)", "× (a)", "Redis µs", "× (e)"):
        table.add_column(name, justify="right")
    for letter, row in measured.items():
        table.add_row(
            f"({letter})",
            row["title"],
            f"{row['rate']:,.0f}",
            *(f"{row[name]:.1f}" for name in ("p50_ms", "p99_ms", "p999_ms", "service_us")),
            f"{row['service_us_least']:.1f}-{row['service_us_most']:.1f}",
            _ratio(row, measured.get("a"), "service_us"),
            f"{row['store_us']:.1f}",
            _ratio(row, measured.get("e"), "store_us"),
        )
    Console(width=140).print(table)


def _ratio(row: dict[str, Any], base: dict[str, Any] | None, column: str) -> str:
    return f"{row[column] / base[column]:.2f}" if base else ""

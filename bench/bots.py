"""What it costs to tell a bot from a reader: an agent that is known already, and a new one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from rich.console import Console
from rich.table import Table

from counter.ingest import bots
from tests.agents import BROWSERS

_CACHED = 4096


def measure(rounds: int) -> dict[str, Any]:
    """Return µs a check, the median of `rounds`, for readers' agents and for bots'."""
    listed = sorted({agent for bot in CRAWLER_USER_AGENTS_DATA for agent in bot["instances"]})
    measured = {}
    for name, agents in (("browsers", [*BROWSERS.values()]), ("listed bots", listed)):
        agents = agents[:_CACHED]
        measured[name] = {
            "agents": len(agents),
            "dropped": sum(map(bots.is_bot, agents)),
            "warm_us": _cost(agents, rounds, bots.is_bot),
            "cold_us": _cost(agents, rounds, bots.is_bot, forget=True),
        }
    return measured


def _cost(
    agents: Sequence[str], rounds: int, check: Callable[[str], bool], *, forget: bool = False
) -> float:
    costs = []
    for _ in range(rounds):
        if forget:
            bots._is_bot.cache_clear()
        began = time.perf_counter()
        for agent in agents:
            check(agent)
        costs.append((time.perf_counter() - began) / len(agents) * 1e6)
    return median(costs)


def show(measured: dict[str, Any]) -> None:
    table = Table("", "agents", "dropped", "known µs", "new µs", box=None)
    for name, row in measured.items():
        numbers = (f"{row['agents']:,}", f"{row['dropped']:,}")
        table.add_row(name, *numbers, f"{row['warm_us']:.2f}", f"{row['cold_us']:.1f}")
    Console().print(table)

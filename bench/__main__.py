"""`python -m bench`: all that is quick, side by side; `--help` tells the parts."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import click
import uvloop

from bench import (
    batches,
    bots,
    growth,
    imports,
    memory,
    overload,
    page,
    reads,
    scrape,
    speed,
    workers,
)

_SIZES = (1, 8, 32, 64, 128, 256, 512)
_SITES = (1, 8, 64, 512)


@click.group(invoke_without_command=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Where to write the JSON.")
@click.pass_context
def main(context: click.Context, target: Path | None) -> None:
    """Measure the counter on this machine; without a command, all but its memory."""
    context.obj = target or Path("build/bench.json")
    if context.invoked_subcommand is None:
        for command in (
            speed_command,
            overload_command,
            reads_command,
            batches_command,
            bots_command,
        ):
            context.invoke(command)


@main.command("speed")
@click.option("--cases", default="abcdef", show_default=True, help="Which of the cases.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=3, show_default=True, help="Length of one run.")
@click.option("--connections", default=128, show_default=True)
@click.option("--tcp", is_flag=True, help="Redis on a port, as with Compose; else on a socket.")
@click.pass_obj
def speed_command(
    target: Path, cases: str, rounds: int, seconds: int, connections: int, tcp: bool
) -> None:
    """What a counted view costs, beside the framework alone and other ways to count."""
    measured = uvloop.run(speed.measure(cases, rounds, seconds, connections, tcp=tcp))
    speed.show(measured)
    how = {"connections": connections, "rounds": rounds, "tcp": tcp}
    _write(target, "speed", {**how, **measured})


@main.command("overload")
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=4, show_default=True, help="Length of one run.")
@click.pass_obj
def overload_command(target: Path, rounds: int, seconds: int) -> None:
    """Latency at 0.7 of the highest throughput, and what happens at twice as much."""
    measured = uvloop.run(overload.measure(rounds, seconds))
    overload.show(measured)
    _write(target, "overload", measured)


@main.command("workers")
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=4, show_default=True, help="Length of one run.")
@click.option("--connections", default=256, show_default=True)
@click.pass_obj
def workers_command(target: Path, rounds: int, seconds: int, connections: int) -> None:
    """What a second worker brings."""
    measured = uvloop.run(workers.measure(rounds, seconds, connections))
    workers.show(measured)
    _write(target, "workers", measured)


@main.command("imports")
@click.option("--rows", default=200_000, show_default=True, help="10000000 shows the memory.")
@click.option("--format", "formats", multiple=True, default=[*imports.FORMATS])
@click.pass_obj
def imports_command(target: Path, rows: int, formats: tuple[str, ...]) -> None:
    """How fast a file is imported, and in how much memory."""
    measured = uvloop.run(imports.measure(list(formats), rows))
    imports.show(measured)
    _write(target, "imports", measured)


@main.command("bots")
@click.option("--rounds", default=51, show_default=True)
@click.pass_obj
def bots_command(target: Path, rounds: int) -> None:
    """What it costs to tell a bot from a reader."""
    measured = bots.measure(rounds)
    bots.show(measured)
    _write(target, "bots", measured)


@main.command("reads")
@click.option("--seconds", default=4, show_default=True, help="Length of one run.")
@click.pass_obj
def reads_command(target: Path, seconds: int) -> None:
    """What readers of one hot article cost the store."""
    measured = uvloop.run(reads.measure(seconds))
    reads.show(measured)
    _write(target, "reads", measured)


@main.command("batches")
@click.option("--views", default=30_000, show_default=True, help="Views of each size.")
@click.pass_obj
def batches_command(target: Path, views: int) -> None:
    """What a view costs in the store alone, by the size of its batch."""
    measured = uvloop.run(batches.measure(list(_SIZES), list(_SITES), views, warm=100_000))
    batches.show(measured)
    _write(target, "batches", measured)


@main.command("scrape")
@click.option("--scrapes", default=40, show_default=True, help="Scrapes of each service.")
@click.pass_obj
def scrape_command(target: Path, scrapes: int) -> None:
    """What a scrape takes, by the number of sites."""
    measured = uvloop.run(scrape.measure(scrapes))
    scrape.show(measured)
    _write(target, "scrape", measured)


@main.command("page")
@click.option("--rounds", default=25, show_default=True, help="Loads of each page, cold and warm.")
@click.pass_obj
def page_command(target: Path, rounds: int) -> None:
    """What the embed costs the page that carries it."""
    measured = uvloop.run(page.measure(rounds))
    page.show(measured)
    _write(target, "page", measured)


@main.command("growth")
@click.option("--large", is_flag=True, help="Ten million articles too: some minutes and 2 GiB.")
@click.pass_obj
def growth_command(target: Path, large: bool) -> None:
    """What a view costs as articles and the crowd online grow."""
    articles = [10**n for n in range(3, 8 if large else 7)]
    measured = uvloop.run(growth.measure(articles, [10**n for n in range(3, 7)]))
    growth.show(measured)
    _write(target, "growth", measured)


@main.command("memory")
@click.option("--large", is_flag=True, help="Ten million articles too: some minutes and 1 GiB.")
@click.pass_obj
def memory_command(target: Path, large: bool) -> None:
    """What articles, online visitors and idle sites take."""
    measured = uvloop.run(memory.measure([10**n for n in range(3, 8 if large else 7)]))
    memory.show(measured)
    _write(target, "memory", measured)


def _write(target: Path, name: str, measured: dict[str, Any]) -> None:
    document = json.loads(target.read_text()) if target.exists() else {}
    document["machine"] = {"python": platform.python_version(), "system": platform.platform()}
    document[name] = measured
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(f"Written to {target}")


if __name__ == "__main__":
    main()

"""The commands that keep house: they change figures that were counted, and show who did."""

from __future__ import annotations

import csv
import dataclasses
import getpass
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from counter.cli import exits
from counter.cli.common import (
    config_option,
    json_option,
    known,
    load_sites,
    opened,
    site_command,
    site_option,
)
from counter.cli.exits import heed_stop
from counter.cli.run import run
from counter.errors import Problem
from counter.ingest.pipeline import article_path
from counter.model.figures import Unit
from counter.settings import Settings, Site
from counter.sites import Sites
from counter.storage.audit import Entry
from counter.storage.house import Change, House

_ROWS_AT_ONCE = 1000


def who() -> str:
    """Return how the audit log names the user of this command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        # In a container the user need not have a name.
        return f"cli:{os.getuid()}"


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[House]:
    """Open the store of `settings` to keep house in it."""
    async with opened(settings) as store:
        yield House(store, Sites(settings.sites))


def show(change: Change, as_json: bool) -> None:
    """Print what an operation changed."""
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(change), ensure_ascii=False))
        return
    told = _difference(change.before, change.after) if change.changed else "there is nothing to do"
    click.echo(f"{change.site}: {change.what} {change.subject}: {told}")


def _difference(before: dict[str, int], after: dict[str, int]) -> str:
    """Return the figures before and after; where some changed, those that did not are left out."""
    if not before and not after:
        return "done"
    same = {name for name, figure in before.items() if after.get(name) == figure}
    if before.keys() == after.keys() != same:
        before, after = (
            {name: figure for name, figure in figures.items() if name not in same}
            for figures in (before, after)
        )
    return f"{_figures(before)} → {_figures(after)}"


def _figures(figures: dict[str, int]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in figures.items()) or "nothing"


@click.command("set")
@site_command
@click.option("--start", type=click.IntRange(0, 2**53 - 1), help="The total starts from it.")
@click.option(
    "--unit",
    type=click.Choice([unit.value for unit in Unit]),
    help="Of which total; the site's own unit if left out.",
)
def set_command(
    config: Path | None, as_json: bool, site: str, start: int | None, unit: str | None
) -> None:
    """Set the figure from which a site's total starts.

    \b
    Example:
      visitor-counter set -s vithuy --start 1361382
    """
    settings = load_sites(config, site)
    known(settings, site)
    if start is None:
        raise click.UsageError("nothing to set; give --start")

    async def write() -> Change:
        async with keeping(settings) as house:
            of = Unit(unit) if unit else settings.sites[site].unit
            return await house.set_start(site, of, start, who=who())

    show(run(write()), as_json)


@click.command()
@site_command
@click.option(
    "--from",
    "file",
    type=click.File(encoding="utf-8-sig"),
    help="A CSV file of renames: old path, new path; - is standard input.",
)
@click.argument("paths", nargs=-1, metavar="[OLD NEW]")
def rename(
    config: Path | None,
    as_json: bool,
    site: str,
    file: Iterable[str] | None,
    paths: tuple[str, ...],
) -> None:
    """Move an article's views to its new path.

    The old path stands for the new one from then on. With --from each line of a file is a rename:
    what can't be done is told by its line, does not stop the others, and makes the exit code 1. A
    file may be given twice.

    \b
    Examples:
      visitor-counter rename -s vithuy /news/1 /tin-tuc/lu-lut
      visitor-counter rename -s vithuy --from moved.csv
    """
    settings = load_sites(config, site)
    known(settings, site)
    if len(paths) != (0 if file else 2):
        raise click.UsageError("give OLD and NEW, or --from FILE")
    rows = enumerate(csv.reader(file), 1) if file else iter([(0, list(paths))])
    stopped = "what was told as renamed is so, and the same command goes on after it"
    if not run(_rename(settings, site, rows, as_json), stopped=stopped):
        sys.exit(exits.FAILED)


async def _rename(
    settings: Settings, site: str, rows: Iterator[tuple[int, list[str]]], as_json: bool
) -> bool:
    """Make the renames of `rows`, each with its line's number; returns whether all went well."""
    all_well = True
    async with keeping(settings) as house:
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            heed_stop()
            lines, pairs = [], []
            for line, row in part:
                try:
                    if pair := _pair(row, settings.sites[site]):
                        pairs.append(pair)
                        lines.append(line)
                except Problem as problem:
                    all_well = _complain(line, problem)
            outcomes = await house.rename_many(site, pairs, who=who())
            for line, outcome in zip(lines, outcomes, strict=True):
                if isinstance(outcome, Problem):
                    all_well = _complain(line, outcome)
                else:
                    show(outcome, as_json)
    return all_well


def _pair(row: list[str], site: Site) -> tuple[str, str] | None:
    """Return the two names in a row; None if it is empty or the head of the table."""
    if not any(row) or [cell.strip().lower() for cell in row] == ["old", "new"]:
        return None
    if len(row) != 2:
        raise Problem(f"{len(row)} columns, where the old path and the new would be right")
    old, new = (article_path(cell.strip(), site) for cell in row)
    if old == new:
        raise Problem(f"{old} is to be renamed to itself; give another name.")
    return old, new


def _complain(line: int, problem: Problem) -> bool:
    where = f"line {line}: " if line else ""
    click.echo(f"visitor-counter: {where}{problem}", err=True)
    return False


@click.command()
@config_option
@json_option
@site_option("This site only; may be repeated.", "only", multiple=True)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many at most.",
)
def audit(config: Path | None, as_json: bool, only: tuple[str, ...], limit: int) -> None:
    """Show who changed figures by hand, the newest first.

    Each change is told with when it was and what the figures were before. A site's log outlives
    the site: name one with --site that has been forgotten.

    \b
    Example:
      visitor-counter audit -s vithuy --limit 5
    """
    settings = load_sites(config, *only)

    async def read() -> list[tuple[str, Entry]]:
        async with keeping(settings) as house:
            found = [
                (site, entry)
                for site in only or settings.sites
                for entry in await house.audit(site, limit)
            ]
        return sorted(found, key=lambda pair: pair[1].at, reverse=True)[:limit]

    found = run(read())
    if as_json:
        rows = [{"site": site, **_row(entry)} for site, entry in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not found:
        click.echo("nobody has changed figures by hand", err=True)
    for site, entry in found:
        figures = _difference(entry.before, entry.after)
        when = _when(entry.at)[:19].replace("T", " ")
        click.echo(f"{when} UTC  {entry.who}  {site}: {entry.what} {entry.subject}: {figures}")


def _row(entry: Entry) -> dict[str, object]:
    return {**dataclasses.asdict(entry), "at": _when(entry.at)}


def _when(at: int) -> str:
    """Return an instant (ms) by ISO 8601."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")

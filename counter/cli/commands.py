"""The commands, each a thin layer over the package."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import structlog

from counter import __version__
from counter.cli import exits, logs
from counter.cli.common import (
    Commands,
    config_option,
    day_option,
    json_option,
    known,
    load_sites,
    opened,
    print_rows,
    print_table,
    site_command,
    site_option,
)
from counter.cli.reload import reload
from counter.cli.run import on_hangup, run, until_told
from counter.cli.workers import log_serving, serve_with_workers, url_of
from counter.ingest.pipeline import article_path
from counter.model.clock import wall_ms
from counter.model.days import day_date, shift, span, week_start
from counter.model.figures import DayRow, Figures
from counter.settings import Settings, load
from counter.sites import Sites
from counter.storage.check import Difference, differences
from counter.storage.store import Query
from counter.web.demo_site import demo_settings, set_up
from counter.web.service import running

log = structlog.get_logger()

FIGURES = ("online", "today", "yesterday", "week", "month", "total")


_HELP = "\n".join(
    (
        "An exact, private visitor counter for web sites.",
        "\n\b\nExamples:",
        "  visitor-counter serve --config counter.toml",
        "  visitor-counter figures --config counter.toml -s vithuy",
        "\n\b\nExit codes:",
        *(f"  {code:<5}{meaning}" for code, meaning in exits.EXITS.items()),
    )
)


@click.group(cls=Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="visitor-counter")
def main() -> None:
    pass


@main.command()
@config_option
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes that serve; overrides the settings."
)
def serve(config: Path | None, workers: int | None) -> None:
    """Serve the counter until it is told to stop (SIGTERM, Ctrl-C).

    SIGHUP takes the settings' sites and tokens anew.

    \b
    Example:
      visitor-counter serve --config counter.toml --workers 2
    """
    settings = load(config)
    logs.configure(settings.server.log_level)
    count = workers or settings.server.workers
    run(_serve(settings, config) if count == 1 else serve_with_workers(settings, count, config))


async def _serve(settings: Settings, config: Path | None) -> None:
    async with running(settings) as up:
        service = up.service
        on_hangup(partial(reload, config, settings, service.directory, service.tokens))
        told = until_told()
        log_serving(settings, service.address, up.ops_address, workers=1)
        log.info("stopping", signal=await told)
    log.info("stopped")


@main.command()
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="HOST:PORT.")
@click.option("--ops-listen", default="127.0.0.1:8081", show_default=True, help="HOST:PORT.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo keeps its figures.",
)
def demo(listen: str, ops_listen: str, data: Path) -> None:
    """Serve a small news site that counts, on a store of its own.

    \b
    Example:
      visitor-counter demo --listen 127.0.0.1:8000
    """
    settings = demo_settings(listen, ops_listen, data)
    logs.configure(settings.server.log_level)
    run(_demo(settings))


async def _demo(settings: Settings) -> None:
    async with running(settings) as up:
        await set_up(up.service)
        told = until_told()
        click.echo(f"Open {url_of(up.service.address)} and reload: each view counts.")
        ops = url_of(up.ops_address)
        click.echo(f"The owner's page: {ops}dashboard/demo, metrics: {ops}metrics.")
        click.echo("Ctrl-C stops it.")
        await told


@main.command()
@site_command
@click.argument("paths", nargs=-1)
def figures(config: Path | None, as_json: bool, site: str, paths: tuple[str, ...]) -> None:
    """Show a site's figures, and the views of PATHS.

    \b
    Examples:
      visitor-counter figures -s vithuy
      visitor-counter figures -s vithuy /news/1 /news/2 --json
    """
    settings = load_sites(config, site)
    known(settings, site)
    wanted = {path: article_path(path, settings.sites[site]) for path in paths}

    async def read() -> Figures:
        async with opened(settings) as store:
            query = Query(site, wall_ms(), tuple(dict.fromkeys(wanted.values())))
            return await store.figures(query)

    found = run(read())
    row: dict[str, Any] = {
        "site": site,
        "day": day_date(found.day).isoformat(),
        **{name: getattr(found, name) for name in FIGURES},
        "articles": {path: found.articles[name] for path, name in wanted.items()},
    }
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    rows = [(name, row[name]) for name in ("day", *FIGURES)] + list(row["articles"].items())
    print_table(("figure", site), rows)


@main.command()
@site_command
@click.option("--from", "first", help="The first day, such as 2026-11-01; 30 days ago if left out.")
@click.option("--to", "last", help="The last day; today if left out.")
def history(
    config: Path | None, as_json: bool, site: str, first: str | None, last: str | None
) -> None:
    """Show a row per day: views, visits, visitors.

    \b
    Example:
      visitor-counter history -s vithuy --from 2026-11-01 --to 2026-11-22
    """
    settings = load_sites(config, site)
    known(settings, site)
    to = day_option("--to", last) or _today(settings, site)
    since = day_option("--from", first) or shift(to, -29)
    if since > to:
        raise click.UsageError(f"--from {day_date(since)} is after --to {day_date(to)}")

    async def read() -> list[DayRow]:
        async with opened(settings) as store:
            return await store.history(site, since, to)

    rows = [
        (day_date(row.day).isoformat(), row.views, row.visits, row.visitors) for row in run(read())
    ]
    print_rows(("day", "views", "visits", "visitors"), rows, as_json)


@main.command()
@site_command
@click.option(
    "--period",
    type=click.Choice(["today", "week", "total"]),
    default="today",
    show_default=True,
    help="Of which views.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most."
)
def top(config: Path | None, as_json: bool, site: str, period: str, limit: int) -> None:
    """Show the most read articles.

    \b
    Example:
      visitor-counter top -s vithuy --period week --limit 20
    """
    settings = load_sites(config, site)
    known(settings, site)
    today = _today(settings, site)
    days = {"today": [today], "week": span(week_start(today), today), "total": []}[period]

    async def read() -> list[tuple[str, int]]:
        async with opened(settings) as store:
            return await store.top(site, days, limit)

    print_rows(("path", "views"), run(read()), as_json)


@main.command()
@config_option
@json_option
@site_option("Check this site only; may be repeated.", "only", multiple=True)
def check(config: Path | None, as_json: bool, only: tuple[str, ...]) -> None:
    """Prove that total = start + the sum of all days.

    Where it does not hold, it says which day differs and by how much, and the exit code is 3.

    \b
    Examples:
      visitor-counter check
      visitor-counter check -s vithuy --json
    """
    settings = load_sites(config, *only)
    for site in only:
        known(settings, site)

    async def read() -> dict[str, list[Difference]]:
        async with opened(settings) as store:
            return {site: differences(await store.ledger(site)) for site in only or settings.sites}

    found = run(read())
    if as_json:
        click.echo(
            json.dumps(
                {
                    site: [dataclasses.asdict(item) for item in items]
                    for site, items in found.items()
                }
            )
        )
    else:
        for site, items in found.items():
            for item in items:
                click.echo(f"{site}: {item}")
            if not items:
                click.echo(f"{site}: all figures agree")
    if any(found.values()):
        sys.exit(exits.DIFFERS)


def _today(settings: Settings, site: str) -> str:
    sites = Sites(settings.sites)
    return sites.calendar(sites[site]).day(wall_ms())

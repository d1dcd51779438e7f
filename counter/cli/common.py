"""What the commands share: options, errors in one line, the store, and tables."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from counter.cli import exits, logs
from counter.cli.run import run
from counter.errors import CounterError, SettingsError, UnknownSite
from counter.metrics import Metrics
from counter.model.days import day_name
from counter.settings import SITE_KEY, Settings, load
from counter.sites import Sites
from counter.storage.directory import read_entries
from counter.storage.embedded import store_url
from counter.storage.schema import refuse_newer
from counter.storage.store import Store

_WIDE = 10_000
"""Columns that a table may take where nobody sees it."""
_SHOWN = 10
"""Sites that are named where one is not found."""

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="COUNTER_CONFIG",
    help="The settings file; COUNTER_CONFIG names it too. COUNTER_… variables override it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def complete_site(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Complete the key of a site in the settings; the store is not asked, as TAB must not wait."""
    try:
        sites = load(context.params.get("config")).sites
    except CounterError:
        return []
    return [key for key in sites if key.startswith(begun)]


def site_option(text: str, *names: str, **attributes: Any) -> Callable[..., Any]:
    """Return the option by which sites are named, explained by `text`."""
    attributes |= {"help": text, "shell_complete": complete_site}
    return click.option("--site", "-s", *names, **attributes)


class Commands(click.Group):
    """Turns our errors into one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CounterError as error:
            for line in str(error).splitlines():
                click.echo(f"visitor-counter: {line}", err=True)
            sys.exit(exits.FAILED)
        except KeyboardInterrupt as stop:
            exits.tell_stopped(stop)
            sys.exit(exits.STOPPED)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """Open the store for a command, beside the service that uses it or without one."""
    logs.to_stderr()
    async with store_url(settings.store, own=False) as url:
        store = Store.open(url, settings.store, Sites(settings.sites), Metrics())
        try:
            await refuse_newer(store)
            yield store
        finally:
            await store.close()


def site_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all of them have that look at one site."""
    function = site_option("The site's key.", required=True)(function)
    return json_option(config_option(function))


def load_sites(config: Path | None, *named: str) -> Settings:
    """Read the settings, with the sites that were added while the service ran (`/admin/v1`).

    The store is asked only where the file does not have all that are named, or none is named.

    Raises:
        SettingsError: there are no settings, or none is named where there are no sites.
    """
    settings = load(config)
    if named and settings.sites.keys() >= set(named):
        return settings
    if settings == Settings():
        # No store is to be made here for somebody who only forgot to say which it is.
        raise _no_site()
    settings = run(_with_added(settings))
    if not named and not settings.sites:
        raise _no_site()
    return settings


def _no_site() -> SettingsError:
    return SettingsError(
        "no site is configured; --config FILE, or COUNTER_CONFIG, names the settings' file"
    )


async def _with_added(settings: Settings) -> Settings:
    async with opened(settings) as store:
        entries, refused = await read_entries(store)
    for key, error in refused.items():
        click.echo(f"visitor-counter: the site {key} is left out: {error}", err=True)
    return settings.model_copy(update={"sites": {**entries.sites, **settings.sites}})


def known(settings: Settings, site: str) -> None:
    """Refuse a site that is not in the settings.

    Raises:
        SettingsError, UnknownSite: names what would be right.
    """
    if not settings.sites:
        raise _no_site()
    if SITE_KEY.fullmatch(site) and site not in settings.sites:
        keys = ", ".join(sorted(settings.sites)[:_SHOWN])
        more = ", …" if len(settings.sites) > _SHOWN else ""
        raise UnknownSite(f"There is no site {site!r} here; there are {keys}{more}")
    Sites(settings.sites).find(site)


def day_option(name: str, text: str | None) -> str | None:
    """Return the day that an option names, as `YYYYMMDD`."""
    if text is None:
        return None
    try:
        return day_name(date.fromisoformat(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day, such as 2026-11-22", param_hint=name) from (
            None
        )


def print_rows(columns: tuple[str, ...], rows: list[Any], as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False)
        )
    else:
        print_table(columns, rows)


def print_table(columns: tuple[str, ...], rows: list[Any]) -> None:
    table = Table()
    for n, column in enumerate(columns):
        table.add_column(column, justify="left" if n == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    # A path is told as it is, whatever brackets and colons are in it; whole, where no screen ends.
    width = None if sys.stdout.isatty() else _WIDE
    Console(markup=False, emoji=False, width=width).print(table)

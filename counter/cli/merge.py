"""The commands that take a while: merging two sites, and compacting one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from counter.cli.common import complete_site, known, load_sites, opened, site_command
from counter.cli.exits import ask, heed_stop
from counter.cli.house import keeping, show, who
from counter.cli.run import run
from counter.errors import UnknownSite
from counter.model.figures import Unit
from counter.settings import SITE_KEY, Settings
from counter.sites import Sites
from counter.storage.house import Change, House, Progress


@contextmanager
def bar(what: str) -> Iterator[Progress]:
    """Show a progress bar on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)

        def progress(done: int, of: int) -> None:
            shown.update(task, completed=done, total=of)
            heed_stop()

        yield progress


@click.command()
@site_command
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("into", shell_complete=complete_site)
def merge(config: Path | None, as_json: bool, site: str, yes: bool, into: str) -> None:
    """Add all figures of a site to those of another; asks first.

    They move to the site INTO: articles, days, start figures, hours, the most read and late days'
    visitors, each once, however often this is stopped and given again. Both go on counting
    meanwhile; what is still counted for the site afterwards stays there until it is merged again.
    Days meet by their names. The site itself need not be in the settings any more.

    \b
    Examples:
      visitor-counter merge -s old-blog vithuy
      visitor-counter merge -s old-blog vithuy --yes --json
    """
    settings = load_sites(config, into)
    known(settings, into)
    if not SITE_KEY.fullmatch(site):
        known(settings, site)
    run(
        _merge(settings, site, into, yes=yes, as_json=as_json),
        stopped="what was moved stays so, and the same command moves the rest",
    )


async def _merge(settings: Settings, site: str, into: str, *, yes: bool, as_json: bool) -> None:
    async with opened(settings) as store:
        total = (await store.ledger(site)).total
        if not total:
            raise UnknownSite(f"Nothing is known of a site {site!r}; its key would be right.")
        if not yes:
            told = f"{total.get(Unit.VIEWS, 0):,} views of {total.get('articles', 0):,} articles"
            ask(f"Move all figures of {site} to {into}, {told}?")
        house = House(store, Sites(settings.sites))
        with bar("articles") as progress:
            change = await house.merge(site, into, who=who(), progress=progress)
        show(change, as_json)


@click.command()
@site_command
def compact(config: Path | None, as_json: bool, site: str) -> None:
    """Have a site's figures take as little memory as they can.

    It changes no figure, goes on beside the counting, and may be stopped at any moment; it tells
    the bytes before and after.

    \b
    Example:
      visitor-counter compact -s vithuy
    """
    settings = load_sites(config, site)
    known(settings, site)

    async def pack() -> Change:
        async with keeping(settings) as house:
            with bar("buckets") as progress:
                return await house.compact(site, who=who(), progress=progress)

    show(run(pack(), stopped="no figure was changed"), as_json)

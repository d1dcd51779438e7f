"""The command that forgets an article, a day or a site: it says what would be lost, and asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import click

from counter.cli.common import day_option, load_sites, opened, site_command
from counter.cli.exits import ask
from counter.cli.house import show, who
from counter.cli.run import run
from counter.errors import UnknownSite
from counter.ingest.pipeline import article_path
from counter.model.clock import wall_ms
from counter.model.days import day_date
from counter.model.figures import Unit
from counter.settings import SITE_KEY, Settings, load
from counter.sites import Sites
from counter.storage.house import Change, House
from counter.storage.store import Query, Store


@dataclass(frozen=True, slots=True)
class _Loss:
    """Something that is to be forgotten."""

    told: str
    """What would be lost, for people."""
    forget: Callable[[], Awaitable[Change]]


@click.command()
@site_command
@click.option("--day", help="Forget this day, such as 2026-11-22.")
@click.option("--everything", is_flag=True, help="Forget the whole site.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("paths", nargs=-1)
def forget(
    config: Path | None,
    as_json: bool,
    site: str,
    day: str | None,
    everything: bool,
    yes: bool,
    paths: tuple[str, ...],
) -> None:
    """Forget articles, a day, or a whole site; asks first.

    The articles are those at PATHS. Their views stay in the site's figures: they were views of
    the site. A path that stands for another article is forgotten alone. A day's figures leave the
    totals too; articles keep their views. Of a whole site nothing stays but its audit log. A site
    that is still in the settings begins anew, with its start_total, when the service starts.

    \b
    Examples:
      visitor-counter forget -s vithuy /draft
      visitor-counter forget -s vithuy --day 2026-11-22
      visitor-counter forget -s old-blog --everything --yes
    """
    settings = load(config) if everything else load_sites(config, site)
    if bool(paths) + bool(day) + everything != 1:
        raise click.UsageError("give PATHS, or --day, or --everything")
    if site not in settings.sites and not (everything and SITE_KEY.fullmatch(site)):
        Sites(settings.sites).find(site)
    name = day_option("--day", day)
    names = [article_path(path, settings.sites[site]) for path in paths]
    run(
        _forget(settings, site, names, name, yes=yes, as_json=as_json),
        stopped="what was told as forgotten is so, and the same command forgets the rest",
    )


async def _forget(
    settings: Settings, site: str, paths: list[str], day: str | None, *, yes: bool, as_json: bool
) -> None:
    async with opened(settings) as store:
        house = House(store, Sites(settings.sites))
        for loss in await _losses(store, house, site, paths, day):
            if not yes:
                ask(f"Forget {loss.told}?")
            show(await loss.forget(), as_json)


async def _losses(
    store: Store, house: House, site: str, paths: list[str], day: str | None
) -> list[_Loss]:
    if paths:
        return [await _article(store, house, site, path) for path in dict.fromkeys(paths)]
    if day:
        [row] = await store.history(site, day, day)
        told = f"the day {day_date(day)} of {site}, with {row.views:,} views"
        return [_Loss(told, lambda: house.forget_day(site, day, who=who()))]
    total = (await store.ledger(site)).total
    if not total:
        raise UnknownSite(f"Nothing is known of a site {site!r}; its key would be right.")
    told = f"the whole site {site}, with {total.get(Unit.VIEWS, 0):,} views"
    return [_Loss(told, lambda: house.forget_site(site, who=who()))]


async def _article(store: Store, house: House, site: str, path: str) -> _Loss:
    if target := await house.stands_for(site, path):
        told = f"that {path} of {site} stands for {target}, which keeps its views"
    else:
        views = (await store.figures(Query(site, wall_ms(), (path,)))).articles[path]
        told = f"{path} of {site}, with {views:,} views"
    return _Loss(told, lambda: house.forget_article(site, path, who=who()))

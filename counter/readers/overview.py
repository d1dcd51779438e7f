"""What a site's owner looks at: figures, hours, days, months, the most read; and the search."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from unicodedata import combining, normalize

from counter.errors import BadPath, CounterError, Unavailable
from counter.model.clock import Clock, monotonic_ms
from counter.model.days import (
    HOUR_MS,
    day_start,
    hour_starts,
    month_start,
    shift,
    span,
    week_start,
)
from counter.model.figures import DayRow, Figures
from counter.model.paths import normalise
from counter.readers.turns import Turns
from counter.settings import Site
from counter.sites import Sites
from counter.storage.keys import TOP_KEEP
from counter.storage.store import Query, Store

DAYS_SHOWN = 30
MONTHS_SHOWN = 12
TOP_SHOWN = 10
MOST_FOUND = 50
LONGEST_SEARCH = 1_000
"""Characters of a search: a whole address may be pasted."""
MOST_SEARCHES = 16
"""Searches that may be under way or wait: they are made one at a time."""
_SEARCHED = 2 * TOP_KEEP

Articles = list[tuple[str, int]]
"""Articles with their views, most read first."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of today beside the same hour of yesterday, by the clocks of the site's zone."""

    begins: str
    """`HH:MM`; on a day of 25 hours one stands twice."""
    views: int | None
    """None: it is still to come."""
    yesterday: int | None
    """None: yesterday had no such hour, or its hours are not known any more."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A site as its owner sees it, at one moment."""

    at: int
    """When it was read, in ms since the epoch."""
    figures: Figures
    hours: list[Hour]
    days: list[DayRow]
    """The last 30 days, today last."""
    months: list[DayRow]
    """The last 12 months, this one last, each named by its first day."""
    top: dict[str, Articles]
    """The most read: `today`, `week`, `total`."""


class OverviewReader:
    """Reads overviews through a memory of `max_age_ms`; all who ask meanwhile share one look."""

    def __init__(self, store: Store, sites: Sites, clock: Clock, *, max_age_ms: int) -> None:
        self._store = store
        self._sites = sites
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._known: dict[str, tuple[int, Overview]] = {}
        self._looking: dict[str, asyncio.Task[Overview]] = {}
        self._searches = Turns(MOST_SEARCHES)

    async def read(self, key: str) -> Overview:
        """Return the overview of the site `key`: the last known, stale, while the store is away.

        Raises:
            UnknownSite: there is no such site.
            Unavailable: the store can't tell, and nothing is known from before.
        """
        site = self._sites.find(key)
        known = self._known.get(key)
        if known and known[0] > monotonic_ms() - self._max_age_ms:
            return known[1]
        look = self._looking.get(key)
        if look is None:
            look = self._looking[key] = asyncio.create_task(self._look(key, site))
            look.add_done_callback(lambda done: self._looked(key, done))
        try:
            return await asyncio.shield(look)
        except CounterError as error:
            if not known:
                raise Unavailable(f"The figures can't be read: {error}.") from None
            overview = known[1]
            return replace(overview, figures=replace(overview.figures, stale=True))

    def _looked(self, key: str, look: asyncio.Task[Overview]) -> None:
        del self._looking[key]
        if not look.cancelled():
            look.exception()  # seen, even if all who asked have gone away

    async def _look(self, key: str, site: Site) -> Overview:
        asked, now = monotonic_ms(), self._clock()
        today = self._sites.calendar(site).day(now)
        yesterday = shift(today, -1)
        ask = self._store
        figures, hours, rows, *top = await asyncio.gather(
            ask.figures(Query(key, now)),
            ask.hours(key, (today, yesterday)),
            ask.history(key, first_month(today), today),
            ask.top(key, [today], TOP_SHOWN),
            ask.top(key, span(week_start(today), today), TOP_SHOWN),
            ask.top(key, [], TOP_SHOWN),
        )
        begun = (now - day_start(site.timezone, today)) // HOUR_MS + 1
        overview = Overview(
            at=now,
            figures=figures,
            hours=_side_by_side(
                (hour_starts(site.timezone, today), hours[0]),
                (hour_starts(site.timezone, yesterday), hours[1]),
                begun,
            ),
            days=rows[-DAYS_SHOWN:],
            months=_by_month(rows),
            top=dict(zip(("today", "week", "total"), top, strict=True)),
        )
        self._known[key] = (asked, overview)
        return overview

    async def search(self, key: str, text: str) -> Articles:
        """Return the articles whose path holds all words of `text`, and the one that it names.

        However many articles there are, only the most read ever and of today are looked through
        (at most 2,000 each), letters without regard to case and marks; but an article is found by
        its whole path whatever its rank. At most 50 are returned.

        Raises:
            UnknownSite: there is no such site.
            Unavailable: too many search already.
        """
        site = self._sites.find(key)
        text = text.strip()[:LONGEST_SEARCH]
        if not text:
            return []
        async with self._searches.take():
            return await self._search(key, site, text)

    async def _search(self, key: str, site: Site, text: str) -> Articles:
        now = self._clock()
        today = self._sites.calendar(site).day(now)
        ever, of_today = await asyncio.gather(
            self._store.top(key, [], _SEARCHED), self._store.top(key, [today], _SEARCHED)
        )
        words = list(dict.fromkeys(_plain(text).split()))
        paths = dict.fromkeys(path for path, _ in (*ever, *of_today) if _holds(path, words))
        try:
            whole = [normalise(text, site.kept_parameters)]
        except BadPath:
            whole = []
        asked = tuple(dict.fromkeys((*whole, *list(paths)[:MOST_FOUND])))
        views = (await self._store.figures(Query(key, now, asked))).articles
        found = [(path, count) for path, count in views.items() if count]
        return sorted(found, key=lambda article: (-article[1], article[0]))[:MOST_FOUND]


def first_month(today: str) -> str:
    """Return the first day of the eleventh month before that of `today`: twelve with this one."""
    months = int(today[:4]) * 12 + int(today[4:6]) - MONTHS_SHOWN
    return f"{months // 12:04d}{months % 12 + 1:02d}01"


def _by_month(rows: Iterable[DayRow]) -> list[DayRow]:
    months = []
    for month, its in groupby(rows, key=lambda row: month_start(row.day)):
        counts = [(row.views, row.visits, row.visitors) for row in its]
        months.append(DayRow(month, *(sum(column) for column in zip(*counts, strict=True))))
    return months


def _side_by_side(
    today: tuple[Sequence[str], dict[int, int]],
    yesterday: tuple[Sequence[str], dict[int, int]],
    begun: int,
) -> list[Hour]:
    """Pair the hours of two days by what the clocks show, not by their number."""
    before: defaultdict[str, list[int | None]] = defaultdict(list)
    starts, views = yesterday
    for number, start in enumerate(starts):
        before[start[:2]].append(views.get(number, 0) if views else None)
    starts, views = today
    return [
        Hour(
            start,
            views.get(number, 0) if number < begun else None,
            before[start[:2]].pop(0) if before[start[:2]] else None,
        )
        for number, start in enumerate(starts)
    ]


def _holds(path: str, words: Iterable[str]) -> bool:
    plain = _plain(path)
    return all(word in plain for word in words)


def _plain(text: str) -> str:
    """Return `text` in small letters without marks, as somebody types who is in a hurry."""
    if text.isascii():
        return text.lower()
    decomposed = normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(letter for letter in decomposed if not combining(letter))

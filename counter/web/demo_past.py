"""What happened on the demo's site before it was first opened: a year of days, two by the hour."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import islice

from counter.model.days import HOUR_MS, day_start, shift
from counter.model.figures import Batch, DayRow, Hit
from counter.web import demo
from counter.web.service import Service

_DAYS = 365
_MEAN_VIEWS, _SEASON, _WEEKEND = 3_200, 900, 1_100
"""Views of a day, by how much they go up and down in a year, and how many fewer a weekend has."""
_VISITS, _VISITORS = 0.35, 0.3
"""What a day's visits and visitors are of its views."""
_PAGES_A_VISIT = 3
_HOURS = (1, 1, 1, 1, 2, 4, 9, 18, 27, 30, 26, 19, 12, 9, 8, 9, 12, 14, 18, 24, 26, 20, 10, 4)
"""How a day's views lie over its hours: a morning and an evening."""
_OFTEN = ("/", "/", "/", "/tin-tuc", "/thong-bao", "/van-hoa")
"""Where those go who read no article."""
_PRODUCER = "00000000000000de"
_BATCH = 500


def start_total() -> int:
    """Return what the site counted before its first known day."""
    return demo.START_TOTAL - demo.START_TODAY - sum(map(_views_before, range(1, _DAYS + 1)))


async def live_through(service: Service) -> None:
    """Give the store, if it is new, the figures that the demo starts from.

    The last two days are counted view by view, since no import knows hours.
    """
    site = service.sites[demo.SITE]
    now = service.clock()
    today = service.sites.calendar(site).day(now)
    rows = []
    for ago in range(2, _DAYS + 1):
        views = _views_before(ago)
        rows.append(DayRow(shift(today, -ago), views, int(views * _VISITS), int(views * _VISITORS)))
    a_day = {path: views // 3 for path, views in demo.START_VIEWS.items()}
    before = {path: views - 2 * a_day[path] for path, views in demo.START_VIEWS.items()}
    if not await service.store.add(demo.SITE, "demo-start", 1, rows, before):
        return
    # Nobody is online any more when the first real visitor comes.
    ends = {shift(today, -1): day_start(site.timezone, today), today: now - site.online_window}
    counts = {shift(today, -1): _views_before(1), today: demo.START_TODAY}
    seq = 0
    for day, end in ends.items():
        begin = day_start(site.timezone, day)
        hits = _hits(day, a_day, _moments(begin, max(end, begin + 1), counts[day]))
        while some := tuple(islice(hits, _BATCH)):
            seq += 1
            batch = Batch(_PRODUCER, seq, demo.SITE, day, some)
            await service.store.apply([batch], some[-1].at)


def _views_before(ago: int) -> int:
    """Return the views of the day that lies `ago` days back: fewer once a week for two days."""
    season = _SEASON * math.sin(ago / _DAYS * 2 * math.pi)
    return int(_MEAN_VIEWS + season - _WEEKEND * (ago % 7 in (2, 3)) + 37 * (ago * ago % 11))


def _moments(begin: int, end: int, views: int) -> Iterator[int]:
    """Yield the instants of so many views, in order, more of them in the busy hours."""
    starts = range(begin, end, HOUR_MS)
    lengths = [min(HOUR_MS, end - start) for start in starts]
    weights = [_HOURS[n % 24] * length for n, length in enumerate(lengths)]
    told = reached = 0
    for start, length, weight in zip(starts, lengths, weights, strict=True):
        reached += weight
        count = views * reached // sum(weights) - told
        told += count
        yield from (start + n * length // count for n in range(count))


def _hits(day: str, articles: dict[str, int], moments: Iterator[int]) -> Iterator[Hit]:
    """Yield a view for each moment: of each article so many, in any order, and of other pages."""
    chance = random.Random(day)  # noqa: S311 # a made-up past
    instants = list(moments)
    read = [path for path, views in articles.items() for _ in range(views)]
    paths = read + chance.choices(_OFTEN, k=len(instants) - len(read))
    chance.shuffle(paths)
    readers = int(len(instants) * _VISITORS)
    for number, (path, at) in enumerate(zip(paths, instants, strict=True)):
        reader = number // _PAGES_A_VISIT % readers
        yield Hit(demo.SITE, path, day, at, reader.to_bytes(8, "big"))

"""WP Statistics 12.6 to 14, a plugin of WordPress, from an SQL dump or its tables as CSV.

Articles are the addresses in `statistics_pages`, of all days; days have the views and the
visitors that the tables tell of (they know no visits); what was purged is in
`statistics_historical`.
Source: WP Statistics 14.15, `includes/class-wp-statistics-install.php`, `SummaryTotals…`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from counter.importing import wp_addresses
from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import (
    ArticleViews,
    BadRow,
    DayFigures,
    Row,
    StartFigures,
    count_of,
    day_of,
    rejected,
)
from counter.importing.staging import Staging
from counter.importing.tally import Aside

_URIS = """
    SELECT uri, count, type FROM statistics_pages WHERE _prefix = :prefix
    UNION ALL
    SELECT uri, value, '' FROM statistics_historical WHERE _prefix = :prefix AND category = 'uri'
    ORDER BY uri
"""
_STATISTICS_DAYS = """
    SELECT last_counter, visit, '0' FROM statistics_visit WHERE _prefix = :prefix
    UNION ALL
    SELECT last_counter, CAST(sum(hits) AS TEXT), CAST(count(*) AS TEXT) FROM statistics_visitor
    WHERE _prefix = :prefix GROUP BY last_counter
    UNION ALL
    SELECT date, views, visitors FROM statistics_summary_totals WHERE _prefix = :prefix
    ORDER BY 1
"""
_PURGED = """
    SELECT category, value FROM statistics_historical
    WHERE _prefix = :prefix AND category IN ('visits', 'visitors')
"""
_NO_PAGES = ("404", "feed", "loginpage")


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    tables = {
        "options": wp_addresses.TABLES["options"],
        "statistics_pages": ("uri", "type", "count"),
        "statistics_historical": ("category", "uri", "value"),
        "statistics_visit": ("last_counter", "visit"),
        "statistics_visitor": ("last_counter", "hits"),
        "statistics_summary_totals": ("date", "visitors", "views"),
    }
    with Staging(tables, options.prefix) as staging:
        yield from staging.load(sources, wp_addresses.keep)
        prefix = staging.prefix_of("statistics_pages", "statistics_visit")
        yield from _uris(staging, prefix, options)
        rows = staging.query(_STATISTICS_DAYS, prefix=prefix)
        for day, figures in groupby(rows, itemgetter(0)):
            try:
                # Each table has what the others have forgotten, or did not know yet.
                views, visitors = (
                    max(count_of(figure or "0") for figure in column)
                    for column in zip(*(row[1:] for row in figures), strict=True)
                )
                yield DayFigures(day_of(day or ""), views, 0, visitors)
            except BadRow as error:
                yield rejected(0, str(error), f"day {day}")
        yield from _purged({row[0]: row[1] for row in staging.query(_PURGED, prefix=prefix)})


def _uris(staging: Staging, prefix: str, options: Options) -> Iterator[Row]:
    article, aside = normaliser(options.keep_query), Aside()
    root = wp_addresses.root_of(wp_addresses.settings(staging, prefix))
    for uri, rows in groupby(staging.query(_URIS, prefix=prefix), itemgetter(0)):
        views = 0
        for _, count, kind in rows:
            try:
                if kind in _NO_PAGES:
                    aside.leave_out(kind)
                else:
                    views += count_of(count or "")
            except BadRow as error:
                yield rejected(0, str(error), f"{uri}: {count}")
        try:
            if views:
                yield ArticleViews(article(root + (uri or "")), views)
        except BadRow as error:
            yield rejected(0, str(error), f"{uri}: {views}")
    yield from aside.left_out()


def _purged(figures: Mapping[str, Any]) -> Iterator[Row]:
    try:
        views, visitors = (count_of(figures.get(name) or "0") for name in ("visits", "visitors"))
    except BadRow as error:
        yield rejected(0, str(error), "statistics_historical")
    else:
        yield StartFigures(views, 0, visitors)

"""Two plugins of WordPress that count the views of posts, from an SQL dump or tables as CSV.

- *Post Views Counter* (table `post_views`): of each post the total (type 4) and the days (type 0,
  in GMT or the site's zone, by its setting). What the total has more than the days belongs to none.
- *WP-PostViews* (`postmeta`, key `views`): of each post the total, no days.

Posts get the addresses that WordPress gives them; those not published are left out.
Source: Post Views Counter 1.7.12, `activate_single`; WP-PostViews 1.71 and 2.0, counting.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
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
from counter.importing.staging import Staging, Values
from counter.importing.tally import Aside
from counter.importing.wp_addresses import Addresses

_POST = ", ".join(f"p.{column}" for column in wp_addresses.TABLES["posts"])
_POST_VIEWS = f"""
    SELECT v.id, v.count, {_POST} FROM post_views v
    LEFT JOIN posts p ON p.ID = v.id AND p._prefix = v._prefix
    WHERE v._prefix = :prefix AND v.type = '4'
"""  # noqa: S608 # names of ours
_POST_DAYS = """
    SELECT period, count FROM post_views WHERE _prefix = :prefix AND type = '0' ORDER BY period
"""
_META = f"""
    SELECT m.post_id, m.meta_value, {_POST}, min(CAST(m.meta_id AS INTEGER)) FROM postmeta m
    LEFT JOIN posts p ON p.ID = m.post_id AND p._prefix = m._prefix
    WHERE m._prefix = :prefix GROUP BY m.post_id
"""  # noqa: S608 # names of ours; of several values WordPress takes the first


def read_post_views_counter(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    tables = {**wp_addresses.TABLES, "post_views": ("id", "type", "period", "count")}

    def keep(table: str, values: Values) -> bool:
        return (
            values[1] in ("0", "4") if table == "post_views" else wp_addresses.keep(table, values)
        )

    with Staging(tables, options.prefix) as staging:
        yield from staging.load(sources, keep)
        prefix = staging.prefix_of("post_views")
        rows = staging.query(_POST_VIEWS, prefix=prefix)
        total = yield from _articles(staging, rows, prefix, options)
        for period, days in groupby(staging.query(_POST_DAYS, prefix=prefix), itemgetter(0)):
            try:
                day, views = day_of(period or ""), sum(count_of(row[1] or "") for row in days)
            except BadRow as error:
                yield rejected(0, str(error), f"day {period}")
            else:
                total -= views
                yield DayFigures(day, views, 0, 0)
    yield StartFigures(max(total, 0), 0, 0)


def read_postviews(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    tables = {
        **wp_addresses.TABLES,
        "postmeta": ("meta_id", "post_id", "meta_key", "meta_value"),
    }

    def keep(table: str, values: Values) -> bool:
        if table == "postmeta":
            return values[2] == options.meta_key
        return wp_addresses.keep(table, values)

    with Staging(tables, options.prefix) as staging:
        yield from staging.load(sources, keep)
        prefix = staging.prefix_of("postmeta")
        rows = staging.query(_META, prefix=prefix)
        total = yield from _articles(staging, rows, prefix, options)
    yield StartFigures(total, 0, 0)


def _articles(
    staging: Staging, rows: Iterator[Sequence[Any]], prefix: str, options: Options
) -> Generator[Row, None, int]:
    """Yield the views of each post: of rows that have its number, its views and its `posts`.

    Returns the sum of all views, those of posts that are gone or hidden included: they are part
    of what the site was seen.
    """
    article, aside = normaliser(options.keep_query), Aside()
    addresses = Addresses(staging, prefix, options)
    total = 0
    for number, count, *post in rows:
        try:
            views = count_of(count or "")
            total += views
            if post[0] is None:
                raise BadRow(f"there is no post {number} in the table posts")
            if post[3] != "publish":
                aside.leave_out("not published")
            else:
                yield ArticleViews(article(addresses.of(post[:7])), views)
        except BadRow as error:
            yield rejected(0, str(error), f"post {number}: {count}")
    yield from aside.left_out()
    return total

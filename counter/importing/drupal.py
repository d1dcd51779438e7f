"""Drupal's `node_counter` (module Statistics), of an SQL dump or as CSV.

An article's path is the alias of its node (`path_alias` of Drupal 8.8 and newer, `url_alias` of
older ones), the youngest if there are several; without one it is `/node/NID`. All languages of a
node have one count, and so have one path here. Drupal keeps no days: `daycount` is of the day of
the dump alone, and is part of `totalcount`.
Source: Drupal 7.98, 10.2 and Statistics 1.0, `statistics.install`; `path_alias` as dumped by 10.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.permalinks import Permalink
from counter.importing.rows import ArticleViews, BadRow, Row, StartFigures, count_of, rejected
from counter.importing.staging import Staging

TABLES = {
    "node_counter": ("nid", "totalcount"),
    "path_alias": ("id", "path", "alias", "status"),
    "url_alias": ("pid", "source", "alias"),
}
TAGS = ("alias", "nid")
_COUNTS = """
    SELECT n.nid, n.totalcount, coalesce(
        (SELECT alias FROM path_alias WHERE path = '/node/' || n.nid AND status = '1'
            ORDER BY CAST(id AS INTEGER) DESC LIMIT 1),
        (SELECT '/' || ltrim(alias, '/') FROM url_alias
            WHERE source IN ('node/' || n.nid, '/node/' || n.nid)
            ORDER BY CAST(pid AS INTEGER) DESC LIMIT 1),
        '/node/' || n.nid)
    FROM node_counter n WHERE n._prefix = :prefix
"""


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article = normaliser(options.keep_query)
    permalink = Permalink(options.permalink or "%alias%", TAGS)
    total = 0
    with Staging(TABLES, options.prefix) as staging:
        yield from staging.load(sources)
        staging.index("path_alias", "path")
        staging.index("url_alias", "source")
        for nid, count, alias in staging.query(_COUNTS, prefix=staging.prefix_of("node_counter")):
            try:
                views = count_of(count or "")
                total += views
                path = article(permalink.fill({"alias": alias or "", "nid": nid or ""}))
                yield ArticleViews(path, views)
            except BadRow as error:
                yield rejected(0, str(error), f"node {nid}: {count}")
    yield StartFigures(total, 0, 0)

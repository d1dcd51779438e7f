"""Joomla's hits of articles (`#__content.hits`), of an SQL dump or as CSV.

What an article's address is depends on the menus and on the settings of the site, so a template
says it: by `%id%`, `%alias%`, `%category%` (the path of its category, from `#__categories`) and
`%catid%`. Unpublished articles are left out. Joomla keeps no days.
Source: Joomla 3.10, 4.4 and 5.1, `installation/sql/mysql/base.sql`, `extensions.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.permalinks import Permalink
from counter.importing.rows import ArticleViews, BadRow, Row, StartFigures, count_of, rejected
from counter.importing.staging import Staging
from counter.importing.tally import Aside

DEFAULT = "/%category%/%alias%"
"""The address of an article in a menu item of its category, without ids (Joomla's default since
4.0)."""
TABLES = {
    "content": ("id", "alias", "catid", "state", "hits"),
    "categories": ("id", "path"),
}
TAGS = ("alias", "category", "catid", "id")
_PUBLISHED = ("1", "2")
"""`state` of articles that can be read: published and archived."""
_HITS = """
    SELECT c.id, c.alias, c.catid, c.state, c.hits, k.path
    FROM content c LEFT JOIN categories k ON k.id = c.catid AND k._prefix = c._prefix
    WHERE c._prefix = :prefix
"""


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article, aside = normaliser(options.keep_query), Aside()
    permalink = Permalink(options.permalink or DEFAULT, TAGS)
    total = 0
    with Staging(TABLES, options.prefix) as staging:
        yield from staging.load(sources)
        staging.index("categories", "id")
        for row in staging.query(_HITS, prefix=staging.prefix_of("content")):
            number, alias, catid, state, hits, category = (value or "" for value in row)
            values = {"id": number, "alias": alias, "catid": catid, "category": category}
            try:
                views = count_of(hits)
                total += views
                if state in _PUBLISHED:
                    yield ArticleViews(article(permalink.fill(values)), views)
                else:
                    aside.leave_out("not published")
            except BadRow as error:
                yield rejected(0, str(error), f"article {number}: {hits}")
    yield StartFigures(total, 0, 0)
    yield from aside.left_out()

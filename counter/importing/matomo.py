"""Matomo's reports as CSV or TSV, in UTF-8 or UTF-16, with their names as in the API or in English.

- *Pages* (`Actions.getPageUrls`), exported flat (`flat=1`), or else it holds the first level of
  folders alone. One period, or several with a column `date`.
- *Days* (`API.get` or `VisitsSummary.get` with `period=day` and a range), with a column `date`.

Pages say nothing of the site's total; days do.
Source: Matomo 5, `core/DataTable/Renderer/Csv.php`; its tests' expected answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from counter.errors import UnreadableExport
from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import (
    ArticleViews,
    BadRow,
    DayFigures,
    Row,
    count_of,
    day_of,
)
from counter.importing.tables import Table, cell
from counter.importing.tally import Aside

_URL = ("metadata_url", "metadata: url", "url")
_VIEWS = ("nb_hits", "pageviews")
_DAY_VIEWS = ("nb_pageviews", "pageviews", "nb_actions", "actions")
_VISITS = ("nb_visits", "visits")
_VISITORS = ("nb_uniq_visitors", "unique visitors")


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article = normaliser(options.keep_query)
    for source in sources:
        table = Table(source)
        url, views = table.place(*_URL), table.place(*_VIEWS)
        if url is not None and views is not None:
            yield from _pages(table, url, views, article, options)
        elif table.place("date") is not None and table.place(*_DAY_VIEWS) is not None:
            yield from _days(table)
        else:
            raise UnreadableExport(
                "is no report of pages (columns metadata_url and nb_hits) nor of days (columns "
                "date, nb_pageviews or nb_actions, nb_visits); export it with the names of the "
                f"API or in English. Its columns are {', '.join(table.columns)[:200]}"
            )


def _pages(
    table: Table, url: int, views: int, article: Callable[[str], str], options: Options
) -> Iterator[Row]:
    aside = Aside()

    def use(cells: list[str]) -> Iterable[Row]:
        if not cells[url]:
            raise BadRow("has no URL: it is a folder of pages; export the report flat (flat=1)")
        if not options.is_own(_host(cells[url])):
            return aside.leave_out("host")
        return (ArticleViews(article(cells[url]), count_of(cells[views])),)

    yield from table.rows(use)
    yield from aside.left_out()


def _days(table: Table) -> Iterator[Row]:
    (date,) = table.places("date")
    figures = [table.place(*names) for names in (_DAY_VIEWS, _VISITS, _VISITORS)]

    def use(cells: list[str]) -> Iterable[Row]:
        views, visits, visitors = (count_of(cell(cells, place) or "0") for place in figures)
        return (DayFigures(day_of(cells[date]), views, visits, visitors),)

    return table.rows(use)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

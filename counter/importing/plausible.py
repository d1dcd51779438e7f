"""Plausible's CSV export: `imported_visitors` gives the days, `imported_pages` the articles.

Either of the two files, or the ZIP archive with all of them, of which the others are not needed.
Days are those of the zone that the site had in Plausible.
Source: Plausible 3.0, `lib/plausible/exports.ex` and `lib/plausible/imported/csv_importer.ex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from counter.errors import UnreadableExport
from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import ArticleViews, DayFigures, Row, count_of, day_of
from counter.importing.tables import Table, cell
from counter.importing.tally import Aside

NEEDED = ("imported_visitors", "imported_pages")
_DAY_COLUMNS = {"date", "visitors", "pageviews", "bounces", "visits", "visit_duration"}


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article, found = normaliser(options.keep_query), False
    for source in sources:
        if source.name and not source.name.rpartition("/")[2].startswith(NEEDED):
            continue
        table = Table(source)
        if table.place("page") is not None:
            yield from _pages(table, article, options)
        elif set(table.columns) <= _DAY_COLUMNS:
            yield from _days(table)
        else:
            break
        found = True
    if not found:
        raise UnreadableExport(f"is neither {' nor '.join(NEEDED)} of a Plausible export")


def _days(table: Table) -> Iterator[Row]:
    date, *figures = table.places("date", "pageviews", "visits", "visitors")

    def use(cells: list[str]) -> Iterable[Row]:
        views, visits, visitors = (count_of(cells[place]) for place in figures)
        return (DayFigures(day_of(cells[date]), views, visits, visitors),)

    return table.rows(use)


def _pages(table: Table, article: Callable[[str], str], options: Options) -> Iterator[Row]:
    date, page, views = table.places("date", "page", "pageviews")
    host = table.place("hostname")
    aside = Aside()

    def use(cells: list[str]) -> Iterable[Row]:
        if not options.is_own(cell(cells, host)):
            return aside.leave_out("host")
        day_of(cells[date])  # not needed, but a row without one is none of theirs
        return (ArticleViews(article(cells[page]), count_of(cells[views])),)

    yield from table.rows(use)
    yield from aside.left_out()

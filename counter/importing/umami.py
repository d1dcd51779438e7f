"""Umami's exports.

- `website_event.csv`, of Umami Cloud's export or a copy of the table of that name: a line for
  each event. Sessions are visitors, and visits have names.
- `pages.csv`, of "Export" on a website of Umami 2.18 or newer: columns `x` (path) and `y`, which
  are *visitors* of that page in the time chosen, for Umami exports nothing else of pages; and the
  500 best alone.

Source: Umami 3.0, `src/app/api/websites/[websiteId]/export/route.ts`, `getPageviewMetrics.ts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from counter.errors import UnreadableExport
from counter.importing.distinct import name_of
from counter.importing.inputs import Source
from counter.importing.instants import instant_of
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import ArticleViews, Row, StartFigures, count_of
from counter.importing.tables import Table, cell
from counter.importing.tally import Tally

PAGE_VIEW = "1"
"""Umami's `event_type` of a page view; others are custom events."""


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article, found = normaliser(options.keep_query), False
    for source in sources:
        table = Table(source)
        if table.place("event_type") is not None:
            found = True
            yield from _events(table, article, options)
        elif table.columns == ("x", "y") and source.name.rpartition("/")[2] in ("", "pages.csv"):
            found = True
            yield from _pages(table, article)
    if not found:
        raise UnreadableExport(
            "is no export of Umami's: pages.csv has the columns x and y, website_event.csv has "
            "url_path, event_type, created_at, session_id and visit_id"
        )


def _events(table: Table, article: Callable[[str], str], options: Options) -> Iterator[Row]:
    tally = Tally()
    path, kind, created, session = table.places(
        "url_path", "event_type", "created_at", "session_id"
    )
    query, visit, host = table.place("url_query"), table.place("visit_id"), table.place("hostname")

    def use(cells: list[str]) -> Iterable[Row]:
        if cells[kind] != PAGE_VIEW:
            return tally.leave_out("event")
        if not options.is_own(cell(cells, host)):
            return tally.leave_out("host")
        name = article(f"{cells[path]}?{cell(cells, query)}")
        day = options.calendar.day(instant_of(cells[created]))
        visitor, which = name_of(cells[session]), name_of(cell(cells, visit) or cells[session])
        return tally.spill() if tally.count(day, name, visitor, which) else ()

    yield from table.rows(use)
    yield from tally.rest()


def _pages(table: Table, article: Callable[[str], str]) -> Iterator[Row]:
    total = 0

    def use(cells: list[str]) -> Iterable[Row]:
        nonlocal total
        row = ArticleViews(article(cells[0]), count_of(cells[1]))
        total += row.views
        return (row,)

    yield from table.rows(use)
    yield StartFigures(total, 0, 0)

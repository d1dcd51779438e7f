"""GoatCounter's CSV export: a line for each page view.

Versions 1 and 2 of its format, told by the number that the first column's name begins with. A
session is one reader for up to eight hours: it is both a visit and a visitor here.
Source: GoatCounter's help, "CSV export" (tpl/help/export.md, versions 1.3 to 2.7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from counter.errors import UnreadableExport
from counter.importing.distinct import name_of
from counter.importing.inputs import Source
from counter.importing.instants import instant_of
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import BadRow, Row
from counter.importing.tables import Table
from counter.importing.tally import Tally

VERSIONS = ("1", "2")
_BOOLEANS = {"0": False, "false": False, "1": True, "true": True}


def read(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article, tally = normaliser(options.keep_query), Tally()
    for source in sources:
        table = Table(source)
        version, name = table.columns[0][:1], table.columns[0][1:]
        if name != "Path" or version not in VERSIONS:
            raise UnreadableExport(
                "is no GoatCounter export of version 1 or 2: its first column is called "
                f"{table.columns[0][:40]!r}, not '1Path' or '2Path'"
            )
        yield from _views(table, article, tally, options)
    yield from tally.rest()


def _views(
    table: Table, article: Callable[[str], str], tally: Tally, options: Options
) -> Iterator[Row]:
    event, bot, session, date = table.places("event", "bot", "session", "date")

    def use(cells: list[str]) -> Iterable[Row]:
        if _boolean(cells[event]):
            return tally.leave_out("event")
        if cells[bot] != "0":
            return tally.leave_out("bot")
        day = options.calendar.day(instant_of(cells[date]))
        visit = name_of(cells[session]) if cells[session] else None
        return tally.spill() if tally.count(day, article(cells[0]), visit, visit) else ()

    return table.rows(use)


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text]
    except KeyError:
        raise BadRow(f"{text[:40]!r} is neither true nor false") from None

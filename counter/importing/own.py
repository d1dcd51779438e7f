"""Our own files: JSON Lines and CSV, with the same fields in both.

    {"path": "/tin/lu-lut", "views": 62}
    {"day": "2026-11-22", "views": 6079, "visits": 3120, "visitors": 2870}
    {"day": "start", "views": 1355282}

An article has a `path`, a day has a `day`; the day `start` holds what belongs to no day. Visits
and visitors may be missing. A field that is not known is an error, for it may be a misspelt one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from counter.errors import UnreadableExport
from counter.importing.inputs import Source
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import (
    LIMIT,
    ArticleViews,
    BadRow,
    DayFigures,
    Row,
    StartFigures,
    count_of,
    day_of,
)
from counter.importing.tables import Table, cell

FIELDS = ("path", "day", "views", "visits", "visitors")
START = "start"
"""The day of the figures that belong to none."""
_FIELDS = frozenset(FIELDS)


def read_jsonl(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article = normaliser(options.keep_query)
    for source in sources:
        for line in source.lines():
            if not line:
                continue
            try:
                yield _entry(line, article)
            except BadRow as error:
                yield source.reject(str(error), line)


def read_csv(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    article = normaliser(options.keep_query)
    for source in sources:
        yield from _table(Table(source), article)


def _entry(line: str, article: Callable[[str], str]) -> Row:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRow("is not JSON") from None
    if not isinstance(entry, dict):
        raise BadRow("is no JSON object")
    if not entry.keys() <= _FIELDS:
        unknown = ", ".join(sorted(entry.keys() - _FIELDS))[:100]
        raise BadRow(f"there is no field {unknown}; known are {', '.join(FIELDS)}")
    if len(entry) == 2 and "path" in entry:
        return ArticleViews(article(_text(entry, "path")), _count(entry, "views"))
    figures = (_count(entry, "views"), _count(entry, "visits", 0), _count(entry, "visitors", 0))
    if ("path" in entry) == ("day" in entry):
        raise BadRow("has one of path and day, not both and not none")
    if "path" in entry:
        raise BadRow("an article has views alone")
    return _day(_text(entry, "day"), *figures)


def _text(entry: dict[str, object], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise BadRow(f"{name} is no text")
    return value


def _count(entry: dict[str, object], name: str, missing: int | None = None) -> int:
    value = entry.get(name, missing)
    if type(value) is not int or not 0 <= value < LIMIT:
        raise BadRow(f"{name} is no whole number from 0 to 2^53 - 1")
    return value


def _day(day: str, views: int, visits: int, visitors: int) -> Row:
    if day == START:
        return StartFigures(views, visits, visitors)
    return DayFigures(day_of(day), views, visits, visitors)


def _table(table: Table, article: Callable[[str], str]) -> Iterator[Row]:
    unknown = [name for name in table.columns if name.lower() not in _FIELDS]
    if unknown:
        raise UnreadableExport(
            f"there is no column {', '.join(unknown)[:100]}; known are {', '.join(FIELDS)}"
        )
    (views,) = table.places("views")
    path, day = table.place("path"), table.place("day")
    visits, visitors = table.place("visits"), table.place("visitors")
    if path is None and day is None:
        raise UnreadableExport("has neither a column path nor a column day")

    def use(cells: list[str]) -> Iterable[Row]:
        name = cell(cells, day)
        figures = [count_of(cell(cells, place) or "0") for place in (visits, visitors)]
        if bool(name) == bool(cell(cells, path)) and day is not None:
            raise BadRow("has one of path and day, not both and not none")
        if name:
            return (_day(name, count_of(cells[views]), *figures),)
        if any(figures):
            raise BadRow("an article has views alone")
        return (ArticleViews(article(cell(cells, path)), count_of(cells[views])),)

    return table.rows(use)

"""What the tests of imports share: reading, and the sums of what was read."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from counter.importing.formats import FORMATS
from counter.importing.options import Options
from counter.importing.rows import (
    ArticleViews,
    DayFigures,
    LeftOut,
    Rejected,
    Row,
    StartFigures,
)
from counter.model.days import Calendar

DATA = Path(__file__).parent / "data"
VIETNAM = Calendar(ZoneInfo("Asia/Ho_Chi_Minh"))

R = TypeVar("R")


def read(name: str, data: bytes | str | Path, **options: Any) -> list[Row]:
    """Read `data`, a file of ours if it is a path, as the format called `name`."""
    if isinstance(data, Path):
        data = (DATA / data).read_bytes()
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(FORMATS[name].read(stream, Options(**options)))


def only(kind: type[R], rows: Iterable[Row]) -> list[R]:
    return [row for row in rows if isinstance(row, kind)]


def articles(rows: Iterable[Row]) -> dict[str, int]:
    """The views of each article, added up."""
    views: dict[str, int] = {}
    for row in only(ArticleViews, rows):
        views[row.path] = views.get(row.path, 0) + row.views
    return views


def days(rows: Iterable[Row]) -> dict[str, tuple[int, int, int]]:
    """Views, visits and visitors of each day, added up."""
    figures: dict[str, tuple[int, int, int]] = {}
    for row in only(DayFigures, rows):
        views, visits, visitors = figures.get(row.day, (0, 0, 0))
        figures[row.day] = (views + row.views, visits + row.visits, visitors + row.visitors)
    return figures


def start(rows: Iterable[Row]) -> tuple[int, int, int]:
    found = only(StartFigures, rows)
    return (
        sum(row.views for row in found),
        sum(row.visits for row in found),
        sum(row.visitors for row in found),
    )


def left_out(rows: Iterable[Row]) -> dict[str, int]:
    return {row.reason: row.entries for row in only(LeftOut, rows)}


def rejections(rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Line and reason of each rejection."""
    return [(row.line, row.reason) for row in only(Rejected, rows)]

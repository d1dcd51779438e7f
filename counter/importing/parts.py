"""From rows to parts: as much of an import as one call of the store's script adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from counter.errors import BadImport
from counter.importing.rows import (
    ArticleViews,
    DayFigures,
    LeftOut,
    Rejected,
    Row,
    StartFigures,
)
from counter.model.days import day_date
from counter.model.figures import DayRow

MOST_ARTICLES = 1_000
"""Articles of one part: the script is not to hold the store for long."""
MOST_DAYS = 400

Figures = tuple[int, int, int]
"""Views, visits, visitors."""


class BadEntry(BadImport):
    """An entry can't be used, and all are to be."""


class NothingUsable(Exception):
    """All entries of a source were rejected: it is something else than was thought."""


@dataclass(slots=True)
class Part:
    """What is added at once, or not at all."""

    number: int
    """From 1."""
    days: dict[str, Figures] = field(default_factory=dict)
    articles: dict[str, int] = field(default_factory=dict)
    start: Figures = (0, 0, 0)
    is_last: bool = False

    @property
    def is_full(self) -> bool:
        return len(self.articles) >= MOST_ARTICLES or len(self.days) >= MOST_DAYS

    @property
    def is_empty(self) -> bool:
        return not (self.articles or self.days or any(self.start))

    @property
    def day_rows(self) -> list[DayRow]:
        return [DayRow(day, *figures) for day, figures in self.days.items()]


@dataclass(slots=True)
class Report:
    """What was found in a source."""

    articles: int = 0
    """Rows of articles: those of one article that stand apart count each."""
    article_views: int = 0
    first_day: str = ""
    last_day: str = ""
    days: Figures = (0, 0, 0)
    start: Figures = (0, 0, 0)
    left_out: Counter[str] = field(default_factory=Counter)
    """By reason, the entries that were read well and are no views."""
    rejected: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON tells it."""
        names = ("views", "visits", "visitors")
        return {
            "articles": self.articles,
            "article_views": self.article_views,
            "from": day_date(self.first_day).isoformat() if self.first_day else None,
            "to": day_date(self.last_day).isoformat() if self.last_day else None,
            "days": dict(zip(names, self.days, strict=True)),
            "start": dict(zip(names, self.start, strict=True)),
            "left_out": dict(self.left_out),
            "rejected": self.rejected,
        }


def in_parts(
    rows: Iterable[Row], report: Report, reject: Callable[[Rejected], None]
) -> Iterator[Part]:
    """Yield what `rows` hold, in parts; the same rows make the same parts.

    Args:
        report: told what was found, as it goes on.
        reject: told of each entry that could not be used.

    Raises:
        NothingUsable: that was each of them.
    """
    part = Part(1)
    for row in rows:
        if part.is_full:
            yield part
            part = Part(part.number + 1)
        if isinstance(row, ArticleViews):
            part.articles[row.path] = part.articles.get(row.path, 0) + row.views
            report.articles += 1
            report.article_views += row.views
        elif isinstance(row, DayFigures):
            figures = (row.views, row.visits, row.visitors)
            part.days[row.day] = _sum(part.days.get(row.day, (0, 0, 0)), figures)
            report.days = _sum(report.days, figures)
            report.first_day = min(report.first_day or row.day, row.day)
            report.last_day = max(report.last_day, row.day)
        elif isinstance(row, StartFigures):
            figures = (row.views, row.visits, row.visitors)
            part.start, report.start = _sum(part.start, figures), _sum(report.start, figures)
        elif isinstance(row, LeftOut):
            report.left_out[row.reason] += row.entries
        else:
            report.rejected += 1
            reject(row)
    if report.rejected and part.is_empty and part.number == 1 and not report.left_out:
        raise NothingUsable(f"none of its {report.rejected:,} entries can be used")
    part.is_last = True
    yield part


def strictly(rejected: Rejected) -> None:
    """Refuse the first entry that can't be used.

    Raises:
        BadEntry: always; names it.
    """
    raise BadEntry(f"{describe(rejected)}; with --strict nothing was added")


def describe(rejected: Rejected) -> str:
    """Return where an entry stands and why it can't be used."""
    file = f"{rejected.file}, " if rejected.file else ""
    line = f"line {rejected.line}: " if rejected.line else ""
    text = f": {rejected.text[:80]!r}" if rejected.text else ""
    return f"{file}{line}{rejected.reason}{text}"


def _sum(one: Figures, other: Figures) -> Figures:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])

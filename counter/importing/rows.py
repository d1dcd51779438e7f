"""What an import yields. All figures are to be added up: two rows of one article, or of one day,
are as good as one with their sum. So whoever reads a source may hand on what it has at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from counter.model.days import day_date, day_name

LIMIT = 2**53
"""No figure reaches it: up to here every whole number is one in JSON and in Lua."""
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class ArticleViews:
    """Views of one article. They are not part of the site's total: that is what days are for."""

    path: str
    """The normalised path."""
    views: int


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Figures of the site on one day; 0 where the source does not know."""

    day: str
    """`YYYYMMDD`, in the site's own zone."""
    views: int
    visits: int
    visitors: int


@dataclass(frozen=True, slots=True)
class StartFigures:
    """Figures of the site that belong to no day: what its totals start from."""

    views: int
    visits: int
    visitors: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many entries of the source were read well and are no views: bots, images, events, …"""

    reason: str
    entries: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that could not be used."""

    line: int
    """Where it begins, from 1; 0 for what has no lines."""
    reason: str
    text: str
    """Its beginning. Bytes that are no UTF-8 are surrogates (`surrogateescape`)."""
    file: str = ""
    """The file within the archive, if it is one."""


Row = ArticleViews | DayFigures | StartFigures | LeftOut | Rejected


class BadRow(Exception):
    """An entry can't be used; says why."""


def rejected(line: int, reason: str, text: str, file: str = "") -> Rejected:
    return Rejected(line, reason, text[:_LONGEST_TEXT], file)


def count_of(text: str) -> int:
    """Return the figure that `text` is: digits alone.

    Raises:
        BadRow: it is no whole number from 0 to 2^53 - 1.
    """
    if text.isdigit() and text.isascii() and len(text) <= 16:
        figure = int(text)
        if figure < LIMIT:
            return figure
    raise BadRow(f"{text[:40]!r} is no whole number from 0 to 2^53 - 1")


@lru_cache(maxsize=4096)
def day_of(text: str) -> str:
    """Return the day that `text` (`2026-11-22` or `20261122`) is, as `YYYYMMDD`.

    Raises:
        BadRow: it is no day.
    """
    plain = text[:4] + text[5:7] + text[8:] if text[4:5] == "-" == text[7:8] else text
    try:
        return day_name(day_date(plain))
    except ValueError:
        raise BadRow(f"{text[:40]!r} is no day, such as 2026-11-22") from None

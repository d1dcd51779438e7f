"""What is counted and what is shown: one type for each stage of a view's way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Unit(StrEnum):
    """What *today* and *total* count for a site."""

    VIEWS = "views"
    VISITS = "visits"
    VISITORS = "visitors"


class Reason(StrEnum):
    """Why a view was not counted: the answer's `reason` and the metrics' label."""

    ORIGIN = "origin"
    PAUSED = "paused"
    """The site counts nothing for now."""
    PREFETCH = "prefetch"
    BOT = "bot"
    ADDRESS = "address"
    REPEAT = "repeat"
    RATE = "rate"
    SITE_RATE = "site-rate"
    """The site has as many views as it may, from all addresses together."""
    UNLISTED = "unlisted"
    """The path is none of the site's: neither its patterns nor its sitemap have it."""
    SIGNAL = "signal"
    """The browser asks not to be counted, and the site honours it."""
    ARTICLES = "articles"
    """The article is not kept, the site has as many as it may; the site's figures do count."""
    NEW_ARTICLES = "new-articles"
    """The article is new, and more are than may be in a time; the site's figures do count."""


class Status(IntEnum):
    """What the script did with one view; the digits are the script's (`apply.lua`)."""

    COUNTED = 0
    """The view counts; its visitor was online already."""
    VISIT = 1
    """The view counts and begins a visit."""
    REPEAT = 2
    """The same visitor and article within the repeat window: nothing counts."""
    FULL = 3
    """The site's figures count the view; its article is not kept, the site has its limit."""
    FULL_VISIT = 4
    """As `FULL`, and it begins a visit."""
    TOO_NEW = 5
    """The site's figures count the view; its article is not kept, too many are new."""
    TOO_NEW_VISIT = 6
    """As `TOO_NEW`, and it begins a visit."""


class Hit(NamedTuple):
    """One view that passed the filters, as it goes to the batcher and the journal."""

    site: str
    path: str
    """The normalised path of the article; empty for a heartbeat, which counts nothing."""
    day: str
    """The site's local day (`YYYYMMDD`) of `at`."""
    at: int
    """When the view reached the service, in ms since the epoch."""
    visitor: bytes = b""
    """The day's hash of the visitor (8 bytes); empty for a view without identity."""
    previous: bytes = b""
    """The same visitor under the day before's salt, for as long after midnight as somebody seen
    then is still online; else empty."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Views of one site on one day, applied together, once.

    The store remembers by `producer` the last `seq` that it applied, and applies no number twice;
    so numbers rise within a producer, and a batch may be sent again without fear.
    """

    producer: str
    """Who numbers the batches: random, 16 hex digits, one for each run of a worker."""
    seq: int
    site: str
    day: str
    hits: tuple[Hit, ...]


class Counted(NamedTuple):
    """What one view is answered with: the figures just after it.

    If the store is away they are the last known, `stale`, and None where nothing is known.
    """

    status: Status
    views: int | None
    online: int | None
    today: int | None
    yesterday: int | None
    total: int | None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one site at one moment, in the site's unit, with some of its articles."""

    day: str
    online: int
    today: int
    yesterday: int
    week: int
    month: int
    total: int
    articles: dict[str, int | None] = field(default_factory=dict)
    """Views by article, for the paths that were asked for; 0 where there are none, None where they
    are not known while the store is away."""
    stale: bool = False
    total_views: int = 0
    """The total in views, whatever the site's unit."""
    total_visitors: int = 0
    """The total in visitors, those of each day added up, whatever the site's unit."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of a site's history."""

    day: str
    views: int
    visits: int
    visitors: int

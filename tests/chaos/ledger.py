"""The readers' own ledger: of every view what they were told, and what the figures must then be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What a reader was told of a view."""

    COUNTED = "counted"
    STALE = "stale"
    """Counted, with the last known figures."""
    REFUSED = "refused"
    """It does not count."""
    UNSURE = "unsure"
    """Nobody can tell."""
    LOST = "lost"
    """The connection broke before an answer came."""
    UNREACHED = "unreached"
    """Nothing was sent: nobody listened."""


ANSWERED = (Outcome.COUNTED, Outcome.STALE)


class Article(NamedTuple):
    site: str
    path: str


class Bounds(NamedTuple):
    """What a figure may be, at least and at most."""

    least: int
    most: int

    def __contains__(self, figure: object) -> bool:
        return isinstance(figure, int) and self.least <= figure <= self.most


@dataclass
class Ledger:
    """How often each outcome came, by article and by the day on which the view may have arrived.

    A view that was sent before a midnight and answered after it may belong to either day.
    """

    entries: Counter[tuple[Article, tuple[str, ...], Outcome]] = field(default_factory=Counter)

    def write(self, article: Article, days: tuple[str, ...], outcome: Outcome) -> None:
        self.entries[article, days, outcome] += 1

    def sums(self) -> Counter[Outcome]:
        found: Counter[Outcome] = Counter()
        for (_, _, outcome), views in self.entries.items():
            found[outcome] += views
        return found

    def articles(self) -> set[Article]:
        return {article for article, _, _ in self.entries}

    def days(self, site: str) -> set[str]:
        return {day for article, days, _ in self.entries if article.site == site for day in days}

    def bounds(
        self, site: str, path: str | None = None, day: str | None = None, *, killed: bool
    ) -> Bounds:
        """Return what the views of a site may be, of one article of it, and on one day.

        Each answered view counts. Those of which nobody can tell may count; and if the service was
        `killed`, so may those that got no answer.
        """
        maybe = (Outcome.UNSURE, Outcome.LOST) if killed else (Outcome.UNSURE,)
        least = most = 0
        for (article, days, outcome), views in self.entries.items():
            if article.site != site or path not in (None, article.path):
                continue
            if day is not None and day not in days:
                continue
            if outcome in ANSWERED and (day is None or len(days) == 1):
                least += views
            if outcome in ANSWERED or outcome in maybe:
                most += views
        return Bounds(least, most)

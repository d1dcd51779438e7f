"""Adds up single views into rows, in bounded memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from counter.importing.distinct import Distinct
from counter.importing.rows import ArticleViews, DayFigures, LeftOut, Row


class Aside:
    """Counts what is left out, by reason."""

    def __init__(self) -> None:
        self._entries: dict[str, int] = {}

    def leave_out(self, reason: str) -> tuple[()]:
        """Count an entry that is no view; returns no rows."""
        self._entries[reason] = self._entries.get(reason, 0) + 1
        return ()

    def left_out(self) -> Iterator[LeftOut]:
        for reason, entries in sorted(self._entries.items()):
            yield LeftOut(reason, entries)


class _Day:
    """What is known of a day so far."""

    __slots__ = ("views", "visit_names", "visitors", "visits")

    def __init__(self) -> None:
        self.views = 0
        self.visits = 0
        self.visit_names = Distinct()
        self.visitors = Distinct()


class Tally(Aside):
    """Views by article, and figures by day.

    Articles are handed on when there are `max_articles` of them, and days when there are more
    than `max_days`, the one that was longest without a view first. A day that comes up again
    later begins anew: its views are right, a visitor whom it had before counts twice. So a log is
    best read in the order of time, forwards or backwards.
    """

    def __init__(self, max_articles: int = 50_000, max_days: int = 8) -> None:
        super().__init__()
        self._max_articles = max_articles
        self._max_days = max_days
        self._articles: dict[str, int] = {}
        self._days: dict[str, _Day] = {}
        self._latest = ""

    def count(
        self,
        day: str,
        path: str,
        visitor: int | None = None,
        visit: int | None = None,
        *,
        begins_visit: bool = False,
    ) -> bool:
        """Count a view; tells whether it is time to `spill`.

        Args:
            day: `YYYYMMDD`.
            path: the normalised path.
            visitor: the name of who it was, if known.
            visit: the name of the visit that it belongs to, where the source has such.
            begins_visit: a visit begins with it, where the source has no names for them.
        """
        if day != self._latest:
            self._days[day] = self._days.pop(day) if day in self._days else _Day()
            self._latest = day
        figures = self._days[day]
        figures.views += 1
        figures.visits += begins_visit
        if visit is not None:
            figures.visit_names.add(visit)
        if visitor is not None:
            figures.visitors.add(visitor)
        articles = self._articles
        articles[path] = articles.get(path, 0) + 1
        return len(articles) >= self._max_articles or len(self._days) > self._max_days

    def spill(self) -> Iterator[Row]:
        """Yield what is too much to keep."""
        if len(self._articles) >= self._max_articles:
            yield from self._spill_articles()
        while len(self._days) > self._max_days:
            yield self._close(next(iter(self._days)))

    def rest(self) -> Iterator[Row]:
        """Yield all that is left, at the end."""
        yield from self._spill_articles()
        for day in sorted(self._days):
            yield self._close(day)
        yield from self.left_out()

    def _spill_articles(self) -> Iterator[Row]:
        articles, self._articles = self._articles, {}
        for path, views in articles.items():
            yield ArticleViews(path, views)

    def _close(self, name: str) -> DayFigures:
        day = self._days.pop(name)
        self._latest = ""
        return DayFigures(name, day.views, day.visits + len(day.visit_names), len(day.visitors))


class Recent:
    """When something was last seen, for as long as that is no longer ago than `window` (ms).

    What was seen is held in two generations, each of a window's length, of which the older is
    dropped in one. If `max_keys` come within one window, it is dropped early.
    """

    def __init__(self, window: int, max_keys: int = 500_000) -> None:
        self._window = window
        self._half = max_keys // 2
        self._young: dict[Hashable, int] = {}
        self._old: dict[Hashable, int] = {}
        self._from = 0

    def seen(self, key: Hashable, at: int) -> int | None:
        """Return when `key` was last noted, if that is within the window of `at` (ms)."""
        before = self._young.get(key)
        if before is None:
            before = self._old.get(key)
        return before if before is not None and abs(at - before) < self._window else None

    def note(self, key: Hashable, at: int) -> None:
        if not -self._window <= at - self._from < self._window or len(self._young) >= self._half:
            self._old, self._young = self._young, {}
            self._from = at
        self._young[key] = at

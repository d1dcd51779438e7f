"""Figures for readers: however many ask, the store is asked once a second at most."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Protocol

from counter.errors import CounterError, Unavailable
from counter.model.clock import Clock, monotonic_ms
from counter.model.figures import Figures
from counter.sites import Sites
from counter.storage.store import Query, Store

_MOST_ARTICLES = 20_000
"""Articles whose views are remembered, over all sites."""


class Waiter(Protocol):
    """Who is told figures: a future, or whatever else takes the answer."""

    def set_result(self, figures: Figures, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


@dataclass(slots=True)
class _Flight:
    """What one look into the store fetches, for all who came in time."""

    wanted: dict[str, set[str]] = field(default_factory=dict)
    failed: dict[str, CounterError] = field(default_factory=dict)
    """Why a site could not be read."""
    done: asyncio.Task[None] = field(init=False)

    def covers(self, site: str, paths: set[str]) -> bool:
        return site in self.wanted and paths <= self.wanted[site]


class FiguresReader:
    """Reads figures through a memory of `max_age_ms`.

    Figures are dated by when they were asked for, not by when they came: none is older than
    `max_age_ms`, but when the store is away; then the last ones known are told, marked stale.
    """

    def __init__(self, store: Store, sites: Sites, clock: Clock, *, max_age_ms: int) -> None:
        self._store = store
        self._sites = sites
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._figures: dict[str, tuple[int, Figures]] = {}
        self._views: OrderedDict[tuple[str, str], tuple[int, int | None]] = OrderedDict()
        self._gathering: _Flight | None = None
        self._flying: _Flight | None = None

    async def read(self, site: str, paths: tuple[str, ...] = ()) -> Figures:
        """Return the figures of `site`, with the views of `paths`.

        Raises:
            Unavailable: the store can't tell, and nothing is known of the site from before.
        """
        missing = self._missing(site, paths)
        if missing is None:
            return self._assemble(site, paths)
        flight = self._board(site, missing)
        # One who goes away must not take the figures from the others.
        await asyncio.shield(flight.done)
        return self._landed(flight, site, paths)

    def ask(self, site: str, paths: tuple[str, ...], waiter: Waiter) -> None:
        """Tell `waiter` the figures of `site`, with the views of `paths`: now, if they are known.

        Where `read` raises, `waiter` is given the exception.
        """
        missing = self._missing(site, paths)
        if missing is None:
            waiter.set_result(self._assemble(site, paths))
            return
        flight = self._board(site, missing)

        def land(done: asyncio.Task[None]) -> None:
            try:
                done.result()
                figures = self._landed(flight, site, paths)
            except asyncio.CancelledError:
                waiter.set_exception(Unavailable("The service is stopping.", retry_after=2))
            except Exception as error:
                waiter.set_exception(error)
            else:
                waiter.set_result(figures)

        flight.done.add_done_callback(land)

    def _missing(self, site: str, paths: tuple[str, ...]) -> set[str] | None:
        """Return the paths to ask for, or None if all is fresh."""
        known = self._figures.get(site)
        oldest = monotonic_ms() - self._max_age_ms
        # What was never asked for has no time: 0 may be less than `max_age_ms` ago, after a boot.
        missing = {
            path
            for path in paths
            if (seen := self._views.get((site, path))) is None or seen[0] <= oldest
        }
        fresh = (
            known is not None
            and known[0] > oldest
            and known[1].day == self._sites.calendar(self._sites[site]).day(self._clock())
        )
        return None if fresh and not missing else missing

    def _assemble(self, site: str, paths: tuple[str, ...], unknown: int | None = 0) -> Figures:
        figures = self._figures[site][1]
        if not paths:
            return figures
        articles = {path: self._views.get((site, path), (0, unknown))[1] for path in paths}
        return replace(figures, articles=articles)

    def _board(self, site: str, paths: set[str]) -> _Flight:
        """Return the look that will tell of `site` and `paths`: it may have been begun."""
        flight = self._flying
        if flight is None or not flight.covers(site, paths):
            flight = self._gathering
            if flight is None:
                flight = self._gathering = _Flight()
                flight.done = asyncio.create_task(self._fly(flight, self._flying))
            flight.wanted.setdefault(site, set()).update(paths)
        return flight

    def _landed(self, flight: _Flight, site: str, paths: tuple[str, ...]) -> Figures:
        """Return what is known after a look.

        Raises:
            Unavailable: the store can't tell, and nothing is known of the site from before.
        """
        error = flight.failed.get(site)
        if error is None:
            return self._assemble(site, paths)
        if site not in self._figures:
            raise Unavailable(f"The figures can't be read: {error}.")
        return replace(self._assemble(site, paths, unknown=None), stale=True)

    async def _fly(self, flight: _Flight, before: _Flight | None) -> None:
        if before:
            await asyncio.wait([before.done])
        self._gathering, self._flying = None, flight
        try:
            asked = monotonic_ms()
            now = self._clock()
            queries = [Query(site, now, tuple(paths)) for site, paths in flight.wanted.items()]
            for query, figures in zip(queries, await self._store.read(queries), strict=True):
                if isinstance(figures, CounterError):
                    flight.failed[query.site] = figures
                else:
                    self._remember(query.site, asked, figures)
        finally:
            self._flying = None

    def _remember(self, site: str, asked: int, figures: Figures) -> None:
        self._figures[site] = (asked, replace(figures, articles={}))
        for path, views in figures.articles.items():
            self._views[site, path] = (asked, views)
            self._views.move_to_end((site, path))
        while len(self._views) > _MOST_ARTICLES:
            self._views.popitem(last=False)

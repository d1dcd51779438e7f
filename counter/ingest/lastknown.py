"""The last known figures: what a view is answered with while the store is away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from counter.model.days import shift
from counter.model.figures import Batch, Counted, Status

_MOST_ARTICLES = 50_000
"""Articles whose last views are remembered at most, over all sites: those that were told last."""


class LastKnown:
    """The figures of each site, and the views of the articles, that were answered last."""

    def __init__(self) -> None:
        self._sites: dict[str, tuple[str, Counted]] = {}
        # By site and path, in two generations: an old one is dropped whole.
        self._young: defaultdict[str, dict[str, int | None]] = defaultdict(dict)
        self._old = self._young
        self._young_articles = 0

    def learn(self, batch: Batch, answers: list[Counted]) -> None:
        """Remember what the store answered to `batch`."""
        self._sites[batch.site] = (batch.day, answers[-1])
        views = self._young[batch.site]
        before = len(views)
        for hit, answer in zip(batch.hits, answers, strict=True):
            views[hit.path] = answer.views
        self._young_articles += len(views) - before
        if self._young_articles >= _MOST_ARTICLES // 2:
            self._old, self._young, self._young_articles = self._young, defaultdict(dict), 0

    def _views(self, site: str, path: str) -> int | None:
        for views in (self._young.get(site, {}), self._old.get(site, {})):
            if path in views:
                return views[path]
        return None

    def answers(self, batch: Batch) -> Iterable[Counted]:
        """Return what the hits of `batch` are answered with: all of it marked stale.

        A figure that nobody has asked for since the service started is not known: it is None.
        """
        day, known = self._sites.get(batch.site, (batch.day, _NOTHING))
        if day < batch.day:
            # Nobody has counted on this day yet, as far as is known here.
            yesterday = known.today if shift(day, 1) == batch.day else None
            known = known._replace(today=None, yesterday=yesterday)
        for hit in batch.hits:
            yield Counted(
                Status.COUNTED,
                self._views(batch.site, hit.path),
                known.online,
                known.today,
                known.yesterday,
                known.total,
                stale=True,
            )


_NOTHING = Counted(Status.COUNTED, None, None, None, None, None)

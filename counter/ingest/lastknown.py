"""The last known figures: what a view is answered with while the store is away."""

from __future__ import annotations

from collections.abc import Iterable

from counter.model.days import shift
from counter.model.figures import Batch, Counted, Status

_MOST_ARTICLES = 50_000
"""Articles whose last views are remembered at most, over all sites: those that were told last."""


class LastKnown:
    """The figures of each site, and the views of the articles, that were answered last."""

    def __init__(self) -> None:
        self._sites: dict[str, tuple[str, Counted]] = {}
        # In two generations: an old one is dropped whole.
        self._young: dict[tuple[str, str], int | None] = {}
        self._old: dict[tuple[str, str], int | None] = {}

    def learn(self, batch: Batch, answers: list[Counted]) -> None:
        """Remember what the store answered to `batch`."""
        site, views = batch.site, self._young
        self._sites[site] = (batch.day, answers[-1])
        for hit, answer in zip(batch.hits, answers, strict=True):
            views[site, hit.path] = answer.views
        if len(views) >= _MOST_ARTICLES // 2:
            self._old, self._young = views, {}

    def _views(self, article: tuple[str, str]) -> int | None:
        return self._young[article] if article in self._young else self._old.get(article)

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
                self._views((batch.site, hit.path)),
                known.online,
                known.today,
                known.yesterday,
                known.total,
                stale=True,
            )


_NOTHING = Counted(Status.COUNTED, None, None, None, None, None)

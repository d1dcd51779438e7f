"""The answer to a scrape: this process' own counts, and the sites' figures from the store."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from counter.errors import CounterError
from counter.model.clock import Clock
from counter.model.figures import Figures
from counter.sites import Sites
from counter.storage.store import Query, Store

_SITE_GAUGES = {
    "online": ("visitor_counter_site_online", "Visitors online now."),
    "today": ("visitor_counter_site_today", "Count of the site's day so far, in its unit."),
    "yesterday": ("visitor_counter_site_yesterday", "Count of the site's day before."),
    "week": ("visitor_counter_site_week", "Count since Monday."),
    "month": ("visitor_counter_site_month", "Count since the first of the month."),
    # Prometheus keeps the ending _total for counters.
    "total": (
        "visitor_counter_site_overall",
        "Count since the site began, its start included: the total.",
    ),
}
_CHUNK = 200
"""Sites whose figures one round trip reads."""


class _SiteFigures:
    """A collector that tells figures which were read just before the scrape was answered."""

    def __init__(self, figures: dict[str, Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        for figure, (name, text) in _SITE_GAUGES.items():
            family = GaugeMetricFamily(name, text, labels=["site"])
            for site, figures in self._figures.items():
                family.add_metric([site], getattr(figures, figure))
            yield family


class Exposition:
    """Makes the document that Prometheus reads."""

    def __init__(self, counts: Collector, store: Store, sites: Sites, clock: Clock) -> None:
        """Take what the processes count from `counts`, and the sites' figures from `store`."""
        self._counts = counts
        self._store = store
        self._sites = sites
        self._clock = clock

    async def document(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, as `accept` asks for them.

        With the store away the sites' figures are left out; `visitor_counter_store_up` says why.
        """
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry()
        registry.register(self._counts)
        registry.register(_SiteFigures(await self._figures()))
        return encode(registry), content_type

    async def _figures(self) -> dict[str, Figures]:
        figures: dict[str, Figures] = {}
        keys, now = list(self._sites), self._clock()
        try:
            for n in range(0, len(keys), _CHUNK):
                chunk = keys[n : n + _CHUNK]
                read = await self._store.read([Query(key, now) for key in chunk])
                figures.update(zip(chunk, read, strict=True))
        except CounterError:
            pass
        return figures

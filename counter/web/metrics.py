"""The answer to a scrape: this process' own counts, and the sites' figures from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from counter.errors import CounterError, StoreError
from counter.model.clock import Clock
from counter.model.figures import Figures
from counter.sites import Sites
from counter.storage.check import differences
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


@dataclass(eq=False, slots=True)
class _StoreState:
    """A collector of what the store tells at the scrape: it is read just before the answer."""

    figures: dict[str, Figures] = field(default_factory=dict)
    imbalance: Mapping[str, int] = field(default_factory=dict)
    clock_offset: float | None = None
    persistent: bool | None = None

    def collect(self) -> Iterable[Metric]:
        for figure, (name, text) in _SITE_GAUGES.items():
            family = GaugeMetricFamily(name, text, labels=["site"])
            for site, figures in self.figures.items():
                family.add_metric([site], getattr(figures, figure))
            yield family
        family = GaugeMetricFamily(
            "visitor_counter_site_imbalance",
            "By how much the site's figures disagree (`check` tells where): 0 if all is well.",
            labels=["site"],
        )
        for site, imbalance in self.imbalance.items():
            family.add_metric([site], imbalance)
        yield family
        for name, text, value in (
            (
                "visitor_counter_store_clock_offset_seconds",
                "The store's clock less that of this process.",
                self.clock_offset,
            ),
            (
                "visitor_counter_store_persistent",
                "1 if the store has an append-only file and evicts nothing, else 0.",
                self.persistent,
            ),
        ):
            family = GaugeMetricFamily(name, text)
            if value is not None:
                family.add_metric([], float(value))
            yield family


class Exposition:
    """Makes the document that Prometheus reads."""

    def __init__(self, counts: Collector, store: Store, sites: Sites, clock: Clock) -> None:
        """Take what the processes count from `counts`, and the sites' figures from `store`."""
        self._counts = counts
        self._store = store
        self._sites = sites
        self._clock = clock
        self._imbalance: dict[str, int] = {}

    async def document(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, as `accept` asks for them.

        With the store away the sites' figures are left out; `visitor_counter_store_up` says why.
        """
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry()
        registry.register(self._counts)
        registry.register(await self._state())
        return encode(registry), content_type

    async def _state(self) -> _StoreState:
        state = _StoreState(persistent=self._store.persistent)
        keys, now = list(self._sites), self._clock()
        try:
            for n in range(0, len(keys), _CHUNK):
                chunk = keys[n : n + _CHUNK]
                read = await self._store.read([Query(key, now) for key in chunk])
                answers = zip(chunk, read, strict=True)
                state.figures.update((k, a) for k, a in answers if isinstance(a, Figures))
            await self._audit(keys)
            state.clock_offset = await self._store.clock_offset()
        except CounterError:
            pass
        state.imbalance = {key: self._imbalance[key] for key in keys if key in self._imbalance}
        return state

    async def _audit(self, keys: list[str]) -> None:
        """Check one site at each scrape, the one that was checked longest ago.

        It reads all of a site's days, some 10,000 fields after ten years: too much for all sites.
        """
        unchecked = [key for key in keys if key not in self._imbalance]
        key = next(iter(unchecked or [key for key in self._imbalance if key in self._sites]), None)
        if key is None:
            return
        try:
            found = differences(await self._store.ledger(key))
            imbalance = sum(abs(item.recorded - item.expected) for item in found)
        except StoreError:
            imbalance = 1  # a figure that is none does not agree with the others
        self._imbalance.pop(key, None)  # to the end of the turn
        self._imbalance[key] = imbalance

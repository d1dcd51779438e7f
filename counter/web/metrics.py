"""The answer to a scrape: this process' own counts, and the sites' figures from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.registry import Collector

from counter.errors import CounterError, StoreError
from counter.metrics import READ_AT_SCRAPE, SiteCounter
from counter.model.clock import Clock
from counter.model.figures import Figures
from counter.sites import Sites
from counter.storage.check import differences
from counter.storage.store import Query, Store
from counter.web.exposition import number, render

_FIGURES = {
    "visitor_counter_site_online": "online",
    "visitor_counter_site_today": "today",
    "visitor_counter_site_yesterday": "yesterday",
    "visitor_counter_site_week": "week",
    "visitor_counter_site_month": "month",
    "visitor_counter_site_overall": "total",
}
"""Which figure of a site each gauge tells."""
_CHUNK = 200
"""Sites whose figures one round trip reads."""


@dataclass(slots=True)
class _StoreState:
    """What the store tells at the scrape."""

    figures: dict[str, Figures]
    imbalance: Mapping[str, int] = field(default_factory=dict)
    clock_offset: float | None = None
    persistent: bool | None = None

    def text(self) -> str:
        """Return it as gauges, which look the same in both formats."""
        values: dict[str, list[tuple[str, float]]] = {
            # A site's key needs no escaping.
            name: [(f'{{site="{key}"}}', getattr(f, figure)) for key, f in self.figures.items()]
            for name, figure in _FIGURES.items()
        }
        values["visitor_counter_site_imbalance"] = [
            (f'{{site="{key}"}}', value) for key, value in self.imbalance.items()
        ]
        for name, value in (
            ("visitor_counter_store_clock_offset_seconds", self.clock_offset),
            ("visitor_counter_store_persistent", self.persistent),
        ):
            values[name] = [] if value is None else [("", float(value))]
        lines = []
        for metric in READ_AT_SCRAPE:
            lines.append(f"# HELP {metric.name} {metric.text}\n# TYPE {metric.name} gauge\n")
            lines += [f"{metric.name}{its} {number(value)}\n" for its, value in values[metric.name]]
        return "".join(lines)


def _written(counter: SiteCounter, openmetrics: bool) -> str:
    name = counter.name if openmetrics else f"{counter.name}_total"
    head = f"# HELP {name} {counter.text}\n# TYPE {name} counter\n"
    return head + "".join(counter.lines(number))


class Exposition:
    """Makes the document that Prometheus reads."""

    def __init__(
        self,
        counts: Collector,
        store: Store,
        sites: Sites,
        clock: Clock,
        of_sites: Sequence[SiteCounter] = (),
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what the processes count from `counts` and `of_sites`, once `refresh` was called,
        and the sites' figures from `store`."""
        self._counts = counts
        self._of_sites = of_sites
        self._refresh = refresh
        self._store = store
        self._sites = sites
        self._clock = clock
        self._imbalance: dict[str, int] = {}

    async def document(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, as `accept` asks for them.

        With the store away the sites' figures are left out; `visitor_counter_store_up` says why.
        """
        keys, now = list(self._sites), self._clock()
        chunks = [keys[n : n + _CHUNK] for n in range(0, len(keys), _CHUNK)]
        reading = asyncio.gather(
            *(self._store.read([Query(key, now) for key in chunk]) for chunk in chunks)
        )
        await asyncio.sleep(0)  # so that the store is at work while the counts are written
        openmetrics = choose_encoder(accept)[1].startswith("application/openmetrics-text")
        self._refresh()
        counts = render(self._counts.collect(), openmetrics=openmetrics)
        counts += "".join(_written(counter, openmetrics) for counter in self._of_sites)
        figures = {
            key: answer
            for chunk, answers in zip(chunks, await reading, strict=True)
            for key, answer in zip(chunk, answers, strict=True)
            if isinstance(answer, Figures)
        }
        state = await self._state(figures)
        text = counts + state.text() + ("# EOF\n" if openmetrics else "")
        return text.encode(), OPENMETRICS if openmetrics else CONTENT_TYPE_PLAIN_0_0_4

    async def _state(self, figures: dict[str, Figures]) -> _StoreState:
        keys = list(self._sites)
        state = _StoreState(figures, persistent=self._store.persistent)
        try:
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

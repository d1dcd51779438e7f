"""Every metric of the service, declared once. `docs/metrics.md` is made from this file.

What this process itself did is a counter and is summed over processes. Figures of a site live in
the store and are the same from every process: they are gauges, read at the scrape
(`counter.web.metrics`), and `max` is their aggregate.
"""

from __future__ import annotations

import os
import platform
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.metrics import MetricWrapperBase

from counter import __version__

# When a series began tells nothing here, and would double the number of lines.
disable_created_metrics()  # type: ignore[no-untyped-call] # untyped in prometheus-client

MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client knows where workers put their values together."""
LATENCY = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class ReadAtScrape(NamedTuple):
    """A gauge of what the store tells, which is the same from every process."""

    name: str
    text: str
    unit: str = "the site's"
    labels: tuple[str, ...] = ("site",)
    over: str = "max"
    """What tells one value for several instances."""


READ_AT_SCRAPE = (
    ReadAtScrape("visitor_counter_site_online", "Visitors online now.", "visitors"),
    ReadAtScrape("visitor_counter_site_today", "Count of the site's day so far, in its unit."),
    ReadAtScrape("visitor_counter_site_yesterday", "Count of the site's day before."),
    ReadAtScrape("visitor_counter_site_week", "Count since Monday."),
    ReadAtScrape("visitor_counter_site_month", "Count since the first of the month."),
    # Prometheus keeps the ending _total for counters.
    ReadAtScrape(
        "visitor_counter_site_overall",
        "Count since the site began, its start included: the total.",
    ),
    ReadAtScrape(
        "visitor_counter_site_imbalance",
        "By how much the site's figures disagree (`check` tells where): 0 if all is well.",
        "views",
    ),
    ReadAtScrape(
        "visitor_counter_store_clock_offset_seconds",
        "The store's clock less that of this process.",
        "seconds",
        (),
    ),
    ReadAtScrape(
        "visitor_counter_store_persistent",
        "1 if the store has an append-only file and evicts nothing, else 0.",
        "",
        (),
        over="min",
    ),
)

M = TypeVar("M", bound=MetricWrapperBase)


class Labelled(dict[tuple[str, ...], M], Generic[M]):
    """The children of a metric by the values of its labels: `metrics.counted["vithuy",].inc()`.

    `metric.labels(…)` takes a lock and walks its arguments; at every view that shows.
    """

    def __init__(self, metric: M) -> None:
        super().__init__()
        self.metric = metric

    def __missing__(self, values: tuple[str, ...]) -> M:
        child = self[values] = self.metric.labels(*values)
        return child


class Count:
    """One series of a `SiteCounter`: for the one thread of a loop."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1) -> None:
        self.value += amount


class Tally(dict[tuple[str, ...], Count]):
    """A counter that is told at each `flush` what was counted since the last one.

    At every view prometheus-client's own lock and, with several workers, its file would show.
    """

    def __init__(self, metric: Counter) -> None:
        super().__init__()
        self.metric = metric

    def __missing__(self, values: tuple[str, ...]) -> Count:
        count = self[values] = Count()
        return count

    def flush(self) -> None:
        for values, count in self.items():
            if count.value:
                self.metric.labels(*values).inc(count.value)
                count.value = 0.0


class Durations:
    """What one series of a `Timing` has observed since it was told."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(LATENCY) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        self.buckets[bisect_left(LATENCY, seconds)] += 1
        self.seconds += seconds


class Timing(dict[tuple[str, ...], Durations]):
    """A histogram of `LATENCY` that is told at each `flush`, likewise."""

    def __init__(self, metric: Histogram) -> None:
        super().__init__()
        self.metric = metric

    def __missing__(self, values: tuple[str, ...]) -> Durations:
        durations = self[values] = Durations()
        return durations

    def observe(self, values: tuple[str, ...], seconds: float, exemplar: dict[str, str]) -> None:
        """Tell of one at once, with its exemplar."""
        self.metric.labels(*values).observe(seconds, exemplar)

    def flush(self) -> None:
        for values, durations in self.items():
            if any(durations.buckets):
                # prometheus-client takes observations one by one alone.
                series = self.metric.labels(*values)
                for bucket, number in zip(series._buckets, durations.buckets, strict=True):
                    bucket.inc(number)
                series._sum.inc(durations.seconds)
                durations.buckets = [0] * len(durations.buckets)
                durations.seconds = 0.0


class SiteCounter(dict[tuple[str, ...], Count]):
    """A counter of each site, by the values of its labels; these need no escaping.

    With a thousand sites these are most of a scrape, and prometheus-client takes twenty times as
    long to tell them. It has what several workers need to put their values together, though.
    """

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        super().__init__()
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self._beginnings: dict[tuple[str, ...], str] = {}

    def __missing__(self, values: tuple[str, ...]) -> Count:
        pairs = sorted(zip(self.labels, values, strict=True))
        its = ",".join(f'{label}="{value}"' for label, value in pairs)
        self._beginnings[values] = f"{self.name}_total{{{its}}} "
        count = self[values] = Count()
        return count

    def lines(self, number: Callable[[float], str]) -> list[str]:
        """Return a line for each series, as both formats have it."""
        beginnings = self._beginnings
        return [f"{beginnings[its]}{number(count.value)}\n" for its, count in self.items()]


class Metrics:
    """The metrics of one process, in a registry of their own, but those in `of_sites`."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.of_sites: list[SiteCounter] = []
        """The counters that are not in the registry."""
        self._watched: list[tuple[Gauge, Callable[[], float]]] = []
        self._flushed: list[Tally | Timing] = []
        self.build = Gauge(
            "visitor_counter_build_info",
            "1, with the version of the service and of Python.",
            ["version", "python"],
            multiprocess_mode="max",
            registry=registry,
        )
        self.build.labels(__version__, platform.python_version()).set(1)
        self.requests = Tally(
            Counter(
                "visitor_counter_requests",
                "Requests answered.",
                ["route", "method", "status"],
                registry=registry,
            )
        )
        self.latency = Timing(
            Histogram(
                "visitor_counter_request_seconds",
                "Time from a request's head to its answer.",
                ["route"],
                buckets=LATENCY,
                registry=registry,
            )
        )
        self._flushed += (self.requests, self.latency)
        self.received = self._of_sites(
            "visitor_counter_views_received",
            "Views that were sent for a known site: the sum of all that became of them.",
            ["site"],
        )
        self.counted = self._of_sites(
            "visitor_counter_views",
            "Views counted in the store by this process.",
            ["site"],
        )
        self.dropped = self._of_sites(
            "visitor_counter_views_dropped",
            "Views that a filter left out.",
            ["site", "reason"],
        )
        self.unkept = self._of_sites(
            "visitor_counter_articles_refused",
            "Views counted for the site only: their article is new, and no more are taken.",
            ["site", "reason"],
        )
        self.refused = self._of_sites(
            "visitor_counter_views_refused",
            "Views answered with an error: their senders were told that they do not count.",
            ["site", "reason"],
        )
        self.connections = Gauge(
            "visitor_counter_connections",
            "Connections that are open.",
            ["listener"],
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.connections_closed = Labelled(
            Counter(
                "visitor_counter_connections_closed",
                "Connections closed, though they only waited, to make room for others.",
                ["listener"],
                registry=registry,
            )
        )
        self.connections_refused = Labelled(
            Counter(
                "visitor_counter_connections_refused",
                "Connections refused at a bound: that of their address, or that of all.",
                ["listener", "bound"],
                registry=registry,
            )
        )
        self.queued = Gauge(
            "visitor_counter_queue_views",
            "Views that wait for the store, in the queue and on their way.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.journal_views = Gauge(
            "visitor_counter_journal_views",
            "Views that wait on disk for the store to come back.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.journal_bytes = Gauge(
            "visitor_counter_journal_bytes",
            "Size of this worker's journals.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.adopted = Counter(
            "visitor_counter_views_adopted",
            "Views found in the journals of workers that had died.",
            registry=registry,
        )
        self.batches = Histogram(
            "visitor_counter_batch_views",
            "Views that one script call applied.",
            buckets=SIZES,
            registry=registry,
        )
        self.round_trips = Labelled(
            Histogram(
                "visitor_counter_store_seconds",
                "Round trips to the store.",
                ["operation"],
                buckets=LATENCY,
                registry=registry,
            )
        )
        self.store_errors = Labelled(
            Counter(
                "visitor_counter_store_errors",
                "Round trips to the store that failed.",
                ["operation", "kind"],
                registry=registry,
            )
        )
        self.sitemap_up = Labelled(
            Gauge(
                "visitor_counter_sitemap_up",
                "1 if the site's sitemap was read the last time, else 0: then every path counts.",
                ["site"],
                multiprocess_mode="livemin",
                registry=registry,
            )
        )
        self.store_up = Gauge(
            "visitor_counter_store_up",
            "1 if the store took the last batch and answered the last question, else 0.",
            multiprocess_mode="livemin",
            registry=registry,
        )

    def _of_sites(self, name: str, text: str, labels: Sequence[str]) -> Tally | SiteCounter:
        if os.environ.get(MULTIPROCESS_DIRECTORY):
            tally = Tally(Counter(name, text, labels, registry=self.registry))
            self._flushed.append(tally)
            return tally
        self.of_sites.append(SiteCounter(name, text, labels))
        return self.of_sites[-1]

    def watch(self, gauge: Gauge, function: Callable[[], float]) -> None:
        """Let `gauge` tell what `function` returns at the scrape.

        Where several workers share one exposition they can't be asked then: it tells what it was
        at the last `refresh`.
        """
        if os.environ.get(MULTIPROCESS_DIRECTORY):
            self._watched.append((gauge, function))
        else:
            gauge.set_function(function)

    def refresh(self) -> None:
        """Bring the registry up to date: before each scrape, or now and then by each worker."""
        for gauge, function in self._watched:
            gauge.set(function())
        for metric in self._flushed:
            metric.flush()

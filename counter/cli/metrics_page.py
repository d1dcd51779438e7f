"""`docs/metrics.md`, made from `counter/metrics.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import Gauge
from prometheus_client.metrics import MetricWrapperBase

from counter.metrics import READ_AT_SCRAPE, Labelled, Metrics, SiteCounter, Tally, Timing

_PAGE = """\
# Metrics

Made from `counter/metrics.py` by `visitor-counter docs metrics`.

`GET /metrics` on the operations listener answers in OpenMetrics 1.0 or in Prometheus' text
format, as it is asked to. Recording rules and alerts are in `deploy/prometheus/rules`, what to do
about an alert is in the [runbook](runbook.md), dashboards are in `deploy/grafana`.

## Sums over workers and instances

An instance with several workers answers for all of them: they are added up before you see them.
Each worker tells what it has counted four times a second; one that is killed takes along what it
has not told. No view is lost by that: those are in the store.
Over several instances, take what the column says:

- `sum`: what this instance itself did or holds. `sum by (site)
  (rate(visitor_counter_views_total[5m]))` is the rate at which a site is read.
- `max`: what the store tells, which is the same from every instance; `sum` would count it as
  often as there are instances. `max by (site) (visitor_counter_site_online)` is who is online.
- `min`: 1 only if it is well everywhere.

What begins anew at midnight (`today`, `week`, `month`) is a gauge, and so is the total, which can
be set: take `delta` of it, not `rate`.

"""
_NOTES = """
## How many there are

A site has one series of each metric with a label `site`, and one more for each `reason` that it
has met: 60 at most, and a dozen as a rule. All else does not grow with the sites: some 200 series
as a rule, and 1,200 at most, where somebody asked every route there is: most of them are the
buckets of latency by route. Nothing that a visitor sends becomes a label: no path, no address, no
unknown site.

The figures are read from the store during the scrape, in one round trip for each 200 sites; with
the store away they are left out, and `visitor_counter_store_up` is 0. One site at each scrape has
its figures added up (`visitor_counter_site_imbalance`), the others keep what was found last.

## From a slow request to its lines

In OpenMetrics a bucket of `visitor_counter_request_seconds` has an exemplar with the `request_id`
of a request that took 0.1 s or longer: the one in its answer's `X-Request-Id`, in the lines that
were logged about it, and in the log of a proxy that sent it. A counted view has an id only if it
came with one. Prometheus keeps exemplars with `--enable-feature=exemplar-storage`; with several
workers there are none, as prometheus-client has none for them.
"""
_UNITS = {
    "visitor_counter_request_seconds": "seconds",
    "visitor_counter_store_seconds": "seconds",
    "visitor_counter_journal_bytes": "bytes",
    "visitor_counter_requests": "requests",
    "visitor_counter_connections": "connections",
    "visitor_counter_connections_closed": "connections",
    "visitor_counter_connections_refused": "connections",
    "visitor_counter_store_errors": "round trips",
    "visitor_counter_build_info": "",
    "visitor_counter_store_up": "",
    "visitor_counter_sitemap_up": "",
}
"""Those that do not count views."""
_OVER = {"livesum": "sum", "livemin": "min", "max": "max"}


class Row(NamedTuple):
    name: str
    kind: str
    labels: tuple[str, ...]
    unit: str
    text: str
    over: str


def rows() -> Iterator[Row]:
    """Yield every metric as a scrape has it."""
    for value in vars(Metrics()).values():
        metric = value.metric if isinstance(value, Labelled | Tally | Timing) else value
        if isinstance(value, SiteCounter):
            name = f"{value.name}_total"
            yield Row(name, "counter", value.labels, "views", value.text, "sum")
        if isinstance(metric, MetricWrapperBase):
            yield _row(metric)
    for gauge in READ_AT_SCRAPE:
        yield Row(gauge.name, "gauge", gauge.labels, gauge.unit, gauge.text, gauge.over)


def _row(metric: MetricWrapperBase) -> Row:
    [family] = metric.describe()
    name = family.name + ("_total" if family.type == "counter" else "")
    # prometheus-client tells labels and modes to nobody else.
    over = _OVER[metric._multiprocess_mode] if isinstance(metric, Gauge) else "sum"
    unit = _UNITS.get(family.name, "views")
    return Row(name, family.type, tuple(metric._labelnames), unit, family.documentation, over)


def metrics_page() -> str:
    """Return the page that explains every metric, as Markdown."""
    lines = ["| metric | type | labels | unit | over instances | |", "|---|---|---|---|---|---|"]
    for row in rows():
        labels = ", ".join(f"`{label}`" for label in row.labels)
        cells = (f"`{row.name}`", row.kind, labels, row.unit, f"`{row.over}`", row.text)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return _PAGE + "\n".join(lines) + "\n" + _NOTES

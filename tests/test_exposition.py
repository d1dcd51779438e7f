"""What is written for a scrape is, byte for byte, what prometheus-client would write."""

from __future__ import annotations

import pytest
from conftest import Start
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from counter.web.exposition import render


@pytest.fixture
def registry() -> CollectorRegistry:
    """One of each kind, with values and labels that are written in odd ways."""
    registry = CollectorRegistry()
    gauge = Gauge("a_gauge", 'Help with "quotes", a \\ and\na line.', ["b", "a"], registry=registry)
    values = (0, -0.0, 1, -1, 0.1, 999_999, 1e6, 1_361_382, 123456.5, 2**53, 1e21, 1e-7)
    for n, value in enumerate((*values, float("inf"), float("-inf"), float("nan"))):
        gauge.labels(str(n), 'x"y\\z\nw').set(value)
    Gauge("empty", "Nothing yet.", ["site"], registry=registry)
    counter = Counter("views", "Views.", ["site"], registry=registry)
    counter.labels("một-trang").inc(7)
    counter.labels("").inc(2.5)
    histogram = Histogram(
        "seconds", "Time.", ["route"], buckets=(0.0005, 1, 2.5), registry=registry
    )
    histogram.labels("/v1/{site}/views").observe(0.3)
    histogram.labels("/").observe(2, {"request_id": "a-1"})
    counter.labels("b").inc(1, {"b": 'x"', "a": "y"})
    return registry


def test_it_is_what_the_library_writes(registry: CollectorRegistry) -> None:
    assert render(registry.collect(), openmetrics=False).encode() == generate_latest(registry)
    openmetrics = render(registry.collect(), openmetrics=True) + "# EOF\n"
    assert openmetrics.encode() == generate_openmetrics(registry)


async def test_so_it_is_for_what_the_service_counts(start: Start) -> None:
    service = await start()
    for path in ("/a", "a", "/b"):
        await service.client.view(path)
    registry = service.service.metrics.registry
    assert render(registry.collect(), openmetrics=False).encode() == generate_latest(registry)

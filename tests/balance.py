"""The service's own account of what became of the views, as its operators see it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from conftest import Client
from prometheus_client.parser import text_string_to_metric_families

_IN = ("visitor_counter_views_received_total", "visitor_counter_views_adopted_total")
_OUT = (
    "visitor_counter_views_total",
    "visitor_counter_views_dropped_total",
    "visitor_counter_views_refused_total",
    "visitor_counter_queue_views",
    "visitor_counter_journal_views",
)


async def scrape(ops: Client) -> Counter[str]:
    """Return each metric's sum over its labels, by its name in the exposition."""
    text = await (await ops.request("GET", "/metrics")).text()
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] += sample.value
    return found


def assert_conserved(metrics: Counter[str]) -> None:
    """What came in must be what was counted, left out, refused, or still waits."""
    came, went = ({name: metrics[name] for name in names} for names in (_IN, _OUT))
    assert sum(came.values()) == sum(went.values()), (came, went)


@contextlib.asynccontextmanager
async def conserved(ops: Client) -> AsyncIterator[list[Counter[str]]]:
    """Scrape again and again, and hold each scrape to account; yields what was scraped."""
    scrapes: list[Counter[str]] = []

    async def watch() -> None:
        while True:
            scrapes.append(await scrape(ops))
            assert_conserved(scrapes[-1])
            await asyncio.sleep(0.005)

    task = asyncio.create_task(watch())
    try:
        yield scrapes
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert scrapes
    assert_conserved(await scrape(ops))

"""A scrape tells what the figures and Redis tell, accounts for every view, and stays small."""

from __future__ import annotations

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import OTHER_BROWSER, Client, FakeClock, Running, Start
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from redis.asyncio import Redis
from stores import NOW
from yarl import URL

from counter import __version__
from counter.cli.metrics_page import metrics_page, rows
from counter.model.figures import Reason
from counter.storage import keys
from counter.web import routing
from counter.web.openapi_parts import problems

VIEWS = "/v1/a/views"
METRICS_PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"
PROMTOOL = shutil.which("promtool") or ""
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(ops: Client) -> Series:
    """Return all series of a scrape by their names and labels."""
    text = await (await ops.request("GET", "/metrics")).text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


def total(series: Series, name: str, **labels: str) -> float:
    """Return the sum of all series of this name that have these labels."""
    return sum(
        value
        for (found, its), value in series.items()
        if found == name and labels.items() <= dict(its).items()
    )


async def test_the_site_s_gauges_are_its_figures_and_what_redis_holds(
    start: Start, redis: Redis
) -> None:
    service = await start({"start_total": 1_361_382}, FakeClock(NOW))
    for path in ("/a", "/b", "/a"):
        await service.client.view(path)
    await service.browser(OTHER_BROWSER).view("/a")
    series = await scrape(service.ops)
    figures = await service.client.figures()
    for figure in ("online", "today", "yesterday", "week", "month"):
        assert total(series, f"visitor_counter_site_{figure}", site="a") == figures[figure]
    assert total(series, "visitor_counter_site_overall", site="a") == figures["total"]
    assert figures["total"] == int(await redis.hget(keys.total("a"), "views")) == 1_361_386
    assert figures["online"] == await redis.zcard(f"{keys.prefix('a')}online") == 2


async def test_sites_are_told_apart(start: Start) -> None:
    service = await start(sites={"a": {"start_total": 5}, "b": {}})
    await service.client.view("/a", site="b")
    series = await scrape(service.ops)
    told = {site: total(series, "visitor_counter_site_overall", site=site) for site in ("a", "b")}
    assert told == {"a": 5, "b": 1}
    assert total(series, "visitor_counter_views_total", site="b") == 1


# What became of every view


def unaccounted(series: Series) -> float:
    """Return how many views were received of which nothing is known."""
    return (
        total(series, "visitor_counter_views_received_total")
        - total(series, "visitor_counter_views_total")
        - total(series, "visitor_counter_views_dropped_total")
        - total(series, "visitor_counter_views_refused_total")
        - total(series, "visitor_counter_queue_views")
        - total(series, "visitor_counter_journal_views")
    )


async def test_each_view_is_told_by_what_became_of_it(start: Start) -> None:
    service = await start(
        {
            "repeat_window": "10s",
            "rate_limit": "7/h",
            "max_articles": 1,
            "privacy_signals": "ignore",
            "ignore_addresses": ["192.0.2.0/24"],
            "origins": ["https://a.vn"],
            "allow_no_origin": True,
        },
        server={"trusted_proxies": ["127.0.0.0/8"]},
    )
    view = service.client.view
    for path in ("/a", "/a", "/b"):  # counted, a repeat, and past the limit of articles
        await view(path)
    await view("/a", headers={"User-Agent": "curl/8.0"})
    await view("/a", headers={"Sec-Purpose": "prefetch"})
    await view("/a", headers={"X-Forwarded-For": "192.0.2.1"})
    await view("/a", headers={"DNT": "1"})
    await view("a")
    await view("/a", data="{", headers={"Content-Type": "application/json"})
    await view("/a", headers={"Origin": "https://b.vn"})
    await service.client.json("POST", "/v1/a/presence")
    for n in range(5):
        await view(f"/{n}")
    series = await scrape(service.ops)
    assert total(series, "visitor_counter_views_received_total", site="a") == 15
    assert total(series, "visitor_counter_views_total", site="a") == 5
    dropped = Counter(
        {
            dict(labels)["reason"]: value
            for (name, labels), value in series.items()
            if name == "visitor_counter_views_dropped_total"
        }
    )
    assert dropped == {"repeat": 1, "bot": 1, "prefetch": 1, "address": 1, "signal": 1, "rate": 2}
    for reason in ("bad-path", "bad-body", "origin"):
        assert total(series, "visitor_counter_views_refused_total", reason=reason) == 1
    assert unaccounted(series) == 0


async def test_every_scrape_under_load_accounts_for_every_view(start: Start) -> None:
    service = await start({"repeat_window": "1h"})
    done = asyncio.Event()

    async def load() -> None:
        async def some(number: int) -> None:
            client = service.browser(f"{OTHER_BROWSER} {number}")
            for n in range(40):
                await client.view(f"/{n % 30}" if n % 7 else "bad")

        await asyncio.gather(*(some(number) for number in range(12)))
        done.set()

    loading = asyncio.create_task(load())
    scrapes = []
    while not done.is_set():
        scrapes.append(await scrape(service.ops))
    await loading
    scrapes.append(await scrape(service.ops))
    assert [unaccounted(series) for series in scrapes] == [0] * len(scrapes)
    assert total(scrapes[-1], "visitor_counter_views_received_total") == 480
    assert total(scrapes[-1], "visitor_counter_queue_views") == 0
    assert any(total(series, "visitor_counter_views_total") for series in scrapes[:-1])


async def test_batches_and_round_trips_are_measured(start: Start) -> None:
    service = await start()
    before = await scrape(service.ops)
    await asyncio.gather(*(service.client.view(f"/{n}") for n in range(50)))
    after = await scrape(service.ops)

    def gained(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert gained("visitor_counter_batch_views_sum") == 50
    batches = gained("visitor_counter_batch_views_count")
    assert 1 <= batches < 50
    assert gained("visitor_counter_store_seconds_count", operation="apply") == batches
    assert gained("visitor_counter_request_seconds_count", route="/v1/{site}/views") == 50
    assert total(after, "visitor_counter_store_up") == 1


async def test_requests_are_told_by_route_method_and_status(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    await service.client.view("a")
    await service.client.request("PUT", VIEWS)
    await service.client.figures(site="none")
    series = await scrape(service.ops)
    for route, method, status in (
        ("/v1/{site}/views", "POST", "200"),
        ("/v1/{site}/views", "POST", "400"),
        ("/v1/{site}/views", "other", "405"),
        ("/v1/{site}/figures", "GET", "404"),
    ):
        labels = {"route": route, "method": method, "status": status}
        assert total(series, "visitor_counter_requests_total", **labels) == 1


async def test_errors_of_the_store_are_told_by_their_kind(start: Start, redis: Redis) -> None:
    service = await start()
    await redis.set(keys.top("a"), "spoilt")
    assert (await service.client.view("/a"))["status"] == 503
    await redis.delete(keys.top("a"))
    series = await scrape(service.ops)
    labels = {"operation": "apply", "kind": "WRONGTYPE"}
    assert total(series, "visitor_counter_store_errors_total", **labels) == 1
    assert total(series, "visitor_counter_views_refused_total", reason="store") == 1
    assert unaccounted(series) == 0


async def test_the_version_is_told(start: Start) -> None:
    series = await scrape((await start()).ops)
    assert total(series, "visitor_counter_build_info", version=__version__) == 1


# What a stranger may send


async def strange_requests(service: Running, word: str) -> None:
    """Send what a stranger may make up, all of it with `word` in it."""
    agent = {"User-Agent": f"Mozilla/5.0 Gecko/20100101 {word}"}
    for method, path in (
        ("POST", f"/v1/{word}/views?path=/a"),
        ("GET", f"/v1/{word}/figures"),
        ("GET", f"/{word}"),
        ("GET", f"/v1/a/{word}"),
        ("GET", f"/{word}/a/figures"),
        ("PATCH", f"/v1/a/{word}"),
        ("POST", f"{VIEWS}?path=/{word}"),
        ("POST", f"{VIEWS}?path={word}"),
        ("GET", f"/v1/a/figures?path=/{word}&{word}={word}"),
        ("GET", f"/v1/a/top?period={word}"),
        ("GET", f"/embed/{word}.js"),
    ):
        await service.client.request(method, path, headers={"Origin": f"https://{word}", **agent})
    async with service.client.session.request(
        word.upper(), URL(service.client.base + VIEWS), headers=agent
    ):
        pass


async def test_nothing_that_a_stranger_sends_makes_a_series(start: Start) -> None:
    service = await start()
    await strange_requests(service, "one")
    await scrape(service.ops)
    before = await scrape(service.ops)
    for word in ("two", "three", "four"):
        await strange_requests(service, word)
    after = await scrape(service.ops)
    assert after.keys() == before.keys()
    assert not re.search("two|three|four", repr(after.keys()))
    assert total(after, "visitor_counter_views_total") == 4


async def test_a_slow_request_s_id_stands_beside_its_latency(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await start()
    monkeypatch.setattr(routing, "SLOW_SECONDS", 0)
    answer = await service.client.request("GET", "/v1/a/figures")
    await service.client.view("/a", headers={"X-Request-Id": "sent-17"})
    await service.client.view("/a")
    text = await (
        await service.ops.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
    ).text()
    named = {
        sample.labels["route"]: sample.exemplar.labels
        for family in parse_openmetrics(text)
        for sample in family.samples
        if sample.exemplar and "/v1" in sample.labels["route"]
    }
    assert named == {
        "/v1/{site}/figures": {"request_id": answer.headers["X-Request-Id"]},
        "/v1/{site}/views": {"request_id": "sent-17"},
    }


# What is documented


async def test_the_document_is_made_from_the_code() -> None:
    assert METRICS_PAGE.read_text("utf-8") == metrics_page(), (
        "make it anew: visitor-counter docs metrics > docs/metrics.md"
    )


async def test_a_scrape_has_what_is_documented_and_nothing_else(start: Start) -> None:
    service = await start()
    await strange_requests(service, "one")
    text = await (await service.ops.request("GET", "/metrics")).text()
    documented = {row.name.removesuffix("_total"): row for row in rows()}
    families = {family.name: family for family in parse_text(text)}
    assert families.keys() == documented.keys()
    for name, family in families.items():
        row = documented[name]
        assert (family.type, family.documentation) == (row.kind, row.text)
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(row.labels)


def test_a_site_has_at_most_sixty_series() -> None:
    """If it met every reason that there is to leave a view out, and every way to fail."""
    reasons = {
        "visitor_counter_views_dropped_total": [reason.value for reason in Reason],
        "visitor_counter_articles_refused_total": [Reason.ARTICLES, Reason.NEW_ARTICLES],
        "visitor_counter_views_refused_total": [*{p.slug for p in problems()}, "store"],
    }
    of_a_site = [row for row in rows() if "site" in row.labels]
    assert {row.name for row in of_a_site if "reason" in row.labels} == reasons.keys()
    assert all(set(row.labels) <= {"site", "reason"} for row in of_a_site)
    assert sum(len(reasons.get(row.name, [""])) for row in of_a_site) <= 60


async def ask_every_route(up: Running, site: str) -> None:
    """Ask all that both listeners have, by each method, and have a view counted and refused."""
    for client, router in ((up.client, up.service.router), (up.ops, up.ops_router)):
        for method, route in router.routes():
            address = client.base + re.sub(r"\{\w+\}", site, route)
            async with client.session.request(method, address):
                pass  # streams go on for ever
    for path in ("/a", "a"):
        await up.client.view(path, site=site)


async def test_what_a_site_adds_to_a_scrape_is_few_and_the_rest_does_not_grow(start: Start) -> None:
    up = await start(sites={site: {"repeat_window": "0s"} for site in ("a", "b")})
    await ask_every_route(up, "a")
    await scrape(up.ops)
    one = (await scrape(up.ops)).keys()
    await ask_every_route(up, "b")
    two = (await scrape(up.ops)).keys()
    of_a_site = {series for series in one if ("site", "a") in series[1]}
    assert 10 <= len(of_a_site) <= 60
    assert one <= two
    assert {labels for _, labels in two - one if ("site", "b") not in labels} == set()
    assert len(one - of_a_site) <= 1_200


# The formats


@pytest.mark.skipif(not PROMTOOL, reason="promtool is in Debian's package prometheus")
async def test_promtool_minds_nothing_but_the_product_s_name(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    await service.client.view("a")
    text = await (await service.ops.request("GET", "/metrics")).read()
    promtool = await asyncio.create_subprocess_exec(
        PROMTOOL,
        "check",
        "metrics",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    complaints = b"".join(await promtool.communicate(text)).decode().splitlines()
    assert complaints
    assert {line.partition(" ")[2] for line in complaints} == {
        "metric name should not include type 'counter'"
    }


async def test_openmetrics_is_told_to_whom_it_asks_for_it(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    answer = await service.ops.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    text = await answer.text()
    assert text.endswith("# EOF\n")
    families: dict[str, Any] = {family.name: family for family in parse_openmetrics(text)}
    assert families["visitor_counter_views"].type == "counter"
    assert families["visitor_counter_site_today"].type == "gauge"
    assert families["visitor_counter_request_seconds"].type == "histogram"


def test_every_metric_is_named_and_explained_as_prometheus_wants_it() -> None:
    for row in rows():
        assert re.fullmatch(r"visitor_counter_[a-z_]+", row.name)
        assert row.name.endswith("_total") == (row.kind == "counter")
        assert not row.name.endswith(("_count", "_milliseconds"))
        assert row.text.endswith(".")

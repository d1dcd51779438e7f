"""Reading counts nothing, tells the truth, and costs the store little."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock, Running, Start
from redis.asyncio import Redis
from stores import DAY_MS, HOUR_MS, NOW, contents

from counter.errors import JournalError

HISTORY = "/v1/a/history"
TOP = "/v1/a/top"


async def a_fortnight(start: Start, clock: FakeClock) -> Running:
    """Count n views on the n-th day of the fortnight that ends on Sunday 22 November 2026."""
    service = await start({"start_total": 1000}, clock)
    for n in range(14, 0, -1):
        clock.now = NOW - (n - 1) * DAY_MS
        for view in range(15 - n):
            await service.client.view(f"/{view % 3}")
    return service


async def test_the_figures_have_all_their_fields(start: Start) -> None:
    service = await a_fortnight(start, FakeClock(NOW))
    assert await service.client.figures("/0", "/1", "/tin-tức", "/unknown/") == {
        "site": "a",
        "day": "2026-11-22",
        "unit": "views",
        "online": 1,
        "today": 14,
        "yesterday": 13,
        "week": sum(range(8, 15)),
        "month": sum(range(1, 15)),
        "total": 1000 + sum(range(1, 15)),
        "articles": {"/0": 40, "/1": 35, "/tin-tức": 0, "/unknown/": 0},
    }


async def test_one_path_s_views_stand_by_themselves_too(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    figures = await service.client.figures("/a")
    assert (figures["views"], figures["articles"]) == (1, {"/a": 1})
    assert "views" not in await service.client.figures()


async def test_articles_are_told_under_the_paths_that_were_asked_for(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    paths = ("/a", "/a/", "//a?utm_source=x", "/%61#top")
    assert (await service.client.figures(*paths))["articles"] == dict.fromkeys(paths, 1)


async def test_reading_changes_nothing_in_the_store(start: Start, redis: Redis) -> None:
    service = await start(clock=FakeClock(NOW))
    await service.client.view("/a")
    before = await contents(redis)
    await service.client.figures("/a", "/b")
    for path in (HISTORY, TOP, f"{TOP}?period=week", f"{TOP}?period=total"):
        assert (await service.client.request("GET", path)).status == 200
    await service.ops.request("GET", "/metrics")
    assert await contents(redis) == before


@pytest.mark.parametrize("path", ["/v1/a/figures?path=/a", HISTORY, TOP])
async def test_head_tells_what_get_would_without_saying_it(start: Start, path: str) -> None:
    service = await start()
    get, head = [await service.client.request(method, path) for method in ("GET", "HEAD")]
    assert head.status == 200
    assert await head.read() == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/v1/a/figures", HISTORY, TOP, "/v1/a/views?path=/a"])
async def test_no_answer_may_be_stored_or_taken_for_something_else(start: Start, path: str) -> None:
    service = await start()
    method = "POST" if "views" in path else "GET"
    answer = await service.client.request(method, path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# History


async def test_the_history_has_a_row_for_each_day(start: Start) -> None:
    service = await a_fortnight(start, FakeClock(NOW))
    answer = await service.client.json("GET", f"{HISTORY}?from=2026-11-20&to=2026-11-22")
    assert answer == {
        "site": "a",
        "timezone": "UTC",
        "days": [
            {"day": "2026-11-20", "views": 12, "visits": 1, "visitors": 1},
            {"day": "2026-11-21", "views": 13, "visits": 1, "visitors": 1},
            {"day": "2026-11-22", "views": 14, "visits": 1, "visitors": 1},
        ],
    }


async def test_the_history_tells_of_thirty_days_unless_asked(start: Start) -> None:
    service = await a_fortnight(start, FakeClock(NOW))
    days = (await service.client.json("GET", HISTORY))["days"]
    assert [days[0]["day"], days[-1]["day"]] == ["2026-10-24", "2026-11-22"]
    assert sum(day["views"] for day in days) == sum(range(1, 15))


@pytest.mark.parametrize(
    ("query", "days"),
    [
        pytest.param("from=2026-11-22&to=2026-11-22", 1, id="one day"),
        pytest.param("from=2027-01-01&to=2027-01-31", 31, id="days that are still to come"),
        pytest.param("from=2016-11-15&to=2026-11-22", 3660, id="ten years"),
        pytest.param("to=1970-01-30", 30, id="the thirty days before a day"),
    ],
)
async def test_the_history_tells_of_any_days(start: Start, query: str, days: int) -> None:
    service = await start(clock=FakeClock(NOW))
    assert len((await service.client.json("GET", f"{HISTORY}?{query}"))["days"]) == days


# The most read


@pytest.mark.parametrize(
    ("query", "articles"),
    [
        ("", {"/0": 5, "/1": 5, "/2": 4}),
        ("?period=today&limit=1", {"/0": 5}),
        ("?period=week", {"/0": 28, "/1": 26, "/2": 23}),
        ("?period=total&limit=2", {"/0": 40, "/1": 35}),
    ],
)
async def test_the_most_read_come_first(start: Start, query: str, articles: dict[str, int]) -> None:
    service = await a_fortnight(start, FakeClock(NOW))
    answer = await service.client.json("GET", TOP + query)
    assert list(answer) == ["site", "period", "articles"]
    assert [(a["path"], a["views"]) for a in answer["articles"]] == list(articles.items())


# What readers share


async def reads(service: Running) -> float:
    metrics = await (await service.ops.request("GET", "/metrics")).text()
    [line] = [
        line
        for line in metrics.splitlines()
        if line.startswith('visitor_counter_store_seconds_count{operation="read"}')
    ]
    return float(line.split()[-1])


async def test_readers_within_the_age_of_figures_share_one_look(start: Start) -> None:
    service = await start(server={"figures_max_age": "1h"})
    await service.client.figures("/a")
    before = await reads(service)
    await asyncio.gather(*(service.client.figures("/a") for _ in range(50)))
    assert await reads(service) - before == 1  # the one that the metrics themselves made


@pytest.mark.parametrize("up_ms", [60_000, 10**9])
async def test_an_article_that_is_not_known_yet_is_looked_up(
    start: Start, monkeypatch: pytest.MonkeyPatch, up_ms: int
) -> None:
    # On a machine that has just been started, too, whose clock began less than an hour ago.
    monkeypatch.setattr("counter.readers.figures.monotonic_ms", lambda: up_ms)
    service = await start(server={"figures_max_age": "1h"})
    await service.client.figures("/a")
    await service.client.view("/b")
    assert (await service.client.figures("/a", "/b"))["articles"] == {"/a": 0, "/b": 1}


async def test_many_who_come_at_once_get_what_each_asked_for(start: Start) -> None:
    service = await start()
    for n in range(5):
        for _ in range(n + 1):
            await service.client.view(f"/{n}")
    asked = [(f"/{n % 5}", f"/{n % 3}") for n in range(40)]
    answers = await asyncio.gather(*(service.client.figures(*paths) for paths in asked))
    for paths, answer in zip(asked, answers, strict=True):
        assert answer["articles"] == {path: int(path[1:]) + 1 for path in paths}


async def test_a_reader_who_leaves_does_not_take_the_figures_from_the_others(start: Start) -> None:
    service = await start()
    await service.client.view("/a")
    leaving = [asyncio.create_task(service.client.figures("/a")) for _ in range(20)]
    staying = [asyncio.create_task(service.client.figures("/a")) for _ in range(20)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    assert {figures["total"] for figures in await asyncio.gather(*staying)} == {1}


async def test_remembered_figures_do_not_outlive_their_day(start: Start) -> None:
    clock = FakeClock(NOW + 12 * HOUR_MS - 1)
    service = await start(clock=clock, server={"figures_max_age": "1h"})
    await service.client.view("/a")
    assert (await service.client.figures())["today"] == 1
    clock.now += 1
    figures = await service.client.figures()
    assert (figures["day"], figures["today"], figures["yesterday"]) == ("2026-11-23", 0, 1)


# Health


async def test_health_and_readiness_are_told_to_operators_only(start: Start) -> None:
    service = await start()
    for path in ("/healthz", "/readyz"):
        assert (await service.ops.request("GET", path)).status == 200
        assert (await service.client.request("GET", path)).status == 404
    assert (await service.client.request("GET", "/metrics")).status == 404


async def test_a_store_that_refuses_the_script_is_told_by_readiness(
    start: Start, redis: Redis
) -> None:
    service = await start()
    await redis.config_set("maxmemory", "1mb")
    try:
        answer = await service.ops.request("GET", "/readyz")
        health = await service.ops.request("GET", "/healthz")
    finally:
        await redis.config_set("maxmemory", "0")
    document: dict[str, Any] = await answer.json()
    assert (answer.status, document["status"]) == (503, "store")
    assert "out of memory" in document["detail"]
    assert health.status == 200


async def test_a_service_whose_journal_can_t_be_written_does_not_start(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"store\.journal: .+ can't be written to"):
        await start(store={"journal": str(tmp_path / "file")})

"""A view is counted once and answered with its own numbers, however many come at once."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from conftest import BROWSER, OTHER_BROWSER, Client, FakeClock, Running, Start, eventually
from redis.asyncio import Redis
from stores import NOW

from counter.storage import keys

VIEWS = "/v1/a/views"


async def test_a_view_is_answered_with_the_figures_just_after_it(start: Start) -> None:
    service = await start({"start_total": 1_361_382}, FakeClock(NOW))
    assert await service.client.view("/tin/a") == {
        "views": 1,
        "online": 1,
        "today": 1,
        "yesterday": 0,
        "total": 1_361_383,
    }
    other = service.browser(OTHER_BROWSER)
    assert await other.view("/tin/a") == {
        "views": 2,
        "online": 2,
        "today": 2,
        "yesterday": 0,
        "total": 1_361_384,
    }


JSON = "application/json"


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param({"params": {"path": "/tin-tức"}}, id="in the query"),
        pytest.param({"data": {"path": "/tin-tức"}}, id="in a form"),
        pytest.param({"json": {"path": "/tin-tức"}}, id="in JSON"),
        pytest.param({"data": '{"path": "/tin-t\\u1ee9c"}'}, id="in JSON that is sent as text"),
        pytest.param(
            {"data": b'{"path": "/tin-t\xe1\xbb\xa9c"}', "headers": {"Content-Type": JSON}},
            id="in JSON with plain UTF-8",
        ),
        pytest.param(
            {"params": {"path": "/tin-tức"}, "json": {"path": "/b"}}, id="in the query before all"
        ),
        pytest.param({"params": [("path", "/tin-tức"), ("path", "/b")]}, id="the first of two"),
        pytest.param({"params": {"path": "/tin-t%E1%BB%A9c/"}}, id="escaped twice"),
    ],
)
async def test_the_path_may_come(start: Start, request_of: dict[str, Any]) -> None:
    service = await start()
    answer = await service.client.json("POST", VIEWS, **request_of)
    assert (answer["views"], answer["total"]) == (1, 1)
    assert (await service.client.figures("/tin-tức"))["articles"] == {"/tin-tức": 1}


async def test_one_article_s_addresses_are_one_count(start: Start) -> None:
    service = await start({"keep_query": ["id"]})
    for path in ("/a?id=1", "/a/?utm_source=x&id=1", "//a?id=1#top", "https://x.vn/%61?id=1"):
        answer = await service.client.view(path)
    assert answer["views"] == 4
    assert (await service.client.view("/a?id=2"))["views"] == 1


async def test_a_repeat_is_answered_and_not_counted(start: Start) -> None:
    service = await start({"repeat_window": "10s"})
    first = await service.client.view("/a")
    assert await service.client.view("/a") == {**first, "counted": False, "reason": "repeat"}
    assert (await service.client.view("/b"))["total"] == 2


async def test_an_article_past_the_limit_counts_for_the_site(start: Start) -> None:
    service = await start({"max_articles": 1})
    await service.client.view("/a")
    answer = await service.client.view("/b")
    assert (answer["views"], answer["total"], answer["reason"]) == (0, 2, "articles")
    assert "counted" not in answer


DROPPED = {
    "a bot": ({}, {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}, "bot"),
    "no user agent": ({}, {"User-Agent": ""}, "bot"),
    "a page fetched ahead": ({}, {"Sec-Purpose": "prefetch"}, "prefetch"),
    "a page rendered ahead": ({}, {"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
    "a page fetched ahead by an old browser": ({}, {"Purpose": "prefetch"}, "prefetch"),
    "an editor's address": ({"ignore_addresses": ["127.0.0.0/8"]}, {}, "address"),
    "a reader who asks for it": ({"privacy_signals": "ignore"}, {"Sec-GPC": "1"}, "signal"),
    "a reader who asks for it by DNT": ({"privacy_signals": "ignore"}, {"DNT": "1"}, "signal"),
}


@pytest.mark.parametrize(("site", "headers", "reason"), DROPPED.values(), ids=DROPPED.keys())
async def test_not_counted_but_answered_is(
    start: Start, site: dict[str, Any], headers: dict[str, str], reason: str
) -> None:
    service = await start({"start_total": 5, **site})
    assert await service.client.view("/a", headers=headers) == {
        "views": 0,
        "online": 0,
        "today": 0,
        "yesterday": 0,
        "total": 5,
        "counted": False,
        "reason": reason,
    }


async def test_an_address_counts_as_often_as_the_rate_allows(start: Start) -> None:
    service = await start({"rate_limit": "3/h"})
    answers = [await service.client.view(f"/{n}") for n in range(5)]
    assert [answer.get("reason") for answer in answers] == [None, None, None, "rate", "rate"]
    assert answers[-1]["total"] == 3


async def test_a_reader_who_asks_for_it_may_be_counted_without_being_known(start: Start) -> None:
    service = await start({"privacy_signals": "anonymous"})
    answer = await service.client.view("/a", headers={"Sec-GPC": "1"})
    assert (answer["total"], answer["online"]) == (1, 0)


async def test_presence_keeps_a_reader_online_and_counts_nothing(start: Start) -> None:
    service = await start()
    assert await service.client.json("POST", "/v1/a/presence") == {"online": 1}
    assert (await service.client.figures())["total"] == 0
    assert (await service.client.view("/a"))["online"] == 1


async def test_a_bot_s_presence_is_not_told_of(start: Start) -> None:
    service = await start()
    answer = await service.client.json("POST", "/v1/a/presence", headers={"User-Agent": "curl/8"})
    assert answer == {"online": 0, "counted": False, "reason": "bot"}


# Origins


SITE = {"origins": ["https://www.example.vn", "https://*.tin.example.vn"]}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://www.example.vn"}, id="its origin"),
        pytest.param({"Origin": "https://a.b.tin.example.vn"}, id="one below a star"),
        pytest.param({"Referer": "https://www.example.vn/page?x"}, id="its page as the referrer"),
    ],
)
async def test_the_site_s_own_pages_count(start: Start, headers: dict[str, str]) -> None:
    service = await start(SITE)
    assert (await service.client.view("/a", headers=headers))["total"] == 1


@pytest.mark.parametrize("origin", ["https://www.example.vn", "https://x.tin.example.vn"])
async def test_the_site_s_own_pages_may_read_the_answer(start: Start, origin: str) -> None:
    service = await start(SITE)
    for method, path in (("POST", f"{VIEWS}?path=/a"), ("GET", "/v1/a/figures"), ("PUT", VIEWS)):
        answer = await service.client.request(method, path, headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_another_s_page_may_not_read_the_answer(start: Start) -> None:
    service = await start(SITE)
    headers = {"Origin": "https://evil.example"}
    answer = await service.client.request("GET", "/v1/a/figures", headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"


async def test_a_site_without_origins_is_open_to_all(start: Start) -> None:
    service = await start()
    headers = {"Origin": "https://any.example"}
    answer = await service.client.request("POST", f"{VIEWS}?path=/a", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://any.example"


async def test_a_preflight_is_answered_for_what_may_be_asked(start: Start) -> None:
    service = await start(SITE)
    headers = {"Origin": "https://www.example.vn", "Access-Control-Request-Method": "POST"}
    answer = await service.client.request("OPTIONS", VIEWS, headers=headers)
    assert (answer.status, await answer.read()) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.example.vn"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


# Many at once


async def views_over_connections(
    services: list[Running], paths: list[str], connections: int
) -> list[tuple[str, dict[str, Any]]]:
    """Send a view of each of `paths`, over so many connections, each with a reader of its own."""
    waiting = iter(paths)
    answers: list[tuple[str, dict[str, Any]]] = []

    async def reader(number: int) -> None:
        host, port = services[number % len(services)].service.address
        source, sink = await asyncio.open_connection(host, port)
        for path in waiting:
            sink.write(
                f"POST {VIEWS}?path={path} HTTP/1.1\r\nHost: a\r\n"
                f"User-Agent: {BROWSER} {number}\r\n\r\n".encode()
            )
            head = await source.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            answers.append((path, json.loads(await source.readexactly(length))))
        sink.close()
        await sink.wait_closed()

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(reader(number))
    return answers


async def the_figures_are_exact(
    client: Client, redis: Redis, paths: list[str], answers: list[tuple[str, dict[str, Any]]]
) -> None:
    count = len(paths)
    numbers: dict[str, list[int]] = defaultdict(list)
    for path, answer in answers:
        numbers[path].append(answer["views"])
    expected = Counter(paths)
    assert {path: sorted(told) for path, told in numbers.items()} == {
        path: list(range(1, n + 1)) for path, n in expected.items()
    }
    for figure in ("today", "total"):
        assert sorted(answer[figure] for _, answer in answers) == list(range(1, count + 1))
    figures = await client.figures(*expected)
    assert figures["articles"] == expected
    for figure in ("today", "week", "month", "total"):
        assert figures[figure] == count
    assert int(await redis.hget(keys.total("a"), "views")) == count


async def test_ten_thousand_views_from_64_connections_are_each_counted_once(
    start: Start, redis: Redis
) -> None:
    service = await start(clock=FakeClock(NOW))
    paths = random.Random(64).choices([f"/tin/{n}" for n in range(100)], k=10_000)
    answers = await views_over_connections([service], paths, connections=64)
    await the_figures_are_exact(service.client, redis, paths, answers)
    assert {answer["online"] for _, answer in answers} <= set(range(1, 65))
    assert (await service.client.figures())["online"] == 64
    history = await service.client.json("GET", "/v1/a/history")
    assert history["days"][-1]["visits"] == 64
    assert history["days"][-1]["visitors"] == pytest.approx(64, abs=2)


async def test_views_through_two_services_on_one_store_are_each_counted_once(
    start: Start, redis: Redis
) -> None:
    clock = FakeClock(NOW)
    services = [await start(clock=clock), await start(clock=clock)]
    paths = random.Random(2).choices([f"/tin/{n}" for n in range(10)], k=1_000)
    answers = await views_over_connections(services, paths, connections=16)
    await the_figures_are_exact(services[1].client, redis, paths, answers)


async def test_a_reader_who_leaves_before_the_answer_is_counted(start: Start) -> None:
    service = await start()
    _, sink = await asyncio.open_connection(*service.service.address)
    sink.write(
        f"POST {VIEWS}?path=/a HTTP/1.1\r\nHost: a\r\nUser-Agent: {BROWSER}\r\n\r\n".encode()
    )
    await sink.drain()
    sink.close()
    await sink.wait_closed()

    async def total() -> int:
        return (await service.client.figures())["total"]

    await eventually(total)
    assert await total() == 1

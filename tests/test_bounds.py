"""What a stranger sends does not grow the service: made-up paths and sites, and too many views."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from abuse.flood import flood, made_up
from conftest import Client, Running, Start
from hypothesis import example, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from counter.errors import SettingsError
from counter.model.patterns import matches
from counter.settings import parse

BROWSERS_IP = "X-Forwarded-For"
PROXY = {"trusted_proxies": ["127.0.0.1/32"]}


@pytest.mark.parametrize(
    ("pattern", "path", "said"),
    [
        ("/news/*", "/news/flood", True),
        ("/news/*", "/news/2026/flood", True),
        ("/news/*", "/news/", True),
        ("/news/*", "/news", False),
        ("/news/*", "/old/news/flood", False),
        ("/*/flood", "/news/flood", True),
        ("/*/flood", "/news/flood/2", False),
        ("/", "/", True),
        ("/", "/a", False),
        ("/*", "/a?id=1", True),
        ("/tin-tức/*", "/tin-tức/lũ", True),
        ("/a*b*c", "/abc", True),
        ("/a*b*c", "/acbc", True),
        ("/a*b*c", "/acb", False),
        ("/aa*aa", "/aaa", False),
        ("/a.c", "/abc", False),
    ],
)
def test_a_pattern_stands_for_the_whole_of_a_path(pattern: str, path: str, said: bool) -> None:
    assert matches(pattern, path) is said


@given(st.text("/ab*", max_size=8), st.text("/ab", max_size=10))
@example("/a*a*", "/aa")
def test_patterns_match_as_a_regular_expression_would(pattern: str, path: str) -> None:
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    assert matches(pattern, path) == bool(re.fullmatch(expression, path))


def test_a_pattern_may_be_written_percent_encoded() -> None:
    [site] = parse({"sites": {"a": {"paths": ["/tin-t%E1%BB%A9c/*"]}}}).sites.values()
    assert site.paths == ("/tin-tức/*",)


@pytest.mark.parametrize("pattern", ["news/*", "*", "", "/news?id=*", "/news#top", "/%FF", 1])
def test_what_is_no_pattern_is_told_so(pattern: object) -> None:
    with pytest.raises(SettingsError, match='such as "/news/\\*"'):
        parse({"sites": {"a": {"paths": [pattern]}}})


async def test_a_path_that_is_none_of_the_site_s_is_left_out(start: Start) -> None:
    up = await start({"paths": ["/news/*", "/"]})
    answer = await up.client.view("/made-up")
    assert (answer["counted"], answer["reason"], answer["total"]) == (False, "unlisted", 0)
    assert (await up.client.view("/news/flood"))["total"] == 1
    assert (await up.client.view("/"))["total"] == 2
    text = await (await up.ops.request("GET", "/metrics")).text()
    assert 'visitor_counter_views_dropped_total{reason="unlisted",site="a"} 1.0' in text


async def test_a_page_of_any_path_keeps_its_reader_online(start: Start) -> None:
    up = await start({"paths": ["/news/*"]})
    assert await up.client.json("POST", "/v1/a/presence") == {"online": 1}


async def view_from(client: Client, address: str, path: str = "/a") -> str:
    return (await client.view(path, headers={BROWSERS_IP: address})).get("reason", "counted")


async def test_a_site_has_a_rate_of_its_own(start: Start) -> None:
    up = await start({"site_rate_limit": "3/h"}, server=PROXY)
    told = [await view_from(up.client, f"192.0.2.{n}") for n in range(5)]
    assert told == ["counted"] * 3 + ["site-rate"] * 2
    presence = await up.client.json("POST", "/v1/a/presence")
    assert "reason" not in presence


async def test_who_is_over_their_own_rate_takes_nothing_from_the_site_s(start: Start) -> None:
    up = await start({"site_rate_limit": "3/h", "rate_limit": "1/h"}, server=PROXY)
    told = [await view_from(up.client, "192.0.2.1") for _ in range(9)]
    assert told == ["counted"] + ["rate"] * 8
    assert [await view_from(up.client, f"192.0.2.{n}") for n in (2, 3)] == ["counted"] * 2


async def test_a_view_of_one_article_too_many_is_answered_with_the_reason(start: Start) -> None:
    up = await start({"new_articles": "1/h"})
    await up.client.view("/a")
    answer = await up.client.view("/b")
    assert (answer["views"], answer["total"], answer["reason"]) == (0, 2, "new-articles")
    assert "counted" not in answer
    text = await (await up.ops.request("GET", "/metrics")).text()
    assert 'visitor_counter_articles_refused_total{reason="new-articles",site="a"} 1.0' in text


# Made-up paths and sites. `make abuse` sends a million of them.


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


async def series(up: Running) -> set[str]:
    text = await (await up.ops.request("GET", "/metrics")).text()
    return {line.rpartition(" ")[0] for line in text.splitlines() if line[0] != "#"}


async def test_made_up_paths_and_sites_leave_no_trace(start: Start, redis: Redis) -> None:
    up = await start({"max_articles": 200})
    requests = made_up(50_000)
    await flood(up.service.address, islice(requests, 20_000))
    await series(up)  # which has a series of its own from then on
    store, own, names = (
        (await redis.info("memory"))["used_memory"],
        resident_bytes(),
        await series(up),
    )
    statuses = await flood(up.service.address, requests)
    assert statuses == {"200": 25_000, "404": 5_000}
    assert (await redis.info("memory"))["used_memory"] < store + 512 * 1024
    assert resident_bytes() < own + 32 * 1024 * 1024
    assert await series(up) == names
    figures = await up.client.figures()
    assert figures["total"] == 40_000
    assert await redis.hget("vc:{a}:total", "articles") == b"200"
    strange = [key for key in await redis.keys() if b"{a}" not in key and b"salt" not in key]
    assert strange == [b"vc:schema"]

"""Each kind of bad input is told what was wrong with it, and counts nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import BROWSER, FakeClock, Start
from redis.asyncio import Redis
from stores import NOW, contents
from yarl import URL

VIEWS = "/v1/a/views"
FIGURES = "/v1/a/figures"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DEEP = '{"path":' * 1000
SITE = {"origins": ["https://www.example.vn"], "allow_no_origin": True}


@dataclass
class Case:
    """A request, and the problem that answers it."""

    status: int
    slug: str
    detail: str
    """A part of what the problem says."""
    address: str = VIEWS
    method: str = "POST"
    options: dict[str, Any] = field(default_factory=dict)


def path(text: str, detail: str, slug: str = "bad-path") -> Case:
    """A view whose query has this `path`, percent-encoded already."""
    return Case(400, slug, detail, f"{VIEWS}?path={text}")


def body(status: int, slug: str, detail: str, data: Any, headers: dict[str, str]) -> Case:
    return Case(status, slug, detail, options={"data": data, "headers": headers})


CASES = {
    # The path
    "no path": Case(400, "bad-path", "?path=/news/1"),
    "an empty path": path("", "The path is empty"),
    "an empty path in a form": body(400, "bad-path", "The path is empty", "path=", FORM),
    "a path that does not begin with a slash": path("news", "does not begin with /"),
    "a path of 1,025 bytes": path("/" + "a" * 1024, "1,024"),
    "a path of 1,026 bytes in 513 letters": path("/" + "%C4%91" * 512 + "a", "1,024"),
    "a path that is not UTF-8": path("/%FF", "UTF-8", "bad-parameter"),
    "a path with half a letter": path("/%E1%BB", "UTF-8", "bad-parameter"),
    "a path that is not UTF-8 inside": path("/%25FF", "UTF-8"),
    "a path with NUL": path("/a%00b", "control character"),
    "a path with a line feed": path("/a%0Ab", "control character"),
    "a path with DEL": path("/a%7F", "control character"),
    "a path with half a surrogate": body(
        400, "bad-path", "no UTF-8 text holds", '{"path": "/\\ud800"}', JSON
    ),
    # The site
    "an unknown site": Case(404, "unknown-site", "no site 'b'", "/v1/b/views?path=/a"),
    "a site's key in capitals": Case(404, "unknown-site", "a-z", "/v1/A/views?path=/a"),
    "a site's key with a space": Case(404, "unknown-site", "a-z", "/v1/a%20b/views?path=/a"),
    "a site's key of 64 letters": Case(404, "unknown-site", "63", f"/v1/{'a' * 64}/views?path=/a"),
    "a site's key with a line feed": Case(404, "unknown-site", "a-z", "/v1/a%0A/views?path=/a"),
    "no site's key": Case(404, "not-found", "GET /", "/v1//views?path=/a"),
    # The body
    "a body that is not JSON": body(400, "bad-body", "not JSON", "{path: /a}", JSON),
    "a body that is no object": body(400, "bad-body", "object", '["/a"]', JSON),
    "a body without path": body(400, "bad-body", "object", '{"url": "/a"}', JSON),
    "a path that is no string": body(400, "bad-body", "string", '{"path": 1}', JSON),
    "a body that is nested deep": body(400, "bad-body", "not JSON", DEEP, JSON),
    "a body that is not UTF-8": body(400, "bad-body", "UTF-8", b'{"path": "/\xff"}', JSON),
    "a form that is not UTF-8": body(400, "bad-parameter", "UTF-8", "path=/%FF", FORM),
    "a form without path": body(400, "bad-path", "?path=", "url=/a", FORM),
    "a body of another type": body(
        415, "media-type", "application/json", "<path>/a</path>", {"Content-Type": "text/xml"}
    ),
    "a body of no type": body(
        415, "media-type", "application/json", b"/a", {"Content-Type": "application/octet-stream"}
    ),
    "a compressed body": body(
        415, "media-type", "Content-Encoding", b"x", {**JSON, "Content-Encoding": "gzip"}
    ),
    "a body of 8,193 bytes": body(413, "body-too-large", "8192", b" " * 8193, JSON),
    "a bad body beside a good query": Case(
        400, "bad-body", "not JSON", f"{VIEWS}?path=/a", options={"data": "{", "headers": JSON}
    ),
    # Parameters
    "129 parameters": Case(400, "bad-parameter", "128", f"{VIEWS}?path=/a" + "&x=1" * 128),
    "101 paths": Case(
        400, "too-many-paths", "101 paths", f"{FIGURES}?" + "&path=/a" * 101, method="GET"
    ),
    "a bad path among good ones": Case(
        400, "bad-path", "does not begin", f"{FIGURES}?path=/a&path=b", method="GET"
    ),
    "a history of no day": Case(
        400, "bad-parameter", "2026-11-22", "/v1/a/history?from=yesterday", method="GET"
    ),
    "a history of a day that was not": Case(
        400, "bad-parameter", "to must be a day", "/v1/a/history?to=2026-02-29", method="GET"
    ),
    "a history that goes back": Case(
        400, "bad-parameter", "after", "/v1/a/history?from=2026-11-02&to=2026-11-01", method="GET"
    ),
    "a history of more than ten years": Case(
        400, "bad-parameter", "3660 days", "/v1/a/history?from=2001-01-01", method="GET"
    ),
    "the most read of an unknown period": Case(
        400, "bad-parameter", "today, week, total", "/v1/a/top?period=year", method="GET"
    ),
    "the most read, none": Case(400, "bad-parameter", "1 to 1000", "/v1/a/top?limit=0", "GET"),
    "the most read, all": Case(400, "bad-parameter", "1 to 1000", "/v1/a/top?limit=1001", "GET"),
    "the most read, some": Case(400, "bad-parameter", "1 to 1000", "/v1/a/top?limit=%D9%A1", "GET"),
    # The address and the method
    "an unknown address": Case(404, "not-found", "GET /", "/v2/a/views?path=/a"),
    "a view by GET": Case(405, "method", "OPTIONS, POST", f"{VIEWS}?path=/a", "GET"),
    "a view by PUT": Case(405, "method", "OPTIONS, POST", f"{VIEWS}?path=/a", "PUT"),
    "figures by POST": Case(405, "method", "GET, HEAD, OPTIONS", FIGURES, "POST"),
    "figures by PATCH": Case(405, "method", "not PATCH", FIGURES, "PATCH"),
    # The origin
    "another's origin": Case(
        403,
        "origin",
        "'https://evil.example' is not among",
        f"{VIEWS}?path=/a",
        options={"headers": {"Origin": "https://evil.example"}},
    ),
    "an origin that ends as the site's": Case(
        403,
        "origin",
        "is not among",
        f"{VIEWS}?path=/a",
        options={"headers": {"Origin": "https://evil-www.example.vn"}},
    ),
    "the site's host by another scheme": Case(
        403,
        "origin",
        "is not among",
        f"{VIEWS}?path=/a",
        options={"headers": {"Origin": "http://www.example.vn"}},
    ),
    "another's page as the referrer": Case(
        403,
        "origin",
        "is not among",
        f"{VIEWS}?path=/a",
        options={"headers": {"Referer": "https://evil.example/https://www.example.vn/"}},
    ),
    "presence from another's page": Case(
        403,
        "origin",
        "is not among",
        "/v1/a/presence",
        options={"headers": {"Origin": "https://evil.example"}},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_problem_says_what_was_wrong_and_nothing_counts(
    start: Start, redis: Redis, case: Case
) -> None:
    service = await start(SITE, FakeClock(NOW))
    await service.client.view("/a")
    before = await contents(redis)
    options = {"headers": {}, **case.options}
    headers = {"User-Agent": BROWSER, **options["headers"]}
    address = URL(service.client.base + case.address, encoded=True)
    async with service.client.session.request(
        case.method, address, data=options.get("data"), headers=headers
    ) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert answer.status == case.status
    assert list(problem) == ["type", "title", "status", "detail", "instance"]
    assert problem["type"] == f"urn:visitor-counter:problem:{case.slug}"
    assert problem["status"] == case.status
    assert problem["instance"] == case.address.partition("?")[0]
    assert case.detail in problem["detail"]
    assert problem["detail"].endswith(".")
    assert problem["title"]
    assert await contents(redis) == before


async def test_a_wrong_method_is_told_the_right_ones(start: Start) -> None:
    service = await start()
    answer = await service.client.request("DELETE", VIEWS)
    assert answer.headers["Allow"] == "OPTIONS, POST"


async def test_a_site_with_origins_wants_one_unless_told_otherwise(start: Start) -> None:
    service = await start({"origins": ["https://www.example.vn"]})
    problem = await service.client.view("/a")
    assert problem["type"] == "urn:visitor-counter:problem:origin"
    assert "allow_no_origin" in problem["detail"]


async def test_a_path_and_a_body_of_the_greatest_size_are_taken(start: Start) -> None:
    service = await start()
    longest = "/" + "đ" * 511 + "a"
    data = json.dumps({"path": longest}).ljust(8192)
    answer = await service.client.json("POST", VIEWS, data=data)
    assert answer["views"] == 1
    assert (await service.client.view(longest))["views"] == 2


async def test_a_hundred_paths_of_a_usual_length_are_taken(start: Start) -> None:
    service = await start()
    paths = [f"/tin-tức/xã-hội/đồng-bằng-{n:03}" for n in range(100)]
    assert (await service.client.figures(*paths))["articles"] == dict.fromkeys(paths, 0)


# What no client of Python's would send


async def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Send bytes as they are; returns the answer."""
    source, sink = await asyncio.open_connection(*address)
    sink.write(request)
    head = await source.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    answer = head + await source.readexactly(length)
    sink.close()
    await sink.wait_closed()
    return answer


HEAD = f"Host: a\r\nUser-Agent: {BROWSER}\r\n".encode()
RAW = {
    "a path of raw bytes that are not UTF-8": (
        b"POST /v1/a/views?path=/\xff HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"400",
    ),
    "a body that stops in the middle": (
        b"POST /v1/a/views HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
        + HEAD
        + b'\r\n{"path":',
        b"408",
    ),
    "a chunked body without end": (
        b"POST /v1/a/views HTTP/1.1\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n" + HEAD + b"\r\n2001\r\n" + b" " * 0x2001 + b"\r\n",
        b"413",
    ),
    "a body of two lengths": (
        b"POST /v1/a/views?path=/a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n"
        + HEAD
        + b"\r\n",
        b"400",
    ),
    "a path of raw UTF-8": (
        "POST /v1/a/views?path=/tin-tức HTTP/1.1\r\n".encode() + HEAD + b"\r\n",
        b"400",
    ),
    "a method that nobody knows": (
        b"BREW /v1/a/views?path=/a HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"400",
    ),
    "a request that is none": (b"GARBAGE\r\n\r\n", b"400"),
}


@pytest.mark.parametrize(("request_", "status"), RAW.values(), ids=RAW.keys())
async def test_what_is_no_proper_request_counts_nothing(
    start: Start, request_: bytes, status: bytes
) -> None:
    service = await start(server={"body_timeout": "100ms"})
    answer = await exchange(service.service.address, request_)
    assert answer.split()[1] == status
    assert (await service.client.figures())["total"] == 0

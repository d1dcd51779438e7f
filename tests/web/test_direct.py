"""Views are answered without aiohttp's tasks, and nobody sees a difference."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvloop
from conftest import BROWSER, Start, eventually, settings
from redis.asyncio import Redis

from counter.ingest.pipeline import Pipeline
from counter.storage.store import Store
from counter.web import public
from counter.web.public import Public
from counter.web.service import Service, running

PAUSE_MS = 300
FIGURES = "/v1/a/figures"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    document: Any


class Browser:
    """One connection, on which what is sent and when is ours to say."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, target: str, *headers: str, method: str = "POST", body: str = "") -> None:
        """Send a request; the head of the one after it may follow in pieces."""
        head = [f"{method} {target} HTTP/1.1", "Host: a", f"User-Agent: {BROWSER}", *headers]
        if body:
            head.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*head, "", body]).encode())

    async def answer(self) -> Answer:
        async with asyncio.timeout(5):
            first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
            headers = dict(line.split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers["Content-Length"]))
        return Answer(int(first.split()[1]), headers, json.loads(body))


@asynccontextmanager
async def browser(service: Service) -> AsyncIterator[Browser]:
    reader, writer = await asyncio.open_connection(*service.address)
    try:
        yield Browser(reader, writer)
    finally:
        writer.close()


def view(path: str) -> str:
    return f"/v1/a/views?path={path}"


async def received(service: Service, views: int = 1) -> None:
    """Wait until so many views have been taken in."""
    count = service.metrics.received["a",]

    async def check() -> bool:
        return count.value >= views  # type: ignore[union-attr] # of one process

    await eventually(check)


async def test_a_view_as_browsers_send_it_is_answered_without_a_task(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Public, "count", None)
    up = await start({"origins": ["https://a.example"]})
    async with browser(up.service) as one:
        for number in (1, 2):
            one.send(view("/a"), "Origin: https://a.example", "X-Request-Id: mine")
            answer = await one.answer()
            assert (answer.status, answer.document["views"]) == (200, number)
            assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
            assert answer.headers["X-Request-Id"] == "mine"


def test_the_first_request_of_a_connection_is_answered_without_a_task_too(
    valkey: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Public, "count", None)

    async def read() -> None:
        loop = asyncio.get_running_loop()
        head = f"POST {view('/early')} HTTP/1.1\r\nHost: a\r\nUser-Agent: {BROWSER}\r\n\r\n"
        async with running(settings(valkey, store={"journal": str(tmp_path)})) as up:
            for number in (1, 2, 3):
                # Its head is there before the service has so much as accepted the connection.
                with socket.create_connection(up.service.address) as early:
                    early.sendall(head.encode())
                    early.setblocking(False)
                    answer = await asyncio.wait_for(loop.sock_recv(early, 4096), 5)
                    assert f'"views":{number},'.encode() in answer

    uvloop.run(read())  # it reads what has come before it lets aiohttp's task begin


async def test_figures_as_browsers_ask_for_them_are_answered_without_a_task(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Public, "figures", None)
    up = await start({"origins": ["https://a.example"]})
    origin = "Origin: https://a.example"
    async with browser(up.service) as one:
        one.send(view("/a"), origin)
        await one.answer()
        for _ in range(2):  # one has a look taken into the store, the next is told what is known
            one.send(f"{FIGURES}?path=%2Fa&path=/b/", origin, method="GET")
            answer = await one.answer()
            assert (answer.status, answer.document["total"]) == (200, 1)
            assert answer.document["articles"] == {"/a": 1, "/b/": 0}
            assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
            assert answer.headers["X-Request-Id"]
    text = await (await up.ops.request("GET", "/metrics")).text()
    route = 'method="GET",route="/v1/{site}/figures",status="200"'
    assert f"visitor_counter_requests_total{{{route}}} 2.0" in text


async def test_figures_that_are_asked_for_wrongly_are_answered_as_usual(start: Start) -> None:
    up = await start()
    async with browser(up.service) as one:
        for target, status in (
            (f"{FIGURES}?path=relative", 400),
            (f"{FIGURES}?path=%FF", 400),
            (f"{FIGURES}?{'path=/a&' * 101}", 400),
            ("/v1/none/figures", 404),
            (FIGURES, 200),
        ):
            one.send(target, method="GET")
            assert (await one.answer()).status == status


async def test_figures_that_nobody_can_tell_are_refused(start: Start, redis: Redis) -> None:
    up = await start(store={"timeout": "300ms"})
    await redis.client_pause(10 * PAUSE_MS, all=True)
    async with browser(up.service) as one:
        one.send(FIGURES, method="GET")
        answer = await one.answer()
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert "can't be read" in answer.document["detail"]
    await redis.client_unpause()


async def test_a_mistake_while_figures_are_read_is_told(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = await start()

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    async with browser(up.service) as one:
        with monkeypatch.context() as broken:
            broken.setattr(Store, "read", fail)
            one.send(FIGURES, "X-Request-Id: mine", method="GET")
            answer = await one.answer()
        assert (answer.status, answer.headers["X-Request-Id"]) == (500, "mine")
        one.send(FIGURES, method="GET")
        assert (await one.answer()).status == 200


UNUSUAL = {
    "a body": (view("/a"), (), "path=%2Fb"),
    "a path in the body alone": (
        "/v1/a/views",
        ("Content-Type: application/x-www-form-urlencoded",),
        "path=/a",
    ),
    "the last of its connection": (view("/a"), ("Connection: close",), ""),
    "somebody else's authorisation": (view("/a"), ("Authorization: Basic YTpi",), ""),
    "an absolute address": (f"http://a{view('/a')}", (), ""),
    "an upgrade that nobody offers": (view("/a"), ("Connection: upgrade", "Upgrade: h2c"), ""),
}


@pytest.mark.parametrize(("target", "headers", "body"), UNUSUAL.values(), ids=UNUSUAL.keys())
async def test_an_unusual_view_counts_as_well(
    start: Start, target: str, headers: tuple[str, ...], body: str
) -> None:
    up = await start()
    async with browser(up.service) as one:
        if body and not headers:
            headers = ("Content-Type: application/x-www-form-urlencoded",)
        one.send(target, *headers, body=body)
        assert (await one.answer()).document["views"] == 1
    assert (await up.client.figures("/a"))["views"] == 1


async def test_requests_of_one_connection_are_answered_in_their_order(
    start: Start, redis: Redis
) -> None:
    up = await start()
    await redis.client_pause(PAUSE_MS, all=False)
    async with browser(up.service) as one:
        one.send(view("/a"))
        await received(up.service)
        one.send("/v1/none/figures", method="GET")
        one.send(view("/a"))
        one.writer.write(b"POST " + view("/b").encode())  # the rest of its head comes later
        await asyncio.sleep(0.01)
        assert (await one.answer()).document["views"] == 1
        assert (await one.answer()).status == 404
        assert (await one.answer()).document["views"] == 2
        one.writer.write(b" HTTP/1.1\r\nHost: a\r\nUser-Agent: %b\r\n\r\n" % BROWSER.encode())
        assert (await one.answer()).document["total"] == 3


async def test_what_is_too_much_is_refused_without_a_task(
    start: Start, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Public, "count", None)
    up = await start(server={"queue": 1})
    await redis.client_pause(PAUSE_MS, all=False)
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(browser(up.service)) for _ in range(3)]
        for number, reader in enumerate(readers, 1):
            reader.send(view("/a"))
            await received(up.service, number)
        for again in (True, False):
            refused = await readers[2].answer()
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.headers["X-Request-Id"]
            assert refused.document["type"] == "urn:visitor-counter:problem:unavailable"
            if again:
                readers[2].send(view("/a"))
        assert [(await reader.answer()).document["views"] for reader in readers[:2]] == [1, 2]
        readers[2].send(view("/a"))
        assert (await readers[2].answer()).document["views"] == 3
    text = await (await up.ops.request("GET", "/metrics")).text()
    assert 'visitor_counter_views_refused_total{reason="unavailable",site="a"} 2.0' in text
    route = 'method="POST",route="/v1/{site}/views",status="503"'
    assert f"visitor_counter_requests_total{{{route}}} 2.0" in text


async def test_a_view_that_is_left_out_is_answered_on_the_same_connection(start: Start) -> None:
    up = await start({"origins": ["https://a.example"], "allow_no_origin": True})
    async with browser(up.service) as one:
        for headers, status, said in (
            ((), 200, None),
            (("Sec-Purpose: prefetch",), 200, "prefetch"),
            (("Origin: https://b.example",), 403, None),
            ((), 200, None),
        ):
            one.send(view("/a"), *headers)
            answer = await one.answer()
            assert (answer.status, answer.document.get("reason")) == (status, said)
    assert (await up.client.figures("/a"))["views"] == 2


async def test_a_mistake_of_ours_is_told_with_its_request(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = await start()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    async with browser(up.service) as one:
        for owner, name in ((Pipeline, "run"), (public, "counted_json")):
            with monkeypatch.context() as broken:
                broken.setattr(owner, name, fail)
                one.send(view("/a"), "X-Request-Id: mine")
                answer = await one.answer()
            assert (answer.status, answer.headers["X-Request-Id"]) == (500, "mine")
        one.send(view("/a"))
        assert (await one.answer()).status == 200


async def test_a_view_under_way_keeps_its_connection(start: Start, redis: Redis) -> None:
    up = await start(server={"keepalive_timeout": "300ms", "header_timeout": "300ms"})
    await redis.client_pause(4 * PAUSE_MS, all=False)
    async with browser(up.service) as one:
        one.send(view("/a"))
        assert (await one.answer()).document["views"] == 1
        assert await one.reader.read() == b""  # and then it is idle, and closed


async def test_a_view_under_way_is_answered_before_the_service_stops(
    redis: Redis, valkey: str, tmp_path: Path
) -> None:
    made = settings(valkey, store={"journal": str(tmp_path)})
    async with AsyncExitStack() as clients:
        async with running(made) as up:
            one, other = [await clients.enter_async_context(browser(up.service)) for _ in "12"]
            await redis.client_pause(PAUSE_MS, all=False)
            one.send(view("/a"))
            other.send(view("/a"), "Authorization: none of ours")
            await received(up.service, 2)
        assert {(await each.answer()).document["views"] for each in (one, other)} == {1, 2}


async def flood(client: Browser) -> None:
    for _ in range(64):
        client.writer.write(b"X" * 65_536)
        await client.writer.drain()
    await client.answer()


async def test_what_is_sent_before_the_answer_is_bounded(start: Start, redis: Redis) -> None:
    up = await start()
    async with browser(up.service) as one:
        await redis.client_pause(PAUSE_MS, all=False)
        one.send(view("/a"))
        await received(up.service)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await flood(one)

    async def counted() -> bool:
        return bool((await up.client.figures("/a"))["views"])

    await eventually(counted)

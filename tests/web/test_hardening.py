"""Every route of both listeners, asked with hostile words: nothing comes back as markup."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from conftest import BROWSER, Running, Start
from services import served, write_config
from yarl import URL

from counter.settings import DropIn
from counter.web import openapi, openapi_ops
from counter.web import service as service_module
from counter.web.routing import Router
from counter.web.tokens import token_hash

PAGES = "https://www.example"
WORDS = {
    "a script": "<script>alert(1)</script>",
    "an attribute's end": "\"'><img src=x onerror=alert(1)>",
    "an SVG's end": "</text></svg><svg onload=alert(1)>",
    "a callback": "alert(1)//",
    "a function call": "parent.postMessage",
    "a header of its own": "a\r\nSet-Cookie: owned=1\r\n\r\n<script>alert(1)</script>",
    "a line of its own": '"}\n{"event": "forged", "level": "critical"}',
    "a template": "{{1337*1337}}${1337*1337}<%= 1337*1337 %>",
    "half a surrogate, escaped": "%ED%A0%80",
    "a path outside": "/../../../etc/passwd",
    "a right-to-left override": "\u202egpj.exe",
}
TOKEN = "vc_test"
PARAMETERS = (
    *("path", "lang", "theme", "layout", "figures", "figure", "label", "color", "style", "count"),
    *("callback", "jsonpCallback", "period", "limit", "from", "to", "day", "page", "site", "q"),
)
TYPES = {
    "application/json": json.loads,
    "application/problem+json": json.loads,
    "application/openmetrics-text": str,
    "text/plain": str,
    "text/html": str,
    "text/css": str,
    "text/javascript": str,
    "application/javascript": str,
    "image/svg+xml": ElementTree.fromstring,
    "image/gif": str,
    "image/png": str,
    "text/event-stream": str,
}
MARKUP = ("<script>alert", "<img src=x", "<svg onload", "1787569")


@dataclass
class Listeners:
    """A service, and the routes of its listeners."""

    up: Running
    routes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


@pytest.fixture
async def listeners(start: Start, monkeypatch: pytest.MonkeyPatch) -> Listeners:
    made: list[Router] = []

    class Noted(Router):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append(self)

    monkeypatch.setattr(service_module, "Router", Noted)
    up = await start(
        {"origins": [PAGES], "dropins": [way.value for way in DropIn]},
        tokens={"test": {"hash": token_hash(TOKEN), "scopes": ["read", "write"]}},
    )
    public, operations = made
    assert public is up.service.router
    return Listeners(
        up, {up.client.base: list(public.routes()), up.ops.base: list(operations.routes())}
    )


def documented(pattern: str) -> set[str]:
    """Return the names of a route's parameters, as its OpenAPI document has them."""
    operations = {**openapi_ops.document()["paths"], **openapi.document()["paths"]}[pattern]
    lists = [operations.get("parameters", [])]
    lists += [o.get("parameters", []) for o in operations.values() if isinstance(o, dict)]
    return {parameter["name"] for several in lists for parameter in several if "name" in parameter}


def addresses(pattern: str, word: str) -> Iterator[str]:
    """Yield the route's address with `word` in every place."""
    sent = quote(word, safe="")
    queries = ["&".join(f"{name}={sent}" for name in PARAMETERS), f"{sent}={sent}", sent]
    for name in sorted(documented(pattern)):
        queries += [f"{name}={sent}", f"path=/a&{name}=/{sent}"]
    for query in queries:
        yield re.sub(r"\{\w+\}", "a", pattern) + "?" + query
    if "{" in pattern:
        yield re.sub(r"\{\w+\}", sent, pattern) + "?path=/a"
    yield re.sub(r"\{\w+\}", "a", pattern) + "/" + sent
    if pattern == "/counter/{path}":
        yield from (f"/counter//{sent}.{kind}" for kind in ("html", "svg", "json"))
        yield "/counter/TOTAL.html"


async def check(session: Any, method: str, url: str) -> str:
    """Ask, and check what holds of every answer; returns its text."""
    headers = {
        "User-Agent": BROWSER,
        "Origin": PAGES,
        "Referer": PAGES + "/",
        "Authorization": f"Bearer {TOKEN}",
        "Accept-Language": WORDS["a script"],
        "X-Request-Id": WORDS["an attribute's end"],
        "Accept": "text/html",
        "Accept-Encoding": "identity",
    }
    async with session.request(method, URL(url, encoded=True), headers=headers) as answer:
        stream = answer.content_type == "text/event-stream"
        body = await (answer.content.readany() if stream else answer.read())
    text = body.decode(errors="strict" if answer.content_type != "image/gif" else "replace")
    assert answer.headers["X-Content-Type-Options"] == "nosniff", url
    assert "Set-Cookie" not in answer.headers, url
    assert answer.headers.get("Server") == "visitor-counter", url
    assert answer.status < 500, (url, text)
    if body:
        TYPES[answer.content_type](text)
    if "javascript" in answer.content_type and "/embed/" not in url:
        for word in WORDS.values():
            assert word not in text, url
    if answer.content_type in ("text/html", "image/svg+xml"):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, url
        assert "script-src 'unsafe" not in policy, url
        for markup in MARKUP:
            assert markup not in text, url
    if answer.content_type == "text/html":
        assert "frame-ancestors" in policy, url
        assert "base-uri 'none'" in policy, url
    for sign in ("Traceback", 'File "', "site-packages"):
        assert sign not in text, url
    return text


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS.keys())
async def test_no_route_gives_back_what_it_was_sent_as_markup(
    listeners: Listeners, word: str
) -> None:
    session = listeners.up.client.session
    for base, routes in listeners.routes.items():
        for method, pattern in routes:
            if pattern.endswith("/live") or method == "HEAD":
                continue
            for address in addresses(pattern, word):
                await check(session, method, base + address)


async def test_a_stream_is_no_markup_either(listeners: Listeners) -> None:
    session = listeners.up.client.session
    for word in WORDS.values():
        address = f"{listeners.up.client.base}/v1/a/live?path=/{quote(word, safe='')}"
        await check(session, "GET", address)


async def test_an_address_that_nobody_serves_is_a_problem_document(listeners: Listeners) -> None:
    session = listeners.up.client.session
    for base, word in itertools.product(listeners.routes, WORDS.values()):
        text = await check(session, "GET", f"{base}/{quote(word, safe='')}/nothing")
        assert json.loads(text)["status"] == 404


async def test_a_mistake_of_ours_is_told_without_its_traceback(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail of line 7")

    monkeypatch.setattr(listeners.up.service.public._reader, "_missing", broken)
    answer = await listeners.up.client.request("GET", "/v1/a/figures")
    text = await answer.text()
    assert answer.status == 500
    assert json.loads(text)["type"] == "urn:visitor-counter:problem:internal"
    assert "secret" not in text
    assert "secret detail" in "".join(capsys.readouterr())


async def _send(address: str, word: str) -> None:
    host, _, port = address.removeprefix("http://").strip("/").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = quote(word, safe="")
    for line in (f"POST /v1/{path}/views?path={path}", f"GET /{path}", f"{path} /v1/a/figures"):
        writer.write(f"{line} HTTP/1.1\r\nHost: {path}\r\nX-Request-Id: {path}\r\n\r\n".encode())
    writer.write(word.encode(errors="replace") + b"\r\n\r\n")
    await reader.read()
    writer.close()


def test_no_input_forges_a_line_of_the_log(valkey: str, tmp_path: Path) -> None:
    config = write_config(tmp_path, valkey, server='log_level = "debug"')
    with served(config) as service:
        for word in WORDS.values():
            asyncio.run(_send(service.line["listen"], word))
            asyncio.run(_send(service.line["ops"], word))
        assert service.stop() == 0
        lines = service.lines()  # each is one JSON object, or this fails
    assert {line["event"] for line in lines} <= {"serving", "store", "stopping", "stopped"} | {
        line["event"] for line in lines if line["level"] in ("debug", "info")
    }
    assert "forged" not in {line["event"] for line in lines}

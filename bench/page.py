"""What the embed costs the page that carries it: bytes, requests, and time of its main thread."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from playwright.async_api import Browser, CDPSession, async_playwright
from rich.console import Console
from rich.table import Table

from bench.machine import CORES, store
from bench.scrape import serving
from counter.web import demo

CASES = ("without", "script", "element", "live")
PAGES = ("first", "next")
_ARTICLE = next(iter(demo.START_VIEWS))
_SCRIPT = '<script async src="{base}embed/v1.js" data-site="site-0"></script>'
_HOSTS = ("site.test", "count.test")
"""Two hosts, as most sites have it: the page's connection is not the counter's."""
_SETTLED_MS = 700
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class Load:
    """One load of a page."""

    requests: int
    """To the counter, over the network."""
    received: int
    """Bytes from there: headers too, and compressed as they came."""
    main_ms: float
    """CPU time of the page's main thread, in tasks of all kinds."""
    script_ms: float


def article(case: str, base: str) -> str:
    """Return the demo's article, as a site has it that embeds the counter in the way `case`."""
    text = demo.pages(base)[_ARTICLE].decode()
    # A page's first script has the browser start its engine: most pages have one of their own.
    text = re.sub(r"<script.*?</script>", "<script>document.title</script>", text)
    text = re.sub(r'<span data-counter="views" data-path.*?</span>', "", text)
    element = {
        "element": '<visitor-counter lang="vi"></visitor-counter>',
        "live": '<visitor-counter lang="vi" live></visitor-counter>',
    }
    text = re.sub(r"<visitor-counter.*?</visitor-counter>", element.get(case, ""), text)
    script = "" if case == "without" else _SCRIPT.format(base=base)
    return text.replace("</head>", script + "</head>")


async def measure(rounds: int) -> dict[str, Any]:
    """Have new readers open two pages of each kind, in turns."""
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, _ = await stack.enter_async_context(store(directory / "store"))
        service = await stack.enter_async_context(serving(directory, url, 1))
        base = f"http://count.test:{urlsplit(service.public).port}/"
        port = await stack.enter_async_context(_pages(base))
        browser = await stack.enter_async_context(_browser())
        loads: dict[str, list[Load]] = defaultdict(list)
        for number in range(-1, rounds):
            for case in CASES[number % 4 :] + CASES[: number % 4]:
                first, following = await _visit(browser, f"http://site.test:{port}/{case}", base)
                if number >= 0:  # the first round warms the browser up
                    loads[f"first page, {case}"].append(first)
                    loads[f"next page, {case}"].append(following)
    return {f"{page} page, {case}": _summary(loads, case, page) for page in PAGES for case in CASES}


def _summary(loads: dict[str, list[Load]], case: str, page: str) -> dict[str, float]:
    """Return the medians of a case; what it adds is the median of each round's difference."""
    pairs = list(zip(loads[f"{page} page, {case}"], loads[f"{page} page, {CASES[0]}"], strict=True))
    median = statistics.median
    return {
        "requests": median(load.requests for load, _ in pairs),
        "bytes": median(load.received for load, _ in pairs),
        "main_ms": median(load.main_ms for load, _ in pairs),
        "added_ms": median(load.main_ms - bare.main_ms for load, bare in pairs),
        "script_ms": median(load.script_ms - bare.script_ms for load, bare in pairs),
    }


class _Traffic:
    """What a page asks the counter's host for, over the network."""

    def __init__(self, session: CDPSession, base: str) -> None:
        self._base = base
        self._asked: set[str] = set()
        self._streams: set[str] = set()
        self.requests = self.received = 0
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._streamed)
        session.on("Network.loadingFinished", self._came)

    def _sent(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith(self._base):
            self._asked.add(event["requestId"])

    def _answered(self, event: dict[str, Any]) -> None:
        # A stream has no end: its head is counted now, its parts as they come.
        if event["requestId"] in self._asked and event["type"] == "EventSource":
            self._streams.add(event["requestId"])
            self.requests += 1
            self.received += event["response"]["encodedDataLength"]

    def _streamed(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._streams:
            self.received += event["encodedDataLength"]

    def _came(self, event: dict[str, Any]) -> None:
        length = event["encodedDataLength"]  # 0 from a cache
        if length and event["requestId"] in self._asked - self._streams:
            self.requests += 1
            self.received += length


async def _visit(browser: Browser, address: str, base: str) -> list[Load]:
    """Open a page in a new browser, and in the same tab another one like it."""
    context = await browser.new_context(user_agent=_AGENT)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    loads = []
    for name in PAGES:
        traffic = _Traffic(session, base)
        await page.goto(f"{address}?{name}", wait_until="load")
        await page.wait_for_timeout(_SETTLED_MS)
        loads.append(Load(traffic.requests, traffic.received, *await _times(session)))
    await context.close()
    return loads


async def _times(session: CDPSession) -> tuple[float, float]:
    """Return the main thread's CPU time (ms) since the page was asked for: in all, in scripts."""
    told = (await session.send("Performance.getMetrics"))["metrics"]
    metrics = {metric["name"]: metric["value"] for metric in told}
    return 1e3 * metrics["TaskDuration"], 1e3 * metrics["ScriptDuration"]


@contextlib.asynccontextmanager
async def _pages(base: str) -> AsyncIterator[int]:
    """Serve the page of each case, and what the article shows; yields the port."""
    files = {path: (kind, body) for path, (kind, body) in demo.static().items()}
    files |= {f"/{case}": ("text/html", article(case, base).encode()) for case in CASES}

    async def answer(request: web.BaseRequest) -> web.Response:
        kind, body = files.get(request.path, ("text/plain", b""))
        return web.Response(body=body, content_type=kind, charset="utf-8")

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    os.sched_setaffinity(0, CORES)
    rules = ",".join(f"MAP {host} 127.0.0.1" for host in _HOSTS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rules}"],
        )
        yield browser
        await browser.close()


def show(measured: dict[str, Any]) -> None:
    table = Table(title="What the embed adds to a page: network and main thread")
    table.add_column("page")
    for name in ("requests", "bytes", "main thread ms", "added", "of it scripts"):
        table.add_column(name, justify="right")
    for name, row in measured.items():
        table.add_row(
            name,
            f"{row['requests']:g}",
            f"{row['bytes']:,.0f}",
            f"{row['main_ms']:.1f}",
            f"{row['added_ms']:+.1f}",
            f"{row['script_ms']:.1f}",
        )
    Console().print(table)

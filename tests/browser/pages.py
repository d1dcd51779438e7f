"""A site that embeds the counter: pages on an origin of their own, and who looks at them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from conftest import Running
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from browser.chromium import DESKTOP

VIEWS = '<b id="views" data-counter="views"></b>'
FIGURES = '<b id="total" data-counter="total"></b> <b id="today" data-counter="today"></b>'
_WATCH = """
window.violations = []
addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective))
window.shifted = 0
new PerformanceObserver(list => list.getEntries().forEach(e => shifted += e.value))
  .observe({ type: "layout-shift", buffered: true })
"""


@contextlib.asynccontextmanager
async def pages(
    texts: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    files: Callable[[str], Path | None] = lambda _: None,
    told: list[str] | None = None,
) -> AsyncIterator[int]:
    """Serve pages by their paths, and the files that `files` finds for one; yields the port.

    Args:
        told: where the queries go that pages ask `/tell` with.
    """

    async def page(request: web.Request) -> web.StreamResponse:
        if request.path == "/tell" and told is not None:
            told.append(request.query_string)
            return web.Response()
        if file := files(request.path):
            return web.FileResponse(file)
        if request.path not in texts:
            return web.Response(status=404)
        text = f"<!doctype html><meta charset=utf-8>{texts[request.path]}"
        return web.Response(text=text, content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class Host:
    """A site's pages, in a browser, with the service that counts them."""

    up: Running
    browser: Browser
    port: int
    texts: dict[str, str]
    headers: dict[str, str]
    told: list[str]
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """What pages asked the service for: the method, the path and the query."""

    @property
    def home(self) -> str:
        return f"http://www.site.test:{self.port}"

    def script(self, attributes: str = "", base: str = "") -> str:
        address = f"{base or self.up.client.base}/embed/v1.js"
        return f'<script async src="{address}" data-site="a" {attributes}></script>'

    def write(self, path: str, body: str = VIEWS, attributes: str = "") -> None:
        """Write a page that embeds the script."""
        self.texts[path] = body + self.script(attributes)

    async def reader(self, **options: Any) -> BrowserContext:
        """Return a browser of a new reader; nothing may go wrong on the pages in it."""
        options = {"user_agent": DESKTOP, "locale": "en-GB", **options}
        context = await self.browser.new_context(**options)
        await context.add_init_script(_WATCH)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        base = self.up.client.base
        context.on(
            "request",
            lambda request: (
                request.url.startswith(base)
                and self.asked.append(f"{request.method} {request.url.removeprefix(base)}")
            ),
        )
        return context

    async def open(self, path: str, context: BrowserContext | None = None) -> Page:
        page = await (context or await self.reader()).new_page()
        await page.goto(path if ":" in path else self.home + path)
        return page

    async def visit(
        self,
        body: str = VIEWS,
        attributes: str = "",
        *,
        path: str = "/a",
        context: BrowserContext | None = None,
    ) -> Page:
        """Write a page and open it."""
        self.write(path, body, attributes)
        return await self.open(path, context)

    async def counted(self, *paths: str) -> list[int]:
        """Return the views of articles."""
        articles = (await self.up.client.figures(*paths))["articles"]
        return [articles[path] for path in paths]

    async def total(self) -> int:
        total: int = (await self.up.client.figures())["total"]
        return total

    async def was_counted(self, path: str) -> bool:
        return (await self.counted(path))[0] > 0

    async def was_told(self, what: str) -> bool:
        return what in self.told

    def asks(self, route: str) -> list[str]:
        """Return what pages asked a route of the site for."""
        return [line for line in self.asked if f"/v1/a/{route}" in line]


async def shows(where: Page | Locator, selector: str, text: str) -> None:
    await expect(where.locator(selector)).to_have_text(text)


async def hide(page: Page, hidden: bool) -> None:
    """Do what a browser does when a tab goes behind another: none of ours is in a window."""
    await page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true })
          document.dispatchEvent(new Event("visibilitychange"))
        }""",
        hidden,
    )


async def settled() -> None:
    """Give a page the time in which it would do what it is not to do."""
    await asyncio.sleep(0.3)

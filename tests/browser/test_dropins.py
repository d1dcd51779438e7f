"""Pages of other counters, unedited, in a real browser: they show what the service counted."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import Running, Start, eventually
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from browser.chromium import DESKTOP, PHONE
from browser.pages import pages
from browser.peers import browser_that_finds, packaged, tls
from counter.settings import DropIn

BUSUANZI = """
<script>var module = {}</script><script src="/npm/busuanzi.pure.js/busuanzi.pure.js"></script>
<span id="busuanzi_container_site_pv" style="display:none">
<b id="busuanzi_value_site_pv"></b> <b id="busuanzi_value_page_pv"></b>
<b id="busuanzi_value_site_uv"></b></span>"""
WHOLE_REFERER = '<meta name="referrer" content="no-referrer-when-downgrade">'
VERCOUNT = """
<script type="importmap">{"imports": {
"react": "/npm/preact/hooks/dist/hooks.module.js",
"preact": "/npm/preact/dist/preact.module.js",
"vercount-react": "/npm/vercount-react/dist/index.js"}}</script>
<p id="shown"></p>
<script type="module">
import { h, render } from "preact"
import { useVercount } from "vercount-react"
function Shown() {
  const { sitePv, pagePv, siteUv } = useVercount()
  return `${sitePv} ${pagePv} ${siteUv}`
}
render(h(Shown), document.querySelector("#shown"))
</script>"""
WALINE = """
<i class="waline-pageview-count"></i> <i class="waline-pageview-count" data-path="/bai/hai"></i>
<script type="module">
import { pageviewCount } from "/npm/@waline/client/dist/pageview.js"
pageviewCount({ serverURL: "COUNTER" })
</script>"""
# What stands for a script whose package no registry has: its address at our host.
OURS = """
<span id="busuanzi_container_site_pv" style="display:none"><b id="busuanzi_value_site_pv"></b>
<b id="busuanzi_value_page_pv"></b> <b id="busuanzi_value_site_uv"></b></span>
<script async src="COUNTER/busuanzi/2.3/busuanzi.pure.mini.js"></script>"""
OURS_API = """
<b id="busuanzi_site_pv"></b> <b id="busuanzi_page_pv"></b> <b id="busuanzi_site_uv"></b>
<script async src="COUNTER/js" pjax></script>"""
OURS_VERCOUNT = """
<b id="vercount_value_site_pv"></b> <b id="vercount_value_page_pv"></b>
<b id="vercount_value_site_uv"></b><script defer src="COUNTER/js"></script>"""
OURS_BY_BUSUANZI_IDS = """
<b id="busuanzi_value_site_pv"></b> <b id="busuanzi_value_page_pv"></b>
<b id="busuanzi_value_site_uv"></b><script defer src="COUNTER/js"></script>"""
GOATCOUNTER = '<script data-goatcounter="COUNTER/count" async src="COUNTER/count.js"></script>'


@dataclass
class Site:
    """A site's pages, the service, and a browser that finds the peers' hosts there."""

    up: Running
    browser: Browser
    home: str
    texts: dict[str, str]
    errors: list[str]

    async def visit(
        self, path: str, text: str, context: BrowserContext | None = None, agent: str = DESKTOP
    ) -> Page:
        port = urlsplit(self.up.client.base).port
        self.texts[path] = text.replace("COUNTER", f"http://count.test:{port}")
        page = await (context or await self.browser.new_context(user_agent=agent)).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(self.home + path)
        return page

    async def views(self, path: str) -> int:
        figures = await self.up.client.figures(path)
        views: int = figures["views"]
        return views


@pytest.fixture
async def site(start: Start, tmp_path: Path) -> AsyncIterator[Site]:
    texts: dict[str, str] = {}
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(pages(texts, files=packaged))
        home = f"http://www.site.test:{port}"
        up = await start({"origins": [home], "dropins": [way.value for way in DropIn]})
        counter = urlsplit(up.client.base).port
        assert counter
        secure = await stack.enter_async_context(tls(counter, tmp_path))
        hosts = {"busuanzi.ibruce.info:80": counter, "events.vercount.one:443": secure}
        browser = await stack.enter_async_context(browser_that_finds(hosts))
        site = Site(up, browser, home, texts, [])
        yield site
        assert site.errors == []


async def shown(page: Page, *selectors: str) -> list[str]:
    """Return the texts of elements, once they have some."""
    for selector in selectors:
        await expect(page.locator(selector)).not_to_be_empty()
    return [await page.locator(selector).inner_text() for selector in selectors]


BUSUANZI_IDS = ("#busuanzi_value_site_pv", "#busuanzi_value_page_pv", "#busuanzi_value_site_uv")


async def test_busuanzi_s_script_counts_and_shows(site: Site) -> None:
    await shown(await site.visit("/bai/mot", WHOLE_REFERER + BUSUANZI), *BUSUANZI_IDS)
    page = await site.visit("/bai/hai", WHOLE_REFERER + BUSUANZI, agent=PHONE)
    assert await shown(page, *BUSUANZI_IDS) == ["2", "1", "2"]
    await expect(page.locator("#busuanzi_container_site_pv")).to_be_visible()
    assert await site.views("/bai/hai") == 1


async def test_busuanzi_s_script_tells_no_page_where_the_referer_is_cut_short(site: Site) -> None:
    """As with busuanzi itself: browsers send other hosts the origin alone, unless told."""
    await shown(await site.visit("/bai/mot", BUSUANZI), *BUSUANZI_IDS)
    assert (await site.views("/bai/mot"), await site.views("/")) == (0, 1)


async def test_vercount_s_hook_counts_and_shows(site: Site) -> None:
    page = await site.visit("/bai/mot", VERCOUNT)
    await expect(page.locator("#shown")).to_have_text("1 1 1")
    page = await site.visit("/bai/hai", VERCOUNT)
    await expect(page.locator("#shown")).to_have_text("2 1 1")
    assert await site.views("/bai/hai") == 1


async def test_waline_s_page_counter_counts_and_shows(site: Site) -> None:
    await site.up.client.view("/bai/hai", headers={"Origin": site.home})
    page = await site.visit("/bai/mot", WALINE)
    await expect(page.locator(".waline-pageview-count")).to_have_text(["1", "1"])
    assert (await site.views("/bai/mot"), await site.views("/bai/hai")) == (1, 1)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param(OURS, BUSUANZI_IDS, id="busuanzi's"),
        pytest.param(
            OURS_API,
            ("#busuanzi_site_pv", "#busuanzi_page_pv", "#busuanzi_site_uv"),
            id="the self-hosted busuanzi's",
        ),
        pytest.param(
            OURS_VERCOUNT,
            ("#vercount_value_site_pv", "#vercount_value_page_pv", "#vercount_value_site_uv"),
            id="Vercount's",
        ),
    ],
)
async def test_our_script_at_the_address_counts_and_shows(
    site: Site, text: str, ids: tuple[str, ...]
) -> None:
    await shown(await site.visit("/bai/mot", text), *ids)
    page = await site.visit("/bai/hai", text, agent=PHONE)
    assert await shown(page, *ids) == ["2", "1", "2"]
    assert await site.views("/bai/hai") == 1


async def test_our_script_finds_the_way_that_the_site_has_turned_on(site: Site) -> None:
    only = site.up.service.sites["a"].model_copy(update={"dropins": (DropIn.VERCOUNT,)})
    site.up.service.sites.replace({"a": only})
    page = await site.visit("/bai/mot", OURS_BY_BUSUANZI_IDS)
    assert await shown(page, *BUSUANZI_IDS) == ["1", "1", "1"]


async def test_our_script_counts_each_page_of_a_single_page_site(site: Site) -> None:
    page = await site.visit("/bai/mot", OURS_API)
    await shown(page, "#busuanzi_page_pv")
    await page.evaluate("history.pushState(null, '', '/bai/hai')")
    await expect(page.locator("#busuanzi_site_pv")).to_have_text("2")
    assert (await site.views("/bai/mot"), await site.views("/bai/hai")) == (1, 1)


async def test_goatcounter_s_page_is_counted_and_its_counter_shown(site: Site) -> None:
    script = """<link rel="canonical" href="/bai/mot?b=1"><body></body><script>
    window.goatcounter = { no_onload: true }
    addEventListener("load", () => { goatcounter.count(); goatcounter.count({ event: true }) })
    </script>"""
    page = await site.visit("/khac", script + GOATCOUNTER)

    async def counted() -> bool:
        return await site.views("/bai/mot") == 1

    await eventually(counted)
    assert (await site.up.client.figures())["total"] == 1
    await page.evaluate("goatcounter.visit_count({ path: '/bai/mot' })")
    frame = page.frame_locator("iframe")
    await expect(frame.locator("b")).to_have_text("1")


async def test_nothing_is_thrown_into_the_page_while_the_service_is_away(site: Site) -> None:
    context = await site.browser.new_context(user_agent=DESKTOP)
    left = {"/api", "/api/v2/log", "/busuanzi", "/count"}
    all_asked = asyncio.Event()

    async def abort(route: Route) -> None:
        left.discard(urlsplit(route.request.url).path)
        await route.abort()
        if not left:
            all_asked.set()

    await context.route(re.compile(r"/(api|busuanzi\?|count\?)"), abort)
    await site.visit("/a", OURS + OURS_API + GOATCOUNTER, context)
    await asyncio.wait_for(all_asked.wait(), 10)
    assert (await site.up.client.figures())["total"] == 0

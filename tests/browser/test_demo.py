"""The demo, as a person sees it: the figures on the page are those in every other place."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from browser.chromium import DESKTOP, PHONE
from counter.model.days import shift
from counter.storage.check import differences
from counter.storage.embedded import socket_path
from counter.storage.store import Query
from counter.web.demo_past import live_through
from counter.web.demo_site import demo_settings, set_up
from counter.web.service import Running, running

LEAD = "/tin-tuc/lua-thu-dong-duoc-mua"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Running]:
    settings = demo_settings("127.0.0.1:0", "127.0.0.1:0", tmp_path)
    async with running(settings) as up:
        await set_up(up.service)
        yield up
        assert differences(await up.service.store.ledger("demo")) == []


def address(where: tuple[str, int]) -> str:
    return f"http://{where[0]}:{where[1]}"


async def visitor(browser: Browser, agent: str) -> Page:
    context = await browser.new_context(user_agent=agent, locale="vi-VN")
    return await context.new_page()


async def shown(page: Page, figure: str) -> int:
    """Return a figure of the page's own, as a number."""
    element = page.locator(f'[data-counter="{figure}"]:not([data-path])').first
    await expect(element).to_have_text(re.compile(r"^[\d.]+$"))
    return int((await element.inner_text()).replace(".", ""))


async def foot(page: Page) -> dict[str, int]:
    """Return what the element in the foot shows, by its labels."""
    rows = page.locator("visitor-counter div")
    await expect(rows.nth(2).locator("dd")).to_have_text(re.compile(r"^[\d.]+$"))
    found = {}
    for row in await rows.all():
        label = await row.locator("dt").inner_text()
        found[label] = int((await row.locator("dd").inner_text()).replace(".", ""))
    return found


async def test_two_visitors_see_what_every_other_place_tells(
    demo: Running, browser: Browser, tmp_path: Path
) -> None:
    base = address(demo.service.address)
    errors: list[str] = []
    first, second = await visitor(browser, DESKTOP), await visitor(browser, PHONE)
    for page in (first, second):
        page.on("pageerror", lambda error: errors.append(str(error)))

    await first.goto(base + LEAD)
    assert await shown(first, "views") == 63
    assert await foot(first) == {"Đang online": 1, "Hôm nay": 6080, "Đã truy cập": 1361383}

    await second.goto(base + LEAD)
    assert await shown(second, "views") == 64
    assert await foot(second) == {"Đang online": 2, "Hôm nay": 6081, "Đã truy cập": 1361384}

    await first.reload()
    assert await shown(first, "views") == 65
    on_page = await foot(first)
    assert on_page == {"Đang online": 2, "Hôm nay": 6082, "Đã truy cập": 1361385}
    assert errors == []

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/v1/demo/figures", params={"path": LEAD}) as response:
            figures = await response.json()
        async with session.get(address(demo.ops_address) + "/metrics") as response:
            metrics = await response.text()
    assert figures["articles"] == {LEAD: 65}
    assert [figures[name] for name in ("online", "today", "total")] == list(on_page.values())
    scraped = {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.labels == {"site": "demo"}
    }
    for name, value in (("online", 2), ("today", 6082), ("overall", 1361385)):
        assert scraped[f"visitor_counter_site_{name}"] == value
    assert scraped["visitor_counter_views_total"] == 3

    redis = Redis.from_url(f"unix://{socket_path(tmp_path)}")
    assert await redis.zcard("vc:{demo}:online") == 2
    assert int(await redis.hget("vc:{demo}:days", figures["day"].replace("-", "") + ":v")) == 6082
    assert int(await redis.hget("vc:{demo}:total", "views")) == 1361385
    assert await redis.zscore("vc:{demo}:top", LEAD) == 65
    await redis.aclose()


async def test_the_home_page_shows_the_views_of_its_list(demo: Running, browser: Browser) -> None:
    page = await visitor(browser, DESKTOP)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await page.goto(address(demo.service.address) + "/")
    first = page.locator(f'[data-counter="views"][data-path="{LEAD}"]').first
    await expect(first).to_have_text("62")
    await foot(page)
    assert sum("/figures?" in url for url in requests) == 1
    assert sum("/views?" in url for url in requests) == 1
    assert all(url.startswith(address(demo.service.address)) for url in requests)


async def test_its_last_two_days_are_known_by_the_hour_and_come_once(demo: Running) -> None:
    store, site = demo.service.store, demo.service.sites["demo"]
    today = demo.service.sites.calendar(site).day(demo.service.clock())
    days = (today, shift(today, -1))
    figures = await store.figures(Query("demo", demo.service.clock()))
    assert figures.today == 6079
    assert [sum(hours.values()) for hours in await store.hours("demo", days)] == [
        figures.today,
        figures.yesterday,
    ]
    await live_through(demo.service)
    assert await store.figures(Query("demo", demo.service.clock())) == figures

"""The owner's page at a desk, on a phone, in the dark, by keyboard and without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from conftest import FakeClock, Running, Start
from playwright.async_api import Browser, Locator, Page, expect
from stores import NOW

from browser.chromium import DESKTOP, PHONE
from browser.owners import PATHS, give_a_past
from counter.web.tokens import token_hash

SECRET = "a-secret-of-the-owner"
SITES = {
    "vithuy": {
        "timezone": "Asia/Ho_Chi_Minh",
        "start_total": 120_000,
        "repeat_window": "0s",
        "origins": ["https://www.example.gov.vn"],
        "allow_no_origin": True,
        "owner_link": token_hash(SECRET),
    },
    "blog": {},
}
COLUMNS = ".bars g[role]"
CONTRAST = """element => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(n => n / 255)
      .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    return .2126 * r + .7152 * g + .0722 * b
  }
  const card = getComputedStyle(element.closest('section, body')).backgroundColor
  const style = getComputedStyle(element)
  const both = [light(card), light(element.closest('svg') ? style.fill : style.color)]
  return (Math.max(...both) + .05) / (Math.min(...both) + .05)
}"""


@pytest.fixture
async def owned(start: Start) -> Running:
    """A service whose site `vithuy` has a past; `blog` has none."""
    service = await start(clock=FakeClock(NOW), sites=SITES)
    await give_a_past(service.service.store, "vithuy", service.service.sites["vithuy"])
    return service


@pytest.fixture
async def opened(owned: Running, browser: Browser) -> AsyncIterator[Any]:
    """Open the page as a browser of some kind; nothing may come from elsewhere or go wrong."""
    wrong: list[str] = []
    asked: set[str] = set()

    async def opened(path: str = "/dashboard/vithuy", **options: Any) -> Page:
        options = {"user_agent": DESKTOP, "locale": "en-GB", **options}
        page = await (await browser.new_context(**options)).new_page()
        page.on("console", lambda line: wrong.append(line.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.add(request.url.split("/")[2]))
        base = owned.client.base if path.startswith("/owner") else owned.ops.base
        await page.clock.install()
        await page.goto(base + path)
        return page

    yield opened
    # What a test lets fail, the browser notes by itself.
    assert [line for line in wrong if "status of 503" not in line] == []
    assert asked <= {owned.client.base.split("/")[2], owned.ops.base.split("/")[2]}


async def figure(page: Page, name: str) -> int:
    text = await page.locator(f"#figures .{name} dd").inner_text()
    return int(re.sub(r"\D", "", text))


async def bar(column: Locator) -> float:
    """Return the height of a column's bar in pixels."""
    return float((await column.locator(".bar").get_attribute("height")) or 0)


async def test_the_page_shows_what_the_api_tells(owned: Running, opened: Any) -> None:
    page = await opened()
    figures = await owned.client.figures(site="vithuy")
    for name in ("online", "today", "yesterday", "week", "month", "total"):
        assert await figure(page, name) == figures[name]
    assert figures["today"] > 1000
    for period, number in (("today", 0), ("week", 1), ("total", 2)):
        top = await owned.client.json("GET", f"/v1/vithuy/top?period={period}")
        shown = page.locator(f"#top .three > div:nth-child({number + 1}) bdi")
        assert await shown.all_text_contents() == [row["path"] for row in top["articles"]]


async def test_a_column_tells_its_value_under_the_mouse(owned: Running, opened: Any) -> None:
    page = await opened()
    columns = page.locator(f"#days {COLUMNS}")
    assert await columns.count() == 30
    await expect(columns.nth(29).locator(".value")).to_be_hidden()
    await columns.nth(29).locator(".bar").hover()
    today = (await owned.client.figures(site="vithuy"))["today"]
    text = f"Sun 22 Nov 2026: {today:,} views"
    await expect(columns.nth(29).locator(".value")).to_be_visible()
    await expect(columns.nth(29).locator(".value")).to_have_text(text)
    await expect(columns.nth(29)).to_have_accessible_name(text)


async def test_bars_are_as_high_as_their_numbers(owned: Running, opened: Any) -> None:
    page = await opened()
    today, yesterday = await owned.service.store.hours("vithuy", ["20261122", "20261121"])
    columns = page.locator(f"#hours {COLUMNS}")
    assert await columns.count() == 24
    nine = columns.nth(9)
    await expect(nine).to_have_accessible_name(f"09:00: today {today[9]}, yesterday {yesterday[9]}")
    assert await bar(nine) / await bar(columns.nth(8)) == pytest.approx(
        today[9] / today[8], rel=0.02
    )
    # It is 19:00 there: an hour that is still to come has yesterday's bar only.
    assert await columns.nth(20).locator(".bar").count() == 0
    assert await columns.nth(20).locator(".behind").count() == 1
    months = page.locator(f"#months {COLUMNS}")
    assert await months.count() == 12
    month = (await owned.client.figures(site="vithuy"))["month"]
    await expect(months.last).to_have_accessible_name(f"Nov 2026: {month:,} views")


async def test_the_page_follows_what_is_counted(owned: Running, opened: Any) -> None:
    page = await opened()
    before = await figure(page, "today")
    await page.locator("#hours summary").click()
    await page.locator(f"#hours {COLUMNS}").first.focus()
    await page.keyboard.press("End")
    counted = await owned.client.view("/neu", site="vithuy")
    assert counted["today"] == before + 1
    await page.clock.run_for(5_000)
    await expect(page.locator("#figures .today dd")).to_have_text(f"{before + 1:,}")
    assert await page.locator("#hours details").get_attribute("open") is not None
    await expect(page.locator(f"#hours {COLUMNS}").last).to_be_focused()
    await expect(page.locator("#status")).to_have_text("Live, 19:00:00")


async def test_the_page_says_when_it_is_cut_off_and_comes_back(opened: Any) -> None:
    page = await opened()
    await page.route("**/dashboard/vithuy", lambda route: route.fulfill(status=503, body=""))
    await page.clock.run_for(5_000)
    await expect(page.locator("#status")).to_have_text("No answer since 19:00:00; trying again.")
    await page.unroute("**/dashboard/vithuy")
    await page.clock.run_for(5_000)
    await expect(page.locator("#status")).to_have_text("Live, 19:00:00")


async def test_a_phone_shows_all_of_it_without_scrolling_sideways(opened: Any) -> None:
    phone = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
    page = await opened(user_agent=PHONE, locale="vi-VN", **phone)
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await expect(page.locator("#figures .online dt")).to_have_text("Đang online")
    for plot in ("hours", "days", "months"):
        labels = page.locator(f"#{plot} .bars g > text:not(.value):visible")
        boxes = [await label.bounding_box() for label in await labels.all()]
        ends = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
        assert len(ends) >= 3
        assert all(end < begin for (_, end), (begin, _) in pairwise(ends))
        bars = await page.locator(f"#{plot} .bars").bounding_box()
        assert bars
        assert ends[-1][1] <= bars["x"] + bars["width"]
    await page.locator(f"#months {COLUMNS}").last.locator(".bar").tap()
    value = page.locator(f"#months {COLUMNS}").last.locator(".value")
    await expect(value).to_be_visible()
    box = await value.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_is_written_can_be_read_by_day_and_by_night(opened: Any, scheme: str) -> None:
    page = await opened(color_scheme=scheme)
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)))
    assert brightness > 600 if scheme == "light" else brightness < 120
    for text in ("#figures dt", "#figures dd", "#hours .axis text", "#scope", ".articles a"):
        # WCAG 2.2, 1.4.3: at least 4.5 to 1.
        assert await page.locator(text).first.evaluate(CONTRAST) >= 4.5, text
    # WCAG 2.2, 1.4.11: at least 3 to 1 for what is drawn.
    assert await page.locator("#hours .bar").last.evaluate(CONTRAST) >= 3


async def test_all_is_reached_by_keyboard_and_a_plot_is_one_stop(opened: Any) -> None:
    page = await opened()
    hours = page.locator(f"#hours {COLUMNS}")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await hours.first.evaluate("element => element === document.activeElement"):
            break
    await expect(hours.first).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(hours.nth(2)).to_be_focused()
    await expect(hours.nth(2).locator(".value")).to_be_visible()
    await page.keyboard.press("ArrowLeft")
    await expect(hours.nth(1)).to_be_focused()
    await page.keyboard.press("End")
    await expect(hours.nth(23)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#hours summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#hours table")).to_be_visible()
    for place in ("#days summary", "#months summary", "#q"):
        for _ in range(3):
            await page.keyboard.press("Tab")
            if await page.locator(place).evaluate("e => e === document.activeElement"):
                break
        await expect(page.locator(place)).to_be_focused()
    await page.keyboard.type("thu-vien")
    await page.keyboard.press("Enter")
    await expect(page.locator("#search bdi")).to_have_text("/van-hoa/thu-vien-luu-dong")


async def test_without_scripts_all_figures_are_there(owned: Running, opened: Any) -> None:
    page = await opened(java_script_enabled=False)
    figures = await owned.client.figures(site="vithuy")
    await expect(page.locator("#figures .total dd")).to_have_text(f"{figures['total']:,}")
    await expect(page.locator("#status")).to_contain_text("Reload for newer figures.")
    await page.locator("#days summary").click()
    rows = page.locator("#days tbody tr")
    assert await rows.count() == 30
    await expect(rows.last.locator("td").first).to_have_text(f"{figures['today']:,}")
    await page.locator("#days .bar").last.hover()
    await expect(page.locator(f"#days {COLUMNS}").last.locator(".value")).to_be_visible()
    await page.locator("#q").fill("cau-moi")
    await page.locator("form button").click()
    await expect(page.locator("#search bdi")).to_have_text(PATHS[2])


async def test_a_stranger_s_path_stays_text_and_its_link_stays_on_the_site(opened: Any) -> None:
    page = await opened("/dashboard/vithuy?q=%22%3E%3Cscript%3Edocument.title=1%3C/script%3E")
    await expect(page).to_have_title("vithuy – Visitors")
    assert await page.locator("script").count() == 1
    await expect(page.locator("#q")).to_have_value('"><script>document.title=1</script>')
    hostile = page.locator("#top a", has_text="<script>").first
    assert await hostile.get_attribute("onmouseover") is None
    address = await hostile.evaluate("a => a.href")
    assert address.startswith("https://www.example.gov.vn/%3Cscript%3E")


async def test_the_owner_s_link_shows_that_site_alone(owned: Running, opened: Any) -> None:
    page = await opened(f"/owner/vithuy.{SECRET}")
    total = (await owned.client.figures(site="vithuy"))["total"]
    assert await figure(page, "total") == total
    await expect(page.locator("nav")).to_have_count(0)
    assert "blog" not in await page.content()
    await page.locator("#q").fill("tiem-chung")
    await page.keyboard.press("Enter")
    await expect(page.locator("#search bdi")).to_have_text(PATHS[1])
    assert SECRET in page.url


async def test_a_phone_lists_all_sites_with_their_totals(opened: Any) -> None:
    page = await opened("/dashboard", viewport={"width": 360, "height": 640}, is_mobile=True)
    box = page.locator("#sites .scroll")
    assert await box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert await box.evaluate("box => box.scrollHeight <= box.clientHeight")
    shown = page.locator("#sites thead th:visible")
    assert await shown.all_text_contents() == ["Site", "Online now", "Today", "Total"]


async def test_the_list_of_sites_leads_to_each(opened: Any) -> None:
    page = await opened("/dashboard")
    await page.get_by_role("link", name="vithuy").click()
    await expect(page.locator("h1")).to_have_text("vithuy")
    await page.get_by_role("link", name="All sites").click()
    await page.get_by_role("link", name="blog").click()
    await expect(page.locator("#top")).to_contain_text("Nothing yet.")

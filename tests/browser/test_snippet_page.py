"""The page that makes the snippet: what is chosen shows, what is copied works."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from browser.chromium import PHONE
from browser.pages import Host, settled

SHOWN = "#preview visitor-counter"


async def opened(host: Host, **options: Any) -> Page:
    """Open the page; a site that takes views from its own pages only is read all the same."""
    page = await (await host.reader(**options)).new_page()
    await page.goto(host.up.client.base + "/")
    return page


async def preview(page: Page, labels: list[str], total: str) -> None:
    await expect(page.locator(f"{SHOWN} dt")).to_have_text(labels)
    await expect(page.locator(f"{SHOWN} [part~=total] dd")).to_have_text(total)


@pytest.mark.parametrize("host", [{"site": {"allow_no_origin": False}}], indirect=True)
async def test_what_is_chosen_is_shown_and_what_is_copied_counts(host: Host) -> None:
    asked: list[str] = []
    page = await opened(host, permissions=["clipboard-read", "clipboard-write"])
    page.context.on("request", lambda request: asked.append(request.url))
    await page.get_by_label("Site").fill("a")
    await page.get_by_label("Language").select_option(label="Tiếng Việt")
    await preview(page, ["Đang online", "Hôm nay", "Đã truy cập"], "0")
    await page.get_by_label("Yesterday").check()
    await page.get_by_label("Online").uncheck()
    await page.get_by_label("Theme").select_option("dark")
    await page.get_by_label("Layout").select_option("odometer")
    await page.get_by_label("live").check()
    await preview(page, ["Hôm nay", "Hôm qua", "Đã truy cập"], "0")
    await expect(page.locator(f"{SHOWN} dl")).to_have_css("color", "rgb(230, 234, 240)")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("status")).to_have_text("Copied.")
    snippet = await page.evaluate("navigator.clipboard.readText()")
    assert snippet == (
        f'<script async src="{host.up.client.base}/embed/v1.js" data-site="a"></script>\n'
        '<visitor-counter lang="vi" figures="today yesterday total" theme="dark" layout="odometer"'
        " live></visitor-counter>"
    )
    assert all(url.startswith(host.up.client.base) for url in asked)
    assert await host.total() == 0

    host.texts["/pasted"] = snippet
    pasted = await host.open("/pasted")
    await expect(pasted.locator("visitor-counter [part~=total] dd")).to_have_text("1")


async def test_a_key_that_is_none_is_said_and_harms_nothing(host: Host) -> None:
    page = await opened(host)
    site = page.get_by_label("Site")
    await site.fill('"><img src=x onerror=alert(1)>')
    assert await site.evaluate("field => field.matches(':invalid')")
    await expect(page.locator("#snippet")).to_contain_text('data-site="&quot;>&lt;img src=x')
    await site.fill("no-such-site")
    await expect(page.locator(f"{SHOWN} [part~=total] dd")).to_have_text("–")
    await site.fill("a")
    await expect(page.locator(f"{SHOWN} [part~=total] dd")).to_have_text("0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_small_phone_by_day_and_by_night(host: Host, scheme: str) -> None:
    page = await opened(
        host,
        viewport={"width": 320, "height": 640},
        is_mobile=True,
        user_agent=PHONE,
        color_scheme=scheme,
    )
    await page.get_by_label("Site").fill("a")
    await page.get_by_label("Layout").select_option("odometer")
    await expect(page.locator(f"{SHOWN} dl")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)))
    assert brightness > 600 if scheme == "light" else brightness < 120


async def test_it_can_be_used_by_keyboard_alone(host: Host) -> None:
    page = await opened(host)
    await page.keyboard.press("Tab")
    await page.keyboard.type("a")
    await expect(page.locator(f"{SHOWN} [part~=total] dd")).to_have_text("0")
    reached = []
    for _ in range(16):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate("document.activeElement.name || document.activeElement.id")
        )
    assert {"figures", "lang", "theme", "layout", "live", "snippet", "copy"} <= set(reached)
    await settled()

"""Photographs what the embed guide shows: `make screenshots`.

A sheet for each theme of `<visitor-counter>`, with every layout in three languages, and one of the
badges; with the figures of a real service.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, async_playwright, expect

from browser.chromium import ARGUMENTS, CHROMIUM, DESKTOP
from counter.web.demo_site import demo_settings, set_up
from counter.web.embed.badge import COLOURS, STYLES
from counter.web.service import running

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LANGUAGES = ("vi", "ar", "ja")
LAYOUTS = (("box", "odometer"), ("line",))
"""What stands side by side."""
SHEETS = {
    "embed-light": ("light", "light"),
    "embed-dark": ("dark", "light"),
    "embed-auto": ("auto", "dark"),
    "embed-bare": ("bare", "light"),
}
"""Each sheet's theme, and the colour scheme of its page."""
_PAGE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width">
<style>
body {{ margin: 0; font: 16px/1.5 Georgia, serif; background: light-dark(#f4f1ea, #10151c) }}
main {{ padding: 16px; width: max-content }}
p {{ margin: 0 0 16px; display: flex; align-items: center; gap: 16px }}
p:last-child {{ margin: 0 }}
</style>
<script async src="/embed/v1.js" data-site="demo" data-count="off"></script>
<main><p>{rows}</main>"""
_ONLINE = 14


def sheet(theme: str) -> str:
    """Return a page with the element in each layout and language."""
    rows = (
        "".join(
            f'<visitor-counter lang="{lang}" layout="{layout}" theme="{theme}"></visitor-counter>'
            for layout in layouts
        )
        for lang in LANGUAGES
        for layouts in LAYOUTS
    )
    return _PAGE.format(rows="<p>".join(rows))


def badges() -> str:
    """Return a page with the badge in each style."""
    images = (
        f'<img alt="" src="/v1/demo/badge.svg?style={style}&color={color}&lang=vi">'
        for style, color in zip(STYLES, COLOURS, strict=False)
    )
    return _PAGE.format(rows="".join(images))


async def come_online(base: str) -> None:
    """Have some readers be seen; nothing is counted."""
    async with aiohttp.ClientSession() as session:
        for number in range(_ONLINE):
            agent = DESKTOP.replace("142.0", f"{142 - number}.0")
            url = f"{base}/v1/demo/presence"
            async with session.post(url, headers={"User-Agent": agent}) as response:
                response.raise_for_status()


async def photograph(browser: Browser, base: str, name: str, text: str, scheme: str) -> None:
    """Write a picture of a page, which has a colour scheme, to the guide's images."""
    page = await browser.new_page(
        device_scale_factor=2, viewport={"width": 528, "height": 600}, user_agent=DESKTOP
    )
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # light or dark
    await page.route(base + "/sheet", lambda route: route.fulfill(body=text))
    await page.goto(base + "/sheet")
    for counter in await page.locator("visitor-counter").all():
        await expect(counter.locator("dd").first).to_have_text(str(_ONLINE))
        await expect(counter.locator("dl")).to_be_visible()
    await page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    await page.locator("main").screenshot(path=IMAGES / f"{name}.png")
    await page.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        async with running(demo_settings("127.0.0.1:0", "127.0.0.1:0", Path(data))) as up:
            await set_up(up.service)
            base = "http://{}:{}".format(*up.service.address)
            await come_online(base)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                for name, (theme, scheme) in SHEETS.items():
                    await photograph(browser, base, name, sheet(theme), scheme)
                await photograph(browser, base, "embed-badges", badges(), "light")
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main())

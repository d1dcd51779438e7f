"""What the guide to drop-ins has a site write into its pages, as a browser takes it."""

from __future__ import annotations

import re

import pytest
from conftest import eventually
from deploy.programs import ROOT
from playwright.async_api import Route, expect

from browser.pages import Host
from browser.peers import packaged
from counter.settings import DropIn

GUIDE = (ROOT / "docs" / "drop-ins.md").read_text("utf-8")
EVERY_WAY = pytest.mark.parametrize(
    "host", [{"site": {"dropins": [way.value for way in DropIn]}}], indirect=True, ids=[""]
)


def lines(heading: str) -> list[str]:
    """The guide's blocks of HTML below a heading."""
    text = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```html\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def write(host: Host, body: str) -> None:
    """Write a page with these lines, for the counter that is here."""
    host.texts["/news/flood"] = body.replace("https://count.example", host.up.client.base)


@EVERY_WAY
@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ("busuanzi", [f"busuanzi_value_{name}" for name in ("site_pv", "site_uv", "page_pv")]),
        ("busuanzi, self-hosted", ["busuanzi_page_pv"]),
        ("Vercount", [f"vercount_value_{name}" for name in ("site_pv", "site_uv", "page_pv")]),
    ],
)
async def test_the_lines_fill_their_elements(host: Host, heading: str, shown: list[str]) -> None:
    [body] = lines(heading)
    write(host, body)
    page = await host.open("/news/flood")
    for name in shown:
        await expect(page.locator(f"#{name}")).to_have_text("1")
    assert await host.counted("/news/flood") == [1]


@EVERY_WAY
async def test_goatcounter_s_lines_count_and_show(host: Host) -> None:
    script, image, shown = lines("GoatCounter")
    for line in (script, image):
        write(host, line)
        before = await host.total()
        await host.open("/news/flood")

        async def counted(more: int = before + 1) -> bool:
            return await host.total() == more

        await eventually(counted)
    assert await host.counted("/news/flood") == [2]
    write(host, shown)
    page = await host.open("/news/flood")
    await expect(page.frame_locator("iframe").locator("b")).to_have_text("2")
    assert await page.evaluate("document.images[0].naturalHeight") == 20


@EVERY_WAY
async def test_waline_s_lines_count_and_show(host: Host) -> None:
    [body] = lines("Waline")
    write(host, body)
    context = await host.reader()
    served = packaged("/npm/@waline/client/dist/pageview.js")
    assert served

    async def from_the_registry(route: Route) -> None:
        await route.fulfill(path=served, headers={"Access-Control-Allow-Origin": "*"})

    await context.route("https://unpkg.com/@waline/client@3/dist/pageview.js", from_the_registry)
    page = await host.open("/news/flood", context)
    await expect(page.locator(".waline-pageview-count")).to_have_text("1")
    assert await host.counted("/news/flood") == [1]

"""What the embed guide has a site write into its pages, as a browser takes it."""

from __future__ import annotations

import asyncio
import re

import pytest
from conftest import eventually
from deploy.programs import ROOT, system_tool
from playwright.async_api import Page, expect

from browser.pages import Host

GUIDE = (ROOT / "docs" / "embed.md").read_text("utf-8")
COUNTER = "https://count.example"


def blocks(kind: str, heading: str) -> list[str]:
    """The guide's blocks of one kind of code below a heading."""
    text = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


SNIPPET, *_ = blocks("html", "The snippet")
SCRIPT, ELEMENT = SNIPPET.splitlines()
EVERY = "online today yesterday week month total"


async def open_page(host: Host, body: str, policy: str = "", path: str = "/a") -> Page:
    """Open a page with lines of the guide in it, for the counter and the site that are here."""
    if policy:
        host.headers["Content-Security-Policy"] = policy.replace(COUNTER, host.up.client.base)
    body = body.replace(COUNTER, host.up.client.base)
    host.texts[path] = body.replace('"vithuy"', '"a"').replace("/v1/vithuy/", "/v1/a/")
    return await host.open(path)


async def shows(page: Page, *figures: str) -> None:
    """Wait until the page's element shows these figures."""
    await expect(page.locator("visitor-counter dd")).to_have_text(figures)


async def test_the_element_shows_the_week_and_the_month_too(host: Host) -> None:
    body = SCRIPT + ELEMENT.replace(
        "<visitor-counter", '<visitor-counter figures="month week views"'
    )
    await shows(await open_page(host, body), "1", "1", "1")
    await shows(await open_page(host, body, path="/b"), "2", "2", "1")


async def test_elements_of_one_s_own_and_lists_are_filled(host: Host) -> None:
    await host.up.client.view("/news/rice")
    own, listed = blocks("html", "Figures in elements of your own")
    page = await open_page(host, SCRIPT + own + listed, path="/news/flood")
    shown = page.locator("[data-counter]")
    await expect(shown).to_have_text(["1", "2", "2", "0", "2", "1", "1"])


async def test_labels_of_one_s_own_and_the_style_sheet_reach_the_element(host: Host) -> None:
    labels, sheet = blocks("html", "The element")[0], "".join(blocks("css", "The element"))
    page = await open_page(host, f"<style>{sheet}</style>{SCRIPT}{labels}")
    await expect(page.locator("visitor-counter dt").first).to_have_text("Reading now")
    await expect(page.get_by_text("Total")).to_be_hidden()
    await expect(page.get_by_text("Since 2009")).to_be_visible()
    looks = await page.evaluate(
        """() => {
          const look = (part, name) => getComputedStyle(document.querySelector("visitor-counter")
            .shadowRoot.querySelector(`[part~=${part}]`))[name]
          return [look("list", "backgroundColor"), look("list", "borderTopColor"),
            look("list", "borderTopLeftRadius"), look("list", "color"), look("figure", "color"),
            look("list", "fontFamily"), look("total", "fontSize"), look("row", "paddingTop"),
            look("label", "fontStyle"), look("figure", "letterSpacing")]
        }"""
    )
    assert looks == [
        *("rgb(255, 251, 230)", "rgb(224, 194, 0)", "0px", "rgb(17, 34, 51)", "rgb(122, 75, 0)"),
        *("Georgia, serif", "20px", "4px", "italic", "0.8px"),
    ]


# Content-Security-Policy

[POLICY], [IMAGE, FRAME] = (text.splitlines() for text in blocks("text", "Content-Security-Policy"))


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(COUNTER, id="by its address"),
        pytest.param("'nonce-abc'", id="by a nonce"),
        pytest.param("'nonce-abc' 'strict-dynamic'", id="by a nonce alone"),
    ],
)
async def test_the_policy_of_the_guide_lets_all_that_is_loaded_work(
    host: Host, scripts: str
) -> None:
    body = SCRIPT.replace("<script", '<script nonce="abc"') + "<visitor-counter live>"
    policy = POLICY.replace(f"script-src {COUNTER}", f"script-src {scripts}")
    page = await open_page(host, body, f"default-src 'none'; {policy}")
    await shows(page, "1", "1", "1")
    await host.up.client.view("/b")
    await shows(page, "2", "2", "2")
    assert await page.evaluate("violations") == []


@pytest.mark.parametrize("part", POLICY.split("; "))
async def test_the_policy_of_the_guide_names_nothing_in_vain(host: Host, part: str) -> None:
    page = await open_page(host, SNIPPET, f"default-src 'none'; {part}")

    async def violated() -> bool:
        return bool(await page.evaluate("violations.length"))

    await eventually(violated)
    assert await host.total() == 0


async def test_the_image_and_the_frame_are_let_in_by_their_lines(host: Host) -> None:
    noscript, frame, *_ = blocks("html", "Without JavaScript")
    body = re.sub("</?noscript>", "", noscript) + frame
    policy = f"default-src 'none'; style-src-attr 'unsafe-inline'; {IMAGE}; {FRAME}"
    page = await open_page(host, body, policy)
    await expect(page.frame_locator("iframe").locator("dd").last).to_have_text(re.compile("[12]"))
    assert await page.evaluate("[document.images[0].naturalHeight, violations]") == [20, []]
    assert await host.counted("/news/flood") == [2]


async def test_the_script_is_taken_with_the_hash_that_the_guide_s_line_makes(host: Host) -> None:
    [line] = blocks("sh", "Content-Security-Policy")
    curl = system_tool("curl", "curl") + " --noproxy '*'"
    process = await asyncio.create_subprocess_shell(
        line.replace(COUNTER, host.up.client.base).replace("curl", curl),
        stdout=asyncio.subprocess.PIPE,
    )
    made = (await process.communicate())[0].decode()
    [tag] = blocks("html", "Content-Security-Policy")
    await shows(await open_page(host, tag.replace("HASH", made) + ELEMENT), "1", "1", "1")


# How it looks


_GAPS = """() => [...document.querySelectorAll("visitor-counter")].map((counter) => {
  const list = counter.shadowRoot.querySelector("dl")
  const box = list.getBoundingClientRect()
  return [...list.querySelectorAll("dd")].map((figure) => {
    const range = document.createRange()
    range.selectNodeContents(figure)
    const wheels = [...figure.querySelectorAll("i")]
    const parts = (wheels.length ? wheels : [range]).map((part) => part.getBoundingClientRect())
    const left = Math.min(...parts.map((part) => part.left))
    const right = Math.max(...parts.map((part) => part.right))
    return Math.round(list.dir == "rtl" ? left - box.left : box.right - right)
  })
})"""
"""For each element how far from its box' end each of its figures ends."""


@pytest.mark.parametrize("layout", ["box", "line", "odometer"])
async def test_on_a_narrow_phone_all_figures_are_whole_and_end_at_one_line(
    host: Host, layout: str
) -> None:
    for number in range(11):  # figures of one digit and of two
        await host.up.browser(f"Mozilla/5.0 (X11; Linux x86_64) Firefox/1{number}.0").view("/b")
    elements = (
        f'<visitor-counter figures="{EVERY}" layout="{layout}" theme="{theme}" lang="{lang}">'
        "</visitor-counter>"
        for theme in ("auto", "bare")
        for lang in ("vi", "ar")
    )
    page = await open_page(host, SCRIPT + "".join(elements))
    await page.set_viewport_size({"width": 320, "height": 800})
    for counter in await page.locator("visitor-counter").all():
        await expect(counter.locator("dd").last).to_have_text("12")
    for gaps in await page.evaluate(_GAPS):
        assert min(gaps) >= 0
        assert layout == "line" or len(set(gaps)) == 1
    assert await page.evaluate("document.documentElement.scrollWidth") == 320

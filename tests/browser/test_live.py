"""Figures that follow: one stream for a browser's tabs, none for hidden ones, none past a bound."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from conftest import FakeClock, eventually
from playwright.async_api import Page, expect
from stores import DAY_MS, NOW

from browser.pages import FIGURES, VIEWS, Host, hide, settled, shows

FOOT = '<visitor-counter lang="en" live></visitor-counter>'


def streams(host: Host) -> int:
    return len(host.up.service.feed)


async def streaming(host: Host, many: int) -> None:
    async def as_many() -> bool:
        return streams(host) == many

    await eventually(as_many)


async def foot(page: Page, total: int) -> None:
    await expect(page.locator("visitor-counter [part~=total] dd")).to_have_text(str(total))


async def test_the_figures_follow_what_others_read(host: Host) -> None:
    page = await host.visit(VIEWS + FIGURES + FOOT)
    await foot(page, 1)
    await streaming(host, 1)
    await host.up.client.view("/a")
    await host.up.client.view("/b")
    await foot(page, 3)
    await shows(page, "#total", "3")
    await shows(page, "#views", "2")


async def test_elements_of_the_pages_own_can_follow_too(host: Host) -> None:
    page = await host.visit(FIGURES + "<visitor-counter live hidden></visitor-counter>")
    await streaming(host, 1)
    await host.up.client.view("/b")
    await shows(page, "#total", "2")


async def test_a_page_without_live_stands_still(host: Host) -> None:
    page = await host.visit("<visitor-counter></visitor-counter>")
    await foot(page, 1)
    await settled()
    assert streams(host) == 0
    assert not any("live" in line for line in host.asked)


async def test_figures_change_at_most_once_a_second(host: Host) -> None:
    page = await host.visit(FOOT)
    await foot(page, 1)
    await streaming(host, 1)
    await page.evaluate("""
        window.times = []
        addEventListener("visitor-counter", () => times.push(performance.now()))
    """)
    for _ in range(40):
        await host.up.client.view("/b")
        await asyncio.sleep(0.06)
    await foot(page, 41)
    times = await page.evaluate("times")
    assert 2 <= len(times) <= 5
    assert all(later - time > 800 for time, later in pairwise(times))


# The tabs of one browser


async def two_tabs(host: Host) -> tuple[Page, Page]:
    # Browsers have locks on secure pages only: those of HTTPS, and of localhost.
    for path in ("/a", "/b"):
        host.write(path, FOOT, "data-local")
    reader = await host.reader()
    first = await host.open(f"http://localhost:{host.port}/a", reader)
    await foot(first, 1)
    await streaming(host, 1)
    second = await host.open(f"http://localhost:{host.port}/b", reader)
    await foot(second, 2)
    return first, second


async def test_tabs_share_a_stream_and_one_takes_over_from_another(host: Host) -> None:
    first, second = await two_tabs(host)
    await host.up.client.view("/c")
    await foot(first, 3)
    await foot(second, 3)
    await settled()
    assert streams(host) == 1
    await first.close()
    await host.up.client.view("/c")
    await foot(second, 4)
    await streaming(host, 1)


async def test_a_hidden_tab_rests_and_is_right_when_it_is_seen_again(host: Host) -> None:
    first, second = await two_tabs(host)
    await foot(first, 2)
    await hide(first, True)
    await host.up.client.view("/c")
    await foot(second, 3)  # which has the stream now
    await hide(second, True)
    await streaming(host, 0)
    await host.up.client.view("/c")
    await settled()
    await foot(first, 2)
    await foot(second, 3)
    await hide(first, False)
    await foot(first, 4)
    await streaming(host, 1)


async def test_each_of_two_tabs_keeps_the_views_of_its_own_article(host: Host) -> None:
    reader = await host.reader()
    one = await host.visit(VIEWS + FOOT, path="/one", context=reader)
    two = await host.visit(VIEWS + FOOT, path="/two", context=reader)
    await host.up.client.view("/two")
    await shows(two, "#views", "2")
    await foot(one, 3)
    await shows(one, "#views", "1")


# Midnight


@pytest.mark.parametrize("host", [{"clock": FakeClock(NOW)}], indirect=True)
async def test_at_midnight_today_is_0_in_the_open_page(host: Host) -> None:
    page = await host.visit(FIGURES + FOOT)
    await shows(page, "#today", "1")
    await streaming(host, 1)
    host.up.service.clock.now += DAY_MS  # type: ignore[attr-defined]
    await shows(page, "#today", "0")
    await shows(page, "visitor-counter [part~=today] dd", "0")
    await foot(page, 1)


# Where there is no stream to be had


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ({"server": {"live_streams": 0}}, 503),
        ({"server": {"live_streams_per_address": 0}}, 429),
    ],
    indirect=["host"],
)
async def test_past_the_bound_the_figures_are_asked_for_less_and_less(
    host: Host, status: int
) -> None:
    reader = await host.reader()
    await reader.clock.install()
    statuses: list[int] = []
    reader.on("response", lambda r: "/live" in r.url and statuses.append(r.status))
    page = await host.visit(FOOT, context=reader)
    await foot(page, 1)
    await eventually(lambda: _any(statuses))
    await host.up.client.view("/b")
    asked = []
    for _ in range(12):
        await page.clock.run_for(15_000)
        await page.wait_for_load_state("networkidle")
        asked.append(len(host.asks("figures")))
    await foot(page, 2)
    assert set(statuses) == {status}
    # Five within the first minute at most, then one a minute or so: 2, 4, 8, 16, 32, 60, 60 s.
    assert 3 <= asked[3] <= 8
    assert asked[11] <= asked[3] + 5


async def _any(found: list[int]) -> bool:
    return bool(found)


async def test_a_stream_that_breaks_comes_back(host: Host) -> None:
    page = await host.visit(FOOT)
    await foot(page, 1)
    await streaming(host, 1)
    for watcher in host.up.service.feed._watchers:
        watcher.close()
    await streaming(host, 0)
    await host.up.client.view("/b")
    await foot(page, 2)
    await streaming(host, 1)


@pytest.mark.parametrize("body", ["data: <html>\n\n", "data: null\n\n", "data: 7\n\n", "rubbish"])
async def test_rubbish_in_the_stream_changes_nothing(host: Host, body: str) -> None:
    reader = await host.reader()
    await reader.route(
        f"{host.up.client.base}/v1/a/live**",
        lambda route: route.fulfill(
            content_type="text/event-stream",
            headers={"Access-Control-Allow-Origin": "*"},
            body=f"event: figures\n{body}",
        ),
    )
    page = await host.visit(FOOT, context=reader)
    await foot(page, 1)
    await settled()
    await foot(page, 1)

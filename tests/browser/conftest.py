"""A real Chromium, for the tests that look at pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from conftest import Start
from playwright.async_api import Browser, async_playwright

from browser.chromium import chromium_in
from browser.pages import Host, pages


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all tests, which each have contexts of their own in it: its address."""
    with chromium_in(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        for context in browser.contexts[1:]:  # the first is the browser's own
            await context.close()


@pytest.fixture
async def host(
    start: Start, browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[Host]:
    """A site whose pages embed the script; nothing may go wrong on them.

    A parameter has more for the service's start: more settings of the site, a clock, …
    """
    more = dict(getattr(request, "param", {}))
    texts: dict[str, str] = {}
    headers: dict[str, str] = {}
    told: list[str] = []
    async with pages(texts, headers, told=told) as port:
        hosts = ("www.site.test", "site.test", "localhost")
        site = {"origins": [f"http://{name}:{port}" for name in hosts], "allow_no_origin": True}
        up = await start({**site, **more.pop("site", {})}, **more)
        host = Host(up, browser, port, texts, headers, told)
        yield host
        assert host.errors == []

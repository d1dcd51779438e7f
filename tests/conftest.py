"""What the tests stand on: a real Valkey, a real service, and a clock that can be set."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import hypothesis
import pytest
from redis.asyncio import Redis

from counter.settings import Settings, parse
from counter.storage.check import differences
from counter.storage.embedded import EmbeddedStore
from counter.web.routing import Router
from counter.web.service import Service, running

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
OTHER_BROWSER = (
    "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)

# A machine that is busy with other work is slow now and then, which is no mistake of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


# What a script starts in the background is deaf to Ctrl-C, and so would all be that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


class FakeClock:
    """A wall clock in milliseconds that stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey for the session: its URL."""
    directory = tmp_path_factory.mktemp("valkey")
    loop = asyncio.new_event_loop()
    server = EmbeddedStore(directory, durable=False).running()
    try:
        yield loop.run_until_complete(server.__aenter__())
        loop.run_until_complete(server.__aexit__(None, None, None))
    finally:
        loop.close()


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    """A client of the session's Valkey, which is empty at the start of each test."""
    client = Redis.from_url(valkey)
    await client.flushall()
    yield client
    await client.aclose()


@dataclass
class Client:
    """A browser, as far as HTTP goes: two of them are two visitors."""

    session: aiohttp.ClientSession
    base: str
    agent: str = BROWSER

    async def request(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        headers = {"User-Agent": self.agent, **options.pop("headers", {})}
        response = await self.session.request(method, self.base + path, headers=headers, **options)
        await response.read()
        return response

    async def json(self, method: str, path: str, **options: Any) -> Any:
        response = await self.request(method, path, **options)
        return await response.json(content_type=None)

    async def view(self, path: str, site: str = "a", **options: Any) -> Any:
        """Send a view; returns the answer."""
        return await self.json("POST", f"/v1/{site}/views", params={"path": path}, **options)

    async def figures(self, *paths: str, site: str = "a") -> Any:
        params = [("path", path) for path in paths]
        return await self.json("GET", f"/v1/{site}/figures", params=params)


@dataclass
class Running:
    """A service under test, with clients of its two listeners."""

    service: Service
    client: Client
    ops: Client
    ops_router: Router

    def browser(self, agent: str) -> Client:
        return Client(self.client.session, self.client.base, agent)


Start = Callable[..., Awaitable[Running]]


def settings(url: str, site: dict[str, Any] | None = None, **sections: Any) -> Settings:
    """Settings for a service under test: free ports, no delay, site `a` where each view counts."""
    return parse(
        {
            "server": {
                "listen": "127.0.0.1:0",
                "ops_listen": "127.0.0.1:0",
                "figures_max_age": "0s",
                **sections.get("server", {}),
            },
            "store": {"url": url, **sections.get("store", {})},
            "tokens": sections.get("tokens", {}),
            "sites": sections.get(
                "sites", {"a": {"repeat_window": "0s", "rate_limit": "off", **(site or {})}}
            ),
        }
    )


@pytest.fixture
async def start(redis: Redis, valkey: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Start services; each is stopped after the test, and its figures must agree then."""
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(
            site: dict[str, Any] | None = None, clock: Any = None, **sections: Any
        ) -> Running:
            sections["store"] = {"journal": str(tmp_path / "journal"), **sections.get("store", {})}
            url = sections["store"].pop("url", valkey)
            made = settings(url, site, **sections)
            up = await stack.enter_async_context(running(made, clock) if clock else running(made))
            service = up.service
            stack.push_async_callback(_figures_agree, service)
            public = "http://{}:{}".format(*service.address)
            ops = "http://{}:{}".format(*up.ops_address)
            return Running(service, Client(session, public), Client(session, ops), up.ops_router)

        yield start


async def eventually(check: Callable[[], Awaitable[Any]]) -> None:
    """Wait until `check` tells something true; not for ever."""
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110 # there is nothing else to wait on
            await asyncio.sleep(0.01)


async def _figures_agree(service: Service) -> None:
    for site in service.sites:
        assert differences(await service.store.ledger(site)) == []

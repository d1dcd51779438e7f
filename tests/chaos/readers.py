"""Readers who open articles, and write down what they are told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import aiohttp

from .ledger import Article, Ledger, Outcome
from .service import Service

_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
_PATIENCE = aiohttp.ClientTimeout(total=120)
"""Longer than the service takes for any answer: no reader goes away."""
_THINK_SECONDS = 0.03


class Readers:
    """So many readers, each with a browser of its own, each opening one article after another.

    Args:
        day: tells the day of a site now.
        seed: of what they read.
    """

    def __init__(
        self,
        service: Service,
        ledger: Ledger,
        articles: Sequence[Article],
        day: Callable[[str], str],
        seed: int,
        count: int = 16,
    ) -> None:
        self._service = service
        self._ledger = ledger
        self._articles = articles
        self._day = day
        self._seed = seed
        self._count = count
        self._closing = False

    async def read(self, seconds: float) -> None:
        """Read for so long; returns when the last view has its answer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:

            async def reader(number: int) -> None:
                chance = random.Random(f"{self._seed} {number}")
                agent = _AGENT.format(100 + number)
                while loop.time() < until:
                    await self._view(session, chance.choice(self._articles), agent)
                    await asyncio.sleep(chance.expovariate(1 / _THINK_SECONDS))

            await asyncio.gather(*map(reader, range(self._count)))

    async def _view(self, session: aiohttp.ClientSession, article: Article, agent: str) -> None:
        before = self._day(article.site)
        outcome = await self._send(session, article, agent)
        if outcome is Outcome.UNREACHED:
            await asyncio.sleep(0.1)
        after = self._day(article.site)
        self._ledger.write(article, (before,) if before == after else (before, after), outcome)

    async def _send(self, session: aiohttp.ClientSession, article: Article, agent: str) -> Outcome:
        if not self._service.url:
            return Outcome.UNREACHED
        url = f"{self._service.url}v1/{article.site}/views"
        try:
            async with session.post(
                url, params={"path": article.path}, headers={"User-Agent": agent}
            ) as response:
                answer = await response.json(content_type=None)
        except aiohttp.ClientConnectorError:
            return Outcome.UNREACHED
        except (aiohttp.ClientError, OSError):
            return Outcome.LOST
        if response.status == 200 and answer.get("counted", True):
            return Outcome.STALE if answer.get("stale") else Outcome.COUNTED
        if response.status == 504:
            return Outcome.UNSURE
        assert response.status in (200, 503), (response.status, answer)
        return Outcome.REFUSED

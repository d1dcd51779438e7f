"""A past for the sites under test: each article has been read, and each visitor has been there.

What a view costs Redis depends on what it holds: a new article is dearer than one that is known to
the counter, and sets that are still small are cheaper for the six commands.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from itertools import accumulate

from redis.asyncio import Redis

from bench.batches import DAY
from bench.load import ARTICLES, PATH, VISITORS
from counter.model.figures import Batch, Hit
from counter.storage.store import Applied, Store
from tests.agents import BROWSERS

_PART, _CROWD_PART = 1_000, 500


async def give_articles(store: Store, site: str, articles: int, path: str = PATH) -> None:
    """Give each article of `site` its first views, by an import."""
    for part in range(0, articles, _PART):
        numbers = range(part, min(part + _PART, articles))
        views = {path % number: 1 + number % 500 for number in numbers}
        await store.add(site, "past", part // _PART + 1, [], views)


async def give_crowd(store: Store, site: str, visitors: int) -> None:
    """Let so many visitors be online on `site`, who count nothing."""
    at = time.time_ns() // 1_000_000
    for part in range(0, visitors, _CROWD_PART):
        names = [os.urandom(8) for _ in range(min(_CROWD_PART, visitors - part))]
        hits = tuple(Hit(site, "", DAY, at, name) for name in names)
        [outcome] = await store.apply([Batch("crowd", part + 1, site, DAY, hits)], at)
        assert isinstance(outcome, Applied), outcome


async def give_six(redis: Redis, site: str) -> None:
    """Have each article read once, and each visitor read one by Zipf's law, in six commands."""
    views = list(_views())
    for part in range(0, len(views), _PART):
        pipe = redis.pipeline(transaction=False)
        for article, visitor in views[part : part + _PART]:
            pipe.incr(f"six:{site}:views")
            pipe.zincrby(f"six:{site}:pages", 1, PATH % article)
            pipe.pfadd(f"six:{site}:visitors", visitor)
            pipe.pfadd(f"six:{site}:visitors:{PATH % article}", visitor)
        await pipe.execute()


def _views() -> Iterator[tuple[int, str]]:
    chance = random.Random(1)
    agents = list(BROWSERS.values())
    weights = list(accumulate(1 / rank for rank in range(1, ARTICLES + 1)))
    read = [*range(ARTICLES), *chance.choices(range(ARTICLES), cum_weights=weights, k=VISITORS)]
    for n, rank in enumerate(read):
        number = n % VISITORS
        address = f"{11 + number % 89}.{number // 89 % 250}.{number // 22250 % 250}"
        # The rank says how popular an article is; its number is to say nothing.
        article = (rank + 1) * 7919 % ARTICLES
        yield article, f"{address}.{1 + number % 250}{agents[number % len(agents)]}"

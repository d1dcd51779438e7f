"""A past for the sites under test: each article has been read, and each visitor has been there.

What a view costs Redis depends on what it holds: a new article is dearer than one that is known to
the counter, and sets that are still small are cheaper for the six commands.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

from redis.asyncio import Redis

from bench.batches import settings
from bench.load import ARTICLES, PATH, VISITORS
from counter.metrics import Metrics
from counter.sites import Sites
from counter.storage.store import Store
from tests.agents import BROWSERS

_PART = 1_000


async def give_counter(url: str, site: str) -> None:
    """Give each article of `site` a view, by an import."""
    made = settings(url)
    store = Store.open(url, made.store, Sites(made.sites), Metrics())
    try:
        for part in range(0, ARTICLES, _PART):
            views = {PATH % number: 1 for number in range(part, part + _PART)}
            await store.add(site, "past", part // _PART + 1, [], views)
    finally:
        await store.close()


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

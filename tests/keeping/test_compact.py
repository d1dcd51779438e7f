"""Compacting saves memory and changes no figure, whatever is counted meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from stores import DAY, Desk, hit

from counter.errors import StoreUnavailable
from counter.model.figures import DayRow
from counter.storage import keys
from counter.storage.check import differences
from counter.storage.house import House
from keeping.conftest import WHO, YESTERDAY, Readers

MANY = 1_000


async def fill(desk: Desk, articles: int = MANY) -> None:
    await desk.store.add("a", "old", 1, [], {f"/old/{n}": n + 1 for n in range(articles)})


async def forget_most(house: House, left: int = 100) -> None:
    for n in range(left, MANY):
        await house.forget_article("a", f"/old/{n}", who=WHO)


async def articles(redis: Redis) -> dict[str, int]:
    found: dict[str, int] = {}
    for bucket in await redis.keys("vc:{a}:a:*"):
        here = {path.decode(): int(views) for path, views in (await redis.hgetall(bucket)).items()}
        assert not here.keys() & found.keys()
        found |= here
    return found


async def test_few_articles_need_few_buckets(desk: Desk, house: House, redis: Redis) -> None:
    await fill(desk)
    await forget_most(house)
    before = await articles(redis)
    change = await house.compact("a", who=WHO)
    assert change.before["buckets"] == math.ceil((MANY + 3) / keys.BUCKET_LOAD)
    assert change.after["buckets"] == math.ceil(103 / keys.BUCKET_LOAD)
    # How much less depends on the server's malloc: 8 % with jemalloc, over 10 with glibc's.
    assert change.after["bytes"] < change.before["bytes"]
    assert await articles(redis) == before
    assert len(await redis.keys("vc:{a}:a:*")) == change.after["buckets"]
    figures = await desk.figures(*before)
    assert (figures.articles, figures.total) == (before, 1010)


async def test_counting_goes_on_where_it_was_and_buckets_split_again(
    desk: Desk, house: House, redis: Redis
) -> None:
    await fill(desk)
    await forget_most(house)
    await house.compact("a", who=WHO)
    answers = await desk.count(*[hit(f"/old/{n}", n) for n in range(100)])
    assert [answer.views for answer in answers] == [n + 2 for n in range(100)]
    await desk.count(*[hit(f"/new/{n}", n) for n in range(500)])
    assert len(await articles(redis)) == 603
    assert (await desk.store.ledger("a")).total["buckets"] == math.ceil(603 / keys.BUCKET_LOAD)


async def test_a_loose_bucket_is_packed(desk: Desk, house: House, redis: Redis) -> None:
    await fill(desk)
    bucket = keys.bucket("a", 3)
    await redis.hset(bucket, "/" + "x" * 2000, 1)
    await redis.hdel(bucket, "/" + "x" * 2000)
    assert await redis.object("ENCODING", bucket) == b"hashtable"
    change = await house.compact("a", who=WHO)
    assert await redis.object("ENCODING", bucket) == b"listpack"
    assert change.after["bytes"] < change.before["bytes"]


async def test_a_misplaced_article_joins_its_views(desk: Desk, house: House, redis: Redis) -> None:
    await fill(desk)
    path, views = next(iter((await redis.hgetall(keys.bucket("a", 5))).items()))
    await redis.hset(keys.bucket("a", 9), path, 1000)
    await redis.hset(keys.bucket("a", 2), path, 100)
    await redis.hincrby(keys.total("a"), "articles", 2)
    await house.compact("a", who=WHO)
    assert (await desk.figures(path.decode())).articles == {path.decode(): int(views) + 1100}
    assert (
        len(await articles(redis)) == (await desk.store.ledger("a")).total["articles"] == MANY + 3
    )


async def test_what_holds_nothing_goes(desk: Desk, house: House, redis: Redis) -> None:
    await desk.store.add("a", "old", 1, [DayRow("20200101", 0, 0, 0)], {"/none": 0, "/some": 1})
    await redis.set("vc:{a}:visitors:20200101", "a leftover")
    await house.compact("a", who=WHO)
    assert "/none" not in await articles(redis)
    assert "20200101:v" not in (await desk.store.ledger("a")).days
    assert not await redis.exists("vc:{a}:visitors:20200101")
    assert await redis.exists(*keys.dated("a", [DAY, YESTERDAY])) == 6
    assert (await desk.store.ledger("a")).total["articles"] == 4


async def test_an_empty_site_can_be_compacted(house: House) -> None:
    change = await house.compact("b", who=WHO)
    assert (change.before, change.after) == ({"bytes": 0, "buckets": 1}, {"bytes": 0, "buckets": 1})


async def test_no_view_is_lost_while_a_site_is_compacted(
    desk: Desk, house: House, redis: Redis, readers: Callable[..., Readers]
) -> None:
    await fill(desk)
    await forget_most(house)
    before = await articles(redis)
    paths = [f"/old/{n}" for n in range(0, 200, 7)] + [f"/new/{n}" for n in range(20)]
    crowd = readers(*paths)
    async with crowd.reading():
        for _ in range(3):
            await house.compact("a", who=WHO)
    after = await articles(redis)
    assert after == {path: before.get(path, 0) + crowd.answered[path] for path in {*before, *paths}}
    assert (await desk.store.ledger("a")).total["articles"] == len(after)


async def test_a_stop_at_any_call_leaves_every_article_in_its_place(
    desk: Desk, house: House, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the n-th call is lost, for every n there is."""
    real = desk.store._send
    await fill(desk)
    await forget_most(house)
    before = await articles(redis)
    kept = {key: await redis.dump(key) for key in await redis.keys("vc:{a}:*")}
    for stop_at in range(1, 50):
        await redis.delete(*await redis.keys("vc:{a}:*"))
        for key, value in kept.items():
            await redis.restore(key, 0, value)
        calls = 0

        async def send(commands: Any, confirm: Any, stop_at: int = stop_at) -> list[Any]:
            nonlocal calls
            calls += 1
            replies = await real(commands, confirm)
            if calls >= stop_at:
                raise StoreUnavailable("the store is away", unsure=True)
            return replies

        monkeypatch.setattr(desk.store, "_send", send)
        try:
            await house.compact("a", who=WHO)
            stopped = False
        except StoreUnavailable:
            stopped = True
        monkeypatch.setattr(desk.store, "_send", real)
        assert await articles(redis) == before
        assert (await desk.figures(*before)).articles == before
        assert differences(await desk.store.ledger("a")) == []
        if not stopped:
            break
    assert stop_at > 5

"""A key that other hands have spoilt: the batch is refused whole, and nothing is written at all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from stores import DAY, NOW, Desk, contents, hit, open_store

from counter.errors import StoreError
from counter.model.days import shift
from counter.model.figures import DayRow, Unit
from counter.storage import keys
from counter.storage.store import Applied

TOMORROW = shift(DAY, 1)
BASE = keys.prefix("a")


@pytest.fixture
async def desk(redis: Redis, valkey: str) -> AsyncIterator[Desk]:
    """A desk whose site has counted for a while, tomorrow included, and is about to split."""
    desk = Desk(open_store(valkey, {"repeat_window": "10s"}))
    await desk.apply(*[hit(f"/{n}", n % 3) for n in range(keys.BUCKET_LOAD)])
    await desk.apply(hit(day=TOMORROW))
    yield desk
    await desk.store.close()


async def spoil(redis: Redis, key: str) -> None:
    """Put a value of another type at `key`."""
    was = await redis.type(key)
    await redis.delete(key)
    if was == b"list":
        await redis.set(key, "spoilt")
    else:
        await redis.rpush(key, "spoilt")


APPLY_KEYS = {
    "the producer's last number": f"{BASE}producer:{Desk.producer}",
    "the days": keys.days("a"),
    "the totals": keys.total("a"),
    "the visitors online": f"{BASE}online",
    "what was counted just now": f"{BASE}recent",
    "the most read ever": keys.top("a"),
    "the most read of the day": keys.top("a", DAY),
    "the hours of the day": keys.hours("a", DAY),
    "the visitors of the day": f"{BASE}visitors:{DAY}",
    "the articles": keys.bucket("a", 0),
    "the articles' next bucket": keys.bucket("a", 2),
}


@pytest.mark.parametrize("key", APPLY_KEYS.values(), ids=APPLY_KEYS.keys())
async def test_a_key_of_another_type_refuses_the_batch(desk: Desk, redis: Redis, key: str) -> None:
    await spoil(redis, key)
    before = await contents(redis)
    views = [hit(f"/new/{n}", who=n) for n in range(2 * keys.BUCKET_LOAD)]
    [outcome] = await desk.send(desk.batch(hit("/0"), *views))
    assert isinstance(outcome, StoreError)
    assert "WRONGTYPE" in str(outcome)
    assert await contents(redis) == before


async def test_the_first_bucket_s_type_matters_to_articles_that_are_in_it(
    desk: Desk, redis: Redis
) -> None:
    await spoil(redis, keys.bucket("a", 0))
    for n in range(keys.BUCKET_LOAD):
        before = await contents(redis)
        [outcome] = await desk.send(desk.batch(hit(f"/{n}", at=NOW + 60_000 + n)))
        if isinstance(outcome, StoreError):
            assert await contents(redis) == before
            break
    else:
        pytest.fail("no article was in the spoilt bucket")


FIELDS = {
    "a day's views": (keys.days("a"), f"{DAY}:v"),
    "a day's visits": (keys.days("a"), f"{DAY}:s"),
    "a day's visitors": (keys.days("a"), f"{DAY}:u"),
    "the views of the day before": (keys.days("a"), f"{shift(DAY, -1)}:v"),
    "a later day's sums": (keys.days("a"), f"{TOMORROW}:t"),
    "a later day's views": (keys.days("a"), f"{TOMORROW}:v"),
    "the total": (keys.total("a"), "views"),
    "the number of articles": (keys.total("a"), "articles"),
    "the number of buckets": (keys.total("a"), "buckets"),
    "the start": (keys.total("a"), "start:views"),
    "an hour's views": (keys.hours("a", DAY), "12"),
}


@pytest.mark.parametrize(("key", "name"), FIELDS.values(), ids=FIELDS.keys())
async def test_a_figure_that_is_no_number_refuses_the_batch(
    desk: Desk, redis: Redis, key: str, name: str
) -> None:
    await redis.hset(key, name, "many")
    before = await contents(redis)
    [outcome] = await desk.send(desk.batch(hit("/0"), hit("/new")))
    assert isinstance(outcome, StoreError)
    assert "BADVALUE" in str(outcome)
    assert await contents(redis) == before


async def test_an_article_s_views_that_are_no_number_refuse_the_batch(
    desk: Desk, redis: Redis
) -> None:
    for bucket in (0, 1):
        if await redis.hexists(keys.bucket("a", bucket), "/0"):
            await redis.hset(keys.bucket("a", bucket), "/0", "many")
    before = await contents(redis)
    [outcome] = await desk.send(desk.batch(hit("/1"), hit("/0")))
    assert "BADVALUE" in str(outcome)
    assert await contents(redis) == before


@pytest.mark.parametrize("key", [keys.bucket("a", 1), keys.hours("a", DAY), keys.bucket("a", 2)])
async def test_a_batch_that_is_taken_back_can_be_counted_when_the_key_is_right_again(
    desk: Desk, redis: Redis, key: str
) -> None:
    figures = await desk.figures("/0", "/new/0")
    kept = await redis.hgetall(key)
    await spoil(redis, key)
    views = [hit(f"/new/{n}", who=n) for n in range(2 * keys.BUCKET_LOAD)]
    batch = desk.batch(hit("/0", who=7), *views)
    for _ in range(2):
        assert isinstance((await desk.send(batch))[0], StoreError)
    await redis.delete(key)
    if kept:
        await redis.hset(key, mapping=kept)
    assert await desk.figures("/0", "/new/0") == figures
    [outcome] = await desk.send(batch)
    assert isinstance(outcome, Applied)
    assert outcome.first
    now = await desk.figures("/0", "/new/0")
    assert now.articles == {"/0": figures.articles["/0"] + 1, "/new/0": 1}
    assert int(await redis.hget(keys.total("a"), "articles")) == 3 * keys.BUCKET_LOAD + 1


async def test_a_producer_s_number_that_is_none_refuses_the_batch(desk: Desk, redis: Redis) -> None:
    for value in ("7", "seven:00"):
        await redis.set(f"{BASE}producer:{desk.producer}", value)
        before = await contents(redis)
        [outcome] = await desk.send(desk.batch(hit()))
        assert "BADVALUE" in str(outcome)
        assert await contents(redis) == before


async def test_other_sites_batches_are_applied_beside_a_refused_one(
    desk: Desk, redis: Redis
) -> None:
    await redis.set(keys.days("a"), "spoilt")
    refused, applied = await desk.send(desk.batch(hit()), desk.batch(hit(site="b")))
    assert isinstance(refused, StoreError)
    assert isinstance(applied, Applied)
    assert applied.answers[0].views == 1


ADD_KEYS = {
    "the import's number": f"{BASE}import:old",
    "the days": keys.days("a"),
    "the totals": keys.total("a"),
    "the most read ever": keys.top("a"),
    "the articles": keys.bucket("a", 0),
    "the articles' next bucket": keys.bucket("a", 2),
}
ROWS = [DayRow("20200101", 1, 1, 1)]
ARTICLES = {f"/{n}": 1 for n in range(3 * keys.BUCKET_LOAD)}


@pytest.mark.parametrize("key", ADD_KEYS.values(), ids=ADD_KEYS.keys())
async def test_a_key_of_another_type_refuses_an_import(desk: Desk, redis: Redis, key: str) -> None:
    await spoil(redis, key)
    before = await contents(redis)
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await desk.store.add("a", "old", 1, ROWS, ARTICLES)
    assert await contents(redis) == before


ADD_FIELDS = {
    name: field
    for name, field in FIELDS.items()
    if name
    not in (
        "the start",
        "a later day's sums",
        "the views of the day before",
        "an hour's views",
    )
}


@pytest.mark.parametrize(("key", "name"), ADD_FIELDS.values(), ids=ADD_FIELDS.keys())
async def test_a_figure_that_is_no_number_refuses_an_import(
    desk: Desk, redis: Redis, key: str, name: str
) -> None:
    await redis.hset(key, name, "many")
    before = await contents(redis)
    with pytest.raises(StoreError, match="BADVALUE"):
        await desk.store.add("a", "old", 1, ROWS, ARTICLES)
    assert await contents(redis) == before


async def test_a_total_that_is_no_number_gets_no_start(desk: Desk, redis: Redis) -> None:
    await redis.hset(keys.total("a"), "views", "many")
    before = await contents(redis)
    with pytest.raises(StoreError, match="BADVALUE"):
        await desk.store.start("a", Unit.VIEWS, 5, only_new=False)
    assert await contents(redis) == before


@pytest.mark.parametrize(
    ("key", "name"),
    [(keys.days("a"), f"{DAY}:v"), (keys.total("a"), "views")],
    ids=["day", "total"],
)
async def test_a_figure_that_is_no_number_is_not_read_as_one(
    desk: Desk, redis: Redis, key: str, name: str
) -> None:
    await redis.hset(key, name, "many")
    with pytest.raises(StoreError, match="BADVALUE"):
        await desk.figures()

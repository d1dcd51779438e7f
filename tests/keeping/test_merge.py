"""Two sites become one: each figure comes over once, whoever is stopped, and the sums agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from stores import DAY, DAY_MS, NOW, Desk, contents, hit

from counter.errors import BadParameter, Conflict, StoreError, StoreUnavailable
from counter.model.figures import DayRow, Unit
from counter.storage import keys
from counter.storage.check import differences
from counter.storage.house import House
from keeping.conftest import LAST_WEEK, WHO, YESTERDAY, Readers

ARCHIVE = 520
"""Articles of site `b` that are old: more than one part holds."""
OLD_VIEWS = sum(range(1, ARCHIVE + 1))


async def fill_b(desk: Desk) -> None:
    """Give site `b` a start of 500, views of two days (`/b` 2, `/d` 1), and an archive."""
    await desk.store.start("b", Unit.VIEWS, 500, only_new=True)
    await desk.apply(hit("/b", 21, NOW - DAY_MS, day=YESTERDAY, site="b"))
    await desk.apply(hit("/b", 22, site="b"), hit("/d", 23, site="b"))
    archive = {f"/archive/{n}": n + 1 for n in range(ARCHIVE)}
    rows = [DayRow(f"2019{month:02}{day:02}", 3, 2, 1) for month in (1, 2) for day in range(1, 29)]
    await desk.store.add("b", "old", 1, rows, archive, start=(0, 7, 5))


async def state(desk: Desk, redis: Redis, site: str) -> dict[str, Any]:
    """Return all figures of a site."""
    articles = {}
    for bucket in await redis.keys(f"vc:{{{site}}}:a:*"):
        articles.update(await redis.hgetall(bucket))
    days = [LAST_WEEK, YESTERDAY, DAY]
    ledger = await desk.store.ledger(site)
    assert differences(ledger) == []
    return {
        "articles": articles,
        "total": {k: v for k, v in ledger.total.items() if k != "buckets"},
        "days": ledger.days,
        "top": await desk.store.top(site, [], 1000),
        "tops": [await desk.store.top(site, [day], 1000) for day in days],
        "hours": await desk.store.hours(site, days),
        "visitors": [await redis.pfcount(f"vc:{{{site}}}:visitors:{day}") for day in days],
    }


async def test_all_figures_come_over(desk: Desk, house: House, redis: Redis) -> None:
    await fill_b(desk)
    change = await house.merge("b", "a", who=WHO)
    assert change.changed
    assert (change.before["b views"], change.after["b views"]) == (671, 0)
    assert (change.before["a views"], change.after["a views"]) == (1010, 1681)
    found = await state(desk, redis, "a")
    total = found["total"]
    assert (total["start:views"], total["start:visits"], total["start:visitors"]) == (1500, 7, 5)
    assert total["articles"] == len(found["articles"]) == ARCHIVE + 4
    assert found["articles"][b"/archive/7"] == b"8"
    figures = await desk.figures("/a", "/b", "/c", "/d")
    assert figures.articles == {"/a": 6, "/b": 5, "/c": 1, "/d": 1}
    assert (figures.today, figures.yesterday) == (7, 4)
    assert await desk.store.history("a", "20190201", "20190202") == [
        DayRow("20190201", 3, 2, 1),
        DayRow("20190202", 3, 2, 1),
    ]
    assert found["top"][:2] == [("/archive/519", 520), ("/archive/518", 519)]
    assert found["tops"][2] == [("/b", 3), ("/a", 2), ("/c", 1), ("/d", 1)]
    assert found["hours"][2] == {12: 7}
    assert found["visitors"] == [2, 4, 7]


async def test_the_merged_site_is_empty_and_counts_anew(
    desk: Desk, house: House, redis: Redis
) -> None:
    await fill_b(desk)
    await house.merge("b", "a", who=WHO)
    left = await state(desk, redis, "b")
    assert (left["articles"], left["days"], left["top"]) == ({}, {}, [])
    assert {name: value for name, value in left["total"].items() if value} == {}
    # A service that starts gives a site its start only if it was never given one.
    assert await desk.store.start("b", Unit.VIEWS, 500, only_new=True) == 0
    await desk.apply(hit("/b", 24, site="b"))
    assert not await redis.exists(keys.merging("b"))
    assert (await desk.store.ledger("b")).total["views"] == 1


async def test_visitors_of_today_go_on_being_counted_after_a_merge(
    desk: Desk, house: House
) -> None:
    await fill_b(desk)
    await house.merge("b", "a", who=WHO)
    [before] = await desk.store.history("a", DAY, DAY)
    await desk.apply(hit("/a", 1), *[hit("/a", 100 + n) for n in range(5)])
    [after] = await desk.store.history("a", DAY, DAY)
    assert after.visitors == before.visitors + 5


async def test_late_days_keep_their_lifetimes(desk: Desk, house: House, redis: Redis) -> None:
    await desk.apply(hit("/b", 21, NOW - DAY_MS, day=YESTERDAY, site="b"))
    await house.forget_day("a", YESTERDAY, who=WHO)
    await house.merge("b", "a", who=WHO)
    lives = [await redis.ttl(key) for key in keys.dated("a", [YESTERDAY])]
    bounds = [keys.VISITORS_TTL, keys.TOP_TTL, keys.TOP_TTL]
    assert all(0 < life <= bound for life, bound in zip(lives, bounds, strict=True))


async def test_other_names_come_over_where_they_mean_nothing_yet(desk: Desk, house: House) -> None:
    await desk.apply(*[hit(path, site="b") for path in ("/x", "/y", "/z")])
    for old, new in (("/x", "/x2"), ("/x2", "/x3"), ("/a", "/a-of-b"), ("/z", "/z2")):
        await house.rename("b", old, new, who=WHO)
    await house.rename("a", "/z", "/z-of-a", who=WHO)
    await house.merge("b", "a", who=WHO)
    names = {n: await house.stands_for("a", n) for n in ("/x", "/x2", "/a", "/z")}
    assert names == {"/x": "/x3", "/x2": "/x3", "/a": None, "/z": "/z-of-a"}
    assert (await desk.figures("/x", "/a", "/z2")).articles == {"/x": 1, "/a": 6, "/z2": 1}


async def test_articles_go_by_the_names_of_the_site_they_come_to(desk: Desk, house: House) -> None:
    await desk.apply(hit("/old", site="b"), hit("/new", site="b"))
    await house.rename("a", "/old", "/new", who=WHO)
    await house.merge("b", "a", who=WHO)
    assert (await desk.figures("/old", "/new")).articles == {"/old": 2, "/new": 2}


@pytest.mark.parametrize("lost", ["the call", "the answer"])
async def test_a_stop_at_any_call_is_gone_on_from_and_no_figure_comes_twice(
    desk: Desk, house: House, redis: Redis, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """The n-th call to the store fails, before it is sent or after, for every n there is."""
    real = desk.store._send
    before = [await redis.dump(key) for key in await redis.keys()]
    base = dict(zip(await redis.keys(), before, strict=True))

    async def anew() -> None:
        await redis.flushall()
        for key, value in base.items():
            await redis.restore(key, 0, value)
        desk.batches.clear()
        desk.producer = f"{len(outcomes):016}"
        await fill_b(desk)
        await house.rename("b", "/d", "/e", who=WHO)

    outcomes: list[Any] = []
    await anew()
    await house.merge("b", "a", who=WHO)
    right = await state(desk, redis, "a"), await state(desk, redis, "b")
    for stop_at in range(100):
        outcomes.append(None)
        await anew()
        calls = 0

        async def send(commands: Any, confirm: Any, stop_at: int = stop_at) -> list[Any]:
            nonlocal calls
            calls += 1
            if calls == stop_at + 1 and lost == "the answer":
                await real(commands, confirm)
            if calls > stop_at:
                raise StoreUnavailable("the store is away", unsure=True)
            return await real(commands, confirm)

        monkeypatch.setattr(desk.store, "_send", send)
        try:
            await house.merge("b", "a", who=WHO)
            stopped = False
        except StoreUnavailable:
            stopped = True
        monkeypatch.setattr(desk.store, "_send", real)
        for site in ("a", "b"):
            assert differences(await desk.store.ledger(site)) == []
        await house.merge("b", "a", who=WHO)
        assert (await state(desk, redis, "a"), await state(desk, redis, "b")) == right
        assert len([e for e in await house.audit("a") if e.what == "merge"]) == 1
        if not stopped:
            break
    assert stop_at > 15


async def test_two_who_merge_at_once_do_it_once(desk: Desk, house: House, redis: Redis) -> None:
    await fill_b(desk)
    await asyncio.gather(*(house.merge("b", "a", who=WHO) for _ in range(3)))
    found = await state(desk, redis, "a")
    assert found["total"]["views"] == 1681
    assert sum(map(int, found["articles"].values())) == 10 + 3 + OLD_VIEWS


@pytest.mark.parametrize("counted", ["a", "b"])
async def test_no_view_is_lost_while_sites_merge(
    desk: Desk, house: House, redis: Redis, readers: Callable[..., Readers], counted: str
) -> None:
    await fill_b(desk)
    crowd = readers("/a", "/b", "/new", *[f"/{n}" for n in range(70)], site=counted)
    async with crowd.reading():
        await house.merge("b", "a", who=WHO)
    both = [await state(desk, redis, site) for site in ("a", "b")]
    views = crowd.answered.total()
    assert sum(found["total"]["views"] for found in both) == 1681 + views
    assert sum(found["hours"][2].get(12, 0) for found in both) == 7 + views
    articles = sum(int(n) for found in both for n in found["articles"].values())
    assert articles == 13 + OLD_VIEWS + views
    await house.merge("b", "a", who=WHO)
    assert (await desk.figures("/new")).articles == {"/new": crowd.answered["/new"]}
    assert (await desk.figures()).total == 1681 + views


async def test_what_can_t_be_merged_is_said_and_nothing_moves(
    desk: Desk, house: House, redis: Redis
) -> None:
    before = await contents(redis)
    with pytest.raises(BadParameter, match="into itself"):
        await house.merge("a", "a", who=WHO)
    assert not (await house.merge("b", "a", who=WHO)).changed
    assert await contents(redis) == before
    await desk.store.start("b", Unit.VISITORS, 2**53 - 1, only_new=True)
    with pytest.raises(Conflict, match=r"would pass 2\^53"):
        await house.merge("b", "a", who=WHO)


async def test_a_site_on_its_way_goes_nowhere_else(
    desk: Desk, house: House, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_b(desk)

    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(desk.store, "add", away)
    with pytest.raises(StoreUnavailable):
        await house.merge("b", "a", who=WHO)
    monkeypatch.undo()
    with pytest.raises(Conflict, match="b is being merged into a"):
        await house.merge("b", "c", who=WHO)
    with pytest.raises(Conflict, match="b is being merged into a"):
        await house.forget_site("b", who=WHO)
    await house.merge("b", "a", who=WHO)
    assert (await desk.figures()).total == 1681


async def test_a_spoilt_key_stops_the_merge_before_anything_leaves(
    desk: Desk, house: House, redis: Redis
) -> None:
    await fill_b(desk)
    await redis.rename(keys.top("b"), "sound")
    await redis.rpush(keys.top("b"), "spoilt")
    before = await contents(redis)
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await house.merge("b", "a", who=WHO)
    assert await contents(redis) == before
    await redis.rename("sound", keys.top("b"))
    await house.merge("b", "a", who=WHO)
    assert (await desk.figures()).total == 1681

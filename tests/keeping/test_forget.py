"""What is forgotten is gone, what is not stays to the last view, and the sums always agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.asyncio import Redis
from stores import DAY, NOW, Desk, contents, hit

from counter.errors import StoreError, StoreUnavailable
from counter.model.figures import DayRow, Unit
from counter.storage import keys
from counter.storage.check import differences
from counter.storage.house import Change, House
from keeping.conftest import LAST_WEEK, WHO, YESTERDAY, Readers

# An article


async def test_an_article_is_forgotten_and_the_site_keeps_its_views(
    desk: Desk, house: House
) -> None:
    change = await house.forget_article("a", "/a", who=WHO)
    assert change == Change("a", "forget", "/a", True, {"views": 6}, {"views": 0})
    figures = await desk.figures("/a", "/b")
    assert (figures.articles, figures.total) == ({"/a": 0, "/b": 3}, 1010)
    for days in ([], [DAY], [YESTERDAY], [LAST_WEEK]):
        assert "/a" not in dict(await desk.store.top("a", days, 10))
    assert (await desk.store.ledger("a")).total["articles"] == 2


async def test_a_forgotten_article_begins_anew_with_its_next_view(desk: Desk, house: House) -> None:
    await house.forget_article("a", "/a", who=WHO)
    assert [answer.views for answer in await desk.count(hit("/a"))] == [1]
    assert (await desk.store.ledger("a")).total["articles"] == 3


async def test_forgetting_another_name_of_an_article_leaves_the_article(
    desk: Desk, house: House
) -> None:
    await house.rename("a", "/a", "/b", who=WHO)
    assert (await house.forget_article("a", "/a", who=WHO)).subject == "the name /a of /b"
    assert (await desk.figures("/a", "/b")).articles == {"/a": 0, "/b": 9}
    assert [answer.views for answer in await desk.count(hit("/a"), hit("/b"))] == [1, 10]


async def test_an_article_that_is_not_there_is_not_forgotten(
    desk: Desk, house: House, redis: Redis
) -> None:
    before = await contents(redis)
    assert not (await house.forget_article("a", "/none", who=WHO)).changed
    assert await contents(redis) == before


# A day


@pytest.mark.parametrize("day", [LAST_WEEK, YESTERDAY, DAY])
async def test_a_day_s_figures_leave_the_totals(desk: Desk, house: House, day: str) -> None:
    [row] = await desk.store.history("a", day, day)
    change = await house.forget_day("a", day, who=WHO)
    assert change.before == {
        "views": row.views, "visits": row.visits, "visitors": row.visitors, "total views": 1010
    }  # fmt: skip
    assert change.after["total views"] == 1010 - row.views
    ledger = await desk.store.ledger("a")
    assert differences(ledger) == []
    assert day not in {name[:8] for name in [*ledger.days, *ledger.closing]}
    assert (await desk.figures()).total == 1010 - row.views
    assert (await desk.figures("/a")).articles == {"/a": 6}
    assert await desk.store.top("a", [day], 10) == []
    assert await desk.store.hours("a", [day]) == [{}]


@pytest.mark.parametrize("day", [LAST_WEEK, YESTERDAY, DAY])
async def test_a_forgotten_day_counts_anew(desk: Desk, house: House, day: str) -> None:
    await house.forget_day("a", day, who=WHO)
    await desk.count(hit("/a", 50, NOW, day=day), hit("/a", 51, NOW, day=day))
    [row] = await desk.store.history("a", day, day)
    assert (row.views, row.visitors) == (2, 2)


async def test_a_day_that_is_not_there_is_not_forgotten(
    desk: Desk, house: House, redis: Redis
) -> None:
    before = await contents(redis)
    assert not (await house.forget_day("a", "20010101", who=WHO)).changed
    assert await contents(redis) == before


# A site


async def of_site(redis: Redis, site: str) -> set[str]:
    return {key.decode() for key in await redis.keys(f"vc:{{{site}}}:*")}


async def test_a_forgotten_site_leaves_nothing_but_who_forgot_it(
    desk: Desk, house: House, redis: Redis
) -> None:
    await desk.apply(*[hit(f"/{n}", site="b") for n in range(40)])
    await desk.store.add(
        "a", "old", 1, [DayRow("20200101", 9, 9, 9)], {f"/{n}": 1 for n in range(900)}
    )
    await house.rename("a", "/a", "/b", who=WHO)
    await redis.set("vc:{a}:top:20200101", "a leftover")
    others = {key: value for key, value in (await contents(redis)).items() if b"{b}" in key}
    change = await house.forget_site("a", who=WHO)
    assert change.before["views"] == 1019
    assert await of_site(redis, "a") == {keys.audit("a")}
    assert {k: v for k, v in (await contents(redis)).items() if b"{b}" in k} == others
    log = await house.audit("a")
    assert [(entry.who, entry.what, entry.subject) for entry in log[:2]] == [
        (WHO, "forget", "the whole site"),
        (WHO, "forget", "the whole site, from here on"),
    ]
    assert log[0].before["views"] == 1019
    assert log[1].before["articles"] == 902


async def test_a_forgotten_site_is_a_new_one(desk: Desk, house: House) -> None:
    await house.forget_site("a", who=WHO)
    assert (await desk.figures("/a")).total == 0
    assert await desk.store.start("a", Unit.VIEWS, 70, only_new=True) == 70
    [answer] = await desk.count(hit("/a"))
    assert (answer.views, answer.today, answer.total) == (1, 1, 71)


async def test_a_stop_at_any_step_leaves_agreeing_sums_and_is_gone_on_from(
    desk: Desk, house: House, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th call to the store fails, for every n there is."""
    real = desk.store._send

    async def fill() -> None:
        await redis.flushall()
        desk.batches.clear()
        await desk.apply(*[hit(f"/{n}", n) for n in range(40)])
        await desk.store.add("a", "old", 1, [], {f"/old/{n}": 1 for n in range(9_000)})

    for stop_at in range(20):
        await fill()
        calls = 0

        async def send(commands: object, confirm: object, stop_at: int = stop_at) -> list[object]:
            nonlocal calls
            calls += 1
            if calls > stop_at:
                raise StoreUnavailable("the store is away")
            return await real(commands, confirm)  # type: ignore[arg-type]

        monkeypatch.setattr(desk.store, "_send", send)
        try:
            await house.forget_site("a", who=WHO)
            stopped = False
        except StoreUnavailable:
            stopped = True
        monkeypatch.setattr(desk.store, "_send", real)
        assert differences(await desk.store.ledger("a")) == []
        assert (await desk.figures()).total == (40 if stopped else 0)
        await house.forget_site("a", who=WHO)
        assert await of_site(redis, "a") == {keys.audit("a")}
        if not stopped:
            break
    assert stop_at == 3  # two steps of buckets, and the last


# Beside the counting


async def test_no_view_of_others_is_lost_while_an_article_is_forgotten(
    desk: Desk, house: House, readers: Callable[..., Readers]
) -> None:
    crowd = readers("/a", "/b", "/new")
    async with crowd.reading():
        for _ in range(5):
            await house.forget_article("a", "/a", who=WHO)
    figures = await desk.figures("/a", "/b", "/new")
    assert figures.total == 1010 + crowd.answered.total()
    assert figures.articles["/b"] == 3 + crowd.answered["/b"]
    assert figures.articles["/new"] == crowd.answered["/new"]
    forgotten = sum(entry.before["views"] for entry in await house.audit("a"))
    assert figures.articles["/a"] == 6 + crowd.answered["/a"] - forgotten


@pytest.mark.parametrize("day", [YESTERDAY, DAY])
async def test_no_view_of_other_days_is_lost_while_a_day_is_forgotten(
    desk: Desk, house: House, readers: Callable[..., Readers], day: str
) -> None:
    crowd = readers("/a", "/b")
    async with crowd.reading():
        for _ in range(5):
            await house.forget_day("a", day, who=WHO)
            assert differences(await desk.store.ledger("a")) == []
    forgotten = sum(entry.before["views"] for entry in await house.audit("a"))
    assert (await desk.figures()).total == 1010 + crowd.answered.total() - forgotten
    assert (await desk.figures("/b")).articles == {"/b": 3 + crowd.answered["/b"]}


async def test_what_is_counted_while_a_site_is_forgotten_is_all_of_the_old_or_of_the_new(
    desk: Desk, house: House, readers: Callable[..., Readers], redis: Redis
) -> None:
    await desk.store.add("a", "old", 1, [], {f"/old/{n}": 1 for n in range(9_000)})
    paths = [f"/{n}" for n in range(70)]
    crowd = readers(*paths)
    async with crowd.reading():
        await house.forget_site("a", who=WHO)
    old = next(e for e in await house.audit("a") if e.subject == "the whole site").before["views"]
    figures = await desk.figures(*paths)
    assert figures.total == 1010 + crowd.answered.total() - old
    assert set(figures.articles.values()) == {figures.total // 70}
    assert (await desk.store.ledger("a")).total["articles"] == 70
    buckets = await redis.keys("vc:{a}:a:*")
    assert sum([await redis.hlen(bucket) for bucket in buckets]) == 70


# What is spoilt, or full


SPOILT = {
    "the totals": keys.total("a"),
    "the audit log": keys.audit("a"),
    "the most read": keys.top("a"),
}


@pytest.mark.parametrize("key", SPOILT.values(), ids=SPOILT.keys())
async def test_a_spoilt_key_refuses_it_whole(
    desk: Desk, house: House, redis: Redis, key: str
) -> None:
    await house.rename("a", "/c", "/d", who=WHO)
    await redis.rename(key, "sound")
    await redis.rpush(key, "spoilt")
    before = await contents(redis)
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await house.forget_article("a", "/a", who=WHO)
    if key != keys.top("a"):
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await house.forget_day("a", DAY, who=WHO)
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await house.forget_site("a", who=WHO)
    assert await contents(redis) == before
    await redis.rename("sound", key)


async def test_a_store_without_memory_may_forget(desk: Desk, house: House, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1mb")
    try:
        await house.forget_article("a", "/a", who=WHO)
        await house.forget_day("a", YESTERDAY, who=WHO)
        await house.forget_site("a", who=WHO)
    finally:
        await redis.config_set("maxmemory", "0")
    assert await of_site(redis, "a") == {keys.audit("a")}

"""An article that has moved is one article: its views together, and the old name stands for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis
from stores import DAY, NOW, Desk, contents, hit, open_store

from counter.errors import BadParameter, Conflict, StoreError
from counter.model.figures import DayRow, Status
from counter.settings import parse
from counter.sites import Sites
from counter.storage import keys
from counter.storage.house import Change, House
from keeping.conftest import LAST_WEEK, WHO, YESTERDAY, Readers


async def test_both_names_answer_with_the_views_of_both(desk: Desk, house: House) -> None:
    change = await house.rename("a", "/a", "/b", who=WHO)
    assert change == Change("a", "rename", "/a → /b", True, {"/a": 6, "/b": 3}, {"/b": 9})
    figures = await desk.figures("/a", "/b", "/c")
    assert figures.articles == {"/a": 9, "/b": 9, "/c": 1}
    assert (figures.today, figures.total) == (5, 1010)
    assert (await desk.store.ledger("a")).total["articles"] == 2


async def test_a_view_of_either_name_counts_for_the_one_article(desk: Desk, house: House) -> None:
    await house.rename("a", "/a", "/new", who=WHO)
    answers = await desk.count(hit("/a", 7), hit("/new", 8), hit("/a", 9))
    assert [answer.views for answer in answers] == [7, 8, 9]
    assert (await desk.figures("/a", "/new")).articles == {"/a": 9, "/new": 9}
    assert await desk.store.top("a", [DAY], 1) == [("/new", 5)]


async def test_the_most_read_are_merged_for_each_day_and_ever(desk: Desk, house: House) -> None:
    await house.rename("a", "/a", "/b", who=WHO)
    top = desk.store.top
    assert await top("a", [], 10) == [("/b", 9), ("/c", 1)]
    assert await top("a", [DAY], 10) == [("/b", 4), ("/c", 1)]
    assert await top("a", [YESTERDAY], 10) == [("/b", 3)]
    assert await top("a", [LAST_WEEK], 10) == [("/b", 2)]


async def test_a_day_s_most_read_set_keeps_its_lifetime(
    desk: Desk, house: House, redis: Redis
) -> None:
    for day in (DAY, YESTERDAY):
        await redis.zremrangebyscore(keys.top("a", day), "-inf", 1)
    await house.rename("a", "/a", "/new", who=WHO)
    assert 0 < await redis.ttl(keys.top("a", YESTERDAY)) <= keys.TOP_TTL


async def test_an_article_without_views_may_be_renamed_before_it_has_any(
    desk: Desk, house: House
) -> None:
    await house.rename("a", "/draft", "/final", who=WHO)
    assert (await desk.figures("/final")).articles == {"/final": 0}
    [answer] = await desk.count(hit("/draft"))
    assert (answer.views, (await desk.store.ledger("a")).total["articles"]) == (1, 4)


async def test_a_repeat_is_one_under_either_name(redis: Redis, valkey: str, house: House) -> None:
    strict = Desk(open_store(valkey, {"repeat_window": "10s"}), producer="f" * 16)
    await house.rename("a", "/a", "/new", who=WHO)
    answers = await strict.count(hit("/a", 99), hit("/new", 99), hit("/c", 99))
    assert [a.status is Status.REPEAT for a in answers] == [False, True, False]
    [later] = await strict.count(hit("/a", 99, NOW + 9_999))
    assert later.status is Status.REPEAT
    await strict.store.close()


async def test_a_batch_sent_again_after_a_rename_counts_nothing(desk: Desk, house: House) -> None:
    await desk.count(hit("/a"), hit("/b"))
    await house.rename("a", "/a", "/b", who=WHO)
    [again] = await desk.send(desk.batches[-1])
    assert not again.first
    assert [answer.views for answer in again.answers] == [11, 11]


async def test_what_is_imported_for_an_old_name_goes_to_the_new_one(
    desk: Desk, house: House
) -> None:
    await house.rename("a", "/a", "/new", who=WHO)
    await desk.store.add("a", "old", 1, [DayRow("20200101", 50, 1, 1)], {"/a": 40, "/new": 10})
    assert (await desk.figures("/a")).articles == {"/a": 56}


CHAINS = {
    "one after the other": ([("/a", "/b"), ("/b", "/c")], {"/a": 10, "/b": 10, "/c": 10}),
    "the last move first": ([("/b", "/c"), ("/a", "/b")], {"/a": 10, "/b": 10, "/c": 10}),
    "to an old name": ([("/a", "/x"), ("/b", "/a")], {"/a": 9, "/b": 9, "/x": 9, "/c": 1}),
    "there and back": ([("/a", "/b"), ("/b", "/a")], {"/a": 9, "/b": 9}),
    "back by a long way": (
        [("/a", "/x"), ("/x", "/y"), ("/y", "/z"), ("/z", "/a")],
        {"/a": 6, "/x": 6, "/y": 6, "/z": 6},
    ),
    "twice the same": ([("/a", "/b"), ("/a", "/b")], {"/a": 9, "/b": 9}),
    "to another name of the same": (
        [("/a", "/x"), ("/b", "/x"), ("/a", "/b")],
        {"/a": 9, "/b": 9, "/x": 9},
    ),
}


@pytest.mark.parametrize(("renames", "views"), CHAINS.values(), ids=CHAINS.keys())
async def test_names_may_stand_for_names(
    desk: Desk, house: House, renames: list[tuple[str, str]], views: dict[str, int]
) -> None:
    outcomes = await house.rename_many("a", renames, who=WHO)
    assert not [o for o in outcomes if isinstance(o, Conflict)]
    assert (await desk.figures(*views)).articles == views
    for n, path in enumerate(views):
        before = (await desk.figures(path)).articles[path]
        assert [a.views for a in await desk.count(hit(path, 20 + n))] == [before + 1]


async def test_a_rename_that_was_made_before_changes_nothing(
    desk: Desk, house: House, redis: Redis
) -> None:
    await house.rename("a", "/a", "/b", who=WHO)
    before = await contents(redis)
    assert not (await house.rename("a", "/a", "/b", who=WHO)).changed
    assert await contents(redis) == before


async def test_a_name_that_stands_for_another_article_is_not_taken_from_it(
    desk: Desk, house: House, redis: Redis
) -> None:
    await house.rename("a", "/a", "/b", who=WHO)
    before = await contents(redis)
    with pytest.raises(Conflict, match="/a stands for /b already: rename /b"):
        await house.rename("a", "/a", "/c", who=WHO)
    with pytest.raises(BadParameter, match="to itself"):
        await house.rename("a", "/c", "/c", who=WHO)
    assert await contents(redis) == before


def test_no_order_of_renames_loses_a_view(valkey: str) -> None:
    @examples(max_examples=25, deadline=None)
    @given(
        renames=st.lists(
            st.lists(st.integers(0, 7), min_size=2, max_size=2, unique=True), max_size=30
        )
    )
    def check(renames: list[list[int]]) -> None:
        asyncio.run(_rename_all(valkey, [(f"/{old}", f"/{new}") for old, new in renames]))

    check()


async def _rename_all(valkey: str, renames: list[tuple[str, str]]) -> None:
    redis = Redis.from_url(valkey)
    await redis.flushall()
    desk = Desk(open_store(valkey))
    house = House(desk.store, Sites(parse({"sites": {"a": {}}}).sites), lambda: NOW)
    paths = [f"/{n}" for n in range(8)]
    await desk.count(*[hit(path, n) for n, path in enumerate(paths) for _ in range(n + 1)])
    await house.rename_many("a", renames, who=WHO)
    articles: Counter[str] = Counter()
    for bucket in await redis.keys("vc:{a}:a:*"):
        articles.update({p.decode(): int(v) for p, v in (await redis.hgetall(bucket)).items()})
    assert articles.total() == 36
    ledger = await desk.store.ledger("a")
    assert ledger.total["articles"] == len(articles)
    names = await redis.hgetall(keys.aliases("a"))
    assert ledger.total.get("aliases", 0) == len(names)
    assert not {name.decode() for name in names} & articles.keys()
    # Counted under any name, a view goes to an article that is there.
    await desk.count(*[hit(path) for path in paths])
    assert sum(dict(await desk.store.top("a", [], 100)).values()) == 44
    await desk.store.close()
    await redis.aclose()


async def test_no_view_is_lost_while_articles_move(
    desk: Desk, house: House, readers: Callable[..., Readers]
) -> None:
    crowd = readers("/a", "/b", "/c", "/d")
    async with crowd.reading():
        for old, new in [("/a", "/b"), ("/c", "/d"), ("/b", "/d"), ("/d", "/a"), ("/x", "/c")]:
            await house.rename("a", old, new, who=WHO)
    figures = await desk.figures("/a", "/b", "/c", "/d", "/x")
    views = crowd.answered.total() + 10
    assert set(figures.articles.values()) == {views}
    assert figures.total == 1000 + views
    assert await desk.store.top("a", [], 10) == [("/a", views)]


@pytest.mark.parametrize(
    "spoilt", [keys.total("a"), keys.audit("a"), keys.top("a"), keys.top("a", DAY)]
)
async def test_a_spoilt_key_refuses_the_rename_whole(
    desk: Desk, house: House, redis: Redis, spoilt: str
) -> None:
    await house.rename("a", "/c", "/d", who=WHO)
    await redis.rename(spoilt, "sound")
    await redis.rpush(spoilt, "spoilt")
    before = await contents(redis)
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await house.rename("a", "/a", "/b", who=WHO)
    assert await contents(redis) == before
    await redis.rename("sound", spoilt)

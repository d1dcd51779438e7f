"""What the store answers, and what it leaves in Redis: exact, once, or not at all."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from stores import DAY, DAY_MS, HOUR_MS, NOW, Desk, contents, hit, open_store, visitor

from counter.errors import StoreError, StoreUnavailable
from counter.metrics import Metrics
from counter.model.days import day_name, shift
from counter.model.figures import DayRow, Status, Unit
from counter.settings import Store as StoreSettings
from counter.sites import Sites
from counter.storage import keys
from counter.storage.check import differences
from counter.storage.store import Store

YESTERDAY = shift(DAY, -1)
MINUTE_MS = 60_000
COUNTED, VISIT, REPEAT = Status.COUNTED, Status.VISIT, Status.REPEAT


Open = Callable[..., Desk]


@pytest.fixture
async def desk(redis: Redis, valkey: str) -> AsyncIterator[Open]:
    """Open a desk; after the test the figures of its site must agree."""
    desks: list[Desk] = []

    def desk(site: dict[str, Any] | None = None, **options: Any) -> Desk:
        desks.append(Desk(open_store(valkey, site), **options))
        return desks[-1]

    yield desk
    for opened in desks:
        assert differences(await opened.store.ledger("a")) == []
        await opened.store.close()


async def test_each_view_of_a_batch_gets_the_figures_just_after_it(desk: Open) -> None:
    answers = await desk().count(hit("/a", 1), hit("/a", 2), hit("/b", 1))
    assert [(a.views, a.today, a.total) for a in answers] == [(1, 1, 1), (2, 2, 2), (1, 3, 3)]
    assert [a.status for a in answers] == [VISIT, VISIT, COUNTED]
    assert {a.online for a in answers} == {2}


async def test_the_next_batch_goes_on_where_the_last_one_ended(desk: Open) -> None:
    a = desk()
    await a.count(hit("/a", 1), hit("/b", 1))
    [answer] = await a.count(hit("/a", 2))
    assert (answer.views, answer.today, answer.total, answer.online) == (2, 3, 3, 2)


async def test_what_was_answered_is_what_is_read(desk: Open) -> None:
    a = desk()
    await a.count(hit("/a", 1), hit("/a", 2), hit("/b", 3))
    figures = await a.figures("/a", "/b", "/unknown")
    assert figures.articles == {"/a": 2, "/b": 1, "/unknown": 0}
    assert (figures.online, figures.today, figures.week, figures.total) == (3, 3, 3, 3)


async def test_the_sites_of_one_store_do_not_mix(desk: Open) -> None:
    a = desk()
    await a.send(a.batch(hit("/a")), a.batch(hit("/a", site="b"), hit("/a", 2, site="b")))
    assert (await a.figures("/a")).articles == {"/a": 1}
    assert (await a.store.ledger("b")).total["views"] == 2


@pytest.mark.parametrize(
    ("later_ms", "status"),
    [
        pytest.param(0, REPEAT, id="at once"),
        pytest.param(9_999, REPEAT, id="just within the window"),
        pytest.param(10_000, COUNTED, id="just after the window"),
        pytest.param(-9_999, REPEAT, id="one that comes late, from within it"),
        pytest.param(-10_000, COUNTED, id="one that comes late, from before it"),
    ],
)
async def test_a_visitor_s_views_of_an_article_count_once_in_the_repeat_window(
    desk: Open, later_ms: int, status: Status
) -> None:
    a = desk({"repeat_window": "10s"})
    await a.count(hit())
    outcome = await a.apply(hit(at=NOW + later_ms))
    assert [answer.status for answer in outcome.answers] == [status]
    assert (outcome.counted, outcome.repeats) == ((0, 1) if status is REPEAT else (1, 0))
    assert (await a.figures("/a")).articles["/a"] == (1 if status is REPEAT else 2)


async def test_a_repeat_is_seen_within_one_batch_too(desk: Open) -> None:
    a = desk({"repeat_window": "10s"})
    answers = await a.count(hit(), hit(), hit("/b"), hit(who=2))
    assert [a.status for a in answers] == [VISIT, REPEAT, COUNTED, VISIT]
    assert [a.views for a in answers] == [1, 1, 1, 2]
    assert [a.today for a in answers] == [1, 1, 2, 3]


async def test_a_repeat_does_not_lengthen_the_window(desk: Open) -> None:
    a = desk({"repeat_window": "10s"})
    statuses = [
        (await a.count(hit(at=NOW + seconds * 1000)))[0].status for seconds in (0, 6, 10, 16, 20)
    ]
    assert statuses == [VISIT, REPEAT, COUNTED, REPEAT, COUNTED]


async def test_views_without_a_visitor_repeat_nothing_and_begin_no_visit(desk: Open) -> None:
    a = desk({"repeat_window": "10s"})
    answers = await a.count(hit(who=None), hit(who=None))
    assert [a.status for a in answers] == [COUNTED, COUNTED]
    assert (await a.figures()).online == 0
    assert (await a.store.history("a", DAY, DAY)) == [DayRow(DAY, 2, 0, 0)]


@pytest.mark.parametrize(
    ("later_ms", "status"),
    [
        pytest.param(5 * MINUTE_MS - 1, COUNTED, id="just within the window"),
        pytest.param(5 * MINUTE_MS, VISIT, id="when the window is over"),
    ],
)
async def test_a_visit_begins_when_its_visitor_was_not_online(
    desk: Open, later_ms: int, status: Status
) -> None:
    a = desk()
    await a.count(hit())
    assert [a.status for a in await a.count(hit("/b", at=NOW + later_ms))] == [status]


async def test_a_visitor_is_online_for_the_window_and_not_a_millisecond_longer(desk: Open) -> None:
    a = desk()
    await a.count(hit())
    a.now = NOW + 5 * MINUTE_MS - 1
    assert (await a.figures()).online == 1
    a.now += 1
    assert (await a.figures()).online == 0


async def test_presence_keeps_a_visitor_online_and_counts_nothing(desk: Open) -> None:
    a = desk()
    await a.count(hit())
    outcome = await a.apply(hit("", at=NOW + 4 * MINUTE_MS))
    assert (outcome.counted, outcome.repeats) == (0, 0)
    [answer] = await a.count(hit("/b", at=NOW + 8 * MINUTE_MS))
    assert (answer.status, answer.online, answer.total) == (COUNTED, 1, 2)


async def test_a_late_view_does_not_take_its_visitor_offline(desk: Open) -> None:
    a = desk()
    await a.count(hit())
    await a.count(hit("/b", at=NOW - 4 * MINUTE_MS))
    a.now = NOW + 4 * MINUTE_MS
    assert (await a.figures()).online == 1


async def test_past_the_limit_a_new_article_counts_for_the_site_only(desk: Open) -> None:
    a = desk({"max_articles": 2})
    outcome = await a.apply(hit("/a"), hit("/b"), hit("/c", 2), hit("/c"), hit("/a"))
    assert [answer.status for answer in outcome.answers] == [
        VISIT, COUNTED, Status.FULL_VISIT, Status.FULL, COUNTED
    ]  # fmt: skip
    assert [answer.views for answer in outcome.answers] == [1, 1, 0, 0, 2]
    assert (outcome.counted, outcome.full) == (5, 2)
    figures = await a.figures("/a", "/c")
    assert (figures.total, figures.articles) == (5, {"/a": 2, "/c": 0})
    assert "/c" not in dict(await a.store.top("a", [DAY], 10))


async def test_too_many_new_articles_count_for_the_site_only(desk: Open) -> None:
    a = desk({"new_articles": "2/m"})
    outcome = await a.apply(hit("/a"), hit("/b"), hit("/c", 2), hit("/c"), hit("/a"))
    assert [answer.status for answer in outcome.answers] == [
        VISIT, COUNTED, Status.TOO_NEW_VISIT, Status.TOO_NEW, COUNTED
    ]  # fmt: skip
    assert [answer.total for answer in outcome.answers] == [1, 2, 3, 4, 5]
    assert (outcome.counted, outcome.full, outcome.too_new) == (5, 0, 2)
    figures = await a.figures("/a", "/b", "/c")
    assert (figures.total, figures.articles) == (5, {"/a": 2, "/b": 1, "/c": 0})


async def test_one_more_article_may_be_new_after_its_share_of_the_period(desk: Open) -> None:
    a = desk({"new_articles": "2/m"})
    await a.count(hit("/a"), hit("/b"))
    told = []
    for after, path in ((29_999, "/c"), (30_000, "/d"), (30_000, "/e"), (90_000, "/f")):
        a.now = NOW + after
        [answer] = await a.count(hit(path, at=a.now))
        told.append(answer.status)
    assert told == [Status.TOO_NEW, COUNTED, Status.TOO_NEW, COUNTED]


async def test_after_a_quiet_hour_no_more_than_the_limit_are_new_at_once(desk: Open) -> None:
    a = desk({"new_articles": "3/m"})
    await a.count(hit("/a"))
    a.now = NOW + HOUR_MS
    answers = await a.count(*(hit(f"/{n}", who=None, at=a.now) for n in range(5)))
    assert [answer.status for answer in answers] == [COUNTED] * 3 + [Status.TOO_NEW] * 2


async def test_new_articles_are_limited_across_workers(desk: Open) -> None:
    a, b = desk({"new_articles": "2/m"}), desk({"new_articles": "2/m"}, producer="other")
    await a.count(hit("/a"))
    await b.count(hit("/b"))
    for worker in (a, b):
        [answer] = await worker.count(hit("/c"))
        assert answer.status is Status.TOO_NEW
    [answer] = await b.count(hit("/a", 2))
    assert (answer.status, answer.views) == (VISIT, 2)


async def test_a_batch_sent_again_takes_no_article_twice_from_the_limit(desk: Open) -> None:
    a = desk({"new_articles": "2/m"})
    batch = a.batch(hit("/a"))
    await a.send(batch)
    await a.send(batch)
    [answer] = await a.count(hit("/b"))
    assert answer.status is COUNTED


async def test_without_a_limit_for_new_articles_nothing_is_kept_for_it(
    desk: Open, redis: Redis
) -> None:
    await desk().count(hit("/a"))
    assert not await redis.hexists(keys.total("a"), "new:full")


@pytest.mark.parametrize(
    ("unit", "answered", "read"),
    [
        pytest.param(Unit.VIEWS, [1, 2, 3, 4], 4, id="views"),
        pytest.param(Unit.VISITS, [1, 1, 2, 3], 3, id="visits"),
        pytest.param(Unit.VISITORS, [2, 2, 2, 2], 2, id="visitors, as they are after the batch"),
    ],
)
async def test_today_and_total_are_in_the_site_s_unit(
    desk: Open, unit: Unit, answered: list[int], read: int
) -> None:
    a = desk({"unit": unit.value})
    await a.store.start("a", unit, 1000, only_new=True)
    answers = await a.count(hit(), hit("/b"), hit(who=2), hit(at=NOW + HOUR_MS))
    assert [answer.today for answer in answers] == answered
    assert [answer.total for answer in answers] == [1000 + n for n in answered]
    figures = await a.figures()
    assert (figures.today, figures.total) == (read, 1000 + read)


async def test_a_day_s_visitors_are_counted_once_a_day(desk: Open) -> None:
    a = desk({"unit": "visitors"})
    for at in (NOW, NOW + HOUR_MS):
        await a.count(*[hit(who=n, at=at) for n in range(300)])
    [row] = await a.store.history("a", DAY, DAY)
    assert row.visits == 600
    assert row.visitors == pytest.approx(300, rel=0.03)  # a HyperLogLog's 0.81 %, and to spare


async def test_history_has_a_row_for_each_day_also_for_those_without_views(desk: Open) -> None:
    a = desk()
    await a.count(hit(at=NOW - 2 * DAY_MS, day=shift(DAY, -2)))
    await a.count(hit(), hit("/b"))
    assert await a.store.history("a", shift(DAY, -2), DAY) == [
        DayRow(shift(DAY, -2), 1, 1, 1),
        DayRow(YESTERDAY, 0, 0, 0),
        DayRow(DAY, 2, 1, 1),
    ]
    assert await a.store.history("a", DAY, YESTERDAY) == []


# Days that come late


async def test_a_view_that_comes_late_belongs_to_its_own_day(desk: Open) -> None:
    a = desk()
    await a.count(hit())
    [answer] = await a.count(hit(who=2, at=NOW - DAY_MS, day=YESTERDAY))
    assert (answer.today, answer.total) == (1, 2)
    figures = await a.figures()
    assert (figures.yesterday, figures.today, figures.total) == (1, 1, 2)


async def test_each_day_s_closing_sums_include_what_came_late(desk: Open) -> None:
    a = desk()
    for days_ago in (5, 2, 0, 3, 2, 9, 0, 1):
        await a.count(hit(at=NOW - days_ago * DAY_MS, day=shift(DAY, -days_ago)))
    ledger = await a.store.ledger("a")
    closing = {day: sums[0] for day, sums in sorted(ledger.closing.items())}
    assert closing == {
        shift(DAY, -days_ago): views
        for days_ago, views in {9: 1, 5: 2, 3: 3, 2: 5, 1: 6, 0: 8}.items()
    }


@pytest.mark.parametrize("days_ahead", [1, 2])
async def test_a_day_that_has_begun_elsewhere_already_is_a_later_day(
    desk: Open, days_ahead: int
) -> None:
    """By another worker's clock it was midnight before, or the site's zone has been changed."""
    a = desk()
    ahead = shift(DAY, days_ahead)
    await a.count(hit(day=ahead))
    await a.count(hit(), hit("/b"))
    assert (await a.store.ledger("a")).closing == {DAY: (2, 0, 1), ahead: (3, 1, 2)}


# Counted once


def values(found: dict[bytes, tuple[bytes, int]]) -> dict[bytes, bytes]:
    """Return what `contents` found, less the expiries, which a repeat may put off."""
    return {key: value for key, (value, _) in found.items()}


async def test_a_batch_that_is_sent_again_is_answered_as_before_and_counts_nothing(
    desk: Open, redis: Redis
) -> None:
    a = desk({"repeat_window": "10s", "max_articles": 2})
    first = await a.apply(hit(), hit(), hit("/b", 2), hit("/c", 2), hit("/c", 3))
    before = await contents(redis)
    [again] = await a.send(a.batches[-1])
    assert again == replace(
        first, first=False, answers=[
            answer._replace(views=views)
            for answer, views in zip(first.answers, (1, 1, 1, 0, 0), strict=True)
        ],
    )  # fmt: skip
    assert values(await contents(redis)) == values(before)


async def test_a_repeat_is_written_to_the_replicas_as_well(desk: Open, redis: Redis) -> None:
    """WAIT asks for what its own connection wrote: a repeat on a new one vouches for the first."""
    a = desk()
    await a.count(hit())
    offset = (await redis.info("replication"))["master_repl_offset"]
    await a.send(a.batches[-1])
    assert (await redis.info("replication"))["master_repl_offset"] > offset


async def test_a_batch_does_not_go_ahead_of_one_that_the_store_could_not_take(
    desk: Open, redis: Redis
) -> None:
    """Both sent together: the second would stand for the first, which could never be applied."""
    a = desk()
    await a.count(hit())
    await redis.set("vc:{a}:visitors:20261121", "no estimate")
    first, second = a.batch(hit(day="20261121")), a.batch(hit())
    refused, held_back = await a.send(first, second)
    assert isinstance(refused, StoreError)
    assert isinstance(held_back, StoreUnavailable)
    assert not held_back.unsure
    assert (await a.figures("/a")).articles == {"/a": 1}
    await redis.delete("vc:{a}:visitors:20261121")
    outcomes = await a.send(first, second)
    assert [outcome.first for outcome in outcomes] == [True, True]  # type: ignore[union-attr]
    assert (await a.figures("/a")).articles == {"/a": 3}


async def test_a_batch_that_was_overtaken_is_refused_as_applied(desk: Open, redis: Redis) -> None:
    a = desk()
    await a.count(hit())
    await a.count(hit("/b"))
    before = await contents(redis)
    [again] = await a.send(a.batches[0])
    assert not again.first
    assert (again.answers[0].views, again.answers[0].total) == (1, 2)
    assert values(await contents(redis)) == values(before)


async def test_producers_are_numbered_apart(desk: Open) -> None:
    one, other = desk(), desk(producer="fedcba9876543210")
    await one.count(hit())
    assert (await other.count(hit()))[0].views == 2


async def test_a_store_that_has_forgotten_the_scripts_is_told_them_again(
    desk: Open, redis: Redis
) -> None:
    a = desk()
    for path in ("/a", "/b"):
        await redis.script_flush()
        outcomes = await a.send(a.batch(hit(path)), a.batch(hit(path, site="b")))
        assert [outcome.answers[0].views for outcome in outcomes] == [1, 1]
    await redis.script_flush()
    assert (await a.figures()).total == 2


# Articles and the most read


async def test_articles_are_found_whatever_number_of_buckets_there_is(
    desk: Open, redis: Redis
) -> None:
    a = desk()
    paths = [f"/tin-tức/{n}-新闻" for n in range(2000)]
    for n in range(0, len(paths), 100):
        await a.count(*[hit(path) for path in paths[n : n + 100] for _ in range(2)])
        assert set((await a.figures(*paths[: n + 100])).articles.values()) == {2}
    buckets = [keys.bucket("a", n) for n in range(math.ceil(2000 / keys.BUCKET_LOAD))]
    assert sum([await redis.hlen(bucket) for bucket in buckets]) == 2000
    assert {await redis.object("ENCODING", bucket) for bucket in buckets} == {b"listpack"}
    assert not await redis.exists(keys.bucket("a", len(buckets)))


async def test_the_most_read_sets_are_bounded_and_keep_the_best(desk: Open, redis: Redis) -> None:
    a = desk()
    favourites = [f"/favourite/{n}" for n in range(40)]
    await a.count(*[hit(path) for path in favourites for _ in range(3)])
    for n in range(0, 2500, 500):
        await a.count(*[hit(f"/{n + m}") for m in range(500)])
    await a.count(*[hit("/0") for _ in range(9)])
    for days in ([], [DAY]):
        assert await redis.zcard(keys.top("a", *days)) <= 2 * keys.TOP_KEEP
        best = await a.store.top("a", days, 41)
        assert dict(best[1:]) == dict.fromkeys(favourites, 3)
        assert best[0][0] == "/0"
    assert (await a.store.top("a", [], 1)) == [("/0", 10)]


async def test_the_most_read_of_several_days_are_added_up(desk: Open) -> None:
    a = desk()
    await a.count(*[hit(path, at=NOW - DAY_MS, day=YESTERDAY) for path in ("/a", "/a", "/b")])
    await a.count(hit("/c"), hit("/b"), hit("/b"))
    assert await a.store.top("a", [DAY], 10) == [("/b", 2), ("/c", 1)]
    assert await a.store.top("a", [YESTERDAY, DAY], 2) == [("/b", 3), ("/a", 2)]
    assert await a.store.top("a", [], 2) == [("/b", 3), ("/a", 2)]


# Starts and imports


async def test_a_total_starts_where_it_is_told_and_can_be_moved(desk: Open) -> None:
    a = desk()
    assert await a.store.start("a", Unit.VIEWS, 1_361_382, only_new=True) == 1_361_382
    await a.count(hit())
    assert await a.store.start("a", Unit.VIEWS, 5, only_new=True) == 1_361_382
    assert (await a.figures()).total == 1_361_383
    assert await a.store.start("a", Unit.VIEWS, 5, only_new=False) == 5
    assert (await a.figures()).total == 6


async def test_large_figures_are_exact_to_the_last_digit(desk: Open) -> None:
    a = desk()
    await a.store.start("a", Unit.VIEWS, 2**53 - 10, only_new=True)
    answers = await a.count(hit(), hit(), hit())
    assert [answer.total for answer in answers] == [2**53 - 9, 2**53 - 8, 2**53 - 7]
    assert (await a.store.ledger("a")).total["views"] == 2**53 - 7


ROWS = [DayRow("20200229", 100, 50, 20), DayRow(YESTERDAY, 7, 5, 3)]


async def test_the_parts_of_an_import_are_added_once(desk: Open, redis: Redis) -> None:
    a = desk()
    await a.count(hit("/a"), hit("/b"))
    assert await a.store.add("a", "old", 1, ROWS[:1], {"/a": 60, "/old": 40})
    assert await a.store.add("a", "old", 2, ROWS[1:], {"/a": 7})
    before = await contents(redis)
    assert not await a.store.add("a", "old", 1, ROWS[:1], {"/a": 60, "/old": 40})
    assert not await a.store.add("a", "old", 2, ROWS[1:], {"/a": 7})
    assert await contents(redis) == before
    figures = await a.figures("/a", "/b", "/old")
    assert figures.articles == {"/a": 68, "/b": 1, "/old": 40}
    assert (figures.yesterday, figures.today, figures.total) == (7, 2, 109)
    assert await a.store.top("a", [], 3) == [("/a", 68), ("/old", 40), ("/b", 1)]


async def test_imports_of_other_names_are_other_imports(desk: Open) -> None:
    a = desk()
    for name in ("one", "other"):
        assert await a.store.add("a", name, 1, ROWS, {})
    assert (await a.figures()).total == 214


async def test_counting_goes_on_after_an_import(desk: Open) -> None:
    a = desk()
    await a.store.add("a", "old", 1, ROWS, {f"/{n}": n for n in range(1, 500)})
    answers = await a.count(hit("/7"), hit("/499"), hit("/new"))
    assert [answer.views for answer in answers] == [8, 500, 1]
    assert [answer.total for answer in answers] == [108, 109, 110]
    await a.count(hit(at=NOW - DAY_MS, day=YESTERDAY))
    assert (await a.figures()).yesterday == 8


# Salts, readiness, lifetimes


async def test_a_salt_is_one_for_all_who_ask_and_another_each_day_and_zone(
    desk: Open, redis: Redis
) -> None:
    one, other = desk().store, desk().store
    salt = await one.salt("Asia/Ho_Chi_Minh", DAY)
    assert len(salt) == 16
    assert await other.salt("Asia/Ho_Chi_Minh", DAY) == salt
    assert (
        len({salt, await one.salt("Asia/Ho_Chi_Minh", YESTERDAY), await one.salt("UTC", DAY)}) == 3
    )
    for key in await redis.keys("vc:salt:*"):
        assert 0 < await redis.ttl(key) <= 48 * 3600


async def test_figures_are_kept_for_ever_and_nothing_else_is(desk: Open, redis: Redis) -> None:
    a = desk({"repeat_window": "10s"})
    await a.count(hit(), hit("/b", 2))
    await a.store.add("a", "old", 1, ROWS, {})
    await a.store.salt("UTC", DAY)
    kept = {key.decode() for key in await redis.keys() if await redis.ttl(key) == -1}
    assert kept == {keys.days("a"), keys.total("a"), keys.top("a"), keys.bucket("a", 0)}


async def test_readiness_runs_the_counting_script_and_leaves_nothing_behind(
    desk: Open, redis: Redis
) -> None:
    await desk().store.ready()
    assert await redis.keys() == []


async def test_a_store_without_memory_is_not_ready_and_counts_nothing(
    desk: Open, redis: Redis
) -> None:
    a = desk()
    await a.count(hit())
    before = await contents(redis)
    await redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(StoreUnavailable, match="out of memory"):
            await a.store.ready()
        [refused] = await a.send(a.batch(hit()))
        assert isinstance(refused, StoreUnavailable)
    finally:
        await redis.config_set("maxmemory", "0")
    assert await contents(redis) == before
    [late] = await a.send(a.batches[-1])
    assert late.answers[0].views == 2


async def test_a_store_that_is_not_there_is_said_to_be_unreachable(tmp_path: Any) -> None:
    metrics = Metrics()
    url = f"unix://{tmp_path}/none.sock"
    store = Store.open(url, StoreSettings(url=url), Sites({}), metrics)
    with pytest.raises(StoreUnavailable, match="the store can't be reached"):
        await store.ready()
    assert metrics.registry.get_sample_value("visitor_counter_store_up") == 0
    await store.close()


def test_the_times_in_these_tests_are_what_they_say() -> None:
    from datetime import UTC, datetime

    assert day_name(datetime.fromtimestamp(NOW / 1000, UTC).date()) == DAY
    assert NOW % DAY_MS == DAY_MS / 2
    assert len({visitor(n) for n in range(1000)}) == 1000

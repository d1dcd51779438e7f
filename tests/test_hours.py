"""The views of a day by its hours, on days of any length."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import FakeClock, Running, Start
from redis.asyncio import Redis
from stores import DAY, NOW, Desk, hit, open_store

from counter.model.days import HOUR_MS, Calendar, day_start, hour_starts, shift
from counter.storage import keys

DAYS = [
    pytest.param("Asia/Ho_Chi_Minh", "20261122", 24, {}, id="an ordinary day"),
    pytest.param("America/New_York", "20260308", 23, {1: "01:00", 2: "03:00"}, id="23 hours"),
    pytest.param(
        "America/New_York", "20261101", 25, {1: "01:00", 2: "01:00", 3: "02:00"}, id="25 hours"
    ),
    pytest.param(
        "Australia/Lord_Howe", "20260405", 25, {1: "01:00", 2: "01:30", 24: "23:30"}, id="24.5"
    ),
    pytest.param("Asia/Beirut", "20260329", 23, {0: "01:00", 22: "23:00"}, id="without midnight"),
]


@pytest.mark.parametrize(("zone", "day", "number", "shown"), DAYS)
def test_hours_are_named_by_the_zone_s_clocks(
    zone: str, day: str, number: int, shown: dict[int, str]
) -> None:
    starts = hour_starts(ZoneInfo(zone), day)
    assert len(starts) == number
    assert {hour: starts[hour] for hour in shown} == shown


@pytest.mark.parametrize(("zone", "day", "number", "shown"), DAYS)
async def test_each_hour_of_a_day_has_its_views(
    start: Start, zone: str, day: str, number: int, shown: dict[int, str]
) -> None:
    clock = FakeClock(day_start(ZoneInfo(zone), day))
    service: Running = await start({"timezone": zone}, clock)
    end = Calendar(ZoneInfo(zone)).end(clock.now)
    for hour in range(number):
        begins = day_start(ZoneInfo(zone), day) + hour * HOUR_MS
        for at in (begins, min(begins + HOUR_MS, end) - 1):
            clock.now = at
            await service.client.view("/a")
    clock.now = end
    await service.client.view("/a")
    tomorrow = shift(day, 1)
    today, next_day = await service.service.store.hours("a", [day, tomorrow])
    assert today == dict.fromkeys(range(number), 2)
    assert next_day == {0: 1}


@pytest.fixture
async def desk(redis: Redis, valkey: str) -> Any:
    desk = Desk(open_store(valkey, {"repeat_window": "10s"}))
    yield desk
    await desk.store.close()


async def test_a_batch_across_the_turn_of_an_hour_counts_in_both(desk: Desk) -> None:
    await desk.count(hit("/a", 1, NOW - 1), hit("/b", 2, NOW - 2), hit("/c", 3, NOW))
    await desk.count(hit("/d", 4, NOW - 1), hit("/e", 5, NOW))
    assert await desk.store.hours("a", [DAY]) == [{11: 3, 12: 2}]


async def test_what_does_not_count_is_in_no_hour(desk: Desk) -> None:
    await desk.count(hit("/a", 1), hit("/a", 1), hit("", 2))
    await desk.send(desk.batches[0])
    await desk.count(hit("/a", 1))
    assert await desk.store.hours("a", [DAY]) == [{12: 1}]


async def test_views_of_a_zone_that_the_site_has_left_count_in_the_day_s_first_or_last_hour(
    desk: Desk,
) -> None:
    await desk.count(hit("/a", 1, NOW - 13 * HOUR_MS), hit("/b", 2, NOW + 14 * HOUR_MS))
    assert await desk.store.hours("a", [DAY]) == [{0: 1, 24: 1}]


async def test_the_hours_of_a_day_are_kept_for_eight_days(desk: Desk, redis: Redis) -> None:
    await desk.count(hit())
    assert 0 < await redis.ttl(keys.hours("a", DAY)) <= keys.TOP_TTL
    assert await desk.store.hours("a", [shift(DAY, -9)]) == [{}]


async def test_an_hour_that_is_no_number_refuses_a_batch_across_two(
    desk: Desk, redis: Redis
) -> None:
    await redis.hset(keys.hours("a", DAY), "12", "many")
    [outcome] = await desk.send(desk.batch(hit("/a", 1, NOW - 1), hit("/b", 2)))
    assert "BADVALUE" in str(outcome)
    assert await redis.exists(keys.total("a"), keys.days("a")) == 0

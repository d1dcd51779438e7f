"""At midnight a day ends, and nothing else does: real store, whole service, only the clock is set.

Instants are told as the site's own clocks show them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import BROWSER, OTHER_BROWSER, FakeClock, Running, Start
from redis.asyncio import Redis

from counter.model.days import Calendar
from counter.storage import keys

VIEWS = "/v1/a/views"
ZONES = [
    "UTC",
    "Asia/Ho_Chi_Minh",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/New_York",
    "Pacific/Kiritimati",
]


def instant(zone: str, text: str, fold: int = 0) -> int:
    """Return the milliseconds at which the clocks of `zone` show `text`."""
    shown = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(shown.timestamp() * 1000)


@dataclass
class Watch:
    """A service whose clock is set by hand, as the clocks of its site's zone show it."""

    service: Running
    clock: FakeClock
    zone: str

    def at(self, text: str, fold: int = 0) -> None:
        """Set the clock."""
        self.clock.now = instant(self.zone, text, fold)

    async def view(self, path: str = "/a", agent: str = BROWSER) -> Any:
        return await self.service.browser(agent).view(path)

    async def figures(self) -> Any:
        return await self.service.client.figures()

    async def days(self, since: str) -> dict[str, tuple[int, int, int]]:
        """Return views, visits and visitors of each day from `since` that had any."""
        found = await self.service.client.json("GET", f"/v1/a/history?from={since}")
        return {
            day["day"]: (day["views"], day["visits"], day["visitors"])
            for day in found["days"]
            if day["views"]
        }


async def watch(start: Start, zone: str, text: str, **site: Any) -> Watch:
    clock = FakeClock(instant(zone, text))
    return Watch(await start({"timezone": zone, **site}, clock), clock, zone)


@pytest.mark.parametrize("zone", ZONES)
async def test_the_last_millisecond_and_the_first_are_of_two_days(start: Start, zone: str) -> None:
    site = await watch(start, zone, "2026-11-22T23:59:59.999")
    last = await site.view()
    site.at("2026-11-23T00:00:00.000")
    first = await site.view()
    assert (last["today"], last["yesterday"], last["total"]) == (1, 0, 1)
    assert (first["today"], first["yesterday"], first["total"]) == (1, 1, 2)
    assert await site.days("2026-11-20") == {"2026-11-22": (1, 1, 1), "2026-11-23": (1, 0, 1)}


@pytest.mark.parametrize("zone", ZONES)
async def test_today_becomes_yesterday_without_a_view_or_a_job(start: Start, zone: str) -> None:
    site = await watch(start, zone, "2026-11-22T12:00")
    await site.view()
    await site.view("/b")
    for text, day, today, yesterday in (
        ("2026-11-22T23:59:59.999", "2026-11-22", 2, 0),
        ("2026-11-23T00:00:00.000", "2026-11-23", 0, 2),
        ("2026-11-23T23:59:59.999", "2026-11-23", 0, 2),
        ("2026-11-24T00:00:00.000", "2026-11-24", 0, 0),
    ):
        site.at(text)
        figures = await site.figures()
        assert (figures["day"], figures["today"], figures["yesterday"]) == (day, today, yesterday)
        assert figures["total"] == 2


async def test_the_sites_of_one_service_have_each_their_own_midnight(start: Start) -> None:
    sites = {
        zone.partition("/")[2].lower().replace("_", "-"): {"timezone": zone, "repeat_window": "0s"}
        for zone in ("Asia/Ho_Chi_Minh", "Asia/Kathmandu", "America/New_York")
    }
    clock = FakeClock(instant("Asia/Ho_Chi_Minh", "2026-11-22T23:59:59.999"))
    service = await start(clock=clock, sites=sites)
    for now in (clock.now, clock.now + 1):
        clock.now = now
        for site in sites:
            await service.client.view("/a", site=site)
    today = {site: (await service.client.figures(site=site))["today"] for site in sites}
    assert today == {"ho-chi-minh": 1, "kathmandu": 2, "new-york": 2}


# Whoever reads across midnight


@pytest.mark.parametrize("zone", ZONES)
async def test_a_reader_across_midnight_stays_one_online_visitor_of_one_visit(
    start: Start, zone: str
) -> None:
    site = await watch(start, zone, "2026-11-22T23:57")
    await site.view()
    await site.view("/b", OTHER_BROWSER)
    site.at("2026-11-23T00:01")
    answer = await site.view("/c")
    assert (answer["online"], answer["today"]) == (2, 1)
    assert (await site.figures())["online"] == 2
    # A view each, but no visit in the new day, of which they are visitors all the same.
    await site.view("/d", OTHER_BROWSER)
    assert await site.days("2026-11-22") == {"2026-11-22": (2, 2, 2), "2026-11-23": (2, 0, 2)}
    assert (await site.figures())["online"] == 2


async def test_a_reader_who_comes_back_after_the_window_makes_a_visit(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:57")
    await site.view()
    site.at("2026-11-23T00:02")
    assert (await site.view("/b"))["online"] == 1
    assert (await site.days("2026-11-22"))["2026-11-23"] == (1, 1, 1)


async def test_a_reader_is_known_by_the_new_name_for_the_rest_of_the_visit(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:58")
    for text in ("23:58", "23:59:59.999"):
        site.at(f"2026-11-22T{text}")
        await site.view()
    for text in ("00:00", "00:04:59.999", "00:05", "00:09"):
        site.at(f"2026-11-23T{text}")
        assert (await site.view())["online"] == 1
    assert await site.days("2026-11-22") == {"2026-11-22": (2, 1, 1), "2026-11-23": (4, 0, 1)}


async def test_an_open_page_that_only_says_it_is_there_stays_online(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:58")
    await site.view()
    site.at("2026-11-23T00:02")
    assert await site.service.client.json("POST", "/v1/a/presence") == {"online": 1}
    assert (await site.view())["online"] == 1
    assert (await site.days("2026-11-22"))["2026-11-23"] == (1, 0, 1)


async def test_a_long_window_reaches_back_over_midnight_as_far_as_it_is_long(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:30", online_window="1h")
    await site.view()
    site.at("2026-11-23T00:29:59.999")
    assert (await site.view())["online"] == 1
    assert (await site.days("2026-11-22"))["2026-11-23"] == (1, 0, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("2026-11-23T00:00:04.998", "repeat", id="within the window"),
        pytest.param("2026-11-23T00:00:04.999", None, id="when it is over"),
    ],
)
async def test_a_repeat_across_midnight_is_a_repeat(
    start: Start, text: str, reason: str | None
) -> None:
    site = await watch(start, "Asia/Kathmandu", "2026-11-22T23:59:54.999", repeat_window="10s")
    await site.view()
    site.at(text)
    answer = await site.view()
    assert answer.get("reason") == reason
    assert answer["today"] == (0 if reason else 1)


@pytest.mark.parametrize(
    ("unit", "days"),
    [("views", [2, 3]), ("visits", [1, 0]), ("visitors", [1, 1])],
)
async def test_each_unit_tells_two_days_apart(start: Start, unit: str, days: list[int]) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:59", unit=unit)
    for path in ("/a", "/b"):
        await site.view(path)
    site.at("2026-11-23T00:01")
    for path in ("/a", "/b", "/c"):
        await site.view(path)
    figures = await site.figures()
    assert [figures["yesterday"], figures["today"]] == days
    assert figures["total"] == sum(days)


# Days of other lengths


@pytest.mark.parametrize(
    ("zone", "hours", "day"),
    [
        pytest.param("America/New_York", 23, "2026-03-08", id="23 hours in New York"),
        pytest.param("America/New_York", 25, "2026-11-01", id="25 hours in New York"),
        pytest.param("Pacific/Chatham", 25, "2026-04-05", id="25 hours on Chatham"),
        pytest.param("Pacific/Chatham", 23, "2026-09-27", id="23 hours on Chatham"),
        pytest.param("Asia/Beirut", 23, "2026-03-29", id="a day without midnight in Beirut"),
    ],
)
async def test_a_day_of_another_length_gets_each_of_its_hours(
    start: Start, zone: str, hours: int, day: str
) -> None:
    site = await watch(start, zone, f"{day}T12:00", online_window="1m")
    calendar = Calendar(ZoneInfo(zone))
    began, ended = calendar.start(site.clock.now), calendar.end(site.clock.now)
    for site.clock.now in (began - 1, *range(began, ended, 3_600_000), ended - 1, ended):
        await site.view()
    history = await site.days(str(datetime.fromisoformat(day).date() - timedelta(days=1)))
    assert [views for views, _, _ in history.values()] == [1, hours + 1, 1]
    assert list(history)[1] == day


async def test_an_hour_that_comes_twice_counts_in_its_day_both_times(start: Start) -> None:
    site = await watch(start, "America/New_York", "2026-11-01T01:30")
    for fold in (0, 1):
        site.at("2026-11-01T01:30", fold)
        await site.view()
    assert await site.days("2026-10-31") == {"2026-11-01": (2, 2, 1)}


async def test_yesterday_is_the_day_before_though_it_had_other_hours(start: Start) -> None:
    site = await watch(start, "America/New_York", "2026-11-01T23:59:59.999")
    await site.view()
    site.at("2026-11-02T00:00")
    assert (await site.figures())["yesterday"] == 1


# Weeks and months


async def test_week_and_month_begin_at_local_midnight(start: Start) -> None:
    zone = "Asia/Kathmandu"
    site = await watch(start, zone, "2026-11-29T23:59:59.999")  # a Sunday
    await site.view()
    expected = {
        "2026-11-29T23:59:59.999": (1, 1),
        "2026-11-30T00:00": (0, 1),
        "2026-11-30T23:59:59.999": (0, 1),
        "2026-12-01T00:00": (0, 0),
    }
    for text, sums in expected.items():
        site.at(text)
        figures = await site.figures()
        assert (figures["week"], figures["month"]) == sums
        assert figures["total"] == 1


async def test_a_week_may_begin_in_another_month_and_year(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-12-31T12:00")  # a Thursday
    await site.view()
    site.at("2027-01-01T12:00")
    await site.view()
    figures = await site.figures()
    assert (figures["yesterday"], figures["week"], figures["month"]) == (1, 2, 1)


async def test_the_most_read_of_today_begin_anew(start: Start) -> None:
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:59:59.999")
    await site.view()
    site.at("2026-11-23T00:00")
    await site.view("/b")

    async def best(period: str) -> list[str]:
        answer = await site.service.client.json("GET", f"/v1/a/top?period={period}")
        return [article["path"] for article in answer["articles"]]

    assert await best("today") == ["/b"]
    assert await best("week") == ["/b"]  # Monday
    assert await best("total") == ["/a", "/b"]


# Many at once


async def test_a_flight_may_carry_views_of_two_days(start: Start) -> None:
    """Views that arrive together around midnight: each is counted in the day it arrived in."""
    site = await watch(start, "Asia/Ho_Chi_Minh", "2026-11-22T23:59:59.999")
    midnight = instant(site.zone, "2026-11-23T00:00")
    calls = 0

    def striking() -> int:
        # The clock strikes after some of the views that wait for one round trip have come.
        nonlocal calls
        calls += 1
        return midnight - 1 if calls <= 60 else midnight

    site.service.service.public._clock = striking
    answers = await asyncio.gather(*(site.view(f"/{n % 3}") for n in range(100)))
    site.clock.now = midnight
    assert sorted(answer["total"] for answer in answers) == list(range(1, 101))
    figures = await site.figures()
    assert (figures["yesterday"], figures["today"], figures["total"]) == (60, 40, 100)
    assert sorted(a["today"] for a in answers) == sorted([*range(1, 61), *range(1, 41)])


async def test_two_services_agree_on_the_visitor_across_midnight(
    start: Start, redis: Redis
) -> None:
    clock = FakeClock(instant("Asia/Ho_Chi_Minh", "2026-11-22T23:58"))
    site = {"timezone": "Asia/Ho_Chi_Minh"}
    one, other = await start(site, clock), await start(site, clock)
    await one.client.view("/a")
    clock.now = instant("Asia/Ho_Chi_Minh", "2026-11-23T00:01")
    assert (await other.client.view("/b"))["online"] == 1
    assert (await one.client.view("/c"))["online"] == 1
    [day] = (await one.client.json("GET", "/v1/a/history?from=2026-11-23"))["days"]
    assert day == {"day": "2026-11-23", "views": 2, "visits": 0, "visitors": 1}
    assert await redis.zcard(f"{keys.prefix('a')}online") == 1

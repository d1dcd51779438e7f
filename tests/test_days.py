"""A day is the site's own: it begins and ends by its zone's clocks, whatever those do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter.model.days import (
    Calendar,
    day_date,
    day_name,
    month_start,
    shift,
    span,
    week_start,
)

HOUR = 3_600_000
ZONES = sorted(available_timezones() - {"localtime"})
INSTANTS = st.integers(2 * 24 * HOUR, 2**31 * 1000)
"""From 1970 to 2038."""


def instant(zone: str, text: str, fold: int = 0) -> int:
    """Return the milliseconds at which the clocks of `zone` show `text`."""
    shown = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(shown.timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        pytest.param("UTC", "2026-11-22T12:00", 24, id="an ordinary day"),
        pytest.param("Asia/Ho_Chi_Minh", "2026-11-22T12:00", 24, id="a zone without summer time"),
        pytest.param("America/New_York", "2026-03-08T12:00", 23, id="summer time begins"),
        pytest.param("America/New_York", "2026-11-01T12:00", 25, id="summer time ends"),
        pytest.param("Asia/Kathmandu", "2026-11-22T12:00", 24, id="an offset of 5:45"),
        pytest.param("Asia/Kathmandu", "1986-01-01T12:00", 23.75, id="an offset becomes 5:45"),
        pytest.param("Pacific/Chatham", "2026-04-05T12:00", 25, id="an offset of 12:45 to 13:45"),
        pytest.param("Pacific/Chatham", "2026-09-27T12:00", 23, id="and back"),
        pytest.param("Australia/Lord_Howe", "2026-04-05T12:00", 24.5, id="half an hour"),
        pytest.param("Asia/Beirut", "2026-03-29T12:00", 23, id="there is no midnight"),
        pytest.param("Asia/Beirut", "2026-10-24T12:00", 25, id="there is an hour before it twice"),
        pytest.param("Pacific/Apia", "2011-12-29T12:00", 24, id="the next day is skipped"),
        pytest.param(
            "Pacific/Kwajalein", "1993-08-20T12:00", 24, id="here too, eighteen years before"
        ),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, noon: str, hours: float) -> None:
    calendar, at = Calendar(ZoneInfo(zone)), instant(zone, noon)
    assert calendar.end(at) - calendar.start(at) == hours * HOUR


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Ho_Chi_Minh", "Asia/Kathmandu", "Pacific/Chatham", "America/New_York"]
)
def test_the_last_millisecond_and_the_first_are_of_two_days(zone: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    midnight = instant(zone, "2026-11-23T00:00")
    assert calendar.day(midnight - 1) == "20261122"
    assert calendar.day(midnight) == "20261123"
    assert calendar.end(midnight - 1) == calendar.start(midnight) == midnight


def test_the_hour_that_comes_twice_is_one_day_both_times() -> None:
    calendar = Calendar(ZoneInfo("America/New_York"))
    for fold in (0, 1):
        assert calendar.day(instant("America/New_York", "2026-11-01T01:30", fold)) == "20261101"


def test_a_day_whose_midnight_is_jumped_over_begins_at_one_o_clock() -> None:
    calendar = Calendar(ZoneInfo("Asia/Beirut"))
    one = instant("Asia/Beirut", "2026-03-29T01:00")
    assert calendar.start(one) == one
    assert calendar.day(one - 1) == "20260328"


def test_an_hour_repeated_before_midnight_stays_with_the_old_day() -> None:
    calendar = Calendar(ZoneInfo("Asia/Beirut"))
    for fold in (0, 1):
        assert calendar.day(instant("Asia/Beirut", "2026-10-24T23:30", fold)) == "20261024"


def test_a_day_that_never_was_gets_no_view() -> None:
    calendar = Calendar(ZoneInfo("Pacific/Apia"))
    end = calendar.end(instant("Pacific/Apia", "2011-12-29T12:00"))
    assert calendar.day(end - 1) == "20111229"
    assert calendar.day(end) == "20111231"
    assert calendar.start(end) == end


@given(zone=st.sampled_from(ZONES), now=INSTANTS)
def test_the_days_of_any_zone_follow_each_other_without_gap_or_overlap(zone: str, now: int) -> None:
    calendar = Calendar(ZoneInfo(zone))
    day, start, end = calendar.day(now), calendar.start(now), calendar.end(now)
    assert start <= now < end
    for inside in (start, end - 1):
        assert (calendar.day(inside), calendar.start(inside), calendar.end(inside)) == (
            (day, start, end)
        )
    assert calendar.day(start - 1) < day < calendar.day(end)
    assert calendar.start(end) == end
    assert calendar.end(start - 1) == start


@given(zone=st.sampled_from(ZONES), at=INSTANTS)
def test_the_remembered_day_is_the_one_a_new_calendar_tells(zone: str, at: int) -> None:
    used = Calendar(ZoneInfo(zone))
    for moment in (0, at - 30 * HOUR, at):
        used.day(moment)
    new = Calendar(ZoneInfo(zone))
    assert (used.day(at), used.start(at), used.end(at)) == (new.day(at), new.start(at), new.end(at))


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_a_day_s_name_is_eight_digits_that_sort_as_days_do(day: date) -> None:
    name = day_name(day)
    assert len(name) == 8
    assert day_date(name) == day
    assert day == date.max or day_name(day + timedelta(days=1)) > name


@pytest.mark.parametrize(
    "name",
    ["", "2026-11-22", "2026112", "202611221", "20261301", "20260229", "2026112²", "+2026112"],
)
def test_what_is_no_day_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"day|month|range"):
        day_date(name)


def test_days_shift_over_months_and_leap_years() -> None:
    assert shift("20280228", 1) == "20280229"
    assert shift("20270301", -1) == "20270228"
    assert shift("20261231", 1) == "20270101"


def test_a_span_holds_both_its_ends() -> None:
    assert span("20261130", "20261202") == ["20261130", "20261201", "20261202"]
    assert span("20261130", "20261130") == ["20261130"]
    assert span("20261201", "20261130") == []


@given(st.dates(date(1970, 1, 8), date(2100, 1, 1)))
def test_a_week_begins_on_monday_and_a_month_on_the_first(day: date) -> None:
    name = day_name(day)
    monday = day_date(week_start(name))
    assert monday.isoweekday() == 1
    assert timedelta(0) <= day - monday < timedelta(days=7)
    assert day_date(month_start(name)) == day.replace(day=1)

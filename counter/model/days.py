"""Calendar days in a site's own time zone.

A day is named `YYYYMMDD`. Instants are milliseconds since the Unix epoch, as integers, so that
23:59:59.999 and 00:00:00.000 never meet by rounding.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

HOUR_MS: Final = 3_600_000


def day_name(day: date) -> str:
    """Return `day` as `YYYYMMDD`."""
    return day.isoformat().replace("-", "")


def day_date(name: str) -> date:
    """Return the date that `name` (`YYYYMMDD`) means.

    Raises:
        ValueError: `name` is not such a day.
    """
    if len(name) != 8 or not name.isascii() or not name.isdigit():
        raise ValueError(f"a day is written YYYYMMDD, not {name!r}")
    return date(int(name[:4]), int(name[4:6]), int(name[6:]))


@lru_cache(maxsize=256)
def shift(name: str, days: int) -> str:
    """Return the day that lies `days` after `name` (before it, if negative)."""
    return day_name(day_date(name) + timedelta(days=days))


def span(first: str, last: str) -> list[str]:
    """Return the days from `first` to `last`, both included; empty if `last` comes first."""
    start = day_date(first)
    return [day_name(start + timedelta(days=n)) for n in range((day_date(last) - start).days + 1)]


def week_start(name: str) -> str:
    """Return the Monday of the week of `name` (ISO 8601)."""
    day = day_date(name)
    return day_name(day - timedelta(days=day.weekday()))


def month_start(name: str) -> str:
    """Return the first day of the month of `name`."""
    return name[:6] + "01"


@lru_cache(maxsize=256)
def day_start(zone: ZoneInfo, name: str) -> int:
    """Return the first instant (ms) of the day `name` in `zone`."""
    day = day_date(name)
    # Where the clock jumps over midnight (as in Beirut), 00:00 with fold=0 is read with the
    # offset from before the jump, and so is the very instant of the jump: the day's first.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def hour_starts(zone: ZoneInfo, name: str) -> list[str]:
    """Return what the clocks of `zone` show (`HH:MM`) as each hour of the day `name` begins.

    Hours are counted from the day's first instant: on a day of 23 hours there are so many, and on
    one of 25 a clock's hour stands here twice. The last is shorter on a day of 24.5 hours.
    """
    starts = range(day_start(zone, name), day_start(zone, shift(name, 1)), HOUR_MS)
    return [f"{datetime.fromtimestamp(start // 1000, zone):%H:%M}" for start in starts]


class Calendar:
    """Tells the days of one zone.

    The day that is now is asked for at every view, so its bounds are remembered: within them the
    answer is two comparisons.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._start = self._end = 0
        self._name = ""

    def day(self, at: int) -> str:
        """Return the day on which the instant `at` (ms) falls."""
        if not self._start <= at < self._end:
            self._turn(at)
        return self._name

    def find(self, at: int) -> tuple[str, int]:
        """Return the day on which the instant `at` (ms) falls, and the day's first instant."""
        if not self._start <= at < self._end:
            self._turn(at)
        return self._name, self._start

    def start(self, at: int) -> int:
        """Return the first instant (ms) of the day on which `at` falls."""
        return self.find(at)[1]

    def end(self, at: int) -> int:
        """Return the first instant (ms) of the day after the one on which `at` falls."""
        self.day(at)
        return self._end

    def _turn(self, at: int) -> None:
        day = datetime.fromtimestamp(at // 1000, self.zone).date()
        self._name = day_name(day)
        self._start = day_start(self.zone, self._name)
        self._end = day_start(self.zone, shift(self._name, 1))

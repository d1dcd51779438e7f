"""Instants as other programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

from counter.importing.rows import BadRow

_END = 4_102_444_800_000
"""The year 2100, in ms since the epoch."""


def reachable(at: int) -> int:
    """Return the instant `at` (ms since the epoch).

    Raises:
        BadRow: it lies before 1970 or after 2100: it is a mistake.
    """
    if 0 <= at < _END:
        return at
    raise BadRow("its time lies before 1970 or after 2100")


def instant_of(text: str) -> int:
    """Return the instant (ms since the epoch) that `text` is in ISO 8601; in UTC if it says none.

    Raises:
        BadRow: it is no date with its time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRow(f"{text[:40]!r} is no time, such as 2026-11-22T08:30:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return reachable(int(moment.timestamp() * 1000))

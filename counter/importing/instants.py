"""Instants as other programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

from counter.importing.rows import BadRow


def instant_of(text: str) -> int:
    """Return the instant (ms since the epoch) that `text` is in ISO 8601; in UTC if it says none.

    Raises:
        BadRow: it is no date with its time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRow(f"{text[:40]!r} is no time, such as 2026-11-22T08:30:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return int(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        raise BadRow(f"{text[:40]!r} is out of reach") from None

"""Compacting a site: articles where they belong and packed, as few buckets as hold them, and
nothing kept that has run out. In short steps, beside the counting.
"""

from __future__ import annotations

from counter.model.days import shift
from counter.storage import keys
from counter.storage.changes import Change, Progress
from counter.storage.scripts import COMPACTED, JOIN, MEASURE, REHASH
from counter.storage.store import Store

_BUCKETS_AT_ONCE = 50
_KEYS_AT_ONCE = 500


async def rehash(store: Store, site: str, progress: Progress) -> int:
    """Put every article of `site` where its hash says; returns how many were elsewhere.

    One that is viewed before it has been put right counts from 0 at its right place until its
    other views join it there.
    """
    first, buckets, moved = 0, 1, 0
    while first < buckets:
        last = first + _BUCKETS_AT_ONCE - 1
        names = keys.rehash_keys(site)
        buckets, some, _ = await store.call("compact", REHASH, names, [first, last])
        first, moved = last + 1, moved + some
        progress(min(first, buckets), buckets)
    return moved


async def compact(store: Store, site: str, today: str, who: str, progress: Progress) -> Change:
    """Compact `site`, whose day is `today`."""
    bytes_before, leftovers = await _look_over(store, site, today)
    for begin in range(0, len(leftovers), _KEYS_AT_ONCE):
        await store.unlink(leftovers[begin : begin + _KEYS_AT_ONCE])
    await rehash(store, site, progress)
    buckets_before, buckets = await _join(store, site)
    bytes_after, _ = await _look_over(store, site, today)
    before = {"bytes": bytes_before, "buckets": buckets_before}
    after = {"bytes": bytes_after, "buckets": buckets}
    arguments = [who, keys.AUDIT_KEEP, bytes_before, bytes_after, buckets_before, buckets]
    await store.call("compact", COMPACTED, keys.compacted_keys(site), arguments)
    return Change(site, "compact", "articles and days", before != after, before, after)


async def _join(store: Store, site: str) -> tuple[int, int]:
    """Leave as few buckets as hold the articles; returns how many there were and are."""
    names, arguments = keys.rehash_keys(site), [keys.BUCKET_LOAD, _BUCKETS_AT_ONCE]
    joined, buckets = await store.call("compact", JOIN, names, arguments)
    before = joined + buckets
    while joined:
        joined, buckets = await store.call("compact", JOIN, names, arguments)
    return before, buckets


async def _look_over(store: Store, site: str, today: str) -> tuple[int, list[str]]:
    """Return the bytes that the site takes, but for its audit log; and the keys of days that
    should have run out by now."""
    oldest = shift(today, -keys.TOP_TTL // keys.DAY - 1)
    prefix = keys.prefix(site)
    names = {name async for name in store.scan(f"{prefix}*", site)} - {keys.audit(site)}
    leftovers = []
    for name in names:
        kind, _, day = name.removeprefix(prefix).partition(":")
        if kind in keys.DATED and day and day < oldest:
            leftovers.append(name)
    size, ordered = 0, sorted(names)
    for begin in range(0, len(ordered), _KEYS_AT_ONCE):
        size += await store.call("compact", MEASURE, ordered[begin : begin + _KEYS_AT_ONCE], [])
    return size, leftovers

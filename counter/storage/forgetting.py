"""Forgetting a whole site, in short steps beside the counting; one that was stopped is asked for
again.

The site's figures stay as they are until the last step, which takes them all at one moment. Only
then may a batch count for the new site; and no producer's number is forgotten after it, so that a
batch whose answer was lost counts once at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from counter.model.figures import Unit
from counter.storage import keys
from counter.storage.changes import Progress
from counter.storage.scripts import FORGET_BUCKETS, FORGET_SITE
from counter.storage.store import Store

_BUCKETS_AT_ONCE = 200
_KEYS_AT_ONCE = 500


async def forget_site(
    store: Store, site: str, days: Sequence[str], who: str, progress: Progress
) -> dict[str, int]:
    """Forget all figures of `site`; returns its totals as they were.

    Args:
        days: those that may have keys of their own.
    """
    await _forget_articles(store, site, days, who, progress)
    dated = await _forget_names(store, site)
    names = keys.forget_site_keys(site, sorted({*dated, *keys.dated(site, days)}))
    found = await store.call("forget", FORGET_SITE, names, [who, keys.AUDIT_KEEP])
    return dict(zip(map(str, Unit), found, strict=True))


async def _forget_articles(
    store: Store, site: str, days: Sequence[str], who: str, progress: Progress
) -> None:
    first, buckets = 0, 1
    while first < buckets:
        last = first + _BUCKETS_AT_ONCE - 1
        arguments = [who, keys.AUDIT_KEEP, first, last]
        names = keys.forget_buckets_keys(site, days)
        _, buckets = await store.call("forget", FORGET_BUCKETS, names, arguments)
        first = last + 1
        progress(min(first, buckets), buckets)


async def _forget_names(store: Store, site: str) -> list[str]:
    """Forget who counted and what was imported; returns the keys of days that there are."""
    prefix = keys.prefix(site)
    dated, others = [], []
    async for name in store.scan(f"{prefix}*", site):
        kind, _, rest = name.removeprefix(prefix).partition(":")
        if kind in keys.DATED and rest:
            dated.append(name)
        elif kind not in keys.LASTING:
            others.append(name)
        if len(others) == _KEYS_AT_ONCE:
            await store.unlink(others)
            others = []
    await store.unlink(others)
    return dated

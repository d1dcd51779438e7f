"""The schema version of a store: an older service refuses a newer store, a newer service upgrades
an older one.

An upgrade goes from site to site in short steps, while services count. It may be stopped at any
moment, and is begun again by the next service that starts: so each step may be done twice, and
what is right already is left as it is. The version is written down when all sites have it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from counter.errors import StoreError
from counter.storage import keys
from counter.storage.compacting import rehash
from counter.storage.scripts import SCHEMA
from counter.storage.store import Store

Upgrade = Callable[[Store, str], Awaitable[None]]
"""Brings the keys of one site to a version from the one before."""

log = structlog.get_logger()


async def _find_articles_by_sha1(store: Store, site: str) -> None:
    """Version 1: an article's bucket is found by its path's SHA-1; before it was its CRC-32."""
    await rehash(store, site, lambda _done, _all: None)


UPGRADES: Mapping[int, Upgrade] = {1: _find_articles_by_sha1}
"""What brings each version about. A store without a version has 0."""


async def refuse_newer(store: Store, upgrades: Mapping[int, Upgrade] = UPGRADES) -> int | None:
    """Return the store's version; None if it has none.

    Raises:
        StoreError: a newer service has upgraded it.
    """
    found = await store.ask("schema", lambda client: client.get(keys.SCHEMA))
    if found is None:
        return None
    if not found.isdigit():
        raise StoreError(f"{keys.SCHEMA} in the store is {found!r}; a number would be right")
    if int(found) > max(upgrades):
        raise StoreError(
            f"the store has schema {int(found)}, and this service knows {max(upgrades)} at most: "
            "a newer service has upgraded it; run that one, or see docs/upgrading.md for the way "
            "back"
        )
    return int(found)


async def upgrade(store: Store, upgrades: Mapping[int, Upgrade] = UPGRADES) -> None:
    """Bring the store to the newest version that is known.

    Raises:
        StoreError: a newer service has upgraded it, or it holds something that can't be there.
        StoreUnavailable: it can't be reached; what is done is done.
    """
    version = await refuse_newer(store, upgrades) or 0
    for target in range(version + 1, max(upgrades) + 1):
        for site in await _sites(store):
            log.info("upgrading", site=site, schema=target)
            await upgrades[target](store, site)
        await store.call("schema", SCHEMA, (keys.SCHEMA,), (target,))


async def _sites(store: Store) -> list[str]:
    """Return the sites that the store has figures of."""
    before, _, after = keys.total("*").partition("*")
    found = {name async for name in store.scan(keys.total("*"))}
    return sorted(name.removeprefix(before).removesuffix(after) for name in found)

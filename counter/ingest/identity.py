"""Who a visitor is, for one day: a keyed hash of site, address and user agent.

The key is the day's salt: random, shared by all workers through the store, and gone after 48
hours. Whoever has a hash and no salt can't tell whose it is, nor whose it was on another day.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import lru_cache
from hashlib import blake2b

import structlog

from counter.errors import CounterError
from counter.model.clock import Clock
from counter.model.days import Calendar, shift
from counter.settings import Site
from counter.sites import Sites
from counter.storage.store import Store

_AHEAD_MS = 2 * 3_600_000
"""How long before its day a salt is made: a store that is away at midnight costs nothing then."""
_LONGEST_WINDOW_MS = 3_600_000
_EVERY_SECONDS = 60.0
_RETRY_SECONDS = 5.0

log = structlog.get_logger()


def visitor_hash(site: str, address: str, agent: str, salt: bytes) -> bytes:
    """Return 8 bytes that stand for the visitor while `salt` lives (BLAKE2b, RFC 7693)."""
    keyed = _keyed(salt).copy()
    keyed.update(f"{site}\0{address}\0{agent}".encode("utf-8", "surrogateescape"))
    return keyed.digest()


@lru_cache(maxsize=64)
def _keyed(salt: bytes) -> blake2b:
    """Return the hash that has taken in its key, a block of its own, and nothing else yet."""
    return blake2b(digest_size=8, key=salt)


class Salts:
    """The salts of the days at hand, by zone and day."""

    def __init__(self, store: Store, sites: Sites, clock: Clock) -> None:
        self._store = store
        self._sites = sites
        self._clock = clock
        self._salts: dict[tuple[str, str], bytes] = {}
        self._provisional: set[tuple[str, str]] = set()
        self._late = False

    def find(self, zone: str, day: str) -> bytes:
        """Return the salt of `day` in `zone`, which `prepare` has fetched.

        If it has not, the store being away, a salt of our own serves until the store is back.
        """
        salt = self._salts.get((zone, day))
        if salt is None:
            salt = self._salts[zone, day] = secrets.token_bytes(16)
            self._provisional.add((zone, day))
        return salt

    async def prepare(self) -> None:
        """Fetch every salt that is wanted now or soon, and forget those of days gone by.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        now = self._clock()
        wanted = {
            (calendar.zone.key, calendar.day(at))
            for calendar in {self._sites.calendar(site) for site in self._sites.values()}
            for at in (now - _LONGEST_WINDOW_MS, now, now + _AHEAD_MS)
        }
        for zone, day in sorted(wanted - (self._salts.keys() - self._provisional)):
            self._salts[zone, day] = await self._store.salt(zone, day)
            self._provisional.discard((zone, day))
        for gone in self._salts.keys() - wanted:
            del self._salts[gone]
            self._provisional.discard(gone)

    async def try_to_prepare(self) -> None:
        """Prepare if the store lets us; else the log says why not."""
        try:
            await self.prepare()
            self._late = False
        except CounterError as error:
            self._late = True
            log.warning("salts_not_prepared", error=str(error))

    async def keep(self) -> None:
        """Prepare for ever: once a minute, or sooner where salts are overdue."""
        while True:
            await asyncio.sleep(_RETRY_SECONDS if self._late else _EVERY_SECONDS)
            await self.try_to_prepare()


class Identity:
    """Names visitors."""

    def __init__(self, salts: Salts) -> None:
        self._salts = salts

    def name(
        self, key: str, site: Site, calendar: Calendar, at: int, address: str, agent: str
    ) -> tuple[bytes, bytes]:
        """Return the visitor's hash of today and, if it may still be online, of yesterday.

        Whoever was seen before midnight is in the online set under the old salt; for one online
        window after midnight both names are told, so that the store finds the one visitor.
        """
        day, start = calendar.find(at)
        zone = calendar.zone.key
        visitor = visitor_hash(key, address, agent, self._salts.find(zone, day))
        if at - start >= site.online_window:
            return visitor, b""
        yesterday = self._salts.find(zone, shift(day, -1))
        return visitor, visitor_hash(key, address, agent, yesterday)

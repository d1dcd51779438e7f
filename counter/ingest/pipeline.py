"""The way of a view from the request to the batcher: named steps, in order; a drop halts it.

`drop_*` leaves a view out and says why, `put_*` enriches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from counter.errors import OriginRefused
from counter.ingest.addresses import rate_key
from counter.ingest.bots import is_bot
from counter.ingest.identity import Identity
from counter.ingest.listing import Listings
from counter.ingest.origins import is_allowed, origin_of
from counter.ingest.rates import RateLimiter
from counter.model.addresses import Address
from counter.model.clock import Clock, monotonic_ms
from counter.model.days import Calendar
from counter.model.figures import Hit, Reason
from counter.model.paths import is_canonical, normalise
from counter.model.patterns import matches
from counter.settings import Rate, Site

_LONGEST_CACHED_PATH = 512


@dataclass(slots=True)
class Arrival:
    """A view as it reached the service, and what the steps have found out about it."""

    key: str
    site: Site
    calendar: Calendar
    at: int
    """When it reached the service, in ms since the epoch."""
    raw_path: str
    address: Address
    agent: str
    headers: Mapping[str, str]
    """The request's, by their names in any case; a step looks at those that it is about."""
    heartbeat: bool = False
    """Whether it is no view: it keeps its visitor online, on whichever page."""
    vouched: bool = False
    """Whether a server that may do so counts it for its visitor: no page is the sender then."""
    path: str = ""
    visitor: bytes = b""
    previous: bytes = b""

    @property
    def signal(self) -> bool:
        """Whether the browser asks not to be followed."""
        get = self.headers.get
        return get("Sec-GPC") == "1" or get("DNT") == "1"


class Pipeline:
    """Turns arrivals into hits."""

    def __init__(self, identity: Identity, listings: Listings, clock: Clock = monotonic_ms) -> None:
        self._identity = identity
        self._listings = listings
        self._clock = clock
        self._limiters: dict[Rate, RateLimiter] = {}

    def run(self, arrival: Arrival) -> Hit | Reason:
        """Return the hit to count, or the reason why there is none.

        Raises:
            OriginRefused: the page that sent it is not the site's.
            BadPath: its path names no article.
        """
        # Written out: in a loop over them Python can't tell which step it calls, and takes half as
        # long again for each.
        drop_foreign(arrival)
        put_path(arrival)
        reason = (
            drop_paused(arrival)
            or drop_prefetch(arrival)
            or drop_bot(arrival)
            or drop_ignored_address(arrival)
            or drop_by_signal(arrival)
            or self.drop_unlisted(arrival)
            or self.drop_over_rate(arrival)
            or self.drop_over_site_rate(arrival)
        )
        if reason:
            return reason
        self.put_visitor(arrival)
        return Hit(
            arrival.key,
            arrival.path,
            arrival.calendar.day(arrival.at),
            arrival.at,
            arrival.visitor,
            arrival.previous,
        )

    def drop_unlisted(self, arrival: Arrival) -> Reason | None:
        """Leave out paths that the site does not have: made-up ones would fill the store."""
        site = arrival.site
        if not (site.paths or site.sitemap) or arrival.heartbeat:
            return None
        if any(matches(pattern, arrival.path) for pattern in site.paths):
            return None
        if site.sitemap and self._listings.confirms(arrival.key, arrival.path):
            return None
        return Reason.UNLISTED

    def drop_over_rate(self, arrival: Arrival) -> Reason | None:
        rate = arrival.site.rate_limit
        if rate is None or self._allows(rate, f"{arrival.key} {rate_key(arrival.address)}"):
            return None
        return Reason.RATE

    def drop_over_site_rate(self, arrival: Arrival) -> Reason | None:
        """Come after the rate of the address: what that refuses costs the site nothing."""
        rate = arrival.site.site_rate_limit
        if rate is None or arrival.heartbeat or self._allows(rate, arrival.key):
            return None
        return Reason.SITE_RATE

    def _allows(self, rate: Rate, key: str) -> bool:
        limiter = self._limiters.get(rate)
        if limiter is None:
            limiter = self._limiters[rate] = RateLimiter(rate, self._clock)
        return limiter.allow(key)

    def put_visitor(self, arrival: Arrival) -> None:
        if arrival.site.privacy_signals == "anonymous" and arrival.signal:
            return
        arrival.visitor, arrival.previous = self._identity.name(
            arrival.key,
            arrival.site,
            arrival.calendar,
            arrival.at,
            arrival.address[0],
            arrival.agent,
        )


def drop_foreign(arrival: Arrival) -> None:
    """Let only the site's own pages count.

    Raises:
        OriginRefused: the page that sent it is not the site's.
    """
    allowed = arrival.site.origins
    if not allowed or arrival.vouched:
        return
    get = arrival.headers.get
    origin = get("Origin") or origin_of(get("Referer", ""))
    if not origin:
        if arrival.site.allow_no_origin:
            return
        raise OriginRefused(
            "The request names no origin; a browser sends one. For others the site's setting "
            "allow_no_origin is to be true."
        )
    if not is_allowed(allowed, origin):
        raise OriginRefused(
            f"The origin {origin[:200]!r} is not among the site's origins; its settings name them."
        )


def put_path(arrival: Arrival) -> None:
    """Give the article its one name.

    Raises:
        BadPath: the path names no article.
    """
    arrival.path = article_path(arrival.raw_path, arrival.site)


def article_path(raw: str, site: Site) -> str:
    """Return the normalised path of `raw` by the rules of `site`.

    Raises:
        BadPath: the path names no article.
    """
    if is_canonical(raw):
        return raw
    if len(raw) > _LONGEST_CACHED_PATH:
        return normalise(raw, site.kept_parameters)
    return _short_path(raw, site.kept_parameters)


_short_path = lru_cache(maxsize=16_384)(normalise)


def drop_paused(arrival: Arrival) -> Reason | None:
    return Reason.PAUSED if arrival.site.paused else None


def drop_prefetch(arrival: Arrival) -> Reason | None:
    """Leave out pages that are fetched ahead: they may never be seen."""
    get = arrival.headers.get
    purpose = get("Sec-Purpose") or get("Purpose") or get("X-Moz")
    if purpose and ("prefetch" in purpose or "prerender" in purpose or "preview" in purpose):
        return Reason.PREFETCH
    return None


def drop_bot(arrival: Arrival) -> Reason | None:
    return Reason.BOT if is_bot(arrival.agent) else None


def drop_ignored_address(arrival: Arrival) -> Reason | None:
    site = arrival.site
    if site.ignore_addresses and arrival.address in site.ignored:
        return Reason.ADDRESS
    return None


def drop_by_signal(arrival: Arrival) -> Reason | None:
    if arrival.site.privacy_signals == "ignore" and arrival.signal:
        return Reason.SIGNAL
    return None

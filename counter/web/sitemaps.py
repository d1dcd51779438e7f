"""The sites' own sitemaps, read now and then: they confirm which paths are articles."""

from __future__ import annotations

import asyncio
import errno
import random
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import structlog
from yarl import URL

from counter import __version__
from counter.ingest.listing import Listing, Listings
from counter.ingest.origins import is_allowed
from counter.ingest.sitemap import SitemapReader, UnreadableSitemap
from counter.metrics import Metrics
from counter.model.clock import Clock, monotonic_ms
from counter.settings import Network, Site
from counter.web.outgoing import OnlyPublic

MAX_BYTES = 64 * 1024 * 1024
"""Of all the sitemaps of a site together, unpacked; the protocol allows one of them 50 MiB."""
MAX_FILES = 100
_SECONDS = 120.0
_READ_SECONDS = 10.0
_EVERY_MS = 3_600_000
_SOONER_MS = 60_000
"""So long after a look there may be another: after a failure, or for a path that is not known."""
_TICK_SECONDS = 1.0
_MOST_REDIRECTS = 3
_AT_ONCE = 4

log = structlog.get_logger()


@dataclass(slots=True)
class _File:
    """One sitemap as it was read last, with what a server is asked whether it has changed."""

    validators: dict[str, str] = field(default_factory=dict)
    hashes: array[int] = field(default_factory=lambda: array("q"))
    sitemaps: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    """What is known of one site's sitemap."""

    address: str
    keep_query: frozenset[str]
    next_at: int = 0
    last_at: int = 0
    failures: int = 0
    problem: str = ""
    files: dict[str, _File] = field(default_factory=dict)


class Sitemaps:
    """Keeps `listings` of the sites that have a sitemap.

    A sitemap is read every hour, and a minute after the last time when a path is asked for that
    it lacks. While it can't be read the site has no listing, so that its views count; it is tried
    again after a minute, then after two, up to an hour.

    Args:
        networks: those that are not public and in which a sitemap may be.
    """

    def __init__(
        self,
        sites: Mapping[str, Site],
        listings: Listings,
        metrics: Metrics,
        networks: Sequence[Network] = (),
        clock: Clock = monotonic_ms,
    ) -> None:
        self._sites = sites
        self._listings = listings
        self._metrics = metrics
        self._networks = networks
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)

    def problems(self) -> list[str]:
        """Return a line for each sitemap that can't be read."""
        return [
            f"the sitemap of {key} can't be read, so every path counts: {state.problem}"
            for key, state in sorted(self._states.items())
            if state.problem
        ]

    async def keep(self) -> None:
        """Read them for ever, when they are due."""
        while True:
            try:
                await self.refresh()
            except Exception:
                # A mistake of ours must not end it: the sites' lists would grow old in silence.
                log.exception("sitemaps_failed")
            await asyncio.sleep(_TICK_SECONDS)

    async def refresh(self) -> None:
        """Read those that are due now."""
        self._follow_settings()
        now, due = self._clock(), []
        for key, state in self._states.items():
            if key in self._listings.wanted:
                state.next_at = min(state.next_at, state.last_at + _SOONER_MS)
            if now >= state.next_at:
                due.append(self._look(key, state))
        if due:
            await asyncio.gather(*due)

    def _follow_settings(self) -> None:
        for key in self._states.keys() - self._sites.keys():
            self._forget(key)
        for key, site in list(self._sites.items()):
            state = self._states.get(key)
            if state and (state.address, state.keep_query) != (site.sitemap, site.kept_parameters):
                self._forget(key)
            if site.sitemap and key not in self._states:
                self._states[key] = _State(site.sitemap, site.kept_parameters)

    def _forget(self, key: str) -> None:
        del self._states[key]
        self._listings.drop(key)

    async def _look(self, key: str, state: _State) -> None:
        try:
            async with self._gate, asyncio.timeout(_SECONDS):
                listing = await self._read(self._sites[key], state)
        except (UnreadableSitemap, aiohttp.ClientError, OSError, ValueError, KeyError) as error:
            self._failed(key, state, _said(error))
        else:
            if state.problem:
                log.info("sitemap_read_again", site=key, articles=len(listing))
            self._listings.put(key, listing)
            state.failures, state.problem = 0, ""
            state.next_at = self._clock() + _EVERY_MS + random.randrange(_EVERY_MS // 20)  # noqa: S311 # a jitter
        state.last_at = self._clock()
        self._listings.wanted.discard(key)
        self._metrics.sitemap_up[key,].set(not state.problem)

    def _failed(self, key: str, state: _State, why: str) -> None:
        self._listings.drop(key)
        state.problem = why
        state.next_at = self._clock() + min(_SOONER_MS << min(state.failures, 6), _EVERY_MS)
        state.failures += 1
        log.warning("sitemap_unread", site=key, sitemap=state.address, why=why, counts="every path")

    async def _read(self, site: Site, state: _State) -> Listing:
        own = (str(URL(site.sitemap).origin()), *site.origins)
        timeout = aiohttp.ClientTimeout(sock_connect=_READ_SECONDS, sock_read=_READ_SECONDS)
        headers = {"User-Agent": f"visitor-counter/{__version__} (sitemap)"}
        files: dict[str, _File] = {}
        left, most, waiting = MAX_BYTES, site.max_articles, [site.sitemap]
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=OnlyPublic(self._networks)),
            timeout=timeout,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            while waiting:
                address = waiting.pop()
                if address in files:
                    continue
                if len(files) >= MAX_FILES:
                    raise UnreadableSitemap(f"its index names more than {MAX_FILES} sitemaps")
                reader = SitemapReader(site.kept_parameters, most_bytes=left, most_paths=most)
                before = state.files.get(address, _File())
                files[address] = await _fetch(session, address, own, before, reader)
                left, most = reader.left, most - len(files[address].hashes)
                waiting += files[address].sitemaps
        state.files = files
        hashes = [one for file in files.values() for one in file.hashes]
        return await asyncio.to_thread(Listing, hashes)


async def _fetch(
    session: aiohttp.ClientSession,
    address: str,
    own: tuple[str, ...],
    before: _File,
    reader: SitemapReader,
) -> _File:
    """Return the sitemap at `address`, or `before` if it has not changed since."""
    url = URL(address)
    for _ in range(_MOST_REDIRECTS + 1):
        # Else a site could have us ask addresses that only we reach.
        if not is_allowed(own, str(url.origin())):
            raise UnreadableSitemap(f"it leads to {str(url)[:200]}, which is not the site's host")
        async with session.get(url, headers=before.validators, allow_redirects=False) as answer:
            if answer.status == 304 and before.validators:
                return before
            if answer.status in (301, 302, 303, 307, 308):
                url = url.join(URL(answer.headers["Location"]))
                continue
            if answer.status != 200:
                raise UnreadableSitemap(f"{str(url)[:200]} answers {answer.status}")
            async for data in answer.content.iter_chunked(64 * 1024):
                # A thread, since a piece may be a quarter of a megabyte when it is unpacked.
                await asyncio.to_thread(reader.feed, data)
            reader.finish()
            return _File(_validators(answer.headers), reader.hashes, reader.sitemaps)
    raise UnreadableSitemap(f"it is redirected more than {_MOST_REDIRECTS} times")


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    names = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    sent = {name: headers[name] for name in names if name in headers}
    # What is not ASCII can't be sent back.
    return {names[name]: text for name, text in sent.items() if text.isascii()}


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not come in time"
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno == errno.EACCES:
        return str(error.strerror)
    return str(error)[:300] or type(error).__name__

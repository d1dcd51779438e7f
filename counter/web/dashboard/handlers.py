"""The routes of the owner's page: all sites for operators, one site behind its owner's link."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hmac import compare_digest
from importlib.resources import files
from types import MappingProxyType

from aiohttp import web

from counter.errors import CounterError, NotFound
from counter.model.clock import Clock
from counter.model.figures import Figures
from counter.readers.overview import OverviewReader
from counter.sites import Sites
from counter.storage.store import Query, Store
from counter.web.dashboard.page import Search, list_page, site_page
from counter.web.dashboard.words import Language, language
from counter.web.requests import find, query_parameters
from counter.web.routing import Router
from counter.web.tokens import token_hash

_CHUNK = 200
"""Sites whose figures one round trip reads."""
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
_NOBODY = "sha256:" + "0" * 64
"""What no secret hashes to: compared with where there is no link, so that it takes as long."""


class _Pages:
    """What both kinds of reader get."""

    def __init__(self, sites: Sites, overviews: OverviewReader) -> None:
        self._sites = sites
        self._overviews = overviews

    async def _site(self, request: web.BaseRequest, key: str, sites: str = "") -> web.Response:
        site = self._sites.find(key)
        overview = await self._overviews.read(key)
        text = find(query_parameters(request), "q")
        search = None
        if text is not None:
            search = Search(text.strip(), await self._overviews.search(key, text))
        words = _language(request)
        return _page(site_page(key, site, overview, search, words, files="", sites=sites))


class Dashboard(_Pages):
    """Handlers of the operations listener: whoever reaches it may see all sites."""

    def __init__(self, sites: Sites, overviews: OverviewReader, store: Store, clock: Clock) -> None:
        super().__init__(sites, overviews)
        self._store = store
        self._clock = clock

    def add_to(self, router: Router) -> None:
        router.add("GET", "/dashboard", self.all)
        router.add("GET", "/dashboard/{site}", self.one)

    async def all(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /dashboard`: all sites with their figures."""
        keys, now = list(self._sites), self._clock()
        found: dict[str, Figures | None] = {}
        for n in range(0, len(keys), _CHUNK):
            chunk = keys[n : n + _CHUNK]
            answers = await self._store.read([Query(key, now) for key in chunk])
            for key, answer in zip(chunk, answers, strict=True):
                found[key] = None if isinstance(answer, CounterError) else answer
        return _page(list_page(found, _language(request), files="dashboard/"))

    async def one(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /dashboard/{site}`: one site; also the page's style and script."""
        return _file(key) or await self._site(request, key, sites="../dashboard")


class OwnerLink(_Pages):
    """Handler of the public listener: whoever has a site's link may see that site."""

    def add_to(self, router: Router) -> None:
        router.add("GET", "/owner/{link}", self.page)

    async def page(self, request: web.BaseRequest, link: str) -> web.Response:
        """`GET /owner/{site}.{secret}`: the site's page; also its style and script."""
        return _file(link) or await self._site(request, self._opened(link))

    def _opened(self, link: str) -> str:
        """Return the site that `link` opens.

        Raises:
            NotFound: none; it is not told whether there is such a site.
        """
        key, _, secret = link.partition(".")
        site = self._sites.get(key)
        expected = (site and site.owner_link) or _NOBODY
        if not compare_digest(expected, token_hash(secret)):
            raise NotFound(
                "This link opens nothing, or not any more; ask whoever runs the counter for "
                "another."
            )
        return key


def _language(request: web.BaseRequest) -> Language:
    return language(request.headers.get("Accept-Language", ""))


def _page(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers=_PAGE_HEADERS)


@cache
def _static() -> Mapping[str, bytes]:
    folder = files("counter.web.dashboard") / "static"
    return MappingProxyType({file.name: file.read_bytes() for file in folder.iterdir()})


def _file(name: str) -> web.Response | None:
    body = _static().get(name)
    if body is None:
        return None
    headers = {
        "Content-Type": _TYPES[name.rpartition(".")[2]],
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=body, headers=headers)

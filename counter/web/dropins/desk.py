"""What all drop-ins do: find the site of a page, count its view, tell its figures."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

from counter.errors import BadBody, BadParameter, Problem, Unavailable
from counter.ingest.origins import origin_of
from counter.ingest.pipeline import article_path
from counter.metrics import Metrics
from counter.model.clock import Clock
from counter.model.figures import Counted, Figures, Reason, Status, Unit
from counter.readers.figures import FiguresReader
from counter.settings import DropIn, Site
from counter.sites import Sites
from counter.web.dropins.hosts import Hosts
from counter.web.public import Public
from counter.web.requests import read_body

_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}")
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
SCRIPT_HEADERS = {
    **HEADERS,
    "Content-Type": "text/javascript; charset=utf-8",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

Handler = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
Shape = Callable[[Problem], web.Response]


class Tally(NamedTuple):
    """What a page shows; None where the store is away and nothing is known from before."""

    page_views: int | None
    site_views: int | None
    site_visitors: int | None
    """The visitors of each day, added up."""
    reason: Reason | None = None
    """Why the view was not counted; None if it was, or if there was none."""


class Desk:
    """Counts and reads for pages that are known by their addresses.

    Args:
        body_timeout: how long a request's body may take, in seconds.
    """

    def __init__(
        self,
        public: Public,
        sites: Sites,
        reader: FiguresReader,
        metrics: Metrics,
        clock: Clock,
        *,
        body_timeout: float,
    ) -> None:
        self._public = public
        self._reader = reader
        self._metrics = metrics
        self._clock = clock
        self._hosts = Hosts(sites)
        self._body_timeout = body_timeout

    def find(self, way: DropIn, page: str) -> tuple[str, Site]:
        """Return the site whose page is at `page`, a whole address or an origin, and its key.

        Raises:
            UnknownSite: there is none, or it does not have this drop-in.
        """
        return self._hosts.find(way, origin_of(page))

    async def count(
        self, request: web.BaseRequest, way: DropIn, page: str, path: str | None = None
    ) -> Tally:
        """Count a view of the page at `page`, or of `path` on its site; a HEAD only looks.

        The request's own `Origin` or `Referer` must be the site's, whatever it says of the page.

        Raises:
            Problem: the view does not count; the problem says why.
        """
        if request.method == "HEAD":
            return await self.read(way, page, path)
        key, site = self.find(way, page)
        at = self._clock()
        outcome = await self._public.view(request, key, site, path or page, at, tokens=False)
        if isinstance(outcome, Counted):
            return await self._counted(key, site, outcome)
        figures, reason = outcome
        return _tally(figures, *figures.articles.values(), reason=reason)

    async def _counted(self, key: str, site: Site, counted: Counted) -> Tally:
        repeat = Reason.REPEAT if counted.status is Status.REPEAT else None
        try:
            figures = await self._reader.read(key)
        except Unavailable:  # the journal has the view: this is no time to say that it failed
            return Tally(counted.views, None, None, repeat)
        tally = _tally(figures, counted.views, reason=repeat)
        if site.unit is Unit.VIEWS and counted.total is not None:
            tally = tally._replace(site_views=counted.total)
        return tally

    async def read(self, way: DropIn, page: str, path: str | None = None) -> Tally:
        """Return the figures for the page at `page`, or for `path` on its site.

        Raises:
            UnknownSite, BadPath, Unavailable: there is nothing to tell.
        """
        key, site = self.find(way, page)
        figures = await self.figures(key, site, (path or page,))
        return _tally(figures, *figures.articles.values())

    async def figures(self, key: str, site: Site, paths: tuple[str, ...]) -> Figures:
        """Return the figures of a site; its articles in the order asked for, each once."""
        articles = (article_path(path, site) for path in paths)
        return await self._reader.read(key, tuple(dict.fromkeys(articles)))

    async def views(self, key: str, site: Site, paths: tuple[str, ...]) -> dict[str, int]:
        """Return the views of articles, in the order asked for, each once.

        Raises:
            Unavailable: those of one are not known, and the store is away.
        """
        told = (await self.figures(key, site, paths)).articles
        known = {path: views for path, views in told.items() if views is not None}
        if len(known) < len(told):
            raise Unavailable("The store is away, and these views are not known from before.")
        return known

    def leave_out(self, key: str, reason: Reason) -> None:
        """Note a view that its sender itself says is not to count."""
        self._metrics.received[key,].inc()
        self._metrics.dropped[key, reason.value].inc()

    async def json_object(self, request: web.BaseRequest) -> Mapping[str, Any]:
        """Return the JSON object in the request's body.

        Raises:
            BadBody, BodyTooLarge, BodyTimeout, UnsupportedMedia: there is none.
        """
        body = await read_body(request, self._body_timeout)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise BadBody("The body must be a JSON object.")
        return document


def _tally(figures: Figures, page_views: int | None, *, reason: Reason | None = None) -> Tally:
    return Tally(page_views, figures.total_views, figures.total_visitors, reason)


def page_of(request: web.BaseRequest) -> str:
    """Return what the request tells of its page: the `Referer`, or else the `Origin`."""
    headers = request.headers
    return headers.get("Referer", "") or headers.get("Origin", "")


def origin_first(request: web.BaseRequest) -> str:
    """Return the origin of the request's page: the `Origin`, or else that in the `Referer`."""
    origin = request.headers.get("Origin", "null")
    return origin_of(request.headers.get("Referer", "")) if origin == "null" else origin


def callback(name: str | None) -> str:
    """Return the name of a JSONP callback.

    Raises:
        BadParameter: it is no identifier, and might be any program.
    """
    if name is None or not _CALLBACK.fullmatch(name):
        raise BadParameter(
            "The callback must be an identifier of at most 64 letters, digits, _ and $, such as "
            "BusuanziCallback_1."
        )
    return name


def preflight(methods: str, headers: str) -> Handler:
    """Return a handler of OPTIONS for what pages of other origins may send (CORS)."""
    allowed = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": headers,
        "Access-Control-Max-Age": "86400",
    }

    async def answer(request: web.BaseRequest, _: str) -> web.Response:
        return web.Response(status=204, headers=allowed)

    return answer


def shaped(handler: Handler, shape: Shape) -> Handler:
    """Return `handler` with its problems answered in another counter's shape."""

    async def answer(request: web.BaseRequest, rest: str) -> web.StreamResponse:
        try:
            return await handler(request, rest)
        except Problem as problem:
            response = shape(problem)
            response.headers.update(problem.headers)
            return response

    return answer


def json_of(document: Any, status: int = 200) -> web.Response:
    """Return an answer in JSON."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return web.Response(
        body=body, status=status, headers={**HEADERS, "Content-Type": "application/json"}
    )

"""`GET /v1/{site}/live`: figures as Server-Sent Events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from counter.model.figures import Figures
from counter.readers.live import LiveFeed, Watcher
from counter.sites import Sites
from counter.web.protocol import DirectHandler
from counter.web.public import Public, asked_articles, compact_json
from counter.web.request_ids import HEADER, request_id
from counter.web.requests import query_parameters
from counter.web.routing import Router
from counter.web.whole import SERVER

_PATIENCE_SECONDS = 15.0
"""After so long without news a comment goes out: proxies close what is silent."""
_RECONNECT_MS = (2_000, 8_000)
"""A page waits so long before it comes back: not all at once when a service restarts."""


class Live:
    """Handler of the live route."""

    def __init__(self, feed: LiveFeed, sites: Sites, public: Public) -> None:
        self._feed = feed
        self._sites = sites
        self._public = public

    def add_to(self, router: Router) -> None:
        router.add("GET", "/v1/{site}/live", self.live)

    async def live(self, request: web.BaseRequest, key: str) -> web.StreamResponse:
        site = self._sites.find(key)
        paths = asked_articles(query_parameters(request), site)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "Server": SERVER,
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
            }
        )
        response.headers[HEADER] = request_id(request)
        self._public.finish(request.headers.get("Origin"), key, response)
        if request.method == "HEAD":
            return response
        watcher = self._feed.join(
            key, tuple(dict.fromkeys(paths.values())), self._public.rate_key(request)
        )
        cast(DirectHandler, request.protocol).lost = watcher.close  # aiohttp ends no handler then
        try:
            await response.prepare(request)
            await response.write(b"retry: %d\n\n" % random.randint(*_RECONNECT_MS))  # noqa: S311 # a jitter
            await _tell(response, watcher, lambda f: self._public.document(key, site, paths, f))
        except ConnectionError:
            pass  # the page is gone
        finally:
            self._feed.leave(watcher)
        return response


async def _tell(
    response: web.StreamResponse,
    watcher: Watcher,
    document: Callable[[Figures], dict[str, Any]],
) -> None:
    day = None
    while not watcher.closed:
        figures = await watcher.next(_PATIENCE_SECONDS)
        if figures is None:
            await response.write(b":\n\n")
            continue
        if watcher.closed:
            break
        data = compact_json(document(figures))
        if day not in (None, figures.day):
            await response.write(b"event: rollover\ndata: %s\n\n" % data)
        day = figures.day
        await response.write(b"event: figures\ndata: %s\n\n" % data)

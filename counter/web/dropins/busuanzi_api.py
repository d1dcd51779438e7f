"""The self-hosted busuanzi (soxft/busuanzi 2.8): an API with the page in a header, and JSONP."""

from __future__ import annotations

import json

from aiohttp import web

from counter.errors import BadParameter, Problem
from counter.ingest.origins import origin_of
from counter.settings import DropIn
from counter.web.dropins.desk import (
    HEADERS,
    SCRIPT_HEADERS,
    Desk,
    Tally,
    callback,
    json_of,
    preflight,
    shaped,
)
from counter.web.requests import find, query_parameters
from counter.web.routing import Router

_WAY = DropIn.BUSUANZI_API


class BusuanziAPI:
    """Handlers of the self-hosted one's routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: Router) -> None:
        router.add("POST", "/api", shaped(self.count, _failure))
        router.add("GET", "/api", shaped(self.read, _failure))
        router.add("PUT", "/api", shaped(self.only_count, _bare_failure))
        router.add(
            "OPTIONS",
            "/api",
            preflight("GET, HEAD, POST, PUT, OPTIONS", "x-bsz-referer, Authorization"),
        )
        router.add("GET", "/jsonp", self.jsonp)
        router.add("GET", "/ping", self.ping)

    async def count(self, request: web.BaseRequest, _: str) -> web.Response:
        """`POST /api`: count the page of `x-bsz-referer`, answer its figures.

        An `Authorization` may come with it, which names a visitor there: it is not looked at.
        """
        return _success(await self._desk.count(request, _WAY, _page(request)))

    async def read(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /api`: the same without counting."""
        return _success(await self._desk.read(_WAY, _page(request)))

    async def only_count(self, request: web.BaseRequest, _: str) -> web.Response:
        """`PUT /api`: count, and answer nothing."""
        await self._desk.count(request, _WAY, _page(request))
        return web.Response(status=204, headers=HEADERS)

    async def jsonp(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /jsonp?callback=X`: count the page of `Referer`, answer a script."""
        name = callback(find(query_parameters(request), "callback"))
        try:
            page = _whole(request.headers.get("Referer", ""))
            data = _data(await self._desk.count(request, _WAY, page))
            figures = json.dumps(data, separators=(",", ":"))
            text = f"try{{{name}({figures});}}catch(e){{}}"
        except Problem as problem:
            if problem.status >= 500:
                raise
            text = f"try{{console.error({json.dumps(problem.detail)})}}catch{{}}"
        return web.Response(body=text.encode(), headers=SCRIPT_HEADERS)

    async def ping(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /ping`: the service is there."""
        return json_of({"success": True, "message": "pong"})


def _page(request: web.BaseRequest) -> str:
    return _whole(request.headers.get("x-bsz-referer", ""))


def _whole(page: str) -> str:
    """Return `page`.

    Raises:
        BadParameter: it is not a page's whole address; said as the peer says it.
    """
    if not origin_of(page):
        raise BadParameter("invalid referer")
    return page


def _data(tally: Tally) -> dict[str, int | None]:
    """Return the four figures. An article's visitors are not kept: its views stand for them."""
    return {
        "page_pv": tally.page_views,
        "page_uv": tally.page_views,
        "site_pv": tally.site_views,
        "site_uv": tally.site_visitors,
    }


def _success(tally: Tally) -> web.Response:
    return json_of({"success": True, "message": "ok", "data": _data(tally)})


def _failure(problem: Problem) -> web.Response:
    """Return the peer's failure, whose status is 200 where it is the request that is wrong."""
    status = problem.status if problem.status >= 500 else 200
    return json_of({"success": False, "message": problem.detail, "data": {}}, status)


def _bare_failure(problem: Problem) -> web.Response:
    """Return the failure of PUT, which has no body there; ours says what is wrong."""
    return json_of({"success": False, "message": problem.detail, "data": {}}, problem.status)

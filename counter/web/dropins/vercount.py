"""Vercount (vercount.one), versions 1 and 2 of its API: JSON, with the page's address in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from counter.errors import BadParameter, Problem
from counter.ingest.origins import origin_of
from counter.settings import DropIn
from counter.web.dropins.desk import Desk, Handler, Shape, Tally, json_of, preflight, shaped
from counter.web.requests import find, query_parameters
from counter.web.routing import Router

_WAY = DropIn.VERCOUNT
_INDEX = ("/index.html", "/index.htm", "/index")


def _v1(message: str, three: dict[str, int | None]) -> web.Response:
    return json_of(three)


def _v1_error(problem: Problem) -> web.Response:
    return json_of({"error": problem.detail}, problem.status)


def _v2(message: str, three: dict[str, int | None]) -> web.Response:
    return json_of({"status": "success", "message": message, "data": three})


def _v2_error(problem: Problem) -> web.Response:
    document = {"status": "error", "message": problem.detail, "code": problem.status}
    return json_of(document, problem.status)


class _Version(NamedTuple):
    """What goes around the three numbers, and around what was wrong."""

    good: Callable[[str, dict[str, int | None]], web.Response]
    bad: Shape


_VERSIONS = {
    "/log": _Version(_v1, _v1_error),
    "/api/v1/log": _Version(_v1, _v1_error),
    "/api/v2/log": _Version(_v2, _v2_error),
}


class Vercount:
    """Handlers of both versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: Router) -> None:
        allowed = preflight("GET, HEAD, POST, OPTIONS", "Content-Type, X-Browser-Token")
        for path, version in _VERSIONS.items():
            router.add("POST", path, shaped(self._count(version), version.bad))
            router.add("GET", path, shaped(self._read(version), version.bad))
            router.add("OPTIONS", path, allowed)

    def _count(self, version: _Version) -> Handler:
        async def count(request: web.BaseRequest, _: str) -> web.Response:
            """`POST …/log` with `{"url": "https://h/p", "isNewUv": true}`: count, answer figures.

            What it says of the visitor's being new is not looked at.
            """
            page = _page((await self._desk.json_object(request)).get("url"))
            tally = await self._desk.count(request, _WAY, page)
            return version.good("Data updated successfully", _three(tally))

        return count

    def _read(self, version: _Version) -> Handler:
        async def read(request: web.BaseRequest, _: str) -> web.Response:
            """`GET …/log?url=https://h/p`: the figures."""
            page = _page(find(query_parameters(request), "url"))
            tally = await self._desk.read(_WAY, page)
            return version.good("Data retrieved successfully", _three(tally))

        return read


def _page(url: object) -> str:
    """Return the page's address, less an index file's name at its path's end, as Vercount has it.

    Raises:
        BadParameter: it is no address of a page.
    """
    if not isinstance(url, str) or not url:
        raise BadParameter("Missing url: the page's whole address, such as https://www.example/a.")
    path, mark, query = url.strip().partition("#")[0].partition("?")
    if not path.lower().startswith(("http://", "https://")) or not origin_of(path):
        raise BadParameter("Invalid url: it must be a whole address of http or https.")
    index = next((name for name in _INDEX if path.endswith(name)), None)
    return (path.removesuffix(index) + "/" if index else path) + mark + query


def _three(tally: Tally) -> dict[str, int | None]:
    return {
        "site_uv": tally.site_visitors,
        "site_pv": tally.site_views,
        "page_pv": tally.page_views,
    }

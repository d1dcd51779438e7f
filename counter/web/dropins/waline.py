"""Waline's page counter (@waline/client 3): JSON; the page's path in it, its site in `Origin`."""

from __future__ import annotations

from aiohttp import web

from counter.errors import BadParameter, BadPath, Problem, TooManyPaths
from counter.ingest.pipeline import article_path
from counter.settings import DropIn
from counter.web.dropins.desk import Desk, json_of, origin_first, preflight, shaped
from counter.web.public import MAX_PATHS
from counter.web.requests import find, query_parameters
from counter.web.routing import Router

_WAY = DropIn.WALINE
_VIEWS = "time"
_MOST_TYPES = 16
_LONGEST_TYPE = 32
"""Letters of a type: each stands in the answer as often as there are paths."""


class Waline:
    """Handlers of the one route; Waline's comments are not its page counter, and not here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: Router) -> None:
        router.add("GET", "/api/article", shaped(self.read, _error))
        router.add("POST", "/api/article", shaped(self.count, _error))
        router.add(
            "OPTIONS",
            "/api/article",
            preflight("GET, HEAD, POST, OPTIONS", "Content-Type, Authorization"),
        )

    async def read(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /api/article?path=/a,/b&type=time`: the articles' views, in the order asked."""
        parameters = query_parameters(request)
        paths = (find(parameters, "path") or "").split(",")
        if len(paths) > MAX_PATHS:
            raise TooManyPaths(f"{len(paths)} paths were asked for; one request takes {MAX_PATHS}.")
        kinds = (find(parameters, "type") or _VIEWS).split(",")[:_MOST_TYPES]
        if any(len(kind) > _LONGEST_TYPE for kind in kinds):
            raise BadParameter(f"A type has at most {_LONGEST_TYPE} letters, such as {_VIEWS}.")
        key, site = self._desk.find(_WAY, origin_first(request))
        articles = await self._desk.views(key, site, tuple(paths))
        views = [articles[article_path(path, site)] for path in paths]
        return _data([{kind: n if kind == _VIEWS else 0 for kind in kinds} for n in views])

    async def count(self, request: web.BaseRequest, _: str) -> web.Response:
        """`POST /api/article` with `{"path": "/a", "type": "time", "action": "inc"}`: count.

        There, anybody may take views away with another action: here it is refused.
        """
        sent = await self._desk.json_object(request)
        path = sent.get("path")
        if not isinstance(path, str):
            raise BadPath("Which article? Give its path: a string, such as /news/1.")
        if sent.get("type", _VIEWS) != _VIEWS or sent.get("action", "inc") != "inc":
            raise BadParameter(
                'Only views are counted here, and only upwards: "type": "time", "action": "inc".'
            )
        tally = await self._desk.count(request, _WAY, origin_first(request), path)
        return _data([{_VIEWS: tally.page_views}])


def _data(rows: list[dict[str, int | None]]) -> web.Response:
    return json_of({"errno": 0, "errmsg": "", "data": rows})


def _error(problem: Problem) -> web.Response:
    return json_of({"errno": problem.status, "errmsg": problem.detail}, problem.status)

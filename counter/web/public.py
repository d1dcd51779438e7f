"""The public routes: counting, and figures for those who only read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy

from counter.errors import BadParameter, Problem, TooManyPaths
from counter.ingest.addresses import rate_key
from counter.ingest.batcher import Batcher, Waiter
from counter.ingest.origins import is_allowed
from counter.ingest.pipeline import Arrival, Pipeline, article_path
from counter.metrics import Metrics
from counter.model.clock import Clock
from counter.model.days import day_date, day_name, shift, span, week_start
from counter.model.figures import Counted, Figures, Hit, Reason, Status
from counter.readers.figures import FiguresReader
from counter.readers.turns import Turns
from counter.settings import Server, Site
from counter.sites import Sites
from counter.storage.store import Store
from counter.web.direct import BEGUN, Exchange
from counter.web.request_ids import new_id
from counter.web.requests import (
    Parameters,
    choice,
    find,
    path_parameter,
    query_parameters,
    read_query,
    sender_address,
    view_path,
    whole_number,
)
from counter.web.routing import Router
from counter.web.server_side import put_vouched
from counter.web.tokens import Tokens
from counter.web.whole import JSON_HEADERS, cors_headers, is_plain, json_answer, whole_json

MAX_PATHS = 100
MAX_HISTORY_DAYS = 3_660
MAX_TOP = 1_000
_MAX_WAITING = 64
"""Long answers that may be waited for: they are made one at a time."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_FIRST_DAY, _LAST_DAY = "1970-01-01", "9998-12-31"
PERIODS = ("today", "week", "total")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
_COUNTED = b'{"views":%d,"online":%d,"today":%d,"yesterday":%d,"total":%d%b}'
_TOLD = {
    Status.COUNTED: b"",
    Status.VISIT: b"",
    Status.REPEAT: b',"counted":false,"reason":"%b"' % Reason.REPEAT.encode(),
    Status.FULL: b',"reason":"%b"' % Reason.ARTICLES.encode(),
    Status.FULL_VISIT: b',"reason":"%b"' % Reason.ARTICLES.encode(),
    Status.TOO_NEW: b',"reason":"%b"' % Reason.NEW_ARTICLES.encode(),
    Status.TOO_NEW_VISIT: b',"reason":"%b"' % Reason.NEW_ARTICLES.encode(),
}
"""What a view's answer tells besides the figures."""


class Public:
    """Handlers of the public listener's `/v1` routes."""

    def __init__(
        self,
        *,
        sites: Sites,
        pipeline: Pipeline,
        batcher: Batcher,
        reader: FiguresReader,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        server: Server,
        tokens: Tokens,
    ) -> None:
        self._sites = sites
        self._pipeline = pipeline
        self._batcher = batcher
        self._reader = reader
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._tokens = tokens
        self._trusted = server.trusted
        self._body_timeout = server.body_timeout / 1000
        self._long = Turns(_MAX_WAITING)

    def add_to(self, router: Router) -> None:
        router.add("POST", "/v1/{site}/views", self.count)
        router.begin("POST", "/v1/{site}/views", self.begin)
        router.add("POST", "/v1/{site}/presence", self.presence)
        router.add("GET", "/v1/{site}/figures", self.figures)
        router.begin("GET", "/v1/{site}/figures", self.begin_figures)
        router.add("GET", "/v1/{site}/history", self.history)
        router.add("GET", "/v1/{site}/top", self.top)
        for name in ("views", "presence", "figures", "history", "top"):
            router.add("OPTIONS", f"/v1/{{site}}/{name}", self.preflight)
        router.finish = self.finish

    # Counting

    def begin(
        self, headers: CIMultiDictProxy[str], query: str, peer: str, exchange: Exchange
    ) -> bool:
        """Begin to count a view directly, if it is as browsers send it; the rest is `count`'s."""
        key = exchange.key
        site = self._sites.get(key)
        if site is None or "Authorization" in headers or not is_plain(exchange.origin):
            return False
        try:
            path = view_path(query)
        except Problem:
            return False
        if path is None:
            return False
        exchange.write = self._whole
        arrival = self.arrival(headers, peer, key, site, path, self._clock())
        exchange.outcome = self._judge(arrival, exchange)
        return exchange.outcome is None

    def _whole(self, exchange: Exchange, counted: Counted) -> bytes:
        return self._whole_json(exchange, counted_json(counted))

    def _whole_json(self, exchange: Exchange, body: bytes) -> bytes:
        origin = exchange.origin
        allowed = origin is not None and self._may_read(exchange.key, origin)
        return whole_json(exchange.request_id, origin, allowed, body)

    async def count(self, request: web.BaseRequest, key: str) -> web.StreamResponse:
        """`POST /v1/{site}/views?path=/a`: count a view, answer the figures just after it."""
        begun = request[BEGUN].outcome if BEGUN in request else None
        if isinstance(begun, Exception):
            raise begun
        site = self._sites.find(key)
        at = self._clock()
        try:
            path = await path_parameter(request, self._body_timeout)
        except Problem as problem:
            self._metrics.received[key,].inc()
            self._metrics.refused[key, problem.slug].inc()
            raise
        outcome: Counted | tuple[Figures, Reason]
        if begun:
            outcome = await self._left_out(key, site, path, begun)
        else:
            outcome = await self.view(request, key, site, path, at)
        if isinstance(outcome, Counted):
            return self.answer(request, key, counted_json(outcome))
        return self.answer(request, key, dropped_json(*outcome))

    async def view(
        self,
        request: web.BaseRequest,
        key: str,
        site: Site,
        path: str,
        at: int,
        *,
        tokens: bool = True,
    ) -> Counted | tuple[Figures, Reason]:
        """Count a view of `path`, as it was sent, that reached the service at `at` (ms).

        Args:
            tokens: whether an `Authorization` is one of ours; other counters have their own.

        Returns:
            What the view is answered with; or, if a filter left it out, the figures (with the
            article's views) and the reason.

        Whatever becomes of the view is told to the metrics in one go with its receipt, so that
        their sums agree at every scrape; the batcher tells of those that it has taken.

        Raises:
            Problem: the view does not count; the problem says why.
        """
        arrival = self.arrival(request.headers, request.remote, key, site, path, at)
        answer: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        reason = self._judge(arrival, answer, request if tokens else None)
        return await (answer if reason is None else self._left_out(key, site, path, reason))

    def arrival(
        self,
        headers: CIMultiDictProxy[str],
        peer: str | None,
        key: str,
        site: Site,
        path: str,
        at: int,
    ) -> Arrival:
        return Arrival(
            key,
            site,
            self._sites.calendar(site),
            at,
            path,
            sender_address(headers, peer, self._trusted),
            headers.get("User-Agent", ""),
            headers,
        )

    def _judge(
        self, arrival: Arrival, waiter: Waiter, vouching: web.BaseRequest | None = None
    ) -> Reason | None:
        """Bring a view to the batcher, or return why a filter leaves it out.

        Args:
            vouching: the request, if it may have come with a token of ours.
        """
        metrics, key = self._metrics, arrival.key
        metrics.received[key,].inc()
        try:
            if vouching is not None:
                put_vouched(vouching, arrival, self._tokens)
            hit = self._pipeline.run(arrival)
            if isinstance(hit, Hit):
                self._batcher.queue(hit, waiter)
                return None
        except Problem as problem:
            metrics.refused[key, problem.slug].inc()
            raise
        metrics.dropped[key, hit.value].inc()
        return hit

    async def _left_out(
        self, key: str, site: Site, path: str, reason: Reason
    ) -> tuple[Figures, Reason]:
        return await self._reader.read(key, (article_path(path, site),)), reason

    def rate_key(self, request: web.BaseRequest) -> str:
        """Return what counts as one address where pages that are live are bounded."""
        return rate_key(sender_address(request.headers, request.remote, self._trusted))

    async def presence(self, request: web.BaseRequest, key: str) -> web.Response:
        """`POST /v1/{site}/presence`: keep the visitor online; nothing is counted."""
        site = self._sites.find(key)
        arrival = self.arrival(request.headers, request.remote, key, site, "/", self._clock())
        put_vouched(request, arrival, self._tokens)
        arrival.heartbeat = True
        hit = self._pipeline.run(arrival)
        if isinstance(hit, Hit):
            counted = await self._batcher.submit(hit._replace(path=""))
            body = json.dumps({"online": counted.online})
        else:
            figures = await self._reader.read(key)
            body = json.dumps({"online": figures.online, "counted": False, "reason": hit.value})
        return json_bytes(body.encode())

    # Reading

    def begin_figures(
        self, headers: CIMultiDictProxy[str], query: str, peer: str, exchange: Exchange
    ) -> bool:
        """Begin to answer with figures directly, if they are asked for as browsers do."""
        key = exchange.key
        site = self._sites.get(key)
        if site is None or not is_plain(exchange.origin):
            return False
        paths = asked_articles(read_query(query), site)
        exchange.request_id = exchange.request_id or new_id()
        exchange.write = partial(self._whole_figures, site, paths)
        self._reader.ask(key, tuple(dict.fromkeys(paths.values())), exchange)
        return True

    def _whole_figures(
        self, site: Site, paths: Mapping[str, str], exchange: Exchange, figures: Figures
    ) -> bytes:
        return self._whole_json(
            exchange, compact_json(self.document(exchange.key, site, paths, figures))
        )

    async def figures(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/figures?path=/a&path=/b`: read without counting."""
        site = self._sites.find(key)
        paths = asked_articles(query_parameters(request), site)
        figures = await self._reader.read(key, tuple(dict.fromkeys(paths.values())))
        return json_document(self.document(key, site, paths, figures))

    def document(
        self, key: str, site: Site, paths: Mapping[str, str], figures: Figures
    ) -> dict[str, Any]:
        """Return the figures as the outside sees them.

        Args:
            paths: the paths as they were asked for, by which `articles` is keyed, and normalised.
        """
        document: dict[str, Any] = {
            "site": key,
            "day": day_date(figures.day).isoformat(),
            "unit": site.unit.value,
            "online": figures.online,
            "today": figures.today,
            "yesterday": figures.yesterday,
            "week": figures.week,
            "month": figures.month,
            "total": figures.total,
            "articles": {raw: figures.articles[path] for raw, path in paths.items()},
        }
        if len(paths) == 1:
            [document["views"]] = document["articles"].values()
        if figures.stale:
            document["stale"] = True
        return document

    async def history(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/history?from=2026-11-01&to=2026-11-22`: a row per day."""
        site = self._sites.find(key)
        parameters = query_parameters(request)
        today = self._sites.calendar(site).day(self._clock())
        last = _day(parameters, "to", today)
        first = _day(parameters, "from", shift(last, -29))
        if first > last:
            raise BadParameter("from must not come after to.")
        if len(span(first, last)) > MAX_HISTORY_DAYS:
            raise BadParameter(f"One request tells of at most {MAX_HISTORY_DAYS} days.")
        async with self._long.take():
            rows = await self._store.history(key, first, last)
            days = [
                {
                    "day": f"{row.day[:4]}-{row.day[4:6]}-{row.day[6:]}",
                    "views": row.views,
                    "visits": row.visits,
                    "visitors": row.visitors,
                }
                for row in rows
            ]
            return json_document({"site": key, "timezone": site.timezone.key, "days": days})

    async def top(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/top?period=today|week|total&limit=10`: the most read articles."""
        site = self._sites.find(key)
        parameters = query_parameters(request)
        period = choice(parameters, "period", PERIODS)
        limit = whole_number(parameters, "limit", 10, 1, MAX_TOP)
        today = self._sites.calendar(site).day(self._clock())
        days = {
            "today": [today],
            "week": span(week_start(today), today),
            "total": [],
        }[period]
        async with self._long.take():
            articles = [
                {"path": path, "views": views}
                for path, views in await self._store.top(key, days, limit)
            ]
            return json_document({"site": key, "period": period, "articles": articles})

    # Whom the answers are for

    async def preflight(self, request: web.BaseRequest, key: str) -> web.Response:
        self._sites.find(key)
        return web.Response(status=204, headers=_PREFLIGHT)

    def finish(self, origin: str | None, key: str, response: web.StreamResponse) -> None:
        """Let the site's own pages read the answer (CORS)."""
        if origin is not None:
            response.headers.update(cors_headers(origin if self._may_read(key, origin) else None))

    def _may_read(self, key: str, origin: str) -> bool:
        site = self._sites.get(key)
        return site is None or is_allowed(site.origins, origin)

    def answer(self, request: web.BaseRequest, key: str, body: bytes) -> web.StreamResponse:
        """Answer a view, which most requests are, in a way that costs little."""
        origin = request.headers.get("Origin")
        allowed = origin is not None and self._may_read(key, origin)
        return json_answer(request, origin, allowed, body)


def asked_articles(parameters: Parameters, site: Site) -> dict[str, str]:
    """Return the paths whose views are asked for, each with its article's.

    Raises:
        TooManyPaths: more than one answer holds.
        BadPath: one names no article.
    """
    asked = [value for name, value in parameters if name == "path"]
    if len(asked) > MAX_PATHS:
        raise TooManyPaths(
            f"{len(asked)} paths were asked for; one request takes {MAX_PATHS}. Ask again for "
            "the others."
        )
    return {raw: article_path(raw, site) for raw in asked}


def _day(parameters: Parameters, name: str, default: str) -> str:
    text = find(parameters, name)
    if text is None:
        return default
    try:
        if len(text) == 10 and _FIRST_DAY <= text <= _LAST_DAY:
            return day_name(day_date(text.replace("-", "")))
    except ValueError:
        pass
    raise BadParameter(
        f"{name} must be a day from {_FIRST_DAY} to {_LAST_DAY}, such as 2026-11-22."
    )


def counted_json(counted: Counted) -> bytes:
    """Return the answer to a view that reached the store."""
    status, views, online, today, yesterday, total, stale = counted
    if stale:
        known = {name: value for name, value in counted._asdict().items() if name != "status"}
        return json.dumps(known).encode()
    return _COUNTED % (views, online, today, yesterday, total, _TOLD[status])


def dropped_json(figures: Figures, reason: Reason) -> bytes:
    """Return the answer to a view that a filter left out."""
    document: dict[str, Any] = {
        "views": next(iter(figures.articles.values()), 0),
        "online": figures.online,
        "today": figures.today,
        "yesterday": figures.yesterday,
        "total": figures.total,
        "counted": False,
        "reason": reason.value,
    }
    if figures.stale:
        document["stale"] = True
    return json.dumps(document).encode()


def json_bytes(body: bytes) -> web.Response:
    return web.Response(body=body, headers=JSON_HEADERS)


def json_document(document: Mapping[str, Any]) -> web.Response:
    return json_bytes(compact_json(document))


def compact_json(document: Mapping[str, Any]) -> bytes:
    return _encode(document).encode()

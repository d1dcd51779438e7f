"""From a request to its handler, and what every answer has in common.

The public listener is aiohttp's low-level server: its routes are few and fixed, and finding one in
a dict costs a fraction of what a general router does, at every view.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

import structlog
from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http_parser import RawRequestMessage

from counter.errors import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
    StoreError,
    StoreUnavailable,
    Unavailable,
)
from counter.metrics import Metrics
from counter.web.direct import BEGUN, Begin, Exchange, Wire
from counter.web.problems import problem_response
from counter.web.request_ids import HEADER, current, known_id, new_id, request_id
from counter.web.whole import SERVER, WholeResponse, whole

Handler = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""Takes the request and the one variable part of its address (a site's key, a file's name)."""
Finish = Callable[[str | None, str, web.StreamResponse], None]
"""Adds to an answer what the page's origin wants, for the variable part of the address."""

SLOW_SECONDS = 0.1
"""From so long on a request's id stands beside its latency, as an exemplar."""
_LONGEST_CACHED = 128
_ENDING = (web.Response, WholeResponse)
"""What has an end of its own; a stream lasts as long as its reader likes."""

log = structlog.get_logger()


class InternalError(Problem):
    status, slug, title = 500, "internal", "The service made a mistake"


@dataclass(slots=True)
class Route:
    name: str
    """The route's pattern: the label in the metrics."""
    methods: dict[str, Handler] = field(default_factory=dict)
    begin: dict[str, Begin] = field(default_factory=dict)
    """What may answer a request directly, by its method."""


class Router:
    """The routes of one listener: exact ones, `/<prefix>/{variable}[/<name>]`, all below a prefix.

    Args:
        prefix: what stands before every route's path, such as `/counter`; empty: nothing.
    """

    def __init__(self, metrics: Metrics, prefix: str = "") -> None:
        self._metrics = metrics
        self._prefix = prefix
        self._exact: dict[str, Route] = {}
        self._nested: dict[tuple[str, str], Route] = {}
        self._below: dict[str, Route] = {}
        self._unknown = Route("unknown")
        self._find_short = lru_cache(maxsize=1024)(self._look_up)
        self._answered = lru_cache(
            lambda route, method, status: metrics.requests[route, method, str(status)]
        )
        self.finish: Finish | None = None

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Add a route: `/path`, `/prefix/{x}` or `/prefix/{x}/name`; a prefix may have parts."""
        prefix, brace, rest = pattern.partition("/{")
        if brace:
            key = (prefix, rest.partition("}")[2].removeprefix("/"))
            route = self._nested.setdefault(key, Route(pattern))
        else:
            route = self._exact.setdefault(pattern, Route(pattern))
        _let(route, method, handler)

    def add_below(self, method: str, pattern: str, handler: Handler) -> None:
        """Add a route `/prefix/{x}` whose variable part is all that follows, slashes and all."""
        prefix = pattern.partition("/{")[0]
        _let(self._below.setdefault(prefix, Route(pattern)), method, handler)

    def begin(self, method: str, pattern: str, begin: Begin) -> None:
        """Let requests of a route `/prefix/{x}/name` be answered directly."""
        prefix, _, rest = pattern.partition("/{")
        self._nested[prefix, rest.partition("}/")[2]].begin[method] = begin

    def routes(self) -> Iterator[tuple[str, str]]:
        """Yield each method and pattern."""
        for route in (*self._exact.values(), *self._nested.values(), *self._below.values()):
            for method in route.methods:
                yield method, route.name

    def _find(self, path: str) -> tuple[Route, str]:
        """Return the route of `path`, and the variable part; the table is complete by then."""
        return self._find_short(path) if len(path) <= _LONGEST_CACHED else self._look_up(path)

    def _look_up(self, path: str) -> tuple[Route, str]:
        if self._prefix:
            if not path.startswith(self._prefix + "/"):
                return self._unknown, ""
            path = path[len(self._prefix) :]
        parts = path.split("/")
        if len(parts) in (3, 4):
            route = self._nested.get(("/" + parts[1], parts[3] if len(parts) == 4 else ""))
            if route and parts[2]:
                return route, parts[2]
        route = self._exact.get(path)
        if route is None and "%" in path:
            route = self._exact.get(unquote(path))
        return (route, "") if route else self._find_deeper(parts)

    def _find_deeper(self, parts: list[str]) -> tuple[Route, str]:
        """Look for a route whose prefix has several parts, or that takes all below its prefix."""
        for end, name in ((-1, ""), (-2, parts[-1])):
            route = self._nested.get(("/".join(parts[:end]), name))
            if route and parts[end]:
                return route, parts[end]
        if len(parts) > 2 and (route := self._below.get("/" + parts[1])):
            return route, "/".join(parts[2:])
        return self._unknown, ""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        current.set(request)  # aiohttp answers each request in a task, and so a context, of its own
        begun = request.get(BEGUN)
        started = begun.started if begun else time.perf_counter()
        path = request.rel_url.raw_path
        route, variable = self._find(path)
        try:
            if request.version != HttpVersion11:
                _refuse_versions(request)
            handler = route.methods.get(request.method)
            if handler is None:
                raise self._no_handler(route, request.method)
            response = await handler(request, variable)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            response = _refusal(error, route.name, path)
            if isinstance(error, BadRequest):
                response.force_close()
        if not response.prepared:
            origin = request.headers.get("Origin")
            self._put_headers(response, request_id(request), origin, variable)
        method = request.method if request.method in route.methods else "other"
        self._metrics.requests[route.name, method, str(response.status)].inc()
        if isinstance(response, _ENDING):
            self._time(route.name, started, known_id(request))
        return response

    def _time(self, route: str, started: float, known: str | None) -> None:
        seconds = time.perf_counter() - started
        if known and seconds >= SLOW_SECONDS:
            self._metrics.latency.observe((route,), seconds, {"request_id": known})
        else:
            self._metrics.latency[route,].observe(seconds)

    def _put_headers(
        self, response: web.StreamResponse, its_id: str, origin: str | None, variable: str
    ) -> None:
        response.headers["Server"] = SERVER
        response.headers[HEADER] = its_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        if self.finish:
            self.finish(origin, variable, response)

    # Requests that are answered directly

    def take(self, message: RawRequestMessage, wire: Wire) -> bool:
        """Begin to answer a request directly; False: it is for the usual handler."""
        target, method = message.path, message.method
        if target[:1] != "/" or "#" in target:
            return False
        path, _, query = target.partition("?")
        route, variable = self._find(path)
        begin = route.begin.get(method)
        if begin is None:
            return False
        exchange = Exchange(self, wire, message.headers, method, path, route.name, variable)
        try:
            if begin(message.headers, query, wire.peer, exchange):
                return True
        except Unavailable as error:
            # What is too much is to cost least.
            self.fail(exchange, error)
            return True
        except Exception as error:
            exchange.outcome = error
        if exchange.outcome is not None:
            wire.begun = exchange
        return False

    def tell(self, exchange: Exchange, status: int) -> None:
        self._answered(exchange.route, exchange.method, status).inc()
        self._time(exchange.route, exchange.started, exchange.request_id)

    def fail(self, exchange: Exchange, error: Exception) -> None:
        its_id = exchange.request_id = exchange.request_id or new_id()
        response = _refusal(error, exchange.route, exchange.path, request=its_id)
        self._put_headers(response, its_id, exchange.origin, exchange.key)
        exchange.answer(whole(response), response.status)

    def _no_handler(self, route: Route, method: str) -> Problem:
        if route is self._unknown:
            return NotFound(f"Nothing is at this address; GET {self._prefix}/ tells what is.")
        allowed = ", ".join(sorted(route.methods))
        return MethodNotAllowed(
            f"{route.name} takes {allowed}, not {method[:20]}.", headers={"Allow": allowed}
        )


def _refusal(error: Exception, route: str, path: str, **logged: str) -> web.Response:
    if isinstance(error, (StoreError, StoreUnavailable)):
        error = Unavailable(f"Not answered: {error}.")
    if not isinstance(error, Problem):
        log.error("internal_error", route=route, exc_info=error, **logged)
        error = InternalError("It is in the log; the view was not counted.")
    return problem_response(error, path)


def _refuse_versions(request: web.BaseRequest) -> None:
    """Refuse what another server, before this one, may have read in another way.

    aiohttp takes any version that its parser knows, and chunks in HTTP/1.0, which has none: the
    framing is then faulty, and the connection is to be closed (RFC 9112, section 6.1).

    Raises:
        BadRequest: it is neither HTTP/1.1 nor a sound HTTP/1.0.
    """
    if request.version != HttpVersion10:
        raise BadRequest("Here HTTP/1.1 is spoken, and HTTP/1.0.")
    if "Transfer-Encoding" in request.headers:
        raise BadRequest("HTTP/1.0 has no Transfer-Encoding; send a Content-Length, or HTTP/1.1.")


def _let(route: Route, method: str, handler: Handler) -> None:
    route.methods[method] = handler
    if method == "GET":
        route.methods["HEAD"] = handler

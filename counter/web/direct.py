"""Requests that are answered without a task of their own.

For each request aiohttp makes a task, a request, a writer and two futures, and lets the loop turn
three times: half of what a view costs. A view wants none of that. Its head is all there is of it,
its answer is one piece of bytes, and whoever has the figures can write it there and then.

A request comes this way if its connection has no other to answer, its route has a `Begin`, and
that finds nothing unusual in it. Whatever is not answered with figures in the end (a view that a
filter left out, an error) is handed over to the route's usual handler, with its outcome.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDictProxy
from yarl import URL

from counter.model.figures import Counted, Reason


class Head(Protocol):
    """What is read of a request but for its body: aiohttp's requests have it, and exchanges."""

    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def rel_url(self) -> URL: ...
    @property
    def remote(self) -> str | None: ...


class Wire(Protocol):
    """The connection on which a request came."""

    peer: str

    def answer(self, answer: bytes) -> None:
        """Write the whole answer."""

    def hand_over(self, exchange: Exchange) -> None:
        """Let the route's usual handler answer."""


class Exchange:
    """A request on the direct way. To the batcher it is what a future is: someone who waits."""

    __slots__ = (
        "_answered",
        "headers",
        "key",
        "message",
        "origin",
        "outcome",
        "rel_url",
        "remote",
        "route",
        "started",
        "wire",
        "write",
    )

    origin: str | None
    """Whose page the answer is for."""
    write: Callable[[Exchange, Counted], bytes]
    """Makes the answer."""
    outcome: Reason | Exception
    """Why there is no such answer, for the usual handler."""

    def __init__(
        self,
        message: RawRequestMessage,
        wire: Wire,
        key: str,
        route: str,
        answered: Callable[[Exchange], None],
    ) -> None:
        self.message = message
        self.wire = wire
        self.key = key
        self.route = route
        self.headers = message.headers
        self.rel_url = message.url
        self.remote = wire.peer
        self.started = time.perf_counter()
        self._answered = answered

    def done(self) -> bool:
        return False

    def set_result(self, counted: Counted) -> None:
        try:
            answer = self.write(self, counted)
        except Exception as error:
            self.hand_over(error)
        else:
            self.wire.answer(answer)
            self._answered(self)

    def set_exception(self, error: Exception) -> None:
        self.hand_over(error)

    def hand_over(self, outcome: Reason | Exception) -> None:
        self.outcome = outcome
        self.wire.hand_over(self)


Begin = Callable[[Exchange], bool]
"""Begins to answer a request; False, with nothing done: it is for the usual handler."""
BEGUN = web.RequestKey("begun", Exchange)
"""The exchange that was handed over with a request."""
Take = Callable[[RawRequestMessage, Wire], bool]
"""Begins to answer a request that came on a connection, likewise."""

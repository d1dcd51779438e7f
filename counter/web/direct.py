"""Requests that are answered without a task of their own.

For each request aiohttp makes a task, a request, a writer and two futures, and lets the loop turn
three times: half of what a view costs. A view wants none of that. Its head is all there is of it,
its answer is one piece of bytes, and whoever has the figures can write it there and then. So it is
with figures, which are known or come with a look that others wait for too.

A request comes this way if its connection has no other to answer, its route has a `Begin`, and
that finds nothing unusual in it. All else is for the route's usual handler; so is a view that a
filter leaves out, or that is wrong: the handler is told so by the exchange. One for which there is
no room is refused here, as cheaply as it can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDictProxy

from counter.model.figures import Counted, Figures, Reason
from counter.web.request_ids import HEADER, sent_id


class Wire(Protocol):
    """The connection on which a request came."""

    peer: str
    begun: Exchange | None
    """What the usual handler is told of the request that it is to answer next."""

    def answer(self, answer: bytes) -> None:
        """Write the whole answer."""


class Teller(Protocol):
    """Who tells the metrics of an answer, and answers where there is no result."""

    def tell(self, exchange: Exchange, status: int) -> None: ...
    def fail(self, exchange: Exchange, error: Exception) -> None: ...


class Exchange:
    """A request on the direct way. To whoever has its answer it is what a future is: one who waits.

    It keeps nothing of the request but what its answer is made of: while a view waits, a hundred
    small objects of its head would grow cold, and cost more to free than they did to make.
    """

    __slots__ = (
        "_teller",
        "_wire",
        "key",
        "method",
        "origin",
        "outcome",
        "path",
        "request_id",
        "route",
        "started",
        "write",
    )

    write: Callable[[Exchange, Any], bytes]
    """Makes the answer out of what is waited for: what a view is answered with, or figures."""

    def __init__(
        self,
        teller: Teller,
        wire: Wire,
        headers: Mapping[str, str],
        method: str,
        path: str,
        route: str,
        key: str,
    ) -> None:
        self._teller = teller
        self._wire = wire
        self.method = method
        self.path = path
        self.route = route
        self.key = key
        self.origin = headers.get("Origin")
        self.request_id = sent_id(headers) if HEADER in headers else None
        self.started = time.perf_counter()
        self.outcome: Reason | Exception | None = None
        """Why it goes the usual way, where it was begun as a view."""

    def done(self) -> bool:
        return False

    def set_result(self, result: Counted | Figures) -> None:
        try:
            answer = self.write(self, result)
        except Exception as error:
            self.set_exception(error)
        else:
            self.answer(answer, 200)

    def set_exception(self, error: Exception) -> None:
        self._teller.fail(self, error)

    def answer(self, answer: bytes, status: int) -> None:
        self._wire.answer(answer)
        self._teller.tell(self, status)


Begin = Callable[[CIMultiDictProxy[str], str, str, Exchange], bool]
"""Begins to answer a request, given its headers, its query and its peer; False: it is for the usual
handler."""
BEGUN = web.RequestKey("begun", Exchange)
"""The exchange as which a request was begun."""
Take = Callable[[RawRequestMessage, Wire], bool]
"""Begins to answer a request that came on a connection, likewise."""

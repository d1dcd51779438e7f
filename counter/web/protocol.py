"""A connection of aiohttp's that lets requests be answered directly (`direct.py`).

aiohttp has no door for that, so this one leans on what is inside `RequestHandler`: a queue of
parsed messages, and a loop that waits for the next one. A request that is answered directly never
enters the queue; from its head to its answer the loop goes on waiting, and what else arrives is
held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aiohttp import EMPTY_PAYLOAD, HttpVersion11, StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import HttpParser, RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from counter.web.direct import BEGUN, Exchange, Take


class DirectHandler(RequestHandler):
    """aiohttp's side of a connection, with a short cut.

    Args:
        take: what may answer a request directly.
    """

    __slots__ = (
        "_closing",
        "_ended",
        "_held",
        "answering",
        "begun",
        "lost",
        "peer",
        "take",
    )

    def __init__(self, server: web.Server, take: Take, **options: Any) -> None:
        super().__init__(server, **options)
        self._parser = cast(HttpParser[Any], _Sieve(self._parser, self))
        self.take = take
        self.peer = ""
        self.answering = False
        """Whether a request is being answered directly."""
        self.begun: Exchange | None = None
        """What the request was begun as that aiohttp is to answer next."""
        self.lost: Callable[[], None] | None = None
        """What to call when the connection is lost."""
        self._held = b""
        self._closing = False
        self._ended: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if peer else ""
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.lost:
            self.lost()
        super().connection_lost(exc)

    def waits(self) -> bool:
        """Tell whether nothing is being answered: the next request is waited for."""
        if self.answering:
            return False
        if self._waiter is None:
            return not self._request_count  # the loop has not begun yet: it will wait
        return not self._waiter.done()

    def begin(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Begin to answer a request directly, if it is the only one, has no body, and leaves the
        connection as it is; tell whether it was."""
        if (
            payload is not EMPTY_PAYLOAD
            or message.should_close
            or message.upgrade
            or message.version != HttpVersion11
            or self._messages
            or self._paused
            or not self.waits()
        ):
            return False
        self.answering = True
        taken = self.take(message, self)
        if taken:
            self._request_count += 1
        else:
            self.answering = False
        return taken

    def answer(self, answer: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(answer)
        self._end()

    def hold(self, data: bytes) -> int:
        """Keep what arrives before the answer is written; returns how many bytes are kept."""
        self._held += data
        return len(self._held)

    def _end(self) -> None:
        self.answering = False
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._ended and not self._ended.done():
            self._ended.set_result(None)
        if self._closing:
            super().close()
        elif self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    # aiohttp takes a connection for idle while its loop waits.

    def _process_keepalive(self) -> None:
        if self.answering:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    def close(self) -> None:
        self._closing = True
        if not self.answering:
            super().close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 # aiohttp's
        if self.answering:
            self._ended = self._loop.create_future()
            await asyncio.wait([self._ended], timeout=timeout)
        await super().shutdown(timeout)


class _Sieve:
    """aiohttp's parser, less the requests that are answered directly."""

    __slots__ = ("_handler", "_parser")

    def __init__(self, parser: Any, handler: DirectHandler) -> None:
        self._parser = parser
        self._handler = handler

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        messages, upgraded, tail = self._parser.feed_data(data)
        if len(messages) == 1 and self._handler.begin(*messages[0]):
            self._parser.message_consumed()
            messages = ()
        return messages, upgraded, tail

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)


def make_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: DirectHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
    **options: Any,
) -> web.BaseRequest:
    """Return the request that aiohttp is to answer; with its exchange, if it was begun as one."""
    request = web.BaseRequest(message, payload, protocol, writer, task, **options)
    if protocol.begun:
        request[BEGUN], protocol.begun = protocol.begun, None
    return request

"""A listener: aiohttp's low-level server, with our own words for what is no HTTP request at all,
and with bounds of our own for those who take their time, or all they can get.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from counter.errors import BadRequest, Problem, SettingsError
from counter.metrics import Metrics
from counter.settings import Server
from counter.web.connections import Connections, allow_files
from counter.web.direct import Take
from counter.web.problems import problem_response
from counter.web.protocol import DirectHandler, make_request
from counter.web.request_ids import HEADER, request_id
from counter.web.requests import MAX_BODY
from counter.web.routing import InternalError, Router
from counter.web.whole import SERVER

_MAX_TARGET = 32 * 1024
"""Bytes of a request's first line: 100 paths of a usual length, escaped, fit in."""
_MAX_HEADERS = 100
_MAX_HEAD = 64 * 1024
"""Bytes of a request's head that are waited for."""
_MAX_UNASKED = 256 * 1024
"""Bytes that may follow a head while it is answered: more than any body that is read."""
_SEND_BUFFER = 128 * 1024
"""Bytes of answers that the kernel keeps for one connection (Linux: twice as many)."""


class _Connection(DirectHandler):
    """One connection. What aiohttp itself refuses is answered as all else: a problem document.

    aiohttp closes it when no request has come for `keepalive_timeout`. Here it is closed as well

    - when a head is not whole `head_seconds` after its first byte, the first one so long after the
      connection was made; or is larger than is read;
    - when more follows a head than any body may have;
    - when its peer leaves an answer lying for `answer_seconds`, a finished one included, which
      the transport itself would keep for ever.
    """

    __slots__ = ("_awaited", "_connections", "_limits", "_stalled", "_unread", "_wire", "_within")

    def __init__(
        self,
        server: web.Server,
        take: Take,
        connections: Connections,
        head_seconds: float,
        answer_seconds: float,
        **options: Any,
    ) -> None:
        super().__init__(server, take, **options)
        self._connections = connections
        self._limits = (head_seconds, answer_seconds)
        self._wire: asyncio.Transport | None = None
        self._within = -1  # the request whose head is awaited within its time
        self._awaited: asyncio.TimerHandle | None = None
        self._unread = 0
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if not self._connections.admit(self, peer[0] if peer else ""):
            self._wire.abort()
            return
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.leave(self)
        self._stall(None)
        if self._awaited:
            self._awaited.cancel()  # else it would keep what is here for as long as it runs
            self._awaited = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.answering:
            if self.hold(data) > _MAX_UNASKED:
                self.cut()
            return
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._unread = 0
            return
        self._unread += len(data)
        if self.waits():
            if self._within != before:
                self._await_head()
            if self._unread > _MAX_HEAD:
                self.cut()
        elif self._unread > _MAX_UNASKED:
            self.cut()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall(self._limits[1])

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall(None)

    async def start(self) -> None:
        try:
            await super().start()
        finally:
            if self._wire and self._wire.get_write_buffer_size():
                self._stall(self._limits[1])

    def waiting_since(self) -> float | None:
        waits = self.waits() or not self._request_count
        return self._next_keepalive_close_time if waits else None

    def cut(self) -> None:
        self.force_close()
        if self._wire:
            self._wire.abort()

    def _await_head(self) -> None:
        self._within = self._request_count
        if self._awaited:
            self._awaited.cancel()
        self._awaited = self._loop.call_later(self._limits[0], self._check_head, self._within)

    def _check_head(self, awaited: int) -> None:
        self._awaited = None
        if self._request_count == awaited and not self._force_close:
            self.cut()

    def _stall(self, seconds: float | None) -> None:
        if self._stalled:
            self._stalled.cancel()
        self._stalled = self._loop.call_later(seconds, self.cut) if seconds else None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and can't become another")
        problem: Problem = (
            BadRequest(
                "The request's head is not HTTP, or longer than is read here: a first line of at "
                f"most {_MAX_TARGET} bytes, headers of at most 8 KiB each."
            )
            if status < 500
            else InternalError("It is in the log.")
        )
        response = problem_response(problem, "/")
        response.headers["Server"] = SERVER
        response.headers[HEADER] = request_id(request)
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


@contextlib.asynccontextmanager
async def listening(
    router: Router,
    where: tuple[str, int] | socket.socket,
    settings: Server,
    metrics: Metrics,
    name: str = "public",
) -> AsyncIterator[tuple[str, int]]:
    """Serve `router` at an address or on a socket that listens; yields the address.

    Args:
        name: the listener's, in metrics and log: `public` or `operations`.

    Raises:
        SettingsError: the address is in use, or not this machine's.
    """
    connections = Connections(
        name,
        metrics,
        most=allow_files(settings.connections),
        most_per_address=settings.connections_per_address,
        trusted=settings.trusted,
    )
    server = _Server(
        router,
        take=router.take,
        connections=connections,
        head_seconds=settings.header_timeout / 1000,
        answer_seconds=settings.answer_timeout / 1000,
        request_factory=partial(
            make_request, loop=asyncio.get_running_loop(), client_max_size=MAX_BODY
        ),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=settings.keepalive_timeout / 1000,
        lingering_time=settings.body_timeout / 1000,
        max_line_size=_MAX_TARGET,
        max_headers=_MAX_HEADERS,
    )
    runner = web.ServerRunner(server, shutdown_timeout=settings.shutdown_timeout / 1000)
    await runner.setup()
    listener = where if isinstance(where, socket.socket) else listen(where)
    try:
        await web.SockSite(runner, listener).start()
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()


def listen(address: tuple[str, int]) -> socket.socket:
    """Return a socket that listens at `address`.

    Raises:
        SettingsError: it is in use, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        listener = socket.create_server(address, family=family, backlog=1024)
        # Each connection inherits it; else Linux keeps megabytes for one that takes no answer.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        return listener
    except OSError as error:
        raise SettingsError(
            f"can't listen on {address[0]}:{address[1]}: {os.strerror(error.errno or 0)}; free "
            "it, or set another address in [server]"
        ) from None

"""A listener: aiohttp's low-level server, with our own words for what is no HTTP request at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from counter.errors import BadRequest, Problem, SettingsError
from counter.settings import Server
from counter.web.problems import problem_response
from counter.web.requests import MAX_BODY
from counter.web.routing import InternalError, Router

_MAX_TARGET = 32 * 1024
"""Bytes of a request's first line: 100 paths of a usual length, escaped, fit in."""


class _Connection(RequestHandler):
    """One connection. What aiohttp itself refuses is answered as all else: a problem document."""

    __slots__ = ()

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
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


@contextlib.asynccontextmanager
async def listening(
    router: Router, where: tuple[str, int] | socket.socket, settings: Server
) -> AsyncIterator[tuple[str, int]]:
    """Serve `router` at an address or on a socket that listens; yields the address.

    Raises:
        SettingsError: the address is in use, or not this machine's.
    """
    server = _Server(
        router,
        request_factory=partial(
            web.BaseRequest, loop=asyncio.get_running_loop(), client_max_size=MAX_BODY
        ),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=settings.keepalive_timeout / 1000,
        max_line_size=_MAX_TARGET,
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
        return socket.create_server(address, family=family, backlog=1024)
    except OSError as error:
        raise SettingsError(
            f"can't listen on {address[0]}:{address[1]}: {os.strerror(error.errno or 0)}; free "
            "it, or set another address in [server]"
        ) from None

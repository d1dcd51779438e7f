"""An answer that is written in one piece: what a counted view is answered with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, web

from counter.web.request_ids import HEADER, sent_id

SERVER = "visitor-counter"
JSON_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class WholeResponse(web.StreamResponse):
    """A response of status 200 with JSON, whose head is not made anew each time.

    aiohttp's own makes a dict of the headers and writes them one by one, at every answer: a tenth
    of what a view costs.
    """

    def __init__(self, whole: bytes) -> None:
        super().__init__()
        self._whole = whole

    @property
    def prepared(self) -> bool:
        """True: nothing can be added to the head."""
        return True

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        self._writer = request.writer
        await self._writer.write(self._whole)

    async def write_eof(self, data: bytes = b"") -> None:
        await self._writer.drain()


def json_answer(
    request: web.BaseRequest, origin: str | None, allowed: bool, body: bytes
) -> web.StreamResponse:
    """Return the answer to a POST that went well.

    Args:
        origin: the page's origin, if the request names it.
        allowed: whether that page may read the answer (CORS).
    """
    if request.version == HttpVersion11 and request.keep_alive and is_plain(origin):
        sent = sent_id(request.headers)
        return WholeResponse(whole_json(sent, origin, allowed, body))
    return web.Response(body=body, headers=JSON_HEADERS)


def whole_json(sent: str | None, origin: str | None, allowed: bool, body: bytes) -> bytes:
    """Return the answer to a POST that went well, on a connection that is kept, in one piece.

    Args:
        sent: the id with which the request came.
        origin: a plain one; see `json_answer`.
    """
    head = _head(int(time.time()), origin, allowed)
    if sent:
        head += f"{HEADER}: {sent}\r\n".encode()
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


def whole(response: web.Response) -> bytes:
    """Return an answer that is not streamed, on a connection that is kept, in one piece."""
    body = response.body if isinstance(response.body, bytes) else b""
    headers = {
        **response.headers,
        "Date": formatdate(time.time(), usegmt=True),
        "Content-Length": len(body),
    }
    head = _lines(f"HTTP/1.1 {response.status} {response.reason}", headers)
    return b"%b\r\n%b" % (head, body)


@lru_cache(maxsize=256)
def is_plain(origin: str | None) -> bool:
    return origin is None or (origin.isascii() and origin.isprintable() and len(origin) < 256)


@lru_cache(maxsize=256)
def _head(second: int, origin: str | None, allowed: bool) -> bytes:
    headers = {**JSON_HEADERS, "Server": SERVER, "Date": formatdate(second, usegmt=True)}
    if origin is not None:
        headers |= cors_headers(origin if allowed else None)
    return _lines("HTTP/1.1 200 OK", headers)


def _lines(first: str, headers: Mapping[str, object]) -> bytes:
    """Return the lines of a head, but for the empty one that ends it."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return "".join([first, "\r\n", *lines]).encode()


def cors_headers(origin: str | None) -> dict[str, str]:
    """Return what lets the pages of `origin` read an answer; None: of no other origin."""
    if origin is None:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Timing-Allow-Origin": origin,
    }

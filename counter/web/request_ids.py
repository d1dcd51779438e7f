"""Request ids: one name for a request, in its answer and in every line that is logged about it.

An id that the client or a proxy sent in `X-Request-Id` is taken if it is well formed, so that no
input forges a line; else one is made, when it is first wanted. A view that is counted has none
unless it came with one: it costs no more than noting which request is being answered.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from contextvars import ContextVar

from aiohttp import web
from structlog.typing import EventDict, WrappedLogger

HEADER = "X-Request-Id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID = web.RequestKey("request_id", str)

current: ContextVar[web.BaseRequest | None] = ContextVar("current_request", default=None)
"""The request that this task is answering."""


def sent_id(headers: Mapping[str, str]) -> str | None:
    """Return the id with which a request came; None if it came with none that is well formed."""
    sent = headers.get(HEADER)
    return sent if sent is not None and _WELL_FORMED.fullmatch(sent) else None


def new_id() -> str:
    # It is to be another one each time, and no secret: the kernel's are a call for each.
    return f"{random.getrandbits(64):016x}"


def request_id(request: web.BaseRequest) -> str:
    """Return the request's id; made now, if it has none yet."""
    known = request.get(_ID)
    if known is None:
        known = request[_ID] = sent_id(request.headers) or new_id()
    return known


def known_id(request: web.BaseRequest) -> str | None:
    """Return the id by which somebody else may know the request; None if it has none."""
    known: str | None = request.get(_ID)
    return known or sent_id(request.headers)


def add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Put the id of the request that is being answered into a line of the log."""
    request = current.get()
    if request is not None:
        event["request"] = request_id(request)
    return event

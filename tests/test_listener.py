"""What is no request at all: told as all else is, and nothing of it comes back."""

from __future__ import annotations

import asyncio
import gc
import json
import re

import pytest
from conftest import Running, Start, eventually

from counter.web.protocol import DirectHandler

HEAD = "POST /v1/a/views?path=/a HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0 Firefox/145.0\r\n"

MALFORMED = {
    "no HTTP": "hello\r\n\r\n",
    "a first line without end": f"GET /{'a' * 40_000} HTTP/1.1\r\n\r\n",
    "a header without end": f"{HEAD}X: {'a' * 9000}\r\n\r\n",
    "two lengths": f"{HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "a length and chunks": (
        f"{HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a length with a sign": f"{HEAD}Content-Length: +4\r\n\r\nabcd",
    "a space before the colon": f"{HEAD}Content-Length : 4\r\n\r\nabcd",
    "a folded header": f"{HEAD}X: a\r\n b\r\n\r\n",
    "a NUL in a header": f"{HEAD}X: a\0b\r\n\r\n",
}


async def exchange(up: Running, text: str) -> bytes:
    reader, writer = await asyncio.open_connection(*up.service.address)
    writer.write(text.encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_request_is_refused_by_a_problem_document(start: Start, text: str) -> None:
    up = await start()
    answer = await exchange(up, text)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == 400
    assert b"aaaa" not in body
    assert (await up.client.figures())["total"] == 0


async def test_an_answer_to_head_has_no_body(start: Start) -> None:
    """What comes after it would be taken for the answer to the connection's next request."""
    up = await start()
    for method, route in up.service.router.routes():
        if method == "HEAD":
            path = re.sub(r"\{\w+\}", "a", route)
            head = f"HEAD {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            _, end, body = (await exchange(up, head)).partition(b"\r\n\r\n")
            assert (end, body) == (b"\r\n\r\n", b""), route


async def test_nothing_is_kept_of_a_connection_that_is_closed(start: Start) -> None:
    up = await start(server={"header_timeout": "1m", "keepalive_timeout": "1m"})
    for _ in range(20):
        reader, writer = await asyncio.open_connection(*up.service.address)
        writer.write(f"{HEAD}\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def gone() -> bool:
        gc.collect()
        # What was answered last is held until the next is.
        return sum(type(thing).__mro__.count(DirectHandler) for thing in gc.get_objects()) <= 1

    await eventually(gone)

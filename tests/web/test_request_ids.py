"""A request has one name: in its answer, and in every line that is logged about it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import BROWSER, Running, Start
from redis.asyncio import Redis
from services import served, write_config

MADE = re.compile(r"[0-9a-f]{16}")


async def answered_id(up: Running, method: str, path: str, sent: str | None = None) -> str | None:
    headers = {} if sent is None else {"X-Request-Id": sent}
    response = await up.client.request(method, path, headers=headers)
    return response.headers.get("X-Request-Id")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/a/views?path=/x"),
        ("POST", "/v1/a/views"),
        ("GET", "/v1/a/figures"),
        ("GET", "/v1/none/figures"),
        ("GET", "/nowhere"),
        ("DELETE", "/v1/a/figures"),
    ],
)
async def test_an_id_that_is_sent_comes_back(start: Start, method: str, path: str) -> None:
    up = await start()
    assert await answered_id(up, method, path, "Proxy-7.a_b") == "Proxy-7.a_b"


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 65, "đ", 'a","forged":"', "a/b"])
async def test_another_is_made_where_none_or_a_wrong_one_was_sent(
    start: Start, sent: str | None
) -> None:
    up = await start()
    found = [await answered_id(up, "GET", "/v1/a/figures", sent) for _ in range(2)]
    assert all(each and MADE.fullmatch(each) for each in found)
    assert len(set(found)) == 2


async def test_a_counted_view_has_an_id_only_if_it_came_with_one(start: Start) -> None:
    up = await start()
    assert await answered_id(up, "POST", "/v1/a/views?path=/x") is None
    assert await answered_id(up, "POST", "/v1/a/views?path=/x", "a b") is None


async def test_what_is_no_request_at_all_is_answered_with_an_id(start: Start) -> None:
    up = await start()
    reader, writer = await asyncio.open_connection(*up.service.address)
    writer.write(b"NONSENSE\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    assert re.search(r"X-Request-Id: [0-9a-f]{16}\r\n", head)


async def test_every_line_about_a_request_has_its_id_and_no_other_line(
    redis: Redis, valkey: str, tmp_path: Path
) -> None:
    with served(write_config(tmp_path, valkey)) as service:
        reader, writer = await asyncio.open_connection(*address(service.line["ops"]))
        ids = ["first", "second", 'forged"}\\n{"', "x" * 65]
        answered = []
        for each in ids:
            writer.write(
                b"GET /admin/v1/sites HTTP/1.1\r\nHost: x\r\nUser-Agent: %b\r\n"
                b"X-Request-Id: %b\r\n\r\n" % (BROWSER.encode(), each.encode())
            )
            answered.append(await _answer(reader))
        writer.close()
        service.stop()
        lines = service.lines()
    refused = [line["request"] for line in lines if line["event"] == "token_refused"]
    assert refused == answered
    assert refused[:2] == ["first", "second"]
    assert all(MADE.fullmatch(each) for each in refused[2:])
    others = [line for line in lines if line["event"] != "token_refused"]
    assert others
    assert not [line for line in others if "request" in line]


def address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").strip("/").partition(":")
    return host, int(port)


async def _answer(reader: asyncio.StreamReader) -> Any:
    """Read an answer of a connection that stays open; returns its id."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = re.search(r"Content-Length: (\d+)", head)
    found = re.search(r"X-Request-Id: (\S+)", head)
    assert length
    assert found
    assert json.loads(await reader.readexactly(int(length[1])))["status"] == 401
    return found[1]

"""Attacks on the listener: they are bounded and cut, and honest views count all the same.

Here in small, side by side with the service; `make abuse` makes them in full.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from abuse.attacks import (
    BOMBS,
    JSON,
    OVERSIZED,
    SMUGGLING,
    VIEW,
    Tally,
    ask,
    connect,
    idle,
    slow_bodies,
    slow_heads,
    streams,
    unread,
)
from conftest import FakeClock, Running, Start, eventually
from stores import DAY_MS, NOW

from counter.errors import Unavailable
from counter.readers.turns import Turns

QUICK = {"header_timeout": "200ms", "body_timeout": "200ms", "answer_timeout": "200ms"}
SMALL = {"connections": 40, "connections_per_address": 15}


async def sample(up: Running, name: str) -> float:
    """Return a metric's value, all its series together."""
    text = await (await up.ops.request("GET", "/metrics")).text()
    lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith(name)]
    return sum(float(value) for series, _, value in lines if "operations" not in series)


async def honest_views_count(up: Running, views: int = 20) -> None:
    before = (await up.client.figures("/honest"))["views"]
    for number in range(views):
        assert (await up.client.view("/honest"))["views"] == before + number + 1


@pytest.mark.parametrize("attack", [slow_heads, slow_bodies])
async def test_slow_clients_are_cut_and_honest_ones_counted(start: Start, attack: object) -> None:
    up = await start(server=QUICK)
    async with attack(up.service.address, 50) as tally:  # type: ignore[operator]
        await honest_views_count(up)

        async def cut() -> bool:
            return tally.closed >= 50

        await eventually(cut)
        await honest_views_count(up)
    assert (await up.client.figures("/attack"))["views"] == 0


async def test_a_connection_that_says_nothing_is_closed(start: Start) -> None:
    up = await start(server=QUICK)
    held = await connect(up.service.address, Tally(), 0)
    async with asyncio.timeout(5):
        await held.closed
    assert held.received == b""


async def test_a_connection_that_was_of_use_is_kept_longer(start: Start) -> None:
    up = await start(server={"header_timeout": "50ms"})
    request = f"{VIEW}Content-Length: 0\r\n\r\n".encode()
    held = await connect(up.service.address, Tally(), 0)
    held.transport.write(request)
    await held.answered
    await asyncio.sleep(0.2)
    held.transport.write(request)

    async def answered_twice() -> bool:
        return held.received.count(b"HTTP/1.1 200") == 2

    await eventually(answered_twice)
    held.transport.abort()


async def test_a_second_head_has_no_more_time_than_the_first(start: Start) -> None:
    up = await start(server=QUICK)
    held = await connect(up.service.address, Tally(), 0)
    held.transport.write(f"{VIEW}Content-Length: 0\r\n\r\n".encode())
    await held.answered
    held.transport.write(VIEW.encode())
    async with asyncio.timeout(5):
        await held.closed


async def test_idle_connections_make_room_for_those_who_come(start: Start) -> None:
    up = await start(server={**SMALL, "connections_per_address": 1000})
    async with idle(up.service.address, 100):
        await honest_views_count(up)
        assert await sample(up, "visitor_counter_connections{") <= 40
    assert await sample(up, "visitor_counter_connections_closed_total") >= 60


async def test_where_all_connections_are_at_work_a_new_one_is_refused(start: Start) -> None:
    up = await start(server={"connections": 16, "body_timeout": "10s"})
    async with slow_bodies(up.service.address, 16):
        refused = await connect(up.service.address, Tally(), 1)
        async with asyncio.timeout(5):
            await refused.closed
        assert await sample(up, "visitor_counter_connections_refused_total") >= 1


async def test_an_address_has_a_bound_of_its_own(start: Start) -> None:
    up = await start(server=SMALL)
    async with idle(up.service.address, 30):
        await honest_views_count(up)
        assert await sample(up, "visitor_counter_connections{") <= 16
        assert await sample(up, "visitor_counter_connections_refused_total") >= 15
    assert await sample(up, "visitor_counter_connections_closed_total") == 0


async def test_a_trusted_proxy_speaks_for_many(start: Start) -> None:
    up = await start(server={**SMALL, "trusted_proxies": ["127.1.0.0/16"]})
    async with idle(up.service.address, 30):
        await honest_views_count(up)
    assert await sample(up, "visitor_counter_connections_refused_total") == 0


async def test_closed_connections_are_forgotten(start: Start) -> None:
    up = await start(server=SMALL)
    for _ in range(3):
        async with idle(up.service.address, 15):
            pass

    async def none_left() -> bool:
        return await sample(up, "visitor_counter_connections{") == 0

    await eventually(none_left)
    assert await sample(up, "visitor_counter_connections_refused_total") == 0


async def test_answers_that_are_left_lying_are_taken_back(start: Start) -> None:
    up = await start(server=QUICK)
    async with unread(up.service.address, 2) as tally:

        async def cut() -> bool:
            return tally.closed >= 2

        await eventually(cut)
        await honest_views_count(up)


async def test_live_streams_are_bounded_and_honest_views_count(start: Start) -> None:
    up = await start(server={"live_streams": 30, "live_streams_per_address": 20})
    async with streams(up.service.address, 60) as tally:
        await honest_views_count(up)
        assert len(up.service.feed) == 30
        assert tally.answered >= 60

    async def none_left() -> bool:
        return not len(up.service.feed)

    await eventually(none_left)


async def test_the_addresses_of_one_subnet_have_one_bound_of_live_streams(start: Start) -> None:
    up = await start(
        server={"live_streams_per_address": 2, "trusted_proxies": ["127.0.0.1/32"]},
    )
    statuses = []
    async with contextlib.AsyncExitStack() as streams_open:
        for source in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"):
            asked = up.client.session.get(
                up.client.base + "/v1/a/live", headers={"X-Forwarded-For": source}
            )
            statuses.append((await streams_open.enter_async_context(asked)).status)
    assert statuses == [200, 200, 429, 200]


@pytest.fixture
async def service(start: Start) -> AsyncIterator[Running]:
    up = await start(server={"body_timeout": "200ms"})
    yield up
    await honest_views_count(up, 1)
    figures = await up.client.figures("/smuggled", "/attack")
    assert figures["total"] == 1, figures


@pytest.mark.parametrize("request_", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_what_two_servers_may_read_in_two_ways_is_refused(
    service: Running, request_: str
) -> None:
    answer = await ask(service.service.address, request_.encode())
    assert answer.count(b"X-Content-Type-Options") == 1  # one answer
    assert answer.split()[1] == b"400"


@pytest.mark.parametrize("request_", OVERSIZED.values(), ids=OVERSIZED.keys())
async def test_a_head_that_is_too_large_is_refused(service: Running, request_: str) -> None:
    answer = await ask(service.service.address, request_.encode())
    assert not answer or answer.split()[1] == b"400"


@pytest.mark.parametrize("request_", BOMBS.values(), ids=BOMBS.keys())
async def test_a_compressed_body_is_refused_unread(service: Running, request_: bytes) -> None:
    answer = await ask(service.service.address, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == b"415"
    assert json.loads(body)["type"] == "urn:visitor-counter:problem:media-type"


async def test_more_than_any_body_is_not_read_to_its_end(service: Running) -> None:
    length = 4 * 1024 * 1024
    request = f"{VIEW}{JSON}Content-Length: {length}\r\n\r\n".encode()
    answer = await ask(service.service.address, request + bytes(length))
    assert not answer or answer.split()[1] == b"413"


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "allowed"),
    [
        pytest.param(300, 4000, 1000, "1000", id="raises its own limit"),
        pytest.param(300, 1000, 5000, "744", id="takes fewer where it may not"),
        pytest.param(3000, 4000, 1000, "1000", id="leaves a limit that is enough"),
    ],
)
def test_connections_are_bounded_by_the_files_that_may_be_open(
    soft: int, hard: int, wanted: int, allowed: str
) -> None:
    program = f"from counter.web.connections import allow_files; print(allow_files({wanted}))"
    limited = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" -c "$1"'
    done = subprocess.run(
        ["bash", "-c", limited, sys.executable, program], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == allowed
    assert any("few_files" in line for line in lines) == (allowed != str(wanted))


async def test_long_answers_take_turns_and_few_wait() -> None:
    turns = Turns(2)
    async with turns.take():
        second = asyncio.create_task(turns.take().__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="long answers") as refused:
            async with turns.take():
                pass
        assert refused.value.headers == {"Retry-After": "1"}
        assert not second.done()
    await second


async def test_a_turn_that_nobody_waits_for_any_more_is_passed_on() -> None:
    turns = Turns(2)
    async with turns.take():
        left = asyncio.create_task(turns.take().__aenter__())
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
    async with turns.take():
        pass


async def test_a_history_of_many_parts_lacks_no_day(start: Start) -> None:
    clock = FakeClock(NOW)
    up = await start(clock=clock)
    for days_ago in (800, 366, 365, 1, 0):
        clock.now = NOW - days_ago * DAY_MS
        await up.client.view("/a")
    days = (await up.client.json("GET", "/v1/a/history?from=2024-09-01&to=2026-11-22"))["days"]
    assert len({day["day"] for day in days}) == len(days) == 813
    assert sum(day["views"] for day in days) == 5
    assert [day["views"] for day in (days[-1], days[-2], days[-366], days[-367], days[-801])] == [
        1
    ] * 5

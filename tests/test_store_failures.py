"""Whatever goes wrong with the store: every answered view counts once, and the trouble is told."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession
from balance import assert_conserved, conserved, scrape
from chaos.proxy import Proxy
from chaos.server import StoreServer
from conftest import BROWSER, Client, FakeClock, Running, Start, eventually, settings
from services import Served, served, write_config
from stores import DAY_MS, NOW

from counter.errors import JournalError, StoreError, StoreUnavailable
from counter.ingest import backlog, batcher
from counter.model.figures import Batch, Hit
from counter.storage.journal import Journal
from counter.web.service import running

SOON = {"timeout": "500ms"}
"""For the store: it is away when it has not answered for so long."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[StoreServer]:
    """One that loses nothing to a kill, however slow the disk is (`docs/durability.md`)."""
    async with StoreServer(tmp_path / "store", appendfsync="always") as server:
        yield server


@pytest.fixture
async def proxy(server: StoreServer) -> AsyncIterator[Proxy]:
    async with Proxy(server.port) as proxy:
        yield proxy


async def send(up: Running, count: int, path: str = "/x") -> list[int]:
    """Send views at once; returns the statuses of the answers."""
    views = [up.client.request("POST", "/v1/a/views", params={"path": path}) for _ in range(count)]
    return [response.status for response in await asyncio.gather(*views)]


async def drained(up: Running) -> None:
    """Wait until no journal holds anything."""

    async def empty() -> bool:
        return not (await scrape(up.ops))["visitor_counter_journal_views"]

    await eventually(empty)


async def readiness(up: Running) -> str:
    """Return why the service is not ready; nothing if it is."""
    response = await up.ops.request("GET", "/readyz")
    document = await response.json()
    assert (response.status == 200) == (document["status"] == "ready")
    return str(document.get("detail", ""))


async def store_up(up: Running) -> bool:
    return bool((await scrape(up.ops))["visitor_counter_store_up"])


async def test_views_of_an_outage_are_answered_stale_and_counted_once_in_their_own_days(
    server: StoreServer, start: Start
) -> None:
    clock = FakeClock(NOW)
    up = await start(clock=clock, store={"url": server.url, **SOON})
    async with conserved(up.ops) as scrapes:
        assert await send(up, 10) == [200] * 10
        server.kill()
        stale = await up.client.view("/x")
        assert stale == {
            "views": 10, "online": 1, "today": 10, "yesterday": 0, "total": 10, "stale": True,
        }  # fmt: skip
        assert await send(up, 19) == [200] * 19
        clock.now += DAY_MS
        assert (await up.client.view("/x"))["yesterday"] == 10
        assert await send(up, 4) == [200] * 4
        assert "can't be reached" in await readiness(up)
        assert not await store_up(up)
        await server.start()
        await drained(up)
        assert await readiness(up) == ""
        assert await store_up(up)
        assert (await up.client.view("/x"))["views"] == 36
    assert max(scraped["visitor_counter_journal_views"] for scraped in scrapes) == 25
    figures = await up.client.figures("/x")
    assert (figures["yesterday"], figures["today"]) == (30, 6)


async def test_of_an_article_that_nobody_asked_for_nothing_is_told_while_the_store_is_away(
    server: StoreServer, start: Start
) -> None:
    site = {"origins": ["https://a.vn"], "allow_no_origin": True, "dropins": ["waline"]}
    up = await start(site, store={"url": server.url, **SOON})
    await send(up, 3)
    await up.client.figures("/x")
    server.kill()
    figures = await up.client.figures("/x", "/y")
    assert (figures["articles"], figures["stale"]) == ({"/x": 3, "/y": None}, True)
    badge = await up.client.request("GET", "/v1/a/badge.svg?figure=views&path=/y")
    assert ">–<" in await badge.text()
    asked = {"headers": {"Origin": "https://a.vn"}}
    known, unknown = [
        await up.client.request("GET", f"/api/article?path={path}&type=time", **asked)
        for path in ("/x", "/x,/y")
    ]
    assert ([row["time"] for row in (await known.json())["data"]], unknown.status) == ([3], 503)
    await server.start()


async def test_the_oldest_views_go_first_while_new_ones_keep_coming(
    server: StoreServer, start: Start
) -> None:
    up = await start(store={"url": server.url, **SOON})
    assert await send(up, 1) == [200]
    server.kill()
    answered = 1 + (await send(up, 300)).count(200)
    sending = asyncio.create_task(_send_for(up, 1.5))
    await server.start()
    async with conserved(up.ops):
        answered += (await sending)[200]
        await drained(up)
    assert (await up.client.figures("/x"))["views"] == answered


async def _send_for(up: Running, seconds: float) -> Counter[int]:
    """Send views from eight clients; returns how many were answered with which status."""
    statuses: Counter[int] = Counter()
    until = asyncio.get_running_loop().time() + seconds

    async def client() -> None:
        while asyncio.get_running_loop().time() < until:
            statuses.update(await send(up, 1))

    await asyncio.gather(*(client() for _ in range(8)))
    return statuses


async def test_a_store_that_keeps_forgetting_the_script_shows_to_nobody(
    server: StoreServer, start: Start
) -> None:
    up = await start(store={"url": server.url})
    async with conserved(up.ops), server.client() as redis:
        sending = asyncio.create_task(_send_for(up, 1.5))
        while not sending.done():
            await redis.script_flush()
            assert await readiness(up) == ""
            await asyncio.sleep(0.05)
        statuses = await sending
    assert set(statuses) == {200}
    assert (await up.client.figures("/x"))["views"] == statuses[200]


async def test_a_read_only_replica_keeps_the_views_in_the_journal_until_it_is_primary_again(
    server: StoreServer, start: Start, tmp_path: Path
) -> None:
    up = await start(store={"url": server.url, **SOON})
    async with (
        conserved(up.ops),
        StoreServer(tmp_path / "primary") as primary,
        server.client() as redis,
    ):
        assert await send(up, 2) == [200] * 2
        await redis.replicaof("127.0.0.1", primary.port)
        assert (await up.client.view("/x"))["stale"] is True
        assert "read-only replica" in await readiness(up)
        await redis.replicaof("NO", "ONE")
        await drained(up)
    assert await readiness(up) == ""


async def test_a_store_without_memory_keeps_the_views_in_the_journal(
    server: StoreServer, start: Start
) -> None:
    up = await start(store={"url": server.url, **SOON})
    async with conserved(up.ops), server.client() as redis:
        assert await send(up, 2) == [200] * 2
        await redis.config_set("maxmemory", 1)
        assert (await up.client.view("/x"))["stale"] is True
        assert "out of memory" in await readiness(up)
        assert not await store_up(up)
        await redis.config_set("maxmemory", 0)
        await drained(up)
    assert (await up.client.figures("/x"))["views"] == 3


async def test_a_wrong_type_at_a_key_refuses_that_site_alone_and_counts_nothing(
    server: StoreServer, start: Start
) -> None:
    plain = {"repeat_window": "0s", "rate_limit": "off"}
    up = await start(sites={"a": plain, "b": plain}, store={"url": server.url})
    async with conserved(up.ops), server.client() as redis:
        await redis.set("vc:{a}:top", "somebody else's")
        refused = await up.client.request("POST", "/v1/a/views", params={"path": "/x"})
        assert refused.status == 503
        assert "Retry-After" in refused.headers
        assert "WRONGTYPE" in (await refused.json())["detail"]
        assert (await up.client.view("/x", site="b"))["views"] == 1
        assert (await up.client.figures("/x"))["total"] == 0
        await redis.delete("vc:{a}:top")
        assert (await up.client.view("/x"))["views"] == 1
    assert 'kind="WRONGTYPE"' in await (await up.ops.request("GET", "/metrics")).text()


async def test_a_site_that_can_t_be_read_keeps_no_other_from_it(
    server: StoreServer, start: Start
) -> None:
    """Though all of them are read together."""
    up = await start(sites={"a": {}, "b": {}}, store={"url": server.url})
    await up.client.view("/x", site="b")
    async with server.client() as redis:
        await redis.set("vc:{a}:days", "somebody else's")

        async def status(site: str) -> int:
            return (await up.client.request("GET", f"/v1/{site}/figures")).status

        assert await asyncio.gather(*map(status, "abab")) == [503, 200, 503, 200]
        told = await (await up.ops.request("GET", "/metrics")).text()
        assert 'visitor_counter_site_overall{site="b"} 1.0' in told
        assert 'visitor_counter_site_overall{site="a"}' not in told
        assert 'visitor_counter_site_imbalance{site="a"} 1.0' in told
        await redis.delete("vc:{a}:days")
        assert await status("a") == 200


async def test_a_wrong_password_stops_the_start_with_a_line_that_says_so(
    tmp_path: Path, start: Start
) -> None:
    async with StoreServer(tmp_path / "store", requirepass="right") as server:
        with pytest.raises(StoreUnavailable, match="refuses the user or the password"):
            await start(store={"url": server.url.replace("//", "//:wrong@")})


@pytest.mark.parametrize(
    ("options", "trouble"),
    [
        pytest.param({"appendfsync": "everysec"}, "has appendfsync everysec", id="everysec"),
        pytest.param({"appendfsync": "no"}, "has appendfsync no", id="no syncs"),
        pytest.param({"appendonly": "no", "save": "60 1"}, "only makes snapshots", id="snapshots"),
        pytest.param({"appendonly": "no"}, "keeps nothing", id="nothing kept"),
    ],
)
async def test_a_store_that_may_lose_views_is_refused_where_they_are_to_be_safe(
    tmp_path: Path, start: Start, options: dict[str, str], trouble: str
) -> None:
    async with StoreServer(tmp_path / "store", **options) as server:
        with pytest.raises(StoreError, match=trouble):
            await start(store={"url": server.url, "durability": "safe"})
        journal = str(tmp_path / "journal")
        async with running(settings(server.url, store={"journal": journal})):
            pass  # which takes it as it is, and warns


async def test_a_password_that_changes_keeps_the_views_in_the_journal_until_it_is_right_again(
    server: StoreServer, start: Start
) -> None:
    up = await start(store={"url": server.url.replace("//", "//:right@"), **SOON})
    async with conserved(up.ops), server.client() as redis:
        await redis.config_set("requirepass", "another")
        await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert (await up.client.view("/x"))["stale"] is True
        assert "refuses the user or the password" in await readiness(up)
        assert not await store_up(up)
        await redis.config_set("requirepass", "right")
        await drained(up)
    assert (await up.client.figures("/x"))["views"] == 1


async def test_replies_that_are_lost_let_batches_be_sent_again_and_count_once(
    proxy: Proxy, start: Start
) -> None:
    up = await start(store={"url": proxy.url, **SOON})
    async with conserved(up.ops):
        assert await send(up, 5) == [200] * 5
        for _ in range(5):
            proxy.swallow_replies = True
            sending = asyncio.create_task(send(up, 20))
            await eventually(lost_something(proxy))
            proxy.heal()
            assert await sending == [200] * 20
        await drained(up)
    assert (await up.client.figures("/x"))["views"] == 105


def lost_something(proxy: Proxy) -> Callable[[], Awaitable[bool]]:
    """Return what tells whether the network has lost more by now."""
    before = proxy.swallowed

    async def lost() -> bool:
        return proxy.swallowed > before

    return lost


async def test_a_batch_whose_reply_was_lost_may_go_to_the_journal_and_still_count_once(
    proxy: Proxy, start: Start
) -> None:
    up = await start(store={"url": proxy.url, **SOON})
    async with conserved(up.ops):
        proxy.swallow_replies = True
        assert (await up.client.view("/x"))["stale"] is True
        assert (await up.client.view("/x"))["stale"] is True
        proxy.heal()
        await drained(up)
    assert (await up.client.figures("/x"))["views"] == 2


async def test_a_view_whose_reply_was_lost_is_not_refused_when_the_disk_fails_as_well(
    proxy: Proxy, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "append", refusing)
    up = await start(store={"url": proxy.url, **SOON})
    async with conserved(up.ops):
        assert await send(up, 1) == [200]
        proxy.swallow_replies = True
        held = asyncio.create_task(up.client.view("/x"))
        await eventually(lost_something(proxy))
        # One that was never sent is told so, instead of waiting too.
        assert await send(up, 1) == [503]
        assert not held.done()
        proxy.heal()
        assert (await held)["views"] == 2


async def test_a_view_is_told_if_nobody_can_say_whether_it_counts(
    proxy: Proxy, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "append", refusing)
    monkeypatch.setattr(batcher, "_HOLD_MS", 100)
    up = await start(store={"url": proxy.url, **SOON})
    async with conserved(up.ops):
        assert await send(up, 1) == [200]
        proxy.swallow_replies = True
        assert await send(up, 1) == [504]
        proxy.heal()
    assert (await up.client.figures("/x"))["views"] == 2


def refusing(*_: object) -> None:
    raise JournalError("the disk is on fire")


async def test_a_store_and_a_disk_that_fail_together_are_answered_with_503(
    server: StoreServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "append", refusing)
    up = await start(store={"url": server.url, **SOON})
    async with conserved(up.ops):
        server.kill()
        response = await up.client.request("POST", "/v1/a/views", params={"path": "/x"})
        assert response.status == 503
        assert response.headers["Retry-After"]
        assert "the disk is on fire" in (await response.json())["detail"]
    await server.start()
    assert (await up.client.view("/x"))["views"] == 1


async def test_a_client_that_goes_away_does_not_take_its_view_along(
    proxy: Proxy, start: Start
) -> None:
    up = await start(store={"url": proxy.url, **SOON})
    async with conserved(up.ops):
        assert await send(up, 1) == [200]
        proxy.swallow_replies = True
        _, writer = await asyncio.open_connection(*up.service.address)
        writer.write(
            b"POST /v1/a/views?path=/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
            b"User-Agent: " + BROWSER.encode() + b"\r\n\r\n"
        )
        await eventually(lost_something(proxy))
        writer.transport.abort()
        proxy.heal()
        assert (await up.client.view("/x"))["views"] == 3


async def test_more_views_than_may_wait_are_told_to_come_again(proxy: Proxy, start: Start) -> None:
    up = await start(store={"url": proxy.url, "timeout": "20s"}, server={"queue": 5})
    assert await send(up, 1) == [200]
    proxy.swallow_requests = True
    waiting = [asyncio.create_task(send(up, 1))]
    await eventually(lost_something(proxy))
    waiting += [asyncio.create_task(send(up, 1)) for _ in range(20)]

    async def answered() -> bool:
        return sum(task.done() for task in waiting) == 15

    await eventually(answered)
    response = await up.client.request("POST", "/v1/a/views", params={"path": "/x"})
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    proxy.heal()
    statuses = [status for [status] in await asyncio.gather(*waiting)]
    assert Counter(statuses) == {200: 6, 503: 15}
    assert_conserved(await scrape(up.ops))
    assert (await up.client.figures("/x"))["views"] == 7


async def test_a_full_journal_is_answered_with_503_and_holds_what_it_has_taken(
    server: StoreServer, start: Start
) -> None:
    up = await start(store={"url": server.url, "journal_limit": "256KiB", **SOON})
    async with conserved(up.ops):
        server.kill()
        path, answered = "/" + "x" * 1000, 0
        while (
            response := await up.client.request("POST", "/v1/a/views", params={"path": path})
        ).ok:
            answered += 1
            assert answered < 1000
        assert response.status == 503
        assert response.headers["Retry-After"]
        assert "store.journal_limit" in (await response.json())["detail"]
        assert (await scrape(up.ops))["visitor_counter_journal_bytes"] <= 256 * 1024
        await server.start()
        await drained(up)
        assert (await up.client.view(path))["views"] == answered + 1


async def test_a_worker_that_was_killed_leaves_its_journal_to_the_next(
    server: StoreServer, tmp_path: Path
) -> None:
    config = write_config(tmp_path, server.url, store='timeout = "500ms"')
    with served(config) as service:
        service.view("/x")
        server.kill()
        assert service.view("/x")["stale"] is True
        assert service.view("/x")["stale"] is True
        service.process.kill()
        service.process.wait()
    await server.start()
    with served(config) as service:
        assert "journal_adopted" in [line["event"] for line in service.lines()]
        assert await counted(server) == 3


async def test_journals_that_dead_workers_leave_later_are_found_too(
    server: StoreServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as those of workers whose parent was killed, and who end after the next has started."""
    monkeypatch.setattr(backlog, "_LOOK_SECONDS", 0.05)
    up = await start(store={"url": server.url, **SOON})
    async with conserved(up.ops):
        assert (await up.client.view("/x"))["views"] == 1
        journal = Journal.open(tmp_path / "journal", "0123456789abcdef", 1 << 20)
        now = up.service.clock()
        day = up.service.sites.calendar(up.service.sites["a"]).day(now)
        late = Hit("a", "/x", day, now, b"visitor1")
        journal.append([Batch(journal.producer, seq, "a", day, (late,)) for seq in (7, 9)])
        journal.close()

        async def applied() -> bool:
            return not list((tmp_path / "journal").glob("*.journal"))

        await eventually(applied)
        assert (await up.client.figures("/x"))["views"] == 3


async def test_a_journal_is_emptied_while_views_keep_coming(
    server: StoreServer, start: Start
) -> None:
    """And readers are told fresh figures again, though the next view is always there."""
    up = await start(store={"url": server.url, **SOON})
    await send(up, 1)
    server.kill()
    stale = (await send(up, 200)).count(200)
    done = asyncio.Event()

    async def keep_sending() -> int:
        answered = 0
        while not done.is_set():
            answered += (await send(up, 4)).count(200)
        return answered

    sending = [asyncio.create_task(keep_sending()) for _ in range(8)]
    await server.start()
    await drained(up)
    assert "stale" not in await up.client.view("/x")
    done.set()
    answered = 1 + stale + 1 + sum(await asyncio.gather(*sending))
    assert (await up.client.figures("/x"))["views"] == answered


async def counted(server: StoreServer) -> int:
    """Return the views of `/x` when no journal is left."""
    async with server.client() as redis:

        async def settled() -> bool:
            journals = server.directory.parent / "journal"
            return not list(journals.glob("*.journal"))

        await eventually(settled)
        return int(await redis.hget("vc:{a}:total", "views") or 0)


@contextlib.asynccontextmanager
async def served_beside(config: Path) -> AsyncIterator[Served]:
    """Serve with the settings in `config`, while this process forwards between it and its store."""
    service = served(config)
    try:
        yield await asyncio.to_thread(service.__enter__)
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)


def test_a_worker_killed_at_any_line_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Every 67th line of a view's way; `python tests/worker_crashes.py DIRECTORY` does all."""
    command = [sys.executable, Path(__file__).with_name("worker_crashes.py"), tmp_path, "67"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


async def test_a_service_that_stops_while_the_store_is_away_leaves_its_queue_in_the_journal(
    server: StoreServer, proxy: Proxy, tmp_path: Path
) -> None:
    config = write_config(tmp_path, proxy.url, store='timeout = "2s"')
    async with served_beside(config) as service:
        async with ClientSession(headers={"User-Agent": BROWSER}) as session:

            async def view() -> bool:
                url = service.line["listen"] + "v1/a/views?path=/x"
                async with session.post(url) as response:
                    return "stale" in await response.json()

            async def are_received() -> bool:
                metrics = await scrape(Client(session, service.line["ops"].rstrip("/")))
                return metrics["visitor_counter_views_received_total"] == 51

            assert await view() is False
            proxy.swallow_requests = True
            views = [asyncio.create_task(view()) for _ in range(50)]
            await eventually(are_received)
            service.process.terminate()
            assert all(await asyncio.gather(*views))
        assert await asyncio.to_thread(service.process.wait, 10) == 0
    assert list((tmp_path / "journal").glob("*.journal"))
    proxy.heal()
    async with served_beside(config):
        assert await counted(server) == 51

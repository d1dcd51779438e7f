"""Stores of every earlier version are upgraded beside the counting; newer ones are refused."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis
from services import served, visitor_counter, write_config
from stores import DAY, Desk, contents, hit, open_store

from counter.cli import main
from counter.errors import StoreError, StoreUnavailable
from counter.storage import keys, schema
from counter.storage.check import differences
from counter.storage.store import Store
from keeping.conftest import Readers

DATA = Path(__file__).parent / "data"
NEWEST = max(schema.UPGRADES)
ARTICLES = {"/tin-tức/7": 10, "/tin-tức/59": 60, "/tin-tức/150": 150}
"""Some articles of site `a` in every data file, with their views."""


async def load(redis: Redis, version: int) -> None:
    """Fill Redis with what a service with schema `version` had written."""
    await redis.flushall()
    for key, held in json.loads((DATA / f"schema-{version}.json").read_text("utf-8")).items():
        [(kind, value)] = held.items()
        if kind == "hash":
            await redis.hset(key, mapping=value)
        elif kind == "zset":
            scores = {base64.b64decode(member): score for member, score in value.items()}
            await redis.zadd(key, scores)
        else:
            await redis.set(key, base64.b64decode(value))


@pytest.fixture(params=range(NEWEST))
async def old(request: pytest.FixtureRequest, redis: Redis, valkey: str) -> AsyncIterator[Desk]:
    """A desk at a store of an earlier version; each version has its turn."""
    await load(redis, request.param)
    desk = Desk(open_store(valkey), producer="f" * 16)
    yield desk
    await desk.store.close()


async def articles(redis: Redis) -> dict[str, int]:
    found: dict[str, int] = {}
    for bucket in await redis.keys("vc:{a}:a:*"):
        for path, views in (await redis.hgetall(bucket)).items():
            found[path.decode()] = found.get(path.decode(), 0) + int(views)
    return found


async def test_an_old_store_is_upgraded_with_all_its_figures(old: Desk, redis: Redis) -> None:
    before, ledger = await articles(redis), await old.store.ledger("a")
    await schema.upgrade(old.store)
    assert await redis.get(keys.SCHEMA) == str(NEWEST).encode()
    assert await articles(redis) == before
    figures = await old.figures(*before)
    assert figures.articles == before
    assert {path: before[path] for path in ARTICLES} == ARTICLES
    assert (figures.total, figures.today, figures.online) == (6139, 100, 20)
    after = await old.store.ledger("a")
    assert (differences(after), after.days, after.closing) == ([], ledger.days, ledger.closing)
    [answer, other] = await old.count(hit("/tin-tức/59", 77), hit("/", 78, site="a"))
    assert (answer.views, other.views, other.total) == (61, 1, 6141)
    assert (await old.store.ledger("b")).total["views"] == 8


async def test_an_upgrade_that_was_made_is_not_made_again(old: Desk, redis: Redis) -> None:
    await schema.upgrade(old.store)
    before = await contents(redis)
    await schema.upgrade(old.store)
    assert await contents(redis) == before


async def test_an_upgrade_is_gone_on_from_after_a_stop_at_any_call(
    old: Desk, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, data = old.store._send, {}
    for key in await redis.keys():
        data[key] = await redis.dump(key)
    before = await articles(redis)
    for stop_at in range(1, 50):
        await redis.flushall()
        for key, value in data.items():
            await redis.restore(key, 0, value)
        calls = 0

        async def send(commands: Any, confirm: Any, stop_at: int = stop_at) -> list[Any]:
            nonlocal calls
            calls += 1
            replies = await real(commands, confirm)
            if calls >= stop_at:
                raise StoreUnavailable("the store is away", unsure=True)
            return replies

        monkeypatch.setattr(old.store, "_send", send)
        try:
            await schema.upgrade(old.store)
            stopped = False
        except StoreUnavailable:
            stopped = True
        monkeypatch.setattr(old.store, "_send", real)
        assert await articles(redis) == before
        await schema.upgrade(old.store)
        assert (await old.figures(*before)).articles == before
        assert (await old.store.ledger("a")).total["articles"] == len(before)
        if not stopped:
            break
    assert stop_at > 2


async def test_no_view_is_lost_while_a_store_is_upgraded(
    old: Desk, redis: Redis, readers: Callable[..., Readers]
) -> None:
    before = await articles(redis)
    crowd = readers(*list(before)[::5], *[f"/new/{n}" for n in range(30)], day=DAY)
    async with crowd.reading():
        await schema.upgrade(old.store)
    wanted = {path: before.get(path, 0) + crowd.answered[path] for path in {*before, *crowd.paths}}
    assert (await old.figures(*wanted)).articles == wanted
    assert await articles(redis) == wanted
    total = (await old.store.ledger("a")).total
    assert (total["articles"], total["views"]) == (len(wanted), 6139 + crowd.answered.total())


def test_a_service_upgrades_an_old_store_when_it_starts(valkey: str, tmp_path: Path) -> None:
    set_up(valkey, lambda redis: load(redis, 0))
    with served(write_config(tmp_path, valkey)) as service:
        assert service.figures("/tin-tức/59")["articles"] == {"/tin-tức/59": 60}
        assert service.view("/tin-tức/59")["views"] == 61
        upgraded = [line["site"] for line in service.lines() if line["event"] == "upgrading"]
        assert upgraded == ["a", "b"]


# A newer store


Fill = Callable[[Redis], Awaitable[Any]]


def set_up(valkey: str, fill: Fill) -> None:
    """Prepare Redis for a test that runs commands."""

    async def connected() -> None:
        redis = Redis.from_url(valkey)
        await redis.flushall()
        await fill(redis)
        await redis.aclose()

    asyncio.run(connected())


@pytest.fixture(scope="module", autouse=True)
def _leave_no_version(valkey: str) -> Iterator[None]:
    """Let no other test meet a store of a newer version."""
    yield
    set_up(valkey, lambda redis: redis.flushall())


REFUSAL = (
    f"visitor-counter: the store has schema {NEWEST + 1}, and this service knows {NEWEST} at most: "
    "a newer service has upgraded it; run that one, or see docs/upgrading.md for the way back"
)


def test_a_service_refuses_a_newer_store_with_a_clear_line(valkey: str, tmp_path: Path) -> None:
    set_up(valkey, lambda redis: redis.set(keys.SCHEMA, NEWEST + 1))
    ended = visitor_counter("serve", "--config", str(write_config(tmp_path, valkey)))
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert (ended.returncode, ended.stdout, lines) == (1, "", [REFUSAL])


@pytest.mark.parametrize(
    "command",
    [("figures", "-s", "a"), ("rename", "-s", "a", "/a", "/b"), ("check",)],
    ids=" ".join,
)
def test_commands_refuse_a_newer_store_too(
    valkey: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    set_up(valkey, lambda redis: redis.set(keys.SCHEMA, NEWEST + 1))
    config = str(write_config(tmp_path, valkey))
    ended = CliRunner().invoke(main, [*command, "--config", config])
    assert (ended.exit_code, ended.stdout, ended.stderr.splitlines()) == (1, "", [REFUSAL])


async def test_a_version_that_is_no_number_is_told(redis: Redis, valkey: str) -> None:
    await redis.set(keys.SCHEMA, "new")
    store = open_store(valkey)
    with pytest.raises(StoreError, match="vc:schema in the store is b'new'"):
        await schema.upgrade(store)
    await store.close()


# The way of upgrades to come


async def test_upgrades_go_version_by_version_and_site_by_site(redis: Redis, valkey: str) -> None:
    desk = Desk(open_store(valkey))
    await desk.send(desk.batch(hit()), desk.batch(hit(site="b")))
    done: list[tuple[int, str]] = []

    def to(version: int) -> schema.Upgrade:
        async def run(store: Store, site: str) -> None:
            if (version, site, fails) == (3, "b", True):
                raise StoreUnavailable("the store is away")
            done.append((version, site))

        return run

    upgrades, fails = {version: to(version) for version in (1, 2, 3)}, True
    with pytest.raises(StoreUnavailable):
        await schema.upgrade(desk.store, upgrades)
    assert await redis.get(keys.SCHEMA) == b"2"
    assert done == [(1, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "a")]
    fails = False
    await schema.upgrade(desk.store, upgrades)
    assert (done[5:], await redis.get(keys.SCHEMA)) == ([(3, "a"), (3, "b")], b"3")
    with pytest.raises(StoreError, match="schema 3, and this service knows 2"):
        await schema.upgrade(desk.store, {1: upgrades[1], 2: upgrades[2]})
    await desk.store.close()


async def test_a_slow_upgrade_does_not_take_a_newer_version_back(redis: Redis, valkey: str) -> None:
    store = open_store(valkey)

    async def overtaken(_store: Store, _site: str) -> None:
        await redis.set(keys.SCHEMA, 2)

    desk = Desk(store)
    await desk.apply(hit())
    await schema.upgrade(store, {1: overtaken})
    assert await redis.get(keys.SCHEMA) == b"2"
    await store.close()


def test_every_earlier_version_has_a_store_to_test_with() -> None:
    assert sorted(schema.UPGRADES) == list(range(1, NEWEST + 1))
    assert {file.name for file in DATA.glob("schema-*.json")} == {
        f"schema-{version}.json" for version in range(NEWEST)
    }

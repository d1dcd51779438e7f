"""A visitor is known for one day, by a hash; whoever it is is stored nowhere and logged nowhere."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import BROWSER, OTHER_BROWSER, FakeClock, Start
from redis.asyncio import Redis
from services import served, write_config
from stores import DAY, DAY_MS, HOUR_MS, NOW, Desk, hit, open_store

from counter.errors import StoreUnavailable
from counter.ingest.identity import Identity, Salts, visitor_hash
from counter.metrics import Metrics
from counter.model.days import Calendar, shift
from counter.settings import Site
from counter.settings import Store as StoreSettings
from counter.sites import Sites
from counter.storage import keys
from counter.storage.store import Store

SALT, OTHER_SALT = bytes(range(16)), bytes(range(1, 17))
ADDRESS = "203.0.113.7"


def test_a_visitor_is_eight_bytes_that_depend_on_all_that_makes_it() -> None:
    names = {
        visitor_hash(*who)
        for who in itertools.product(
            ("a", "b"), (ADDRESS, "203.0.113.8"), (BROWSER, OTHER_BROWSER), (SALT, OTHER_SALT)
        )
    }
    assert len(names) == 16
    assert {len(name) for name in names} == {8}
    assert visitor_hash("a", ADDRESS, BROWSER, SALT) in names


def test_what_belongs_to_one_part_does_not_slip_into_the_next() -> None:
    assert visitor_hash("a", "1", "11", SALT) != visitor_hash("a", "11", "1", SALT)
    assert visitor_hash("a1", "1", "", SALT) != visitor_hash("a", "11", "", SALT)


def test_an_agent_may_hold_any_bytes() -> None:
    assert len(visitor_hash("a", ADDRESS, b"Mozilla \xff".decode("utf-8", "surrogateescape"), SALT))


# Salts


def salts_of(store: Store, clock: FakeClock, zone: str = "UTC") -> Salts:
    return Salts(store, Sites({"a": Site(timezone=zone)}), clock)


@pytest.fixture
async def store(redis: Redis, valkey: str) -> AsyncIterator[Store]:
    store = open_store(valkey)
    yield store
    await store.close()


async def test_services_that_share_a_store_share_its_salts(store: Store) -> None:
    one, other = salts_of(store, FakeClock(NOW)), salts_of(store, FakeClock(NOW))
    await one.prepare()
    await other.prepare()
    assert one.find("UTC", DAY) == other.find("UTC", DAY)
    assert len(one.find("UTC", DAY)) == 16


async def test_each_day_has_a_salt_of_its_own_which_nobody_can_work_out(store: Store) -> None:
    clock = FakeClock(NOW)
    salts = salts_of(store, clock)
    found = set()
    for _ in range(10):
        await salts.prepare()
        found.add(salts.find("UTC", Calendar(Site().timezone).day(clock.now)))
        clock.now += DAY_MS
    assert len(found) == 10


async def test_a_salt_is_made_before_its_day_and_gone_within_48_hours(
    store: Store, redis: Redis
) -> None:
    midnight = NOW + 12 * HOUR_MS
    await salts_of(store, FakeClock(midnight - 2 * HOUR_MS - 1)).prepare()
    assert await redis.keys("vc:salt:*") == [keys.salt("UTC", DAY).encode()]
    await salts_of(store, FakeClock(midnight - 2 * HOUR_MS)).prepare()
    made = [keys.salt("UTC", day) for day in (DAY, shift(DAY, 1))]
    assert sorted(await redis.keys("vc:salt:*")) == [key.encode() for key in made]
    for key in made:
        assert 47 * 3600 < await redis.ttl(key) <= 48 * 3600


async def test_a_service_forgets_the_salts_of_days_gone_by(store: Store) -> None:
    clock = FakeClock(NOW)
    salts = salts_of(store, clock)
    await salts.prepare()
    before = salts.find("UTC", DAY)
    clock.now += 13 * HOUR_MS - 1
    await salts.prepare()
    assert salts.find("UTC", DAY) == before  # its last reader may still be online
    clock.now += 1
    await salts.prepare()
    assert salts.find("UTC", DAY) != before


def test_a_salt_lives_as_long_as_a_day_of_25_hours_and_its_last_reader_need_it() -> None:
    zone = "America/New_York"
    calendar = Calendar(Site(timezone=zone).timezone)
    began = calendar.start(NOW - 21 * DAY_MS)  # 1 November 2026
    ended = calendar.end(began)
    assert ended - began == 25 * HOUR_MS
    needed = ended + HOUR_MS - (began - 2 * HOUR_MS)
    assert needed <= keys.SALT_TTL * 1000


async def test_without_the_store_a_salt_of_our_own_serves_until_it_is_back(
    tmp_path: Path, store: Store
) -> None:
    url = f"unix://{tmp_path}/none.sock"
    away = Store.open(url, StoreSettings(url=url), Sites({}), Metrics())
    salts = salts_of(away, FakeClock(NOW))
    with pytest.raises(StoreUnavailable):
        await salts.prepare()
    own = salts.find("UTC", DAY)
    assert salts.find("UTC", DAY) == own
    salts._store = store
    await salts.prepare()
    assert salts.find("UTC", DAY) == await store.salt("UTC", DAY) != own
    await away.close()


# Names over midnight


@pytest.mark.parametrize(
    ("after_ms", "told"),
    [
        pytest.param(-1, False, id="before midnight there is one name"),
        pytest.param(0, True, id="from midnight on there are two"),
        pytest.param(5 * 60_000 - 1, True, id="for as long as one online window"),
        pytest.param(5 * 60_000, False, id="and then one again"),
    ],
)
async def test_yesterday_s_name_is_told_while_it_may_be_online(
    store: Store, after_ms: int, told: bool
) -> None:
    at = NOW + 12 * HOUR_MS + after_ms
    salts = salts_of(store, FakeClock(at))
    await salts.prepare()
    site = Site()
    name, previous = Identity(salts).name("a", site, Calendar(site.timezone), at, ADDRESS, BROWSER)
    today, yesterday = (DAY, shift(DAY, -1)) if after_ms < 0 else (shift(DAY, 1), DAY)
    assert name == visitor_hash("a", ADDRESS, BROWSER, await store.salt("UTC", today))
    assert previous == (
        visitor_hash("a", ADDRESS, BROWSER, await store.salt("UTC", yesterday)) if told else b""
    )


# What is kept of a visitor


async def everything(redis: Redis) -> bytes:
    """Return all that Redis holds, keys and values, as one text."""
    found = []
    for key in await redis.keys():
        found.append(key)
        match await redis.type(key):
            case b"string":
                found.append(await redis.get(key))
            case b"hash":
                found += itertools.chain(*(await redis.hgetall(key)).items())
            case b"zset":
                found += await redis.zrange(key, 0, -1)
            case other:
                pytest.fail(f"{key} is of an unknown type, {other}")
    return b"\n".join(found)


async def test_no_address_and_no_agent_is_in_the_store(start: Start, redis: Redis) -> None:
    service = await start(
        {"repeat_window": "10s"}, FakeClock(NOW), server={"trusted_proxies": ["127.0.0.0/8"]}
    )
    headers = {"X-Forwarded-For": ADDRESS, "Referer": "https://secret.example/"}
    assert (await service.client.view("/a", headers=headers))["online"] == 1
    headers["X-Forwarded-For"] = "2001:db8::7"
    assert (await service.client.view("/a", headers=headers))["online"] == 2
    found = await everything(redis)
    assert b"/a" in found
    for secret in (ADDRESS, "2001:db8", "127.0.0.1", BROWSER, "Mozilla", "secret.example"):
        assert secret.encode() not in found
    for packed in (bytes([203, 0, 113, 7]), bytes.fromhex("20010db8")):
        assert packed not in found


async def test_the_same_reader_of_two_sites_can_t_be_told_to_be_one(
    start: Start, redis: Redis
) -> None:
    service = await start(sites={"a": {}, "b": {}})
    for site in ("a", "b"):
        await service.client.view("/a", site=site)
    names = [await redis.zrange(f"{keys.prefix(site)}online", 0, -1) for site in ("a", "b")]
    assert names[0] != names[1]


async def test_the_same_reader_of_two_days_can_t_be_told_to_be_one(
    start: Start, redis: Redis
) -> None:
    clock = FakeClock(NOW)
    service = await start(clock=clock)
    await service.client.view("/a")
    [before] = await redis.zrange(f"{keys.prefix('a')}online", 0, -1)
    clock.now += DAY_MS
    await service.client.view("/a")
    assert before not in await redis.zrange(f"{keys.prefix('a')}online", 0, -1)


async def test_visitors_leave_the_store_when_they_are_not_online_any_more(
    store: Store, redis: Redis
) -> None:
    desk = Desk(store)
    await desk.count(*[hit(who=n) for n in range(50)])
    await desk.count(hit(who=99, at=NOW + 5 * 60_000))
    assert await redis.zcard(f"{keys.prefix('a')}online") == 1
    assert 0 < await redis.pttl(f"{keys.prefix('a')}online") <= 5 * 60_000


def test_no_address_and_no_agent_is_logged(valkey: str, tmp_path: Path) -> None:
    config = write_config(tmp_path, valkey, server='log_level = "debug"')
    with served(config) as service:
        service.view("/a")
        with pytest.raises(OSError, match="404"):
            service.ask("GET", "/v1/unknown/figures")
        with pytest.raises(OSError, match="400"):
            service.ask("POST", "/v1/a/views")
        assert service.stop() == 0
        log = service.log.read_text()
    assert '"event": "serving"' in log
    lines = [line for line in log.splitlines() if '"event": "serving"' not in line]
    for secret in (BROWSER, "Mozilla", "127.0.0.1"):
        assert not [line for line in lines if secret in line]

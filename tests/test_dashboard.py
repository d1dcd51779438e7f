"""The owner's page beside its looks: whom it opens to, what is found, what it stands on."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import Client, FakeClock, Running, Start
from redis.asyncio import Redis
from services import visitor_counter, write_config
from stores import DAY, NOW

from counter.errors import SettingsError
from counter.model.days import HOUR_MS, day_start, shift
from counter.model.figures import DayRow
from counter.readers import overview
from counter.readers.overview import Hour, OverviewReader, first_month
from counter.settings import parse
from counter.storage import keys
from counter.web.dashboard.plots import Column, plot, ticks
from counter.web.dashboard.words import WORDS, language
from counter.web.tokens import token_hash

SECRET = "a-secret-of-the-owner"


async def html(client: Client, path: str, **headers: str) -> str:
    response = await client.request("GET", path, headers=headers)
    assert response.status == 200, await response.text()
    return await response.text()


# Whom it opens to


@pytest.fixture
async def owned(start: Start) -> Running:
    return await start(sites={"a": {"owner_link": token_hash(SECRET)}, "b": {}})


async def test_the_link_opens_its_site(owned: Running) -> None:
    assert '<h1 translate="no">a</h1>' in await html(owned.client, f"/owner/a.{SECRET}")


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("a.another", id="a wrong secret"),
        pytest.param(f"a.{SECRET}x", id="more than the secret"),
        pytest.param("a.", id="no secret"),
        pytest.param("a", id="no dot"),
        pytest.param(f"a.{token_hash(SECRET)}", id="what the settings hold"),
        pytest.param(f"b.{SECRET}", id="another site's secret"),
        pytest.param("b.", id="a site without a link"),
        pytest.param("nosite.x", id="no site"),
        pytest.param("a.%ED%A0%80", id="half a character"),
        pytest.param("%00.x", id="a control character"),
    ],
)
async def test_nothing_else_opens_and_all_are_told_the_same(owned: Running, link: str) -> None:
    response = await owned.client.request("GET", f"/owner/{link}")
    assert response.status == 404
    assert (await response.json(content_type=None))["detail"].startswith("This link opens nothing")


async def test_a_page_is_kept_out_of_caches_indexes_frames_and_referrers(owned: Running) -> None:
    for client, path in ((owned.client, f"/owner/a.{SECRET}"), (owned.ops, "/dashboard/a")):
        response = await client.request("GET", path)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


async def test_the_operations_pages_are_not_on_the_public_listener(owned: Running) -> None:
    for path in ("/dashboard", "/dashboard/a"):
        assert (await owned.client.request("GET", path)).status == 404


async def test_the_page_s_files_are_beside_it(owned: Running) -> None:
    for client, place in ((owned.client, "/owner"), (owned.ops, "/dashboard")):
        for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
            response = await client.request("GET", f"{place}/{name}")
            assert response.headers["Content-Type"].startswith(kind)


async def test_an_unknown_site_is_told_so(owned: Running) -> None:
    assert (await owned.ops.request("GET", "/dashboard/c")).status == 404


def test_the_command_makes_a_link_and_what_it_is_checked_by(tmp_path: Path, valkey: str) -> None:
    config = write_config(tmp_path, valkey)
    done = visitor_counter(
        *("owner-link", "a", "--config", str(config), "--base", "https://count.example/")
    )
    link = re.search(r"https://count\.example/owner/a\.([\w-]{43})$", done.stdout, re.MULTILINE)
    setting = re.search(r'\[sites\.a\]\n +owner_link = "(.*)"', done.stdout)
    assert link
    assert setting
    assert setting[1] == token_hash(link[1])
    assert parse({"sites": {"a": {"owner_link": setting[1]}}}).sites["a"].owner_link == setting[1]


def test_the_command_names_a_site_that_is_not_there(tmp_path: Path, valkey: str) -> None:
    done = visitor_counter("owner-link", "b", "--config", str(write_config(tmp_path, valkey)))
    assert done.returncode == 1
    assert "There is no site 'b' here" in done.stderr


def test_a_link_put_where_its_hash_belongs_is_refused_and_not_told() -> None:
    with pytest.raises(SettingsError, match='owner_link: a hash is "sha256:"') as refused:
        parse({"sites": {"a": {"owner_link": f"https://c.example/owner/a.{SECRET}"}}})
    assert SECRET not in str(refused.value)


# What is found


@pytest.fixture
async def full(start: Start) -> Running:
    """A site with more articles than are looked through."""
    service = await start(clock=FakeClock(NOW))
    store = service.service.store
    many = {f"/archive/{n}": 100 for n in range(3 * keys.TOP_KEEP)}
    assert await store.add("a", "old", 1, [], {**many, "/tin/Lúa-Được-Mùa": 500, "/rare": 1})
    await service.client.view("/tin/moi")
    return service


def found(page: str) -> dict[str, str]:
    section = page.partition('<section id="search">')[2].partition("</section>")[0]
    rows = re.findall(r"<bdi[^>]*>(.*?)</bdi>.*?<td>(.*?)</td>", section)
    return {unescape(path): views for path, views in rows}


@pytest.mark.parametrize(
    ("text", "articles"),
    [
        pytest.param("lua-duoc", {"/tin/Lúa-Được-Mùa": "500"}, id="without its marks"),
        pytest.param("LÚA", {"/tin/Lúa-Được-Mùa": "500"}, id="in capitals"),
        pytest.param("mùa  lua", {"/tin/Lúa-Được-Mùa": "500"}, id="by words in any order"),
        pytest.param("lua moi", {}, id="by words of two"),
        pytest.param("  moi ", {"/tin/moi": "1"}, id="read today, rare ever"),
        pytest.param("/rare", {"/rare": "1"}, id="rare, by its whole path"),
        pytest.param("https://a.vn/rare?utm_source=x", {"/rare": "1"}, id="by its address"),
        pytest.param("rar", {}, id="rare, by a part"),
        pytest.param("/no-such", {}, id="none"),
        pytest.param("%", {}, id="no pattern"),
        pytest.param("", {}, id="nothing"),
        pytest.param("\x00\ud800", {}, id="what is no text"),
        pytest.param("x" * 5000, {}, id="very long"),
    ],
)
async def test_an_article_is_found(full: Running, text: str, articles: dict[str, str]) -> None:
    response = await full.ops.request(
        "GET", "/dashboard/a", params={"q": text.encode("utf-8", "replace").decode()}
    )
    assert response.status == 200
    assert found(await response.text()) == articles


async def test_searches_take_turns_and_few_wait(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_SEARCHES", 0)
    up = await start({"owner_link": token_hash(SECRET)})
    response = await up.client.request("GET", f"/owner/a.{SECRET}?q=x")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    await html(up.client, f"/owner/a.{SECRET}?q=")


async def test_of_very_many_the_first_fifty_are_told(full: Running) -> None:
    assert len(found(await html(full.ops, "/dashboard/a?q=archive"))) == 50


# What it stands on


async def test_today_stands_beside_yesterday_by_the_clocks_of_the_zone(start: Start) -> None:
    """Yesterday clocks went back: it had 01:00 twice, and 25 hours."""
    zone = "America/New_York"
    began = day_start(ZoneInfo(zone), "20261101")
    clock = FakeClock(began)
    service = await start({"timezone": zone}, clock)
    for hour in range(25):
        clock.now = began + hour * HOUR_MS
        await service.client.view("/a")
    clock.now = began + 25 * HOUR_MS
    await service.client.view("/a")
    up = service.service
    overview = await OverviewReader(up.store, up.sites, clock, max_age_ms=0).read("a")
    assert len(overview.hours) == 24
    assert overview.hours[0] == Hour("00:00", 1, 1)
    assert overview.hours[1] == Hour("01:00", None, 1)
    assert overview.hours[23] == Hour("23:00", None, 1)


async def test_a_day_of_25_hours_shows_all_of_them(start: Start) -> None:
    zone = "America/New_York"
    clock = FakeClock(day_start(ZoneInfo(zone), "20261102") - 1)
    service = await start({"timezone": zone}, clock)
    await service.client.view("/a")
    page = await html(service.ops, "/dashboard/a")
    hours = page.partition('id="hours"')[2].partition("</section>")[0]
    begins = re.findall(r'<th scope="row">(\d\d:\d\d)</th>', hours)
    assert len(begins) == 25
    assert begins[:4] == ["00:00", "01:00", "01:00", "02:00"]


async def test_months_are_the_sums_of_their_days(start: Start) -> None:
    service = await start(clock=FakeClock(NOW))
    store = service.service.store
    days = [DayRow(shift(DAY, -n), n, 2 * n, 3 * n) for n in range(400)]
    await store.add("a", "past", 1, days, {})
    up = service.service
    overview = await OverviewReader(store, up.sites, up.clock, max_age_ms=0).read("a")
    assert [month.day for month in overview.months][::11] == ["20251201", "20261101"]
    october = [row for row in days if row.day.startswith("202610")]
    assert overview.months[-2] == DayRow(
        "20261001",
        sum(row.views for row in october),
        sum(row.visits for row in october),
        sum(row.visitors for row in october),
    )
    assert overview.days == [*reversed(days[:30])]


@pytest.mark.parametrize(
    ("today", "first"),
    [("20261122", "20251201"), ("20261231", "20260101"), ("20260131", "20250201")],
)
def test_twelve_months_end_with_this_one(today: str, first: str) -> None:
    assert first_month(today) == first


async def test_a_site_s_unit_is_what_its_plots_show(start: Start) -> None:
    service = await start({"unit": "visits"}, FakeClock(NOW))
    for _ in range(3):
        await service.client.view("/a")
    page = await html(service.ops, "/dashboard/a")
    assert "counted in visits" in page
    assert "<title>Nov 2026: 1 visit</title>" in page
    assert "<title>12:00: today 3</title>" in page


async def test_while_the_store_is_away_the_last_figures_are_shown_as_such(
    start: Start, redis: Redis
) -> None:
    service = await start(clock=FakeClock(NOW))
    await service.client.view("/a")
    await html(service.ops, "/dashboard/a")
    await redis.rename(keys.total("a"), "{a}aside")
    await redis.set(keys.total("a"), "spoilt")
    page = await html(service.ops, "/dashboard/a")
    assert "The store can't be reached" in page
    assert '<div class="today"><dt>Today</dt><dd>1</dd>' in page
    await redis.rename("{a}aside", keys.total("a"))
    assert "As of 12:00:00." in await html(service.ops, "/dashboard/a")


async def test_with_nothing_known_the_answer_says_to_come_again(start: Start, redis: Redis) -> None:
    service = await start()
    await redis.set(keys.top("a"), "spoilt")
    response = await service.ops.request("GET", "/dashboard/a")
    assert response.status == 503
    assert response.headers["Retry-After"]
    await redis.delete(keys.top("a"))
    assert (await service.ops.request("GET", "/dashboard/a")).status == 200


async def test_a_spoilt_site_keeps_none_from_the_list(start: Start, redis: Redis) -> None:
    service = await start(sites={"a": {}, "b": {"start_total": 7}})
    await redis.rpush(f"{keys.prefix('a')}online", "spoilt")
    page = await html(service.ops, "/dashboard")
    assert re.search(r'href="dashboard/a">a</a></th><td>–</td>', page)
    assert re.search(r'href="dashboard/b">b</a></th><td>0</td>.*<td>7</td></tr>', page)
    await redis.delete(f"{keys.prefix('a')}online")


# Plots and words


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (5, [0, 2, 4, 6]),
        (99, [0, 50, 100]),
        (100, [0, 50, 100]),
        (6079, [0, 2000, 4000, 6000, 8000]),
        (1_361_382, [0, 500_000, 1_000_000, 1_500_000]),
    ],
)
def test_an_axis_has_round_numbers(most: int, expected: list[int]) -> None:
    assert ticks(most) == expected


@pytest.mark.parametrize("power", range(16))
def test_an_axis_reaches_the_highest_bar_in_at_most_five_lines(power: int) -> None:
    for factor in (1, 1.01, 1.99, 2, 2.5, 4, 4.01, 5, 7.3, 9.99):
        most = int(10**power * factor)
        lines = ticks(most)
        assert lines[-2] < most <= lines[-1]
        assert len(lines) <= 5


def test_what_a_column_tells_is_escaped() -> None:
    drawn = plot([Column("<b>&", 1, label="<i>")], str)
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert "<title>&lt;b&gt;&amp;</title>" in drawn


def test_each_language_has_every_phrase() -> None:
    assert WORDS["vi"].keys() == WORDS["en"].keys()
    for name, phrase in WORDS["en"].items():
        assert re.findall(r"{\w+}", WORDS["vi"][name]) == re.findall(r"{\w+}", phrase)


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr, vi;q=0.5, en;q=0.4", "vi"),
        ("de", "en"),
        ("en;q=0.2,vi;q=high,*;q=0.1", "en"),
    ],
)
def test_the_language_is_the_one_the_browser_likes_best(accepted: str, tag: str) -> None:
    assert language(accepted).tag == tag

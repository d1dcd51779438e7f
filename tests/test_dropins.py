"""Drop-ins: other counters' requests, as their scripts send them, and their answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import OTHER_BROWSER, Client, Running, Start, eventually
from redis.asyncio import Redis

from counter.settings import DropIn

HOME = "https://www.site.test"
PAGE = HOME + "/bai/mot"
FROM_PAGE = {"Origin": HOME, "Referer": HOME + "/"}
ALL = [way.value for way in DropIn]


@pytest.fixture
async def up(start: Start) -> Running:
    return await start({"origins": [HOME], "dropins": ALL})


async def text(client: Client, path: str, **headers: str) -> str:
    response = await client.request("GET", path, headers=headers)
    assert response.content_type == "text/javascript"
    return await response.text()


async def views(up: Running, path: str = "/bai/mot") -> int:
    found: int = (await up.client.figures(path))["views"]
    return found


# busuanzi


async def test_busuanzi_is_answered_to_the_letter(up: Running) -> None:
    asked = "/busuanzi?jsonpCallback=BusuanziCallback_777487655111"
    assert await text(up.client, asked, Referer=PAGE) == (
        "try{BusuanziCallback_777487655111("
        '{"site_uv":1,"page_pv":1,"version":2.4,"site_pv":1});}catch(e){}'
    )
    other = up.browser(OTHER_BROWSER)
    assert '{"site_uv":2,"page_pv":1,"version":2.4,"site_pv":2}' in (
        await text(other, asked, Referer=HOME + "/bai/hai")
    )


@pytest.mark.parametrize("address", ["/busuanzi?jsonpCallback=", "/jsonp?callback="])
@pytest.mark.parametrize(
    "name",
    ["alert(1)//", "parent.postMessage", "a;b", "", "1a", "a" * 65, "é", "a%0Ab", "<script>"],
)
async def test_a_callback_that_is_no_identifier_is_refused(
    up: Running, address: str, name: str
) -> None:
    response = await up.client.request("GET", address + name, headers={"Referer": PAGE})
    assert response.status == 400
    assert "identifier" in (await response.json(content_type=None))["detail"]
    assert await views(up) == 0


# busuanzi, self-hosted


async def test_the_self_hosted_busuanzi_counts_reads_and_counts_silently(up: Running) -> None:
    headers = {
        **FROM_PAGE,
        "x-bsz-referer": PAGE + "?utm_source=x#top",
        "Authorization": "Bearer x",
    }
    assert await up.client.json("POST", "/api", headers=headers) == {
        "success": True,
        "message": "ok",
        "data": {"page_pv": 1, "page_uv": 1, "site_pv": 1, "site_uv": 1},
    }
    silent = await up.client.request("PUT", "/api", headers=headers)
    assert (silent.status, await silent.read()) == (204, b"")
    read = await up.client.json("GET", "/api", headers=headers)
    assert read["data"] == {"page_pv": 2, "page_uv": 2, "site_pv": 2, "site_uv": 1}
    assert await views(up) == 2


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("page", [None, "", "no address", "/bai/mot", "file:///bai"])
async def test_the_self_hosted_busuanzi_refuses_a_page_as_the_peer_does(
    up: Running, method: str, page: str | None
) -> None:
    headers = FROM_PAGE if page is None else {**FROM_PAGE, "x-bsz-referer": page}
    response = await up.client.request(method, "/api", headers=headers)
    answer = await response.json()
    assert (response.status, answer["success"], answer["message"]) == (
        200,
        False,
        "invalid referer",
    )
    assert (await up.client.request("PUT", "/api", headers=headers)).status == 400


async def test_the_self_hosted_busuanzi_s_jsonp(up: Running) -> None:
    assert await text(up.client, "/jsonp?callback=bsz", Referer=PAGE) == (
        'try{bsz({"page_pv":1,"page_uv":1,"site_pv":1,"site_uv":1});}catch(e){}'
    )
    wrong = await text(up.client, "/jsonp?callback=bsz")
    assert wrong == 'try{console.error("invalid referer")}catch{}'


# Vercount


async def test_vercount_2_counts_and_reads(up: Running) -> None:
    sent = {"url": PAGE + "/?x=1", "isNewUv": True}
    assert await up.client.json("POST", "/api/v2/log", json=sent, headers=FROM_PAGE) == {
        "status": "success",
        "message": "Data updated successfully",
        "data": {"site_uv": 1, "site_pv": 1, "page_pv": 1},
    }
    read = await up.client.json("GET", "/api/v2/log", params={"url": PAGE})
    assert read["data"] == {"site_uv": 1, "site_pv": 1, "page_pv": 1}


@pytest.mark.parametrize("address", ["/log", "/api/v1/log"])
async def test_vercount_1_answers_the_bare_numbers(up: Running, address: str) -> None:
    answer = await up.client.json("POST", address, json={"url": PAGE}, headers=FROM_PAGE)
    assert answer == {"site_uv": 1, "site_pv": 1, "page_pv": 1}
    assert await up.client.json("GET", address, params={"url": PAGE}) == answer


async def test_a_client_that_calls_itself_new_is_not_believed(up: Running) -> None:
    for _ in range(3):
        answer = await up.client.json(
            "POST", "/api/v2/log", json={"url": PAGE, "isNewUv": True}, headers=FROM_PAGE
        )
    assert answer["data"] == {"site_uv": 1, "site_pv": 3, "page_pv": 3}


@pytest.mark.parametrize("written", ["/a", "/a/", "/a/index", "/a/index.html", "/a/index.htm"])
async def test_vercount_s_pages_are_one_without_their_index(up: Running, written: str) -> None:
    await up.client.json("POST", "/log", json={"url": HOME + written}, headers=FROM_PAGE)
    assert await views(up, "/a") == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "{}", '{"url": 1}', '{"url": ""}', '{"url": "/bai/mot"}']
)
async def test_vercount_s_errors_have_its_shape(up: Running, body: str) -> None:
    response = await up.client.request("POST", "/api/v2/log", data=body, headers=FROM_PAGE)
    answer = await response.json()
    assert response.status == answer["code"] == 400
    assert (answer["status"], bool(answer["message"])) == ("error", True)
    first = await up.client.json("POST", "/log", data=body, headers=FROM_PAGE)
    assert list(first) == ["error"]


# GoatCounter


async def test_goatcounter_s_image_counts(up: Running) -> None:
    params = {"p": "/bai/mot?utm_source=x", "t": "Bài một", "r": "", "s": "1920,1080,1", "b": "0"}
    headers = {"Referer": HOME + "/"}
    image = await up.client.request("GET", "/count", params=params, headers=headers)
    assert (image.status, image.content_type) == (200, "image/gif")
    assert len(await image.read()) == 43
    assert "X-Goatcounter" not in image.headers
    await up.client.request("POST", "/count", params=params, headers={"Origin": HOME})
    assert await views(up) == 2


@pytest.mark.parametrize(
    ("params", "status", "note"),
    [
        pytest.param({"p": "/a", "b": "153"}, 200, "not counted: bot", id="a driven browser"),
        pytest.param({"p": "/a", "b": "7"}, 400, "wrong value: b='7'", id="an unknown kind of bot"),
        pytest.param({"p": "/a", "b": "²"}, 400, r"wrong value: b='\xb2'", id="no number"),
        pytest.param({"p": "click", "e": "true"}, 202, "not counted: events", id="an event"),
        pytest.param({}, 400, "not valid: p", id="no path"),
        pytest.param({"p": "/\x01"}, 400, "The path holds a control", id="an impossible path"),
    ],
)
async def test_goatcounter_tells_in_a_header_why_it_does_not_count(
    up: Running, params: dict[str, str], status: int, note: str
) -> None:
    response = await up.client.request("GET", "/count", params=params, headers=FROM_PAGE)
    assert (response.status, response.content_type) == (status, "image/gif")
    assert response.headers["X-Goatcounter"].startswith(note)
    assert (await up.client.figures())["total"] == 0


async def test_goatcounter_answers_202_for_an_ignored_address(start: Start) -> None:
    up = await start({"origins": [HOME], "dropins": ALL, "ignore_addresses": ["127.0.0.1/32"]})
    response = await up.client.request("GET", "/count?p=/a", headers=FROM_PAGE)
    assert (response.status, response.headers["X-Goatcounter"]) == (202, "not counted: address")


@pytest.mark.parametrize("name", ["//bai/mot", "/%2Fbai%2Fmot", "/bai/mot", "//bai/mot/"])
async def test_goatcounter_s_counter_shows_a_page(up: Running, name: str) -> None:
    await up.client.view("/bai/mot", headers=FROM_PAGE)
    assert await up.client.json("GET", f"/counter{name}.json", headers=FROM_PAGE) == {
        "count": "1",
        "count_unique": "1",
    }


async def test_goatcounter_s_counter_shows_home_the_site_and_what_it_does_not_know(
    start: Start,
) -> None:
    up = await start({"origins": [HOME], "dropins": ALL, "start_total": 1_361_382})
    await up.client.view("/", headers=FROM_PAGE)
    home = await up.client.json("GET", "/counter//.json", headers=FROM_PAGE)
    assert home["count"] == "1"
    total = await up.client.json("GET", "/counter/TOTAL.json", headers=FROM_PAGE)
    assert total["count"] == "1\u202f361\u202f383"
    unknown = await up.client.request("GET", "/counter//no.json", headers=FROM_PAGE)
    assert (unknown.status, await unknown.json()) == (404, {"count": "0", "count_unique": "0"})


@pytest.mark.parametrize(("kind", "of_type"), [("svg", "image/svg+xml"), ("html", "text/html")])
async def test_goatcounter_s_counter_is_an_image_or_a_page(
    up: Running, kind: str, of_type: str
) -> None:
    await up.client.view("/bai/mot", headers=FROM_PAGE)
    shown = await up.client.request(
        "GET", f"/counter//bai/mot.{kind}?style=</style><script>", headers={"Referer": HOME + "/"}
    )
    assert (shown.status, shown.content_type) == (200, of_type)
    assert "script" not in await shown.text()
    assert ">1<" in await shown.text()


@pytest.mark.parametrize(
    ("address", "status"),
    [("//a.png", 404), ("/a", 404), ("//a.json?start=week", 400), ("//%ff.json", 400)],
)
async def test_goatcounter_s_counter_refuses(up: Running, address: str, status: int) -> None:
    response = await up.client.request("GET", f"/counter{address}", headers=FROM_PAGE)
    assert (response.status, response.content_type) == (status, "application/problem+json")


# Waline


async def test_waline_counts_a_page_and_reads_several_in_their_order(up: Running) -> None:
    sent = {"path": "/bai/mot", "type": "time", "action": "inc"}
    counted = await up.client.json("POST", "/api/article?lang=vi", json=sent, headers=FROM_PAGE)
    assert counted == {"errno": 0, "errmsg": "", "data": [{"time": 1}]}
    params = {"path": "/bai/hai,/bai/mot,/bai/mot/", "type": "time"}
    read = await up.client.json("GET", "/api/article", params=params, headers=FROM_PAGE)
    assert read["data"] == [{"time": 0}, {"time": 1}, {"time": 1}]


async def test_waline_answers_no_hundred_times_what_it_was_asked(up: Running) -> None:
    params = {"path": ",".join("/" * 100), "type": "time" * 1000}
    response = await up.client.request("GET", "/api/article", params=params, headers=FROM_PAGE)
    assert response.status == 400
    assert (await response.json())["errmsg"] == "A type has at most 32 letters, such as time."


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"path": "/a", "type": "time", "action": "desc"}, id="taking views away"),
        pytest.param({"path": "/a", "type": "reaction0", "action": "inc"}, id="a reaction"),
        pytest.param({"type": "time", "action": "inc"}, id="no path"),
        pytest.param({"path": ["/a"]}, id="a path that is no text"),
        pytest.param({"path": "a"}, id="a path without its slash"),
    ],
)
async def test_waline_refuses(up: Running, wrong: dict[str, Any]) -> None:
    response = await up.client.request("POST", "/api/article", json=wrong, headers=FROM_PAGE)
    answer = await response.json()
    assert response.status == answer["errno"] == 400
    assert answer["errmsg"]
    assert (await up.client.figures())["total"] == 0


# What holds for all

COUNTING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "busuanzi": ("GET", "/busuanzi?jsonpCallback=f", {}),
    "busuanzi-api": ("POST", "/api", {"headers": {"x-bsz-referer": PAGE}}),
    "busuanzi-api's PUT": ("PUT", "/api", {"headers": {"x-bsz-referer": PAGE}}),
    "busuanzi-api's JSONP": ("GET", "/jsonp?callback=f", {}),
    "vercount": ("POST", "/api/v2/log", {"json": {"url": PAGE}}),
    "vercount 1": ("POST", "/log", {"json": {"url": PAGE}}),
    "goatcounter": ("GET", "/count?p=/bai/mot", {}),
    "goatcounter's beacon": ("POST", "/count?p=/bai/mot", {}),
    "waline": ("POST", "/api/article", {"json": {"path": "/bai/mot"}}),
}


def test_every_drop_in_is_here() -> None:
    assert {name.partition("'")[0].partition(" ")[0] for name in COUNTING} == set(ALL)


async def send(client: Client, name: str, **headers: str) -> tuple[int, str]:
    """Send a view in the way `name`, from the site's page unless `headers` say otherwise."""
    method, path, options = COUNTING[name]
    sent = {"Referer": PAGE, **headers, **options.get("headers", {})}
    response = await client.request(method, path, **{**options, "headers": sent})
    return response.status, (await response.read()).decode("latin-1")


async def test_a_view_counts_once(up: Running) -> None:
    for n, name in enumerate(COUNTING, 1):
        assert (await send(up.client, name))[0] in (200, 204), name
        assert await views(up) == n, name


async def test_all_are_off_by_default(start: Start) -> None:
    up = await start({"origins": [HOME]})
    for name in COUNTING:
        await send(up.client, name)
        assert await views(up) == 0, name


@pytest.mark.parametrize("way", ALL)
async def test_one_way_does_not_let_in_the_others(start: Start, way: str) -> None:
    up = await start({"origins": [HOME], "dropins": [way]})
    for name in COUNTING:
        await send(up.client, name)
    of_this_way = [name for name in COUNTING if name.partition("'")[0].partition(" ")[0] == way]
    assert await views(up) == len(of_this_way)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Referer": "https://other.test/bai/mot"}, id="of another host"),
        pytest.param({"Origin": "https://other.test"}, id="sent by another origin"),
        pytest.param({"Origin": "null", "Referer": ""}, id="of no origin"),
        pytest.param({"Referer": "http://www.site.test/bai/mot"}, id="of another scheme"),
        pytest.param({"Referer": "https://www.site.test.evil.test/"}, id="of one that begins so"),
        pytest.param({"Referer": "https://www.site.test@evil.test/"}, id="of one that looks so"),
    ],
)
async def test_a_page_that_is_not_the_site_s_does_not_count(
    up: Running, headers: dict[str, str]
) -> None:
    for name in COUNTING:
        await send(up.client, name, **headers)
        assert (await up.client.figures())["total"] == 0, name


@pytest.mark.parametrize("name", COUNTING)
async def test_repeats_bots_and_a_flood_do_not_count(start: Start, name: str) -> None:
    up = await start(
        {"origins": [HOME], "dropins": ALL, "repeat_window": "10s", "rate_limit": "3/h"}
    )
    await send(up.browser("Googlebot/2.1 (+http://www.google.com/bot.html)"), name)
    assert await views(up) == 0
    await send(up.client, name)
    await send(up.client, name)
    assert await views(up) == 1
    for n in range(5):
        await send(up.browser(f"{OTHER_BROWSER} {n}"), name)
    assert await views(up) == 2


@pytest.mark.parametrize("name", [name for name in COUNTING if COUNTING[name][0] == "GET"])
async def test_asking_for_the_head_alone_counts_nothing(up: Running, name: str) -> None:
    await up.client.request("HEAD", COUNTING[name][1], headers={"Referer": PAGE})
    assert await views(up) == 0


async def test_views_while_the_store_is_away_are_answered_and_kept(
    up: Running, redis: Redis
) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        for name in COUNTING:
            assert (await send(up.client, name))[0] in (200, 204), name
    finally:
        await redis.config_set("maxmemory", "0")

    async def all_of_them() -> bool:
        return await views(up) == len(COUNTING)

    await eventually(all_of_them)


@pytest.mark.parametrize("address", ["/api", "/api/v2/log", "/api/v1/log", "/log", "/api/article"])
async def test_a_browser_may_send_it_from_another_origin(up: Running, address: str) -> None:
    asked = await up.client.request(
        "OPTIONS", address, headers={"Origin": HOME, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Origin"] == HOME
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]


async def test_a_site_is_found_by_a_wildcard_and_an_exact_origin_goes_first(start: Start) -> None:
    site = {"repeat_window": "0s", "dropins": ["vercount"]}
    up = await start(
        sites={
            "all": {**site, "origins": ["https://*.site.test"]},
            "one": {**site, "origins": [HOME]},
        }
    )
    for host in ("www", "blog"):
        sent = {"url": f"https://{host}.site.test/a"}
        headers = {"Origin": f"https://{host}.site.test"}
        await up.client.request("POST", "/log", json=sent, headers=headers)
    assert [(await up.client.figures(site=key))["total"] for key in ("all", "one")] == [1, 1]


async def test_sites_that_are_taken_anew_are_found_anew(up: Running) -> None:
    assert (await send(up.client, "vercount"))[0] == 200
    site = up.service.sites["a"].model_copy(update={"dropins": ()})
    up.service.sites.replace({"a": site})
    status, said = await send(up.client, "vercount")
    assert (status, "dropins" in said) == (404, True)


async def test_a_site_s_unit_does_not_change_what_the_figures_are(start: Start) -> None:
    up = await start({"origins": [HOME], "dropins": ALL, "unit": "visitors"})
    for _ in range(2):
        _, said = await send(up.client, "vercount")
    assert json.loads(said)["data"] == {"site_uv": 1, "site_pv": 2, "page_pv": 2}

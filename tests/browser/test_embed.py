"""The script on a site's pages: what is counted, what is shown, and what never goes wrong."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from conftest import eventually
from playwright.async_api import BrowserContext, Dialog, Route, expect

from browser.chromium import chromium_in
from browser.pages import FIGURES, VIEWS, Host, hide, settled, shows
from counter.web.embed.assets import assets


async def test_a_page_is_counted_and_filled_in_with_one_request(host: Host) -> None:
    page = await host.visit(VIEWS + FIGURES)
    await shows(page, "#views", "1")
    await shows(page, "#total", "1")
    assert host.asked == ["GET /embed/v1.js", "POST /v1/a/views?path=%2Fa"]


async def test_each_tab_and_each_reload_is_a_view(host: Host) -> None:
    reader = await host.reader()
    host.write("/a")
    tabs = [await host.open("/a", reader) for _ in range(3)]
    for number, page in enumerate(tabs, 1):
        await shows(page, "#views", str(number))
    await tabs[0].reload()
    await shows(tabs[0], "#views", "4")
    assert await host.counted("/a") == [4]
    assert (await host.up.client.figures())["online"] == 1


async def test_a_page_that_comes_back_from_the_cache_is_not_counted_again(host: Host) -> None:
    host.write("/b")
    page = await host.visit(
        VIEWS + "<script>addEventListener('pageshow', e => window.back = e.persisted)</script>"
    )
    await shows(page, "#views", "1")
    await page.goto(host.home + "/b")
    await shows(page, "#views", "1")
    await page.evaluate("history.back()")
    await page.wait_for_function("window.back === true")
    await settled()
    await shows(page, "#views", "1")
    assert await host.counted("/a", "/b") == [1, 1]


async def test_a_page_that_the_browser_has_to_load_again_is_counted_again(host: Host) -> None:
    host.headers["Cache-Control"] = "no-store"  # such a page is not kept
    host.write("/b", VIEWS + "<script>addEventListener('unload', () => {})</script>")
    page = await host.visit(VIEWS + "<script>addEventListener('unload', () => {})</script>")
    await shows(page, "#views", "1")
    await page.goto(host.home + "/b")
    await shows(page, "#views", "1")
    await page.evaluate("history.back()")
    await shows(page, "#views", "2")


AHEAD = """
<script type="speculationrules">
  {"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}
</script>
<a href="/next">next</a>
<script>
  const go = answer => answer.ok ? document.links[0].click() : setTimeout(ask, 50)
  const ask = () => fetch("/go").then(go)
  ask()
</script>"""
NEXT = """
<script>
  const tell = what => fetch("/tell?" + what)
  tell(document.prerendering ? "ahead" : "late")
  document.addEventListener("prerenderingchange", () => tell("shown"))
</script>"""


async def test_a_page_that_is_made_ahead_counts_when_it_is_shown(
    host: Host, tmp_path: Path
) -> None:
    host.write("/a", VIEWS + AHEAD)
    host.write("/next", VIEWS + NEXT)
    # A browser that is driven makes no page ahead: this one is left to itself.
    with chromium_in(tmp_path, host.home + "/a"):
        await eventually(lambda: host.was_told("ahead"))
        await settled()
        assert await host.counted("/a", "/next") == [1, 0]
        host.texts["/go"] = ""
        await eventually(lambda: host.was_told("shown"))
        await eventually(lambda: host.was_counted("/next"))
    assert await host.counted("/a", "/next") == [1, 1]
    assert "late" not in host.told


async def test_a_page_in_a_frame_counts_as_the_page_that_it_is(host: Host) -> None:
    host.write("/inner")
    page = await host.visit(VIEWS + '<iframe src="/inner"></iframe>')
    await shows(page, "#views", "1")
    await expect(page.frame_locator("iframe").locator("#views")).to_have_text("1")
    assert await host.counted("/a", "/inner") == [1, 1]


async def test_the_path_is_the_canonical_one_and_never_the_referrers(host: Host) -> None:
    host.write("/b", f'<link rel="canonical" href="{host.home}/the-one">{VIEWS}')
    await host.visit('<a href="/b?utm_source=x#part">b</a>')
    page = await host.visit('<a href="/b?utm_source=x#part">b</a>')
    await page.click("a")
    await shows(page, "#views", "1")
    assert await host.counted("/the-one", "/b", "/a") == [1, 0, 2]


@pytest.mark.parametrize("host", [{"site": {"keep_query": ["page"]}}], indirect=True)
async def test_a_query_belongs_to_the_path_by_choice(host: Host) -> None:
    host.write("/list", attributes="data-query")
    for number in (1, 2):
        await shows(await host.open(f"/list?page={number}"), "#views", "1")
    host.write("/plain")
    for number in (1, 2):
        await shows(await host.open(f"/plain?page={number}"), "#views", str(number))


async def test_a_page_can_be_shown_without_being_counted(host: Host) -> None:
    await host.up.client.view("/a")
    page = await host.visit(attributes='data-count="off"')
    await shows(page, "#views", "1")
    assert host.asks("views") == []


async def test_www_and_the_bare_host_are_one_site(host: Host) -> None:
    await shows(await host.visit(), "#views", "1")
    await shows(await host.open(f"http://site.test:{host.port}/a"), "#views", "2")


async def test_a_page_of_another_site_is_not_counted(host: Host) -> None:
    host.write("/a")
    page = await host.open(f"http://other.test:{host.port}/a")
    await shows(page, "#views", "–")
    assert host.asks("views") == ["POST /v1/a/views?path=%2Fa"]
    assert await host.total() == 0


@pytest.mark.parametrize("attributes", ["", "data-local"])
async def test_a_page_on_localhost_counts_only_if_asked(host: Host, attributes: str) -> None:
    host.write("/a", attributes=attributes)
    await host.up.client.view("/a")
    page = await host.open(f"http://localhost:{host.port}/a")
    await shows(page, "#views", "2" if attributes else "1")
    assert host.asks("views") == ([] if not attributes else ["POST /v1/a/views?path=%2Fa"])


@pytest.mark.parametrize(
    ("host", "shown"), [({}, "–"), ({"site": {"origins": ["null"]}}, "1")], indirect=["host"]
)
async def test_a_page_from_disk_is_not_counted(host: Host, tmp_path: Path, shown: str) -> None:
    await host.up.client.view("/a")
    saved = tmp_path / "a.html"
    saved.write_text(f"<!doctype html>{FIGURES}{host.script()}")
    page = await host.open(saved.as_uri())
    await shows(page, "#total", shown)
    assert host.asks("views") == []
    assert await host.total() == 1


async def test_the_owner_switches_the_counting_of_their_browser_off_and_on(host: Host) -> None:
    said: list[str] = []

    async def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        await dialog.accept()

    reader = await host.reader()
    reader.on("dialog", hear)
    host.write("/a")
    page = await host.open("/a#visitor-counter-skip", reader)
    await page.wait_for_function("location.hash == ''")
    before = await host.total()
    await page.reload()
    await shows(page, "#views", str(before))
    assert await host.total() == before
    page = await host.open("/a#visitor-counter-skip", reader)
    await page.wait_for_function("location.hash == ''")
    before = await host.total()
    await page.reload()
    await shows(page, "#views", str(before + 1))
    assert said == [
        "This browser is not counted any more.",
        "This browser is counted again.",
    ]


# Readers who stay


async def test_a_reader_stays_online_while_the_page_can_be_seen(host: Host) -> None:
    reader = await host.reader()
    await reader.clock.install()
    page = await host.visit(context=reader)
    await shows(page, "#views", "1")
    await page.clock.run_for(310_000)
    assert len(host.asks("presence")) == 3
    await hide(page, True)
    await page.clock.run_for(310_000)
    assert len(host.asks("presence")) == 3
    await hide(page, False)
    await page.clock.run_for(100_000)
    assert len(host.asks("presence")) == 4
    assert await host.total() == 1


# Single pages

APP = """<nav><a href="/one">1</a> <a href="/two">2</a></nav><main></main>
<script>
  window.seen = []
  const draw = () => {
    document.querySelector("main").innerHTML = '<b id="views" data-counter="views"></b>'
    new MutationObserver(() => seen.push(location.pathname + " " + views.textContent))
      .observe(views, { childList: true, characterData: true, subtree: true })
  }
  onclick = event => {
    if (!event.target.href) return
    event.preventDefault()
    history.pushState({}, "", event.target.href)
    draw()
  }
  onpopstate = draw
  draw()
</script>"""
NO_NAVIGATION = "delete window.navigation; delete Window.prototype.navigation"


@pytest.mark.parametrize("older", ["", NO_NAVIGATION], ids=["Navigation", "History"])
async def test_each_page_of_a_single_page_site_counts_once(host: Host, older: str) -> None:
    await host.up.service.store.add("a", "start", 1, [], {"/one": 6, "/two": 60})
    reader = await host.reader()
    await reader.add_init_script(older)
    page = await host.visit(APP, 'data-spa="history"', path="/one", context=reader)
    await shows(page, "#views", "7")
    await page.click("text=2")
    await shows(page, "#views", "61")
    await page.evaluate("history.replaceState({}, '', '/two?sorted=1#part')")
    await page.evaluate("history.pushState({}, '', '/two#other')")
    await page.click("text=1")
    await shows(page, "#views", "8")
    await page.evaluate("history.back()")
    await page.wait_for_function("location.pathname == '/two'")
    await shows(page, "#views", "62")
    await settled()
    assert await host.counted("/one", "/two") == [8, 62]
    assert len(host.asks("views")) == 4
    # No page ever showed what was the last one's.
    seen = await page.evaluate("seen")
    assert {text for text in seen if text[-1] != " "} == {
        f"{path} {shown}"
        for path, views in (("/one", ("–", "7", "8")), ("/two", ("–", "61", "62")))
        for shown in views
    }


async def test_parts_behind_the_hash_are_pages_by_choice(host: Host) -> None:
    page = await host.visit(attributes='data-spa="hash"')
    await shows(page, "#views", "1")
    await page.evaluate("location.hash = '#/x'")
    await page.evaluate("new Promise(done => setTimeout(done, 100))")
    await page.evaluate("location.hash = '#!/y'")
    await settled()
    assert await host.counted("/", "/x", "/y") == [1, 1, 1]
    plain = await host.visit(path="/plain")
    await shows(plain, "#views", "1")
    await plain.evaluate("location.hash = '#/x'")
    await settled()
    assert await host.counted("/plain", "/x") == [1, 1]


# Lists


async def test_a_list_takes_one_request_for_each_hundred_articles(host: Host) -> None:
    for path in ("/n/0", "/n/123", "/n/249", "/n/249"):
        await host.up.client.view(path)
    rows = "".join(f'<i data-counter="views" data-path="/n/{n}"></i>' for n in range(250))
    twice = '<i id="again" data-counter="views" data-path="/n/249"></i>'
    page = await host.visit(rows + twice)
    await shows(page, "#again", "2")
    texts = await page.locator("i").all_text_contents()
    assert {n: text for n, text in enumerate(texts) if text != "0"} == {
        0: "1",
        123: "1",
        249: "2",
        250: "2",
    }
    assert len(host.asks("figures")) == 3


async def test_numbers_are_written_as_the_page_is(host: Host) -> None:
    await host.up.service.store.add("a", "start", 1, [], {"/a": 1_361_381})
    page = await host.visit(
        f'<p lang="vi">{VIEWS}</p><p lang="de"><i data-counter="views"></i></p>'
        '<p lang="no such language"><u data-counter="views"></u></p>'
        '<p lang="hi"><s data-counter="views"></s></p>'
    )
    await shows(page, "#views", "1.361.382")
    await shows(page, "i", "1.361.382")
    await shows(page, "s", "13,61,382")
    await shows(page, "u", "1361382")


# Without scripts


async def test_without_scripts_the_badge_counts(host: Host) -> None:
    base = host.up.client.base
    host.texts["/a"] = (
        f'<noscript><img src="{base}/v1/a/badge.svg?path=/a&count=1&figure=views"></noscript>'
        + host.script()
    )
    reader = await host.reader(java_script_enabled=False)
    for number in (1, 2):
        page = await host.open("/a", reader)
        assert await host.counted("/a") == [number]
        assert (await page.locator("img").bounding_box() or {})["height"] == 20
    assert host.asks("views") == []


@pytest.mark.parametrize("style", ["flat", "flat-square", "plastic", "digits"])
async def test_a_badge_is_an_image_that_names_itself(host: Host, style: str) -> None:
    address = f"{host.up.client.base}/v1/a/badge.svg?figure=total&style={style}&lang=vi"
    page = await host.visit(f'<img src="{address}">')
    image = page.locator("img")
    await page.wait_for_function("document.images[0].complete")
    assert await image.evaluate("image => image.naturalHeight") >= 20
    badge = await host.open(address)
    await expect(badge.locator("svg")).to_have_accessible_name("Đã truy cập: 1")


async def test_without_scripts_the_widget_counts_and_shows(host: Host) -> None:
    src = f"{host.up.client.base}/v1/a/widget?path=/a&figures=views,total&lang=vi&layout=line"
    host.texts["/a"] = f'<iframe src="{src}"></iframe>'
    page = await host.open("/a", await host.reader(java_script_enabled=False))
    frame = page.frame_locator("iframe")
    assert await frame.locator("dt").all_text_contents() == ["Lượt xem", "Đã truy cập"]
    assert await frame.locator("dd").all_text_contents() == ["1", "1"]
    assert await host.counted("/a") == [1]


# Under a policy


@pytest.mark.parametrize("integrity", [True, False])
async def test_a_strict_policy_is_enough(host: Host, integrity: bool) -> None:
    base = host.up.client.base
    host.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {base}; connect-src {base}; "
        "require-trusted-types-for 'script'"
    )
    digest = base64.b64encode(hashlib.sha384(assets()["v1.js"].body).digest()).decode()
    attributes = f'integrity="sha384-{digest}" crossorigin="anonymous"' if integrity else ""
    page = await host.visit(
        VIEWS + '<u data-counter="views" data-path="/b"></u>'
        '<visitor-counter lang="vi" layout="odometer" live></visitor-counter>',
        attributes + ' data-spa="history"',
    )
    await shows(page, "#views", "1")
    await shows(page, "u", "0")
    await shows(page, "visitor-counter [part~=total] dd", "1")
    await settled()
    assert await page.evaluate("violations") == []


async def test_a_script_that_is_not_the_one_expected_does_not_run(host: Host) -> None:
    wrong = base64.b64encode(hashlib.sha384(b"another").digest()).decode()
    await host.visit(attributes=f'integrity="sha384-{wrong}" crossorigin="anonymous"')
    await settled()
    assert host.asks("views") == []


# When the service fails


async def answer(context: BrowserContext, base: str, **options: Any) -> None:
    """Have all routes of the service, but its script, answer something else."""

    async def handle(route: Route) -> None:
        await route.fulfill(**{"headers": {"Access-Control-Allow-Origin": "*"}, **options})

    await context.route(f"{base}/v1/**", handle)


EVERYTHING = (
    VIEWS + FIGURES + '<u data-counter="views" data-path="/b"></u>'
    '<visitor-counter lang="vi" live></visitor-counter>'
)


@pytest.mark.parametrize(
    "body",
    ["<html>a proxy's page</html>", "", "null", "[]", '"x"', "7", '{"views":null}', '{"total":{}}'],
)
async def test_rubbish_shows_an_en_dash(host: Host, body: str) -> None:
    reader = await host.reader()
    await answer(reader, host.up.client.base, body=body, content_type="application/json")
    page = await host.visit(EVERYTHING, context=reader)
    await shows(page, "#views", "–")
    await shows(page, "u", "–")
    await shows(page, "visitor-counter [part~=online] dd", "–")
    await settled()


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_an_error_shows_an_en_dash(host: Host, status: int) -> None:
    reader = await host.reader()
    await answer(reader, host.up.client.base, status=status, body='{"title":"no"}')
    page = await host.visit(EVERYTHING, context=reader)
    for selector in ("#views", "u", "visitor-counter [part~=online] dd"):
        await shows(page, selector, "–")
    await settled()


async def test_a_service_that_is_away_shows_nothing_and_breaks_nothing(host: Host) -> None:
    host.texts["/a"] = EVERYTHING + host.script(base="http://count.test:9")
    page = await host.open("/a")
    await settled()
    assert await page.locator("#views").inner_text() == ""


async def test_a_service_that_goes_away_shows_an_en_dash(host: Host) -> None:
    reader = await host.reader()
    await reader.route(f"{host.up.client.base}/v1/**", lambda route: route.abort())
    page = await host.visit(EVERYTHING, context=reader)
    for selector in ("#views", "u", "visitor-counter [part~=online] dd"):
        await shows(page, selector, "–")
    await settled()


async def test_a_slow_service_holds_nothing_up(host: Host) -> None:
    reader = await host.reader()
    await reader.route(f"{host.up.client.base}/v1/**", lambda _: None)  # it never answers
    page = await host.visit(
        EVERYTHING + "<script>onload = () => window.loaded = 1</script>", context=reader
    )
    await page.wait_for_function("window.loaded == 1")
    await shows(page, "#views", "–")
    await shows(page, "visitor-counter [part~=online] dd", "–")

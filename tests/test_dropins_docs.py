"""The guide to drop-ins: it names what there is, and what it has you write works."""

from __future__ import annotations

import asyncio
import re
import shlex
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import BROWSER, Running, Start
from deploy.programs import ROOT, system_tool
from test_server_side import free_port, serving

from counter.settings import DropIn, parse
from counter.web.dropins.scripts import SCRIPTS
from counter.web.openapi import document

GUIDE = (ROOT / "docs" / "drop-ins.md").read_text("utf-8")
COUNTER = "https://count.example"
ORIGIN = "https://www.example"
SITE = {"origins": [ORIGIN], "dropins": [way.value for way in DropIn], "repeat_window": "0s"}
PAGE = {"Referer": "https://www.example/news/flood"}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def rows() -> list[list[set[str]]]:
    """What stands in backquotes in each cell of the first table."""
    table = GUIDE.partition("|---|")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[set(re.findall(r"`([^`]+)`", cell)) for cell in line.split("|")] for line in lines]


@pytest.fixture
async def up(start: Start) -> Running:
    return await start(sites={"vithuy": SITE})


def test_the_table_has_every_drop_in_and_every_address() -> None:
    asked = [(name, cells[4]) for cells in rows() for name in cells[2]]
    paths = document()["paths"].items()
    for name, told in asked:
        said = {
            path
            for path, operations in paths
            if any(
                o["summary"].startswith(f"{name}: ") for o in operations.values() if "summary" in o
            )
        }
        assert told == said, name
    assert {name for name, _ in asked} == set(DropIn)
    assert set().union(*(cells[3] for cells in rows())) == SCRIPTS.keys()


def test_the_settings_can_be_used() -> None:
    [text] = blocks("toml")
    assert parse(tomllib.loads(text)).sites["vithuy"].dropins == ("busuanzi", "vercount")


ADDRESSES = set(re.findall(rf'{COUNTER}(/[^"]+)"', "".join(blocks("html")))) - {"/count"}
"""But for GoatCounter's, to which its script adds the path."""


@pytest.mark.parametrize("address", sorted(ADDRESSES))
async def test_every_address_answers_a_page_of_the_site(up: Running, address: str) -> None:
    await up.client.view("/news/flood", site="vithuy", headers=PAGE)
    response = await up.client.request("GET", address, headers=PAGE)
    assert response.status == 200
    assert "X-Goatcounter" not in response.headers
    script = address.endswith("js")
    assert (response.content_type == "text/javascript") == script


async def test_the_request_by_hand_is_answered_as_the_guide_says(up: Running) -> None:
    [text] = blocks("sh")
    command = shlex.split(text.replace(COUNTER, up.client.base).replace("\\\n", " "))
    process = await asyncio.create_subprocess_exec(
        *(system_tool("curl", "curl"), "--silent", "--noproxy", "*", *command[1:]),
        stdout=asyncio.subprocess.PIPE,
    )
    assert f"It answers `{(await process.communicate())[0].decode()}`" in GUIDE
    assert (await up.client.figures("/news/flood", site="vithuy"))["views"] == 1


def test_goatcounter_s_script_has_what_is_told_of_it() -> None:
    source = (ROOT / "counter" / "web" / "embed" / "src" / "count.js").read_text("utf-8")
    told = GUIDE.partition("Of `window.goatcounter`\n")[2].partition(".")[0]
    names = set(re.findall(r"`(\w+)`", told))
    assert len(names) == 10
    assert names <= set(re.findall(r"own\.(\w+)", source))


# nginx


@asynccontextmanager
async def nginx(work: Path, site: str, counter: str = "") -> AsyncIterator[str]:
    """Run nginx with `site` in a server, whose files are in `work`; yields its address."""
    port = free_port()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in kinds)
    (work / "visitor-counter.inc").write_text(
        (ROOT / "deploy" / "nginx" / "visitor-counter.inc").read_text("utf-8")
    )
    upstream = f"upstream visitor_counter {{ server {counter}; }}" if counter else ""
    (work / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;"
        f"events {{}} http {{ access_log off; types {{ text/html html; text/javascript js; }}"
        f"{temporary} {upstream} server {{ listen 127.0.0.1:{port}; root {work};\n{site}\n}} }}"
    )
    program = system_tool("nginx", "nginx-light")
    command = [program, "-p", str(work), "-c", str(work / "nginx.conf")]
    async with serving(command, port, "", work):
        yield f"http://127.0.0.1:{port}"


async def test_nginx_changes_the_address_in_pages_and_scripts(up: Running, tmp_path: Path) -> None:
    there = (
        '<script async src="//busuanzi.ibruce.info/busuanzi/2.3/busuanzi.pure.mini.js"></script>'
    )
    (tmp_path / "page.html").write_text(there)
    (tmp_path / "page.js").write_text('fetch("https://events.vercount.one/log")')
    [rewriting, _] = blocks("nginx")
    types = re.findall(r"`(sub_filter_types .*?;)`", GUIDE)
    async with nginx(tmp_path, rewriting.replace("{", "{" + types[0], 1)) as site:
        session = up.client.session
        async with session.get(f"{site}/page.html") as page, session.get(f"{site}/page.js") as js:
            assert await page.text() == there.replace("busuanzi.ibruce.info", "count.example")
            assert await js.text() == 'fetch("https://count.example/log")'


async def test_nginx_sends_waline_s_page_views_alone_to_the_counter(
    start: Start, tmp_path: Path
) -> None:
    up = await start(server={"trusted_proxies": ["127.0.0.1/32"]}, sites={"vithuy": {**SITE}})
    [_, splitting] = blocks("nginx")
    async with nginx(tmp_path, splitting, urlsplit(up.client.base).netloc) as waline:
        session, headers = up.client.session, {"User-Agent": BROWSER, "Origin": ORIGIN}
        sent = {"path": "/news/flood", "type": "time", "action": "inc"}
        async with session.post(f"{waline}/api/article", json=sent, headers=headers) as counted:
            assert (await counted.json())["data"] == [{"time": 1}]
        async with session.get(f"{waline}/api/comment", headers=headers) as comments:
            assert comments.headers["Server"].startswith("nginx")

"""Views that a site's own server counts: by whom, for whom, and in every language of the guide."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import BROWSER, OTHER_BROWSER, Running, Start, eventually
from deploy.programs import ROOT, system_tool

from counter.web.tokens import token_hash

GUIDE = (ROOT / "docs" / "server-side.md").read_text("utf-8")
TOKEN, OTHER, READER = "vc_cms", "vc_other", "vc_reader"
TOKENS = {
    "cms": {"hash": token_hash(TOKEN), "scopes": ["count"], "sites": ["vithuy"]},
    "other": {"hash": token_hash(OTHER), "scopes": ["count"], "sites": ["b"]},
    "reader": {"hash": token_hash(READER), "scopes": ["read", "write"]},
}
SITE = {"origins": ["https://www.example.vn"], "ignore_addresses": ["192.0.2.9/32"]}


@pytest.fixture
async def up(start: Start) -> Running:
    return await start(sites={"vithuy": SITE, "b": {}}, tokens=TOKENS)


async def count(
    up: Running, address: str | None = "192.0.2.7", token: str = TOKEN, **options: Any
) -> tuple[int, Any]:
    """Count a view as a server does; returns the status and the document."""
    headers = {
        "User-Agent": options.get("own_agent", "curl/8"),
        "Authorization": options.get("authorization", f"Bearer {token}"),
        "X-Visitor-Address": address,
        "X-Visitor-User-Agent": options.get("agent", BROWSER),
    }
    response = await up.client.request(
        "POST",
        f"/v1/{options.get('site', 'vithuy')}/{options.get('route', 'views')}?path=/x",
        headers={name: value for name, value in headers.items() if value is not None},
    )
    return response.status, await response.json(content_type=None)


async def test_visitors_are_those_who_are_passed_on(up: Running) -> None:
    told = [
        (await count(up, address, agent=agent))[1]
        for address, agent in (
            ("192.0.2.7", BROWSER),
            ("192.0.2.8", BROWSER),
            ("192.0.2.8", OTHER_BROWSER),
            ("[2001:db8::1]:443", BROWSER),
            ("2001:DB8:0::1", BROWSER),
        )
    ]
    assert [(each["views"], each["online"]) for each in told] == [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (4, 4),
    ]
    assert told[-1]["reason"] == "repeat"


async def test_the_filters_hold_for_the_visitor_and_not_for_the_server(start: Start) -> None:
    up = await start(sites={"vithuy": {**SITE, "rate_limit": "1/h"}}, tokens=TOKENS)
    bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    assert (await count(up, agent=bot))[1]["reason"] == "bot"
    assert (await count(up, agent=""))[1]["reason"] == "bot"
    assert (await count(up, agent=None))[1]["reason"] == "bot"
    assert (await count(up, "192.0.2.9"))[1]["reason"] == "address"
    assert "reason" not in (await count(up))[1]
    assert (await count(up))[1]["reason"] == "rate"
    assert (await count(up, "192.0.2.8", agent=None, own_agent=BROWSER))[1]["views"] == 2


async def test_a_heartbeat_can_be_passed_on_as_well(up: Running) -> None:
    assert await count(up, route="presence") == (200, {"online": 1})
    assert await count(up, "192.0.2.8", route="presence") == (200, {"online": 2})


@pytest.mark.parametrize(
    ("options", "status", "slug"),
    [
        ({"token": "wrong"}, 401, "unauthorized"),
        ({"token": OTHER}, 403, "forbidden"),
        ({"token": READER}, 403, "forbidden"),
        ({"address": None}, 400, "bad-parameter"),
        ({"address": "somewhere"}, 400, "bad-parameter"),
        ({"address": "192.0.2.7, 192.0.2.8"}, 400, "bad-parameter"),
        ({"authorization": None}, 403, "origin"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, 403, "origin"),
    ],
)
async def test_a_view_that_is_not_vouched_for_counts_nothing_and_says_why(
    up: Running, options: dict[str, Any], status: int, slug: str
) -> None:
    got, problem = await count(up, **options)
    assert (got, problem["type"]) == (status, f"urn:visitor-counter:problem:{slug}")
    metrics = await (await up.ops.request("GET", "/metrics")).text()
    assert f'views_refused_total{{reason="{slug}",site="vithuy"}} 1.0' in metrics
    assert (await up.client.figures("/x", site="vithuy"))["views"] == 0


async def test_without_a_token_nobody_is_believed(up: Running) -> None:
    for address in ("192.0.2.7", "192.0.2.8"):
        status, told = await count(up, address, authorization=None, own_agent=BROWSER, site="b")
        assert (status, told["online"]) == (200, 1)
    assert told["reason"] == "repeat"


# The guide


def snippet(language: str) -> str:
    [text] = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def php(port: int, url: str, work: Path) -> list[str]:
    page = work / "page.php"
    page.write_text(snippet("php"))
    return [system_tool("php", "php-cli"), "-S", f"127.0.0.1:{port}", str(page)]


def python(port: int, url: str, work: Path) -> list[str]:
    (work / "page.py").write_text(snippet("python"))
    serve = (
        "from wsgiref.simple_server import make_server; from page import application; "
        f"make_server('127.0.0.1', {port}, application).serve_forever()"
    )
    return [sys.executable, "-c", serve]


def node(port: int, url: str, work: Path) -> list[str]:
    page = work / "page.mjs"
    page.write_text(snippet("js").replace("8000", str(port)))
    return [system_tool("node", "nodejs"), str(page)]


def nginx(port: int, url: str, work: Path) -> list[str]:
    site = snippet("nginx").replace("https://count.example", url).replace("vc_TOKEN", TOKEN)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in kinds)
    (work / "news").mkdir()
    (work / "news" / "tin-tức").write_text("An article.")
    (work / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;"
        f"events {{}} http {{ access_log off; {temporary}"
        f"server {{ listen 127.0.0.1:{port}; root {work};\n{site}\n}} }}"
    )
    program = system_tool("nginx", "nginx-light")
    return [program, "-p", str(work), "-c", str(work / "nginx.conf")]


@asynccontextmanager
async def serving(command: list[str], port: int, url: str, work: Path) -> AsyncIterator[None]:
    """Run a server of the guide until it is no longer needed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=work,
        env={**os.environ, "COUNTER_URL": url, "COUNTER_TOKEN": TOKEN},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def listens() -> bool:
        assert process.returncode is None, "the snippet's server does not run"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await eventually(listens)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def curl(*arguments: str, **environ: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *arguments, env={**os.environ, **environ}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def visit(port: int, source: str, agent: str = BROWSER, method: str = "GET") -> str:
    """Open an article from the address `source`, as a visitor does."""
    return await curl(
        *(system_tool("curl", "curl"), "--silent", "--noproxy", "*", "--interface", source),
        *("--max-time", "10", "--user-agent", agent, "--request", method),
        f"http://127.0.0.1:{port}/news/tin-t%E1%BB%A9c?from=home&x=1",
    )


@pytest.mark.parametrize("launch", [php, python, node])
async def test_a_page_of_the_guide_counts_each_visitor_and_shows_the_figures(
    up: Running, tmp_path: Path, launch: Any
) -> None:
    port = free_port()
    async with serving(launch(port, up.client.base, tmp_path), port, up.client.base, tmp_path):
        assert await visit(port, "127.0.0.2") == "Views: 1, in all: 1"
        assert await visit(port, "127.0.0.3") == "Views: 2, in all: 2"
        assert await visit(port, "127.0.0.3") == "Views: 2, in all: 2"
        assert await visit(port, "127.0.0.4", "curl/8") == "Views: 2, in all: 2"
    told = await up.client.figures("/news/tin-tức", site="vithuy")
    assert (told["views"], told["online"]) == (2, 2)


@pytest.mark.parametrize("launch", [php, python, node])
async def test_a_page_of_the_guide_is_shown_without_a_counter(tmp_path: Path, launch: Any) -> None:
    port, nobody = free_port(), f"http://127.0.0.1:{free_port()}"
    async with serving(launch(port, nobody, tmp_path), port, nobody, tmp_path):
        assert await visit(port, "127.0.0.2") == "Views: –, in all: –"


async def test_nginx_counts_beside_the_page_as_in_the_guide(up: Running, tmp_path: Path) -> None:
    port = free_port()
    async with serving(nginx(port, up.client.base, tmp_path), port, up.client.base, tmp_path):
        assert await visit(port, "127.0.0.2") == "An article."
        await visit(port, "127.0.0.3")
        await visit(port, "127.0.0.3")
        await visit(port, "127.0.0.4", "curl/8")
        await visit(port, "127.0.0.5", method="POST")

        async def all_arrived() -> bool:
            metrics = await (await up.ops.request("GET", "/metrics")).text()
            return 'visitor_counter_views_received_total{site="vithuy"} 4.0' in metrics

        await eventually(all_arrived)
    told = await up.client.figures("/news/tin-tức", site="vithuy")
    assert (told["views"], told["online"]) == (2, 2)


async def test_curl_counts_as_in_the_guide(up: Running) -> None:
    told = [
        json.loads(
            await curl(
                *("sh", "-c", snippet("sh")),
                COUNTER_URL=up.client.base,
                COUNTER_TOKEN=TOKEN,
                REMOTE_ADDR=address,
                HTTP_USER_AGENT=BROWSER,
                REQUEST_URI="/news/tin-t%E1%BB%A9c?from=home&x=1",
                no_proxy="*",
            )
        )
        for address in ("192.0.2.7", "192.0.2.8")
    ]
    assert [(each["views"], each["online"]) for each in told] == [(1, 1), (2, 2)]
    assert (await up.client.figures("/news/tin-tức", site="vithuy"))["views"] == 2

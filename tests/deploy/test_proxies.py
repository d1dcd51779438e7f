"""The proxy samples, run by real proxies before a real service."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser.peers import browser_that_finds
from conftest import BROWSER, Start
from playwright.async_api import expect
from programs import ROOT, system_tool

DEPLOY = ROOT / "deploy"
HOSTS = ("count.example", "www.example")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the samples' hosts, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    made, key = directory / "fullchain.pem", directory / "privkey.pem"
    names = "subjectAltName=" + ",".join(f"DNS:{host}" for host in HOSTS)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=count.example", "-addext", names),
            *("-out", str(made), "-keyout", str(key)),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def filled(sample: Path, replacements: dict[str, str]) -> str:
    """The sample with what differs here: every text to replace must be in it."""
    text = sample.read_text("utf-8")
    for old, new in replacements.items():
        assert old in text, f"{sample.name} no longer holds {old!r}"
        text = text.replace(old, new)
    return text


@dataclass
class Proxy:
    """A running proxy: where it listens, and whose certificate it shows."""

    port: int
    trust: Path
    prefix: str
    host: str

    async def curl(self, path: str, *options: str, source: str = "127.0.0.1") -> str:
        """What curl prints, asking from the address `source`."""
        process = await asyncio.create_subprocess_exec(
            *("curl", "--silent", "--show-error", "--max-time", "10", "--interface", source),
            *("--noproxy", "*", "--user-agent", BROWSER, "--cacert", str(self.trust)),
            *("--resolve", f"{self.host}:{self.port}:127.0.0.1", *options),
            f"https://{self.host}:{self.port}{self.prefix}{path}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def view(self, path: str, *options: str, source: str = "127.0.0.1") -> Any:
        url = f"/v1/a/views?path={path}"
        return json.loads(await self.curl(url, "--request", "POST", *options, source=source))

    @asynccontextmanager
    async def events(self) -> AsyncIterator[asyncio.StreamReader]:
        """The live figures, as they come."""
        context = ssl.create_default_context(cafile=str(self.trust))
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, server_hostname=self.host
        )
        request = f"GET {self.prefix}/v1/a/live HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n\r\n"
        writer.write(request.encode())
        try:
            yield reader
        finally:
            writer.close()


def nginx(sample: str, host: str, upstream: int, work: Path, tls: tuple[Path, Path]) -> Any:
    sample, _, passed_on = sample.partition(" ")
    plain, port = free_ports(2)
    changes = {
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "listen 443": f"listen 127.0.0.1:{port}",
        f"/etc/letsencrypt/live/{host}/fullchain.pem": str(tls[0]),
        f"/etc/letsencrypt/live/{host}/privkey.pem": str(tls[1]),
    }
    if sample == "own-domain":
        changes["listen 80"] = f"listen 127.0.0.1:{plain}"
    else:
        changes["/var/www/www.example"] = str(work / "www")
    if passed_on:
        changes["proxy_pass http://visitor_counter/;"] = "proxy_pass http://visitor_counter;"
    (work / "site.conf").write_text(filled(DEPLOY / "nginx" / f"{sample}.conf", changes))
    shutil.copy(DEPLOY / "nginx" / "visitor-counter.inc", work)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in kinds)
    (work / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;"
        f"events {{}} http {{ access_log off; {temporary} include {work}/site.conf; }}"
    )
    return ["nginx", "-p", str(work), "-c", str(work / "nginx.conf")], port


def caddy(sample: str, host: str, upstream: int, work: Path, tls: tuple[Path, Path]) -> Any:
    (port,) = free_ports(1)
    own_certificate = f"\ttls {tls[0]} {tls[1]}\n"
    text = filled(
        DEPLOY / "caddy" / "Caddyfile",
        {
            "127.0.0.1:8080": f"127.0.0.1:{upstream}",
            "/var/www/www.example": str(work / "www"),
            **{f"\n{name} {{\n": f"\n{name}:{port} {{\n{own_certificate}" for name in HOSTS},
        },
    )
    (work / "Caddyfile").write_text(
        "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n" + text
    )
    config = str(work / "Caddyfile")
    return ["caddy", "run", "--config", config, "--adapter", "caddyfile"], port


PAGE = """<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<script async src="/counter/embed/v1.js" data-site="a"></script>
<visitor-counter live hidden></visitor-counter>
<visitor-counter lang="vi"></visitor-counter>"""
CASES = {
    "nginx on a domain of its own": (nginx, "own-domain", "count.example", ""),
    "nginx on a path of the site": (nginx, "own-path", "www.example", "/counter"),
    "nginx on a path that it passes on": (nginx, "own-path passed-on", "www.example", "/counter"),
    "caddy on a domain of its own": (caddy, "", "count.example", ""),
    "caddy on a path of the site": (caddy, "", "www.example", "/counter"),
}


@pytest.fixture(params=CASES, ids=str)
async def proxy(
    request: pytest.FixtureRequest,
    start: Start,
    tmp_path: Path,
    certificate: tuple[Path, Path],
) -> AsyncIterator[Proxy]:
    launch, sample, host, prefix = CASES[request.param]
    system_tool(launch.__name__, launch.__name__)
    own_prefix = prefix if "passed-on" in sample else ""
    up = await start(server={"trusted_proxies": ["127.0.0.1/32"], "prefix": own_prefix})
    upstream = urlsplit(up.client.base).port
    assert upstream
    work = tmp_path / "proxy"
    (work / "www").mkdir(parents=True)
    (work / "www" / "index.html").write_text(PAGE)
    command, port = launch(sample, host, upstream, work, certificate)
    environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(work)}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        await _listening(process, port)
        yield Proxy(port, certificate[0], prefix, host)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    for _ in range(200):
        assert process.returncode is None, (await process.communicate())[1].decode()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise AssertionError("the proxy does not listen")


async def test_a_view_is_counted_through_tls_and_http_2(proxy: Proxy) -> None:
    answer = await proxy.curl(
        "/v1/a/views?path=/x", "--request", "POST", "--http2", "--write-out", "\n%{http_version}"
    )
    body, version = answer.splitlines()
    assert json.loads(body)["views"] == 1
    assert version == "2"


async def test_visitors_are_told_apart_by_their_own_addresses(proxy: Proxy) -> None:
    await proxy.view("/x", source="127.0.0.2")
    assert (await proxy.view("/x", source="127.0.0.3"))["online"] == 2


@pytest.mark.parametrize("header", ["X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7"])
async def test_a_client_cannot_claim_to_be_another(proxy: Proxy, header: str) -> None:
    await proxy.view("/x", source="127.0.0.2")
    claimed = await proxy.view("/x", "--header", header, source="127.0.0.2")
    assert (claimed["views"], claimed["online"]) == (2, 1)


async def test_live_figures_come_through_while_the_stream_is_open(proxy: Proxy) -> None:
    async with asyncio.timeout(15), proxy.events() as events:
        await events.readuntil(b'"total":0')
        await proxy.view("/x")
        await events.readuntil(b'"total":1')


async def test_a_body_larger_than_any_view_is_refused(proxy: Proxy) -> None:
    answer = await proxy.curl(
        "/v1/a/views", "--data", "x" * 9000, "--output", "/dev/null", "--write-out", "%{http_code}"
    )
    assert answer == "413"


@pytest.mark.browser
@pytest.mark.parametrize("proxy", [name for name in CASES if "path" in name], indirect=True)
async def test_on_a_path_of_the_site_a_page_asks_no_other_and_follows_live(proxy: Proxy) -> None:
    asked: list[str] = []
    site = f"{proxy.host}:{proxy.port}"
    async with browser_that_finds({site: proxy.port}) as browser:
        page = await browser.new_page(user_agent=BROWSER)
        page.on("request", lambda request: asked.append(request.url))
        async with page.expect_request("**/live?*"):
            await page.goto(f"https://{site}/")
        total = page.locator("visitor-counter dd").last
        await expect(total).to_have_text("1")
        await proxy.view("/x")
        await expect(total).to_have_text("2")
    assert {urlsplit(url).netloc for url in asked} == {site}
    assert f"https://{site}/counter/v1/a/views?path=%2F" in asked

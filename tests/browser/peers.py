"""Other counters' own scripts, unmodified, and the hosts that they call."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from npm import package
from playwright.async_api import Browser, async_playwright

from browser.chromium import ARGUMENTS, CHROMIUM

PACKAGES = {
    "busuanzi.pure.js": "1.0.3",
    "vercount-react": "0.1.4",
    "@waline/client": "3.13.0",
    "preact": "10.27.2",  # stands for React, which has no build that a browser loads as it is
}


def packaged(path: str) -> Path | None:
    """Return the file of a package that an address below `/npm/` names."""
    _, _, rest = path.partition("/npm/")
    for name in PACKAGES if rest else ():
        if rest.startswith(name + "/"):
            return package(name, PACKAGES[name]) / rest.removeprefix(name + "/")
    return None


def _certificate(directory: Path) -> tuple[Path, Path]:
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-days", "1", "-subj", "/CN=peer", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(certificate)], check=True, capture_output=True)
    return key, certificate


@contextlib.asynccontextmanager
async def tls(port: int, directory: Path) -> AsyncIterator[int]:
    """Put TLS before a port of this machine, with a certificate of our own; yields its port."""
    key, certificate = await asyncio.to_thread(_certificate, directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, outer), pipe(inner, writer))

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def browser_that_finds(hosts: Mapping[str, int]) -> AsyncIterator[Browser]:
    """A Chromium that looks for each `host:port` at a port of this machine, whatever its name."""
    rules = ",".join(f"MAP {host} 127.0.0.1:{port}" for host, port in hosts.items())
    found = "--host-resolver-rules=MAP *.test 127.0.0.1," + rules
    arguments = [found if a.startswith("--host-resolver-rules") else a for a in ARGUMENTS]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*arguments, "--ignore-certificate-errors"]
        )
        yield browser
        await browser.close()

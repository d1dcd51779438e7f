"""Debian's Chromium, and what it says it is."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
START_SECONDS = 30.0


@contextlib.contextmanager
def chromium_in(profile: Path, address: str = "about:blank") -> Iterator[str]:
    """Run one at `address`, which remembers things in `profile`; yields where to drive it."""
    agent = f"--user-agent={DESKTOP}"  # a headless one is no reader
    hidden = (agent, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}")
    process = subprocess.Popen(
        [CHROMIUM, *ARGUMENTS, *hidden, address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{_port(profile / 'DevToolsActivePort')}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _port(file: Path) -> int:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.02)
    raise AssertionError("chromium did not start")

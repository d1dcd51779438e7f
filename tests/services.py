"""The service as its user runs it: `visitor-counter serve` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from conftest import BROWSER

START_SECONDS = 30.0
SITES = '[sites.a]\nrepeat_window = "0s"\nrate_limit = "off"\n'


def visitor_counter(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "counter", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def write_config(
    directory: Path, url: str, *, server: str = "", store: str = "", sites: str = SITES
) -> Path:
    """Write a `counter.toml` with free ports; returns its path."""
    path = directory / "counter.toml"
    path.write_text(
        '[server]\nlisten = "127.0.0.1:0"\nops_listen = "127.0.0.1:0"\nfigures_max_age = "0s"\n'
        f'{server}\n[store]\nurl = "{url}"\njournal = "{directory}/journal"\n{store}\n{sites}\n'
    )
    return path


@dataclass
class Served:
    """A running `visitor-counter serve`."""

    process: subprocess.Popen[bytes]
    log: Path
    line: dict[str, Any]
    """The line that it logged when it was ready."""

    def ask(self, method: str, path: str, /, **parameters: str) -> Any:
        url = self.line["listen"] + path.lstrip("/")
        url += f"?{urlencode(parameters)}" if parameters else ""
        with urlopen(Request(url, method=method, headers={"User-Agent": BROWSER})) as answer:
            return json.load(answer)

    def view(self, path: str) -> Any:
        return self.ask("POST", "/v1/a/views", path=path)

    def figures(self, path: str) -> Any:
        return self.ask("GET", "/v1/a/figures", path=path)

    def ready(self) -> bool:
        try:
            with urlopen(self.line["ops"] + "readyz"):
                return True
        except HTTPError:
            return False

    def metrics(self) -> str:
        with urlopen(self.line["ops"] + "metrics") as answer:
            return str(answer.read().decode())

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        """Ask it to stop; returns the exit code."""
        self.process.terminate()
        return self.process.wait(START_SECONDS)


@contextlib.contextmanager
def served(config: Path) -> Iterator[Served]:
    """Serve with the settings in `config`; what still runs at the end is stopped."""
    log = config.with_name(f"log-{time.monotonic_ns()}")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "counter", "serve", "--config", str(config)],
            stdout=output,
            stderr=output,
        )
    try:
        yield Served(process, log, _serving(process, log))
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _serving(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        for text in log.read_text().splitlines():
            if '"event": "serving"' in text:
                line: dict[str, Any] = json.loads(text)
                return line
        time.sleep(0.02)
    raise AssertionError(f"the service did not start:\n{log.read_text()}")

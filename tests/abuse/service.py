"""The service as it is set by default, in a process of its own, and what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen


@dataclass
class Service:
    pid: int
    port: int
    ops: str

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    async def sample(self, series: str) -> int:
        text = await asyncio.to_thread(get, self.ops + "metrics")
        return int(float(text.partition(f"\n{series} ")[2].split("\n")[0] or 0))


def get(url: str) -> str:
    with urlopen(url) as answer:
        return str(answer.read().decode())


@contextlib.asynccontextmanager
async def served(directory: Path, store: str, sites: str) -> AsyncIterator[Service]:
    """Serve `sites`, as the settings have them, with the figures in `store`."""
    config = directory / "counter.toml"
    config.write_text(
        '[server]\nlisten = "127.0.0.1:0"\nops_listen = "127.0.0.1:0"\n'
        f'[store]\nurl = "{store}"\njournal = "{directory}/journal"\n{sites}'
    )
    command = (sys.executable, "-m", "counter", "serve", "--config", str(config))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr
    line: dict[str, Any] = {}
    while line.get("event") != "serving":
        line = json.loads(await process.stderr.readline())
    with (directory / "log").open("wb") as log:
        copying = asyncio.create_task(_copy(process.stderr, log))
        try:
            port = int(line["listen"].rpartition(":")[2].strip("/"))
            yield Service(process.pid, port, line["ops"])
        finally:
            process.terminate()
            await process.wait()
            await copying


async def _copy(source: asyncio.StreamReader, sink: Any) -> None:
    while data := await source.read(65_536):
        sink.write(data)

"""A store that can be killed: a Valkey or Redis of its own, on one port through all its lives."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from pathlib import Path
from types import TracebackType

from redis.asyncio import Redis
from redis.exceptions import RedisError

from counter.storage.embedded import find_server

START_SECONDS = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class StoreServer:
    """One server over one directory, with an append-only file unless `options` say otherwise.

    Args:
        options: settings of the server, such as `appendfsync="always"`.
        program: which server; None for the Valkey that the tests use.
        environment: what its processes get besides the tests' own.
    """

    def __init__(
        self,
        directory: Path,
        program: str | None = None,
        environment: dict[str, str] | None = None,
        **options: str,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self._program = program or find_server()
        self._environment = environment or {}
        self._options = {"appendonly": "yes", "appendfsync": "everysec", "save": "", **options}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def append_only_file(self) -> Path:
        """The file that grows: the last one that its manifest names."""
        return max(self.directory.glob("appendonlydir/*.incr.aof"))

    async def start(self, **options: str) -> None:
        """Start it, with `options` from now on; returns when it has loaded its data."""
        assert not self._process
        self._options |= options
        process = self._process = self._spawn()
        async with asyncio.timeout(START_SECONDS):
            while not await self._answers():
                assert process.poll() is None, (self.directory / "log").read_text()
                await asyncio.sleep(0.01)

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = [word for name, value in self._options.items() for word in (f"--{name}", value)]
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [self._program, "--port", str(self.port), "--bind", "127.0.0.1", *options],
                cwd=self.directory,
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )

    async def _answers(self) -> bool:
        async with self.client() as client:
            try:
                return bool(await client.ping())
            except RedisError:
                return False

    def client(self) -> Redis:
        password = self._options.get("requirepass")
        return Redis(port=self.port, password=password, socket_timeout=5)

    def kill(self) -> None:
        """SIGKILL: it answers nothing more, and says no goodbye."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def __aenter__(self) -> StoreServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

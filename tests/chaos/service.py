"""The service as its user runs it, which can be killed, stopped, and kept from writing to disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

_AGAIN_SECONDS = 0.3
_STOP_SECONDS = 60.0
_NOTHING = (0, resource.RLIM_INFINITY)
_ANYTHING = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Service:
    """`visitor-counter serve`, started again whenever it ends, as systemd would.

    Args:
        ahead_ms: how far its wall clock is ahead of the true one.
    """

    def __init__(self, config: Path, ahead_ms: int = 0) -> None:
        self._config = config
        self._ahead_ms = ahead_ms
        self.url = ""
        """Where it serves; empty while it does not."""
        self.starts = 0
        self.log: deque[dict[str, Any]] = deque(maxlen=5_000)
        """The lines that it logged."""
        self.words: list[str] = []
        """What else it said."""
        self.exits: list[int] = []
        self._wanted = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Service:
        self._keeper = asyncio.create_task(self._keep())
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._keeper
        self.kill()
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    def start(self) -> None:
        """Let it run, from now on until it is killed or stopped."""
        self._wanted.set()

    def kill(self) -> None:
        """SIGKILL, to it and to its workers."""
        self._wanted.clear()
        self.url = ""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_one(self, which: int) -> None:
        """SIGKILL, to one of its processes: a worker, or the parent."""
        if pids := self.pids():
            os.kill(pids[which % len(pids)], signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self._wanted.clear()
        self.url = ""
        if self._process is None:
            return 0
        process = self._process
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        return await asyncio.wait_for(process.wait(), _STOP_SECONDS)

    def forbid_writes(self, forbidden: bool) -> None:
        """Let every write to a file fail, as on a full disk; or no more."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, _NOTHING if forbidden else _ANYTHING)

    def pids(self) -> list[int]:
        """Return the process and, if it has some, its workers."""
        if self._process is None or self._process.returncode is not None:
            return []
        pid = self._process.pid
        with contextlib.suppress(FileNotFoundError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return [pid, *(int(child) for child in children if _is_worker(child))]
        return [pid]

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(Path(__file__).with_name("shifted.py"))),
                *("serve", "--config", str(self._config)),
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,  # no file: those it may not be able to write
                env={**os.environ, "CHAOS_AHEAD_MS": str(self._ahead_ms)},
            )
            try:
                await self._listen(self._process)
                self.exits.append(await self._process.wait())
            finally:
                self.url = ""
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        async for text in process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                self.words.append(text.decode(errors="replace").rstrip())
                continue
            self.log.append(line)
            if line["event"] == "serving":
                self.url = line["listen"]


def _is_worker(pid: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False

"""A command as somebody at a terminal runs it: it is seen, typed at, and stopped with Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

CTRL_C = "\x03"
TAB = "\t"
SECONDS = 30.0


class Terminal:
    """What the command shows, and where one types."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.shown = ""
        """All that was shown so far."""
        self._descriptor = descriptor

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def until(self, text: str) -> str:
        """Wait until `text` is shown; returns all that was shown."""
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            if not self._read(end):
                raise AssertionError(f"{text!r} was not shown: {self.shown!r}")
        return self.shown

    def end(self) -> int:
        """Wait until the command has ended; returns its exit code."""
        end = time.monotonic() + SECONDS
        while self._read(end):
            pass
        return self.process.wait(SECONDS)

    def _read(self, until: float) -> bool:
        """Take what is shown next; False at the end, or when it is too late."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0, until - time.monotonic()))
        # Once nobody holds the other end, Linux answers with an error.
        with contextlib.suppress(OSError):
            if ready and (data := os.read(self._descriptor, 65_536)):
                self.shown += data.decode("utf-8", "replace")
                return True
        return False


@contextlib.contextmanager
def terminal(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run `command` at a terminal of its own; what still runs at the end is killed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **(environ or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # The terminal has to control the command, or its Ctrl-C would reach nobody.
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)

"""A disk that forgets, at a power cut, what was not synced.

A kill shows nothing of that: what a program wrote is in the system's memory and survives it. So
each sync is noted by a library that is preloaded into the program (`synced.c`), and a power cut is
a kill and the cutting of each file to the length that it had when it was last synced. What was
written over in the midst of a file stays; names of files stay too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


class Disk:
    """The disk under the directories of programs that run in its `environment`."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            pytest.skip("no C compiler is here, to note what is synced")
        directory.mkdir()
        library, self._notes, self._gate = (directory / name for name in ("so", "notes", "gate"))
        source = Path(__file__).with_name("synced.c")
        command = [compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
        self.environment = {
            "LD_PRELOAD": str(library),
            "SYNCED_NOTES": str(self._notes),
            "SYNCED_GATE": str(self._gate),
        }

    def stall(self) -> None:
        """Let no sync end, until `go_on`: what is written meanwhile is not on disk."""
        self._gate.touch()

    def go_on(self) -> None:
        self._gate.unlink(missing_ok=True)

    def synced(self) -> dict[int, int]:
        """Return the length up to which each file is on disk, by inode."""
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return {int(inode): int(length) for inode, length in map(str.split, lines)}

    def cut_power(self, directory: Path) -> int:
        """Cut each file to what is on disk; returns how many bytes were not.

        Whoever writes to them must have been killed.
        """
        synced, lost = self.synced(), 0
        assert synced, "the library was not preloaded, or nothing was ever synced"
        for path in directory.rglob("*"):
            status = path.stat()
            if path.is_file() and status.st_size > synced.get(status.st_ino, 0):
                lost += status.st_size - synced.get(status.st_ino, 0)
                os.truncate(path, synced.get(status.st_ino, 0))
        return lost

"""A worker that is killed at each line of the journal's code in turn, and the next one that starts.

    python tests/journal_crashes.py DIRECTORY SCENARIO [EVERY]

Kills it at every line that it executes, or at every EVERYth; prints how often, and ends with an
error if a batch was lost or came twice.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from counter.model.figures import Batch, Hit
from counter.storage import journal, journal_file
from counter.storage.journal import Journal

LONG = 6000
"""Bytes that take an overflow page."""
PRODUCER = "0123456789abcdef"
WATCHED = {str(module.__file__) for module in (journal, journal_file)}


def batch(seq: int, length: int = 9) -> Batch:
    """Return a batch whose row has `length` bytes and some more."""
    hit = Hit("a", f"/tin/{seq}".ljust(length, "-"), "20261122", 1_795_348_800_000, b"visitor1")
    return Batch(PRODUCER, seq, "a", "20261122", (hit,))


class Books:
    """What was promised and what was applied, in files that outlive whoever writes them."""

    def __init__(self, directory: Path) -> None:
        self.kept, self.applied = directory / "kept", directory / "applied"

    def read(self, book: Path) -> list[int]:
        return [int(line) for line in book.read_text().split()] if book.exists() else []

    def write(self, book: Path, numbers: list[int]) -> None:
        descriptor = os.open(book, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, "".join(f"{number}\n" for number in numbers).encode())
        os.close(descriptor)

    def apply(self, batches: list[Batch]) -> None:
        """Do as the script does: a number that was applied is not applied again."""
        last = max(self.read(self.applied), default=0)
        self.write(self.applied, [batch.seq for batch in batches if batch.seq > last])


def keep_and_apply(directory: Path, books: Books) -> None:
    """Live through an outage: keep, apply, remove, and keep again."""
    own = Journal.open(directory, PRODUCER, 1 << 20)
    for batches in ([batch(1), batch(2, LONG)], [batch(3)]):
        own.append(batches)
        books.write(books.kept, [b.seq for b in batches])
    drain(own, books)
    own.append([batch(4)])
    books.write(books.kept, [4])
    own.close()


def drain(from_journal: Journal, books: Books) -> None:
    while batches := from_journal.oldest(2):
        books.apply(batches)
        from_journal.remove(batches)


def take_over(directory: Path, books: Books) -> None:
    for found in Journal.abandoned(directory):
        drain(found, books)
        found.close()


def leave_behind(directory: Path, books: Books) -> None:
    """Die with batches in the journal."""
    own = Journal.open(directory, PRODUCER, 1 << 20)
    own.append([batch(1), batch(2, LONG)])
    own.append([batch(3)])
    books.write(books.kept, [1, 2, 3])


def leave_damaged(directory: Path, books: Books) -> None:
    """Die with batches in the journal, of which the second gets a wrong byte."""
    leave_behind(directory, books)
    log = directory / f"{PRODUCER}.journal-wal"
    text = log.read_bytes()
    log.write_bytes(text.replace(b"/tin/2-", b"/tin/2_"))
    books.kept.write_text("1\n3\n")


SCENARIOS = {
    "keeping": (lambda directory, books: None, keep_and_apply),
    "taking-over": (leave_behind, take_over),
    "mending": (leave_damaged, take_over),
}


def main(directory: Path, scenario: str, every: int = 1) -> int:
    """Kill it again and again; returns how often."""
    for times, line in enumerate(count(1, every)):
        if not was_killed(directory, scenario, line):
            return times
    raise AssertionError("unreachable")


def was_killed(directory: Path, scenario: str, line: int) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    prepare, work = SCENARIOS[scenario]
    books = Books(directory)
    fork(lambda: prepare(directory, books))
    killed = not fork(lambda: killed_at(line, lambda: work(directory, books)))
    assert fork(lambda: take_over(directory, books)), line
    kept, applied = books.read(books.kept), books.read(books.applied)
    assert applied == sorted(set(applied)), (line, applied)
    assert set(kept) <= set(applied), (line, kept, applied)
    left = {path.suffix for path in directory.iterdir() if path.suffix}
    assert left <= {".corrupt", ".corrupt-wal"}, (line, left)
    return killed


def fork(work: Callable[[], None]) -> bool:
    """Do `work` in a process of its own; False if it was killed."""
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status == 0


def killed_at(line: int, work: Callable[[], None], watched: set[str] = WATCHED) -> None:
    """Do `work`, and be killed at the so manieth line that is executed in the `watched` files."""
    lines = count(1)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in watched:
            return None
        if event == "line" and next(lines) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    work()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    print(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))  # noqa: T201 # a program

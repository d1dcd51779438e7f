"""A journal on a disk that takes no more, for a while: run in a process of its own.

    python tests/journal_disk.py DIRECTORY full|limited

`full` fills the disk of DIRECTORY, `limited` forbids the process to write to files at all.
"""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

import pytest
from journal_crashes import LONG, PRODUCER, batch

from counter.errors import JournalError, JournalFull
from counter.storage.journal import Journal


class Full:
    """Fill the disk, but for what is asked to be left."""

    def __init__(self, directory: Path) -> None:
        self.filler = directory / "filler"

    def begin(self) -> None:
        with pytest.raises(OSError, match="No space left"):
            self.filler.write_bytes(bytes(1 << 20))

    def end(self) -> None:
        self.filler.unlink()


class Limited:
    def __init__(self, directory: Path) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def begin(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def end(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def refused(journal: Journal, seq: int) -> None:
    with pytest.raises(JournalError, match=str(journal.path)) as refusal:
        journal.append([batch(seq, LONG)])
    assert not isinstance(refusal.value, JournalFull)  # the disk is full, not the journal


def seqs(journal: Journal) -> list[int]:
    return [batch.seq for batch in journal.oldest(99)]


def main(directory: Path, how: str) -> None:
    disk = {"full": Full, "limited": Limited}[how](directory)
    journal = Journal.open(directory, PRODUCER, 1 << 30)

    disk.begin()
    refused(journal, 1)  # there is no file yet
    disk.end()
    journal.append([batch(1), batch(2)])

    disk.begin()
    for _ in range(3):
        refused(journal, 3)
    assert seqs(journal) == [1, 2]
    disk.end()
    journal.append([batch(3, LONG)])
    assert seqs(journal) == [1, 2, 3]

    disk.begin()
    journal.remove(journal.oldest(2))  # applied; whether it can be deleted is not our trouble
    assert seqs(journal) == [3]
    assert journal.pending_views == 1
    refused(journal, 4)
    disk.end()
    journal.append([batch(4)])
    assert seqs(journal) == [3, 4]

    disk.begin()
    journal.remove(journal.oldest(2))
    assert not journal.path.exists()
    disk.end()
    journal.append([batch(5)])
    journal.close()
    [found] = Journal.abandoned(directory)
    assert seqs(found) == [5]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

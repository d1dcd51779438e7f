"""The journal: what it took it gives back, whole and in order, whatever happened in between."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_crashes import LONG, PRODUCER, SCENARIOS, batch
from structlog.testing import capture_logs

from counter.errors import JournalError, JournalFull
from counter.model.figures import Batch, Hit
from counter.storage import journal_file
from counter.storage.journal import Journal

TESTS = Path(__file__).parent
LIMIT = 1 << 20
OTHER = "fedcba9876543210"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path, PRODUCER, LIMIT)
    yield journal
    journal.close()


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def drain(journal: Journal) -> list[Batch]:
    """Take all that is in the journal out of it, a few at a time."""
    drained = []
    while batches := journal.oldest(5):
        drained += batches
        journal.remove(batches)
    return drained


def recover(directory: Path) -> list[Batch]:
    """Do what a worker does that starts: returns what it finds."""
    found = []
    for journal in Journal.abandoned(directory):
        found += drain(journal)
        journal.close()
    return found


# What it holds

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
hits = st.builds(
    Hit,
    site=st.just("a"),
    path=texts,
    day=st.just("20261122"),
    at=st.integers(0, 2**53),
    visitor=st.binary(max_size=8),
    previous=st.binary(max_size=8),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(hits, min_size=1, max_size=40), min_size=1, max_size=5))
def test_what_was_taken_is_given_back(batches: list[list[Hit]]) -> None:
    taken = [
        Batch(PRODUCER, seq, "a", "20261122", tuple(some)) for seq, some in enumerate(batches, 1)
    ]
    with tempfile.TemporaryDirectory() as name:
        journal = Journal.open(Path(name), PRODUCER, LIMIT)
        journal.append(taken)
        assert journal.pending_views == sum(bool(hit.path) for b in taken for hit in b.hits)
        journal.close()
        assert recover(Path(name)) == taken


def test_the_oldest_come_first_however_they_were_written(journal: Journal) -> None:
    for seq in (3, 1, 2):
        journal.append([batch(seq)])
    assert [b.seq for b in journal.oldest(2)] == [1, 2]
    assert [b.seq for b in drain(journal)] == [1, 2, 3]


def test_no_file_is_there_before_the_first_batch_and_after_the_last(
    journal: Journal, tmp_path: Path
) -> None:
    assert names(tmp_path) == set()
    assert journal.oldest(1) == []
    for seq in (1, 2):
        journal.append([batch(seq)])
        assert journal.size_bytes > 0
        drain(journal)
        assert names(tmp_path) == set()
        assert (journal.size_bytes, journal.pending_views) == (0, 0)


def test_no_text_of_a_view_but_its_path_is_in_the_file(journal: Journal, tmp_path: Path) -> None:
    journal.append([batch(1)])
    with sqlite3.connect(f"file:{copy_of(tmp_path)}?mode=ro", uri=True) as db:
        [(row,)] = db.execute("SELECT batch FROM batches").fetchall()
    db.close()
    assert row[8:] == b'["a","20261122",[["/tin/1---",1795348800000,"76697369746f7231",""]]]'


def test_a_full_journal_takes_no_more_and_goes_on_when_there_is_room(journal: Journal) -> None:
    taken = []
    while journal.size_bytes < LIMIT * 0.8:
        taken.append(batch(len(taken) + 1, LONG))
        journal.append(taken[-1:])
    with pytest.raises(JournalFull, match="journal_limit"):
        journal.append([batch(seq, LONG) for seq in range(1000, 1050)])
    assert journal.size_bytes <= LIMIT
    assert journal.oldest(1000) == taken
    journal.remove(taken[:50])
    journal.append([batch(seq, LONG) for seq in range(1000, 1050)])


def test_all_batches_of_a_call_are_taken_or_none(journal: Journal) -> None:
    with pytest.raises(JournalFull):
        journal.append([batch(1), batch(2, 2 * LIMIT)])
    assert journal.oldest(9) == []
    with pytest.raises(JournalError):
        journal.append([batch(1), batch(1)])
    assert journal.oldest(9) == []


def test_a_directory_that_can_t_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"store\.journal: .*file.* can't be written to"):
        Journal.open(tmp_path / "file" / "journals", PRODUCER, LIMIT)


def test_batches_that_the_store_refused_are_kept_apart(journal: Journal, tmp_path: Path) -> None:
    journal.append([batch(1), batch(2)])
    journal.set_aside(batch(1), "the store refused: WRONGTYPE")
    assert journal.pending_views == 1
    assert drain(journal) == [batch(2)]
    assert names(tmp_path) == {f"{PRODUCER}.refused"}
    with sqlite3.connect(tmp_path / f"{PRODUCER}.refused") as db:
        assert db.execute("SELECT seq, why FROM refused").fetchall() == [
            (1, "the store refused: WRONGTYPE")
        ]
    db.close()
    assert recover(tmp_path) == []


# Whose it is


def test_a_living_worker_s_journal_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    journal.append([batch(1)])
    assert Journal.abandoned(tmp_path) == []
    journal.close()
    assert recover(tmp_path) == [batch(1)]
    assert names(tmp_path) == set()


def test_a_killed_worker_s_journal_is_taken_over_by_one(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from journal_crashes import *; "
        f"journal = Journal.open(Path(sys.argv[1]), '{OTHER}', 1 << 20); "
        f"journal.append([Batch('{OTHER}', 7, 'a', '20261122', batch(7).hits)]); "
        "print(flush=True); sys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        assert Journal.abandoned(tmp_path) == []
        worker.kill()
    [found] = Journal.abandoned(tmp_path)
    assert Journal.abandoned(tmp_path) == []
    assert drain(found) == [Batch(OTHER, 7, "a", "20261122", batch(7).hits)]
    found.close()


def test_a_lock_that_was_deleted_in_the_last_moment_is_none(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, held = tmp_path / f"{PRODUCER}.lock", []

    def delete_and_lock(descriptor: int, how: int) -> None:
        if not held:
            lock.unlink()  # as the owner before does with an empty journal
        held.append(descriptor)
        flock(descriptor, how)

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", delete_and_lock)
    journal.append([batch(1)])
    assert len(held) == 2
    assert Journal.abandoned(tmp_path) == []


def test_a_newer_service_s_journal_is_left_as_it_is(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append([batch(1)])
    journal.close()
    path = tmp_path / f"{PRODUCER}.journal"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
        db.execute("PRAGMA application_id = 0x56430002")
    db.close()
    before = path.read_bytes()
    with capture_logs() as logs:
        assert Journal.abandoned(tmp_path) == []
    assert "newer service (format 2)" in logs[0]["error"]
    assert path.read_bytes() == before
    monkeypatch.setattr(journal_file, "FORMAT", 2)
    assert recover(tmp_path) == [batch(1)]


# Crashes


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_worker_killed_at_any_line_loses_nothing_and_doubles_nothing(
    scenario: str, tmp_path: Path
) -> None:
    """Every seventh line; `python tests/journal_crashes.py DIRECTORY SCENARIO` does all."""
    crashes = run("journal_crashes.py", tmp_path / "work", scenario, "7")
    assert int(crashes) > 50


def run(script: str, *arguments: object, prefix: tuple[str, ...] = ()) -> str:
    command = [*prefix, sys.executable, TESTS / script, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Trouble with the disk


def test_a_disk_that_takes_no_more_for_a_while_does_no_harm(tmp_path: Path) -> None:
    run("journal_disk.py", tmp_path, "limited")


def test_a_full_disk_does_no_harm(tmp_path: Path) -> None:
    own_disk = (
        *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
        'mount -t tmpfs -o size=256k none "$0" && exec "$@"',
        str(tmp_path),
    )
    if not shutil.which("unshare") or subprocess.run([*own_disk, "true"]).returncode:
        pytest.skip("no disk of its own can be had here (unshare and tmpfs)")
    run("journal_disk.py", tmp_path, "full", prefix=own_disk)


# Damage

WRITTEN = [batch(seq, LONG if seq in (3, 6) else 20) for seq in range(1, 9)]


@pytest.fixture(params=["killed", "stopped"])
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with what a worker left behind that was killed, or stopped."""
    journal = Journal.open(tmp_path / "worker", PRODUCER, LIMIT)
    for first, last in ((0, 1), (1, 3), (3, 4), (4, 7), (7, 8)):
        journal.append(WRITTEN[first:last])
    if request.param == "stopped":
        journal.close()
    shutil.copytree(tmp_path / "worker", tmp_path / "left")
    journal.close()
    return tmp_path / "left"


def copy_of(directory: Path) -> Path:
    """Copy the journal with its log, as a crash would leave it; returns the copy's path."""
    shutil.copytree(directory, directory / "copy")
    return directory / "copy" / f"{PRODUCER}.journal"


def files(directory: Path) -> list[tuple[str, bytes]]:
    found = [(path.name, path.read_bytes()) for path in directory.iterdir()]
    return sorted((name, data) for name, data in found if not name.endswith(".lock") and data)


def recover_damaged(left: Path, name: str, data: bytes) -> list[Batch]:
    """Recover from a copy in which one file has other bytes; what is lost must have been told."""
    directory = left.with_name("damaged")
    shutil.copytree(left, directory)
    (directory / name).write_bytes(data)
    with capture_logs() as logs:
        found = recover(directory)
    assert [b for b in WRITTEN if b in found] == found  # in order, and nothing invented
    told = [line for line in logs if line["event"] == "journal_damaged"]
    kept = names(directory) & {f"{PRODUCER}.corrupt"}
    assert bool(told) == bool(kept)
    assert told or found == WRITTEN
    for line in told:
        assert line["journal"].endswith(f"{PRODUCER}.journal")
        assert line["damage"]
        assert line["batches_saved"] == len(found)
    assert names(directory) <= {f"{PRODUCER}.corrupt", f"{PRODUCER}.corrupt-wal"}
    shutil.rmtree(directory)
    return found


def test_a_wrong_byte_costs_one_batch_at_most_and_is_told(left: Path) -> None:
    for name, data in files(left):
        for at in (*range(0, 128, 3), *range(128, len(data), 311)):
            damaged = bytearray(data)
            damaged[at] ^= 0xFF
            found = recover_damaged(left, name, bytes(damaged))
            assert len(found) >= len(WRITTEN) - 1, (name, at)


def test_a_page_of_zeros_leaves_the_other_pages_batches(left: Path) -> None:
    for name, data in files(left):
        for at in range(0, len(data) - 4096, 4096):
            damaged = data[:at] + bytes(4096) + data[at + 4096 :]
            recover_damaged(left, name, damaged)


def test_a_file_that_was_cut_short_gives_what_is_left(left: Path) -> None:
    for name, data in files(left):
        counts = [
            len(recover_damaged(left, name, data[:length]))
            for length in (*range(0, len(data), 1531), len(data))
        ]
        assert counts == sorted(counts), name
        assert counts[-1] == len(WRITTEN)


def test_an_emptied_file_loses_nothing_that_is_in_its_log(journal: Journal, tmp_path: Path) -> None:
    journal.append(WRITTEN)
    path = copy_of(tmp_path)
    path.write_bytes(b"")
    assert recover(path.parent) == WRITTEN


def test_a_batch_that_is_damaged_while_the_journal_is_open_is_left_behind(
    journal: Journal, tmp_path: Path
) -> None:
    journal.append([batch(1), batch(2), batch(3)])
    with journal._file.transaction() as db:
        db.execute("UPDATE batches SET batch = CAST('00000000[]' AS BLOB) WHERE seq = 2")
    with capture_logs() as logs:
        assert [b.seq for b in journal.oldest(9)] == [1, 3]
    assert logs[0]["damage"].endswith("the checksum is wrong of batch 2")
    assert journal.pending_views == 2
    journal.append([batch(4)])
    assert [b.seq for b in drain(journal)] == [1, 3, 4]
    assert names(tmp_path) == {f"{PRODUCER}.corrupt"}

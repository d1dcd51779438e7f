"""The file of one journal: who owns it, whether it is sound, and what is done if it is not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import structlog

from counter.errors import JournalError
from counter.storage import salvage
from counter.storage.salvage import PAGE_BYTES

FORMAT = 1
_APPLICATION = 0x56430000
"""`VC`; with the format added, which is told twice so that no damage looks like a newer one."""
_SCHEMA = f"""
BEGIN;
CREATE TABLE batches (seq INTEGER PRIMARY KEY AUTOINCREMENT, batch BLOB NOT NULL);
CREATE TABLE refused (seq INTEGER PRIMARY KEY, batch BLOB NOT NULL, why TEXT NOT NULL);
PRAGMA user_version = {FORMAT};
PRAGMA application_id = {_APPLICATION + FORMAT};
COMMIT;
"""
_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_BUSY")
"""The beginnings of SQLite's names for errors that tell nothing about the file."""
_NOTE_BYTES = 20

log = structlog.get_logger()


class JournalDamaged(JournalError):
    """The file does not hold what was written to it."""


class JournalFile:
    """A SQLite file in write-ahead mode, synced at every commit, with a lock beside it.

    Args:
        path: `<producer>.journal`.
        is_sound: tells whether a row of `batches` is as it was written.
    """

    def __init__(self, path: Path, is_sound: Callable[[int, bytes], bool]) -> None:
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self._salvaged = path.with_suffix(".salvaged")
        self._is_sound = is_sound
        self._lock: int | None = None
        self._db: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        return self._db is not None

    @property
    def size_bytes(self) -> int:
        """The size of the file and of its log; may be asked from any thread."""
        size = 0
        for path in (self.path, self._log):
            with contextlib.suppress(FileNotFoundError):
                size += path.stat().st_size
        return size

    def exists(self) -> bool:
        return self.path.exists() or self._salvaged.exists()

    # Its owner

    def hold(self) -> bool:
        """Become the owner; False if another process is."""
        path = self.path.with_suffix(".lock")
        try:
            while self._lock is None:
                self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is_at(path, self._lock):
                    self.release()  # the owner before deleted it just now
        except BlockingIOError:
            self.release()
            return False
        except OSError as error:
            self.release()
            raise JournalError(f"journal {self.path}: {error.strerror}") from None
        return True

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def note(self, seq: int) -> None:
        """Write the last number that was appended into the lock: so a file cut short is noticed.

        It isn't synced: after a power cut it may tell less than the file holds, never more.
        """
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._lock, f"{seq:{_NOTE_BYTES}}".encode(), 0)

    def _noted(self) -> int:
        with contextlib.suppress(ValueError):
            return int(os.pread(self._lock, _NOTE_BYTES, 0)) if self._lock is not None else 0
        return 0

    # Its content

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the database; what is done to it is on disk afterwards, or not done at all.

        Raises:
            JournalDamaged: see `mend`.
            JournalError: the disk refused.
        """
        if self._db is None:
            raise JournalError(f"journal {self.path}: is not open")
        try:
            self._db.execute("BEGIN")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def open(self, log_pages: int) -> None:
        """Open the file, or make it; a damaged one is mended. `hold` comes first.

        Args:
            log_pages: pages that the write-ahead log may have, more or less.

        Raises:
            JournalError: the disk refuses, or the file is of a newer service.
        """
        try:
            self._finish_salvage()
            if damage := self._damage_of_log() or self._connect_and_look():
                self.mend(damage)
            with self.transaction() as db:
                db.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise JournalError(f"journal {self.path}: {error}") from None
        except JournalError:
            self.close()
            raise

    def mend(self, damage: str) -> None:
        """Go on with what is sound in a new file; the damaged one is kept as `<producer>.corrupt`.

        Rows that were deleted may be there again.

        Raises:
            JournalError: the disk refuses; the file is as it was.
        """
        self.close()
        building = self.path.with_suffix(".salvaging")
        building.unlink(missing_ok=True)
        try:
            saved, last = self._carry_over(building)
            building.rename(self._salvaged)
            _sync(self.path.parent)
            kept = self._finish_salvage()
            self._db = _connect(self.path)
        except (sqlite3.Error, OSError) as error:
            building.unlink(missing_ok=True)
            raise JournalError(f"journal {self.path} is damaged ({damage}): {error}") from None
        self.note(last)
        log.error(
            "journal_damaged",
            journal=str(self.path),
            damage=damage,
            kept_as=str(kept),
            batches_saved=saved,
        )

    def close(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    def discard(self, kept_as: str = "") -> None:
        """Delete the file, or let it have the suffix `kept_as`; and let go of it."""
        self.close()
        try:
            if kept_as:
                self._keep_as(kept_as)
            for path in (self.path, self._log, self.path.with_suffix(".lock")):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(f"journal {self.path}: {error.strerror}") from None
        finally:
            self.release()

    # Damage

    def _damage_of_log(self) -> str:
        """Tell what is wrong with the log. SQLite would take it for the log's end, silently."""
        if not self._log.exists():
            return ""
        if not self.path.stat().st_size:
            return "it is empty, but its write-ahead log is there"
        parts = salvage.transactions(self._log)
        return "" if all(part.sound for part in parts) else "its write-ahead log is damaged"

    def _connect_and_look(self) -> str:
        """Open the database; returns what is wrong with it."""
        try:
            self._db = _connect(self.path)
            return _damage_of_tables(self._db) or self._damage_of_rows(self._db)
        except sqlite3.Error as error:
            if error.sqlite_errorname.startswith(_DISK):
                raise
            return str(error)
        except UnicodeDecodeError:  # SQLite's message, in which it quotes the file
            return "its schema is damaged"

    def _damage_of_rows(self, db: sqlite3.Connection) -> str:
        last = db.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()[0] or 0
        if last < self._noted():
            return f"it ends with batch {last}, and {self._noted()} was in it"
        rows = db.execute("SELECT seq, batch FROM batches ORDER BY seq")
        damaged = [str(seq) for seq, row in rows if not self._is_sound(seq, row)]
        return f"the checksum is wrong of batch {', '.join(damaged)}" if damaged else ""

    def _carry_over(self, building: Path) -> tuple[int, int]:
        """Write the sound rows to a new file; returns how many they are, and the last number."""
        with contextlib.closing(_connect(building)) as db:
            found = salvage.rows(self.path, self._log)
            sound = ((seq, row) for seq, row in found if self._is_sound(seq, row))
            db.execute("BEGIN")
            db.executemany("INSERT OR IGNORE INTO batches VALUES (?, ?)", sound)
            db.execute("COMMIT")
            db.execute("PRAGMA journal_mode = DELETE")  # all of it in one file
            saved, last = db.execute("SELECT count(*), max(seq) FROM batches").fetchone()
        return saved, last or 0

    def _finish_salvage(self) -> Path | None:
        """Let the new file take the damaged one's place, if there is one.

        It is whole when it has its name; a crash in between leads to here again.
        """
        if not self._salvaged.exists():
            return None
        kept = self._keep_as("corrupt")
        self._salvaged.rename(self.path)
        _sync(self.path.parent)
        return kept

    def _keep_as(self, suffix: str) -> Path:
        """Give the file and its log a name that is not in use; returns it."""
        numbered = (f".{suffix}" if n == 1 else f".{suffix}-{n}" for n in count(1))
        names = (self.path.with_suffix(name) for name in numbered)
        kept = next(name for name in names if not name.exists())
        # The log first: what is left by a crash in between is sound, if not whole.
        with contextlib.suppress(FileNotFoundError):
            self._log.rename(kept.with_name(kept.name + "-wal"))
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(kept)
        return kept

    def _explained(self, error: sqlite3.Error) -> JournalError:
        name = getattr(error, "sqlite_errorname", "")
        kind = (
            JournalDamaged if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) else JournalError
        )
        return kind(f"journal {self.path}: {error}")


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.text_factory = bytes  # damaged text need not be UTF-8
        # One process has it: so the index of the log is in its memory, and no third file is there,
        # which a full disk would answer with SIGBUS.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        [tables] = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        [pages] = db.execute("PRAGMA page_count").fetchone()
        if not tables and pages <= 1:
            db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _damage_of_tables(db: sqlite3.Connection) -> str:
    [version] = db.execute("PRAGMA user_version").fetchone()
    [application] = db.execute("PRAGMA application_id").fetchone()
    if version > FORMAT and application == _APPLICATION + version:
        raise JournalError(
            f"it was written by a newer service (format {version}): start that one to apply it"
        )
    if (version, application) != (FORMAT, _APPLICATION + FORMAT):
        return "its header is damaged"
    [found] = db.execute("PRAGMA quick_check(1)").fetchone()
    return "" if found == b"ok" else found.decode(errors="replace")


def _is_at(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _sync(directory: Path) -> None:
    """Let the directory's names be on disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

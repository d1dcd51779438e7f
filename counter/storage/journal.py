"""A worker's batches on local disk, while the store is away.

One SQLite file for each producer, `<producer>.journal`, in write-ahead mode and synced at every
commit: what `append` has taken survives a crash and a power cut (SQLite, "PRAGMA synchronous").
Beside it lies `<producer>.lock`, which the worker holds for as long as it lives; so whoever starts
next can tell the journals of the dead. No file is there until something is appended, and none is
left when all of it has been applied.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import structlog

from counter.errors import JournalError, JournalFull
from counter.model.figures import Batch, Hit

FORMAT = 1
_PAGE_BYTES = 4096
_SCHEMA = f"""
PRAGMA page_size = {_PAGE_BYTES};
PRAGMA journal_mode = WAL;
PRAGMA user_version = {FORMAT};
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    day TEXT NOT NULL,
    hits TEXT NOT NULL,
    views INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    set_aside TEXT
);
"""
_COLUMNS = "seq, site, day, hits, views, checksum"
_Row = tuple[int, str, str, str, int, int]

log = structlog.get_logger()


class Journal:
    """The journal of one producer. Its calls block, and are made from one thread at a time."""

    def __init__(self, directory: Path, producer: str, limit: int) -> None:
        self.path = directory / f"{producer}.journal"
        self.producer = producer
        self.pending_views = 0
        """Views that wait in it."""
        self._limit = limit
        self._lock: IO[str] | None = None
        self._db: sqlite3.Connection | None = None

    @classmethod
    def open(cls, directory: Path, producer: str, limit: int) -> Journal:
        """Return the journal of a living producer; `limit` is the size (bytes) it may grow to.

        Raises:
            JournalError: the directory can't be used.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = directory / f"{producer}.probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise JournalError(
                f"store.journal: {directory} can't be written to: {error.strerror}"
            ) from None
        return cls(directory, producer, limit)

    @classmethod
    def abandoned(cls, directory: Path, limit: int = 0) -> list[Journal]:
        """Take over the journals in `directory` whose workers are dead."""
        found = []
        for path in sorted(directory.glob("*.journal")):
            journal = cls(directory, path.stem, limit)
            try:
                if journal._hold():
                    journal._open()
                    found.append(journal)
            except JournalError as error:
                log.error("journal_unreadable", journal=str(path), error=str(error))
                journal._release()
        return found

    @property
    def size_bytes(self) -> int:
        """The size of the file and of its write-ahead log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def append(self, batches: Sequence[Batch]) -> None:
        """Write `batches`, all or none; they are on disk when this returns.

        Raises:
            JournalFull: it would grow past its limit.
            JournalError: the disk refused; the journal is as it was.
        """
        if not batches:
            return
        if self._db is None:
            if not self._hold():
                raise JournalError(f"journal {self.path}: another process holds it")
            self._open()
        rows = [_row(batch) for batch in batches]
        with self._transaction() as db:
            db.executemany(
                f"INSERT INTO batches ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 # constants
                rows,
            )
        self.pending_views += sum(map(_views, batches))

    def oldest(self, most: int) -> list[Batch]:
        """Return the `most` batches with the lowest numbers.

        A row that does not agree with its checksum is set aside.

        Raises:
            JournalError: the file can't be read.
        """
        if self._db is None:
            return []
        with self._explained() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM batches WHERE set_aside IS NULL ORDER BY seq LIMIT ?",  # noqa: S608 # constants
                (most,),
            ).fetchall()
        batches = []
        for row in rows:
            if _checksum(row) == row[-1]:
                batches.append(self._batch(row))
            else:
                log.error("journal_row_corrupt", journal=str(self.path), seq=row[0])
                self._set_aside(row[0], "its checksum is wrong")
                self._recount()
        if rows and not batches:
            return self.oldest(most)
        return batches

    def remove(self, batches: Sequence[Batch]) -> None:
        """Forget batches that have been applied."""
        with self._transaction() as db:
            db.executemany("DELETE FROM batches WHERE seq = ?", [(b.seq,) for b in batches])
        self.pending_views -= sum(map(_views, batches))

    def set_aside(self, batch: Batch, why: str) -> None:
        """Keep a batch that can't be applied out of the way; it stays in the file."""
        self._set_aside(batch.seq, why)
        self.pending_views -= _views(batch)

    def _set_aside(self, seq: int, why: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE batches SET set_aside = ? WHERE seq = ?", (why, seq))

    def close(self) -> None:
        """Let go of the files; those of an empty journal are deleted."""
        if self._db is None:
            return
        empty = False
        with contextlib.suppress(sqlite3.Error):
            empty = not self._db.execute("SELECT 1 FROM batches LIMIT 1").fetchone()
        self._db.close()
        self._db = None
        if empty:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.with_suffix(".lock").unlink(missing_ok=True)
        self._release()

    def _hold(self) -> bool:
        try:
            self._lock = self.path.with_suffix(".lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release()
            return False
        except OSError as error:
            raise JournalError(f"journal {self.path}: {error.strerror}") from None
        return True

    def _release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    def _open(self) -> None:
        try:
            self._db = self._connect()
            broken = self._db.execute("PRAGMA quick_check").fetchone() != ("ok",)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise JournalError(f"journal {self.path}: {error}") from None
            broken = True
        if broken:
            self._salvage()
        self._recount()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise JournalError(
                f"journal {self.path}: written by a newer service (format {version}); "
                "start that one to apply it"
            )
        db.executescript(_SCHEMA)
        db.execute("PRAGMA synchronous = FULL")
        if self._limit:
            db.execute(f"PRAGMA max_page_count = {max(self._limit // _PAGE_BYTES, 8)}")
        return db

    def _salvage(self) -> None:
        """Carry what can be read of a damaged file over into a new one; keep the damaged one."""
        rows: dict[int, tuple[object, ...]] = {}
        if self._db:
            for order in ("ASC", "DESC"):  # from both ends towards the damage
                with contextlib.suppress(sqlite3.DatabaseError):
                    for row in self._db.execute(
                        f"SELECT {_COLUMNS}, set_aside FROM batches ORDER BY seq {order}"  # noqa: S608 # constants
                    ):
                        rows[row[0]] = row
            self._db.close()
        damaged = self.path.with_suffix(".corrupt")
        self.path.rename(damaged)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self._db = self._connect()
        with self._transaction() as db:
            db.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", rows.values())
        log.error(
            "journal_damaged", journal=str(self.path), kept_as=str(damaged), batches_saved=len(rows)
        )

    def _recount(self) -> None:
        with self._explained() as db:
            query = "SELECT COALESCE(SUM(views), 0) FROM batches WHERE set_aside IS NULL"
            self.pending_views = int(db.execute(query).fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[sqlite3.Connection]:
        if self._db is None:
            raise JournalError(f"journal {self.path}: is not open")
        try:
            yield self._db
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" and self._is_at_limit():
                raise JournalFull(
                    f"the journal holds {self._limit} bytes, as much as it may"
                ) from None
            raise JournalError(f"journal {self.path}: {error}") from None

    def _is_at_limit(self) -> bool:
        return bool(self._limit) and self.path.stat().st_size >= self._limit * 0.9

    def _batch(self, row: _Row) -> Batch:
        seq, site, day, text = row[:4]
        hits = tuple(
            Hit(site, path, day, at, bytes.fromhex(visitor), bytes.fromhex(previous))
            for path, at, visitor, previous in json.loads(text)
        )
        return Batch(self.producer, seq, site, day, hits)


def _views(batch: Batch) -> int:
    return sum(bool(hit.path) for hit in batch.hits)


def _row(batch: Batch) -> _Row:
    hits = [(hit.path, hit.at, hit.visitor.hex(), hit.previous.hex()) for hit in batch.hits]
    text = json.dumps(hits, ensure_ascii=False, separators=(",", ":"))
    row = (batch.seq, batch.site, batch.day, text)
    return (*row, _views(batch), _checksum(row))


def _checksum(row: Sequence[object]) -> int:
    return zlib.crc32("\0".join(map(str, row[:4])).encode())

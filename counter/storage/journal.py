"""A worker's batches on local disk, while the store is away.

One file for each producer, `<producer>.journal`, synced at every commit: what `append` has taken
survives a crash and a power cut. Beside it lies `<producer>.lock`, which the worker holds for as
long as the file is there; so whoever starts next can tell the journals of the dead. No file is
there until something is appended, and none is left when all of it has been applied.

Nothing that holds views is deleted. A damaged file is kept as `<producer>.corrupt`, and what is
sound in it goes on in a new one; batches that the store refused are kept in `<producer>.refused`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryFile
from typing import TypeVar
from zlib import crc32

import structlog

from counter.errors import JournalError, JournalFull
from counter.model.days import day_date, day_name
from counter.model.figures import Batch, Hit
from counter.storage.journal_file import JournalDamaged, JournalFile
from counter.storage.salvage import PAGE_BYTES

_MOST_LOG_PAGES = 1000
_CHECKSUM_DIGITS = 8
_KINDS = ("journal", "salvaged", "lock")
"""Files by which a dead worker is known."""

T = TypeVar("T")
log = structlog.get_logger()


class Journal:
    """The journal of one producer. Its calls block, and are made from one thread at a time.

    Every call but `close` raises `JournalError` if the disk refuses; the journal is then as it
    was, and may be asked again.
    """

    def __init__(self, directory: Path, producer: str, limit: int | None = None) -> None:
        self.path = directory / f"{producer}.journal"
        self.producer = producer
        self.pending_views = 0
        """Views that wait in it."""
        self._file = JournalFile(self.path, self._is_sound)
        self._log_pages = _MOST_LOG_PAGES
        self._room: int | None = None
        if limit is not None:
            # A quarter is for the write-ahead log, up to what it takes anyway.
            self._log_pages = max(min(limit // 4 // PAGE_BYTES, _MOST_LOG_PAGES), 1)
            self._room = limit - self._log_pages * PAGE_BYTES
        self._applied: set[int] = set()
        """Numbers that have been applied and that the disk does not let us delete."""
        self._first = 0
        """No number below it waits."""

    @classmethod
    def open(cls, directory: Path, producer: str, limit: int) -> Journal:
        """Return the journal of a living producer; `limit` is the size (bytes) it may grow to.

        Raises:
            JournalError: the directory can't be used.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with TemporaryFile(dir=directory):
                pass
        except OSError as error:
            raise JournalError(
                f"store.journal: {directory} can't be written to: {error.strerror}"
            ) from None
        return cls(directory, producer, limit)

    @classmethod
    def abandoned(cls, directory: Path) -> list[Journal]:
        """Take over the journals in `directory` whose workers are dead.

        One that can't be read now stays where it is, and the log tells why.
        """
        found = []
        files = [path for kind in _KINDS for path in directory.glob(f"*.{kind}")]
        for producer in sorted({path.stem for path in files}):
            journal = cls(directory, producer)
            try:
                if not journal._file.hold():
                    continue
                if journal._file.exists():
                    journal._open()
                    found.append(journal)
                else:  # its worker was about to delete the lock too
                    journal._file.discard()
            except JournalError as error:
                log.error("journal_unreadable", journal=str(journal.path), error=str(error))
                journal._file.release()
        return found

    @property
    def size_bytes(self) -> int:
        """Its size on disk; may be asked from any thread."""
        return self._file.size_bytes

    def append(self, batches: Sequence[Batch]) -> None:
        """Write `batches`, all or none; they are on disk when this returns.

        Raises:
            JournalFull: it would grow past its limit.
        """
        if not batches:
            return
        rows = [(batch.seq, _pack(batch)) for batch in batches]

        def insert(db: Connection) -> None:
            self._refuse_past_limit(db, sum(len(row) for _, row in rows))
            db.executemany("INSERT INTO batches VALUES (?, ?)", rows)

        self._transact(insert)
        self.pending_views += sum(map(_views, batches))
        self._file.note(batches[-1].seq)

    def oldest(self, most: int) -> list[Batch]:
        """Return the `most` batches with the lowest numbers."""
        if not self._file.is_open and not self.pending_views:
            return []
        return self._transact(lambda db: self._head(db, most))

    def remove(self, batches: Sequence[Batch]) -> None:
        """Forget batches that have been applied; with the last of them the file is gone.

        Where the disk does not let us delete them they are forgotten in memory: should another
        worker find them, the store will tell it that they were applied.
        """
        self._applied.update(batch.seq for batch in batches)
        self.pending_views -= sum(map(_views, batches))
        try:
            self._transact(self._delete_applied)
            self._applied.clear()
        except JournalError as error:
            log.warning("journal_not_shortened", journal=str(self.path), error=str(error))
        self._discard_if_empty()

    def set_aside(self, batch: Batch, why: str) -> None:
        """Keep a batch that the store refused out of the way."""

        def move(db: Connection) -> None:
            row = (batch.seq, _pack(batch), why)
            db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", row)
            db.execute("DELETE FROM batches WHERE seq = ?", (batch.seq,))

        self._transact(move)
        self.pending_views -= _views(batch)
        self._discard_if_empty()

    def close(self) -> None:
        """Let go of the file and leave it for whoever starts next; an empty one is deleted."""
        with contextlib.suppress(JournalError):
            self._discard_if_empty()
        self._file.close()
        self._file.release()

    def _open(self) -> None:
        self._file.open(self._log_pages)
        self._recount()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction, after mending the file if it turns out to be damaged."""
        if not self._file.is_open:
            if not self._file.hold():
                raise JournalError(f"journal {self.path}: another process holds it")
            self._open()
        try:
            with self._file.transaction() as db:
                return work(db)
        except JournalDamaged as error:
            self._file.mend(str(error))
            self._recount()
        with self._file.transaction() as db:
            return work(db)

    def _recount(self) -> None:
        self._first = 0
        with self._file.transaction() as db:
            rows = db.execute("SELECT seq, batch FROM batches")
            waiting = (self._unpack(seq, row) for seq, row in rows if seq not in self._applied)
            self.pending_views = sum(map(_views, waiting))

    def _refuse_past_limit(self, db: Connection, more: int) -> None:
        if self._room is None:
            return
        [pages] = db.execute("PRAGMA page_count").fetchone()
        [free] = db.execute("PRAGMA freelist_count").fetchone()
        if (pages - free) * PAGE_BYTES + more > self._room:
            raise JournalFull("the journal is as large as it may grow (store.journal_limit)")

    def _head(self, db: Connection, most: int) -> list[Batch]:
        batches: list[Batch] = []
        query = "SELECT seq, batch FROM batches WHERE seq >= ? ORDER BY seq"
        # Closed early, or it would keep the log from being written over.
        with contextlib.closing(db.execute(query, (self._first,))) as rows:
            for seq, row in rows:
                if seq not in self._applied:
                    batches.append(self._unpack(seq, row))
                if len(batches) == most:
                    break
        if batches:
            self._first = batches[0].seq
        return batches

    def _delete_applied(self, db: Connection) -> None:
        db.executemany("DELETE FROM batches WHERE seq = ?", [(seq,) for seq in self._applied])

    def _discard_if_empty(self) -> None:
        if not self._file.is_open or self.oldest(1):
            return
        refused = self._transact(lambda db: db.execute("SELECT 1 FROM refused LIMIT 1").fetchone())
        self._file.discard(kept_as="refused" if refused else "")
        self._applied.clear()

    def _is_sound(self, seq: int, row: bytes) -> bool:
        try:
            self._unpack(seq, row)
        except JournalDamaged:
            return False
        return True

    def _unpack(self, seq: int, row: bytes) -> Batch:
        seal, text = row[:_CHECKSUM_DIGITS], row[_CHECKSUM_DIGITS:]
        if seal != _checksum(self.producer, seq, text):
            raise JournalDamaged(f"the checksum is wrong of batch {seq}")
        try:
            site, day, hits = json.loads(text)
            return Batch(
                self.producer,
                seq,
                _text(site),
                day_name(day_date(_text(day))),
                tuple(
                    Hit(site, _text(path), day, int(at), bytes.fromhex(who), bytes.fromhex(before))
                    for path, at, who, before in hits
                ),
            )
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            # Another version's, say: it must not keep this one from its start.
            raise JournalDamaged(f"batch {seq} is not a batch as this version has it") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    value.encode()  # half a surrogate has no bytes
    return value


def _pack(batch: Batch) -> bytes:
    """Return a batch as its row: the checksum in hex, and JSON with the visitors in hex."""
    hits = [(hit.path, hit.at, hit.visitor.hex(), hit.previous.hex()) for hit in batch.hits]
    document = json.dumps((batch.site, batch.day, hits), ensure_ascii=False, separators=(",", ":"))
    text = document.encode()
    return _checksum(batch.producer, batch.seq, text) + text


def _checksum(producer: str, seq: int, text: bytes) -> bytes:
    return b"%08x" % crc32(text, crc32(f"{producer} {seq} ".encode()))


def _views(batch: Batch) -> int:
    return sum(bool(hit.path) for hit in batch.hits)

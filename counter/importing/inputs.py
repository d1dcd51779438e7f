"""From a file to numbered lines of text: packed or not, one file or several in a ZIP archive.

What a file is packed with is told by its first bytes, never by its name. What is damaged yields
what stands before the damage, and then says so (`Source.damage`).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol, cast

from counter.errors import UnreadableExport
from counter.importing.rows import Rejected, rejected

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_LINE = 2**20
"""The longest line that is read, in characters; the rest of a longer one is dropped, so that it
will not be what its format expects."""
CHUNK = 2**18
"""How many bytes are read at a time."""

_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError, zipfile.BadZipFile)
_UNPACKERS: tuple[tuple[bytes, Callable[[BinaryIO], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"\x28\xb5\x2f\xfd", zstd.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
_ZIP = b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Stream(Protocol):
    """What bytes are read from."""

    def read1(self, size: int = -1, /) -> bytes: ...

    def peek(self, size: int = 0, /) -> bytes: ...


class Source(io.RawIOBase):
    """One file that is read once, from its beginning.

    Args:
        stream: its bytes, unpacked.
        name: its name within the archive; empty if it came alone.
    """

    def __init__(self, stream: Stream, name: str = "") -> None:
        super().__init__()
        self.name = name
        self.line = 0
        """The number of the line that was read last."""
        self._stream = stream
        self._error: Exception | None = None

    @property
    def damage(self) -> Rejected | None:
        """Why reading ended before the file did; None as long as it did not."""
        if not self._error:
            return None
        return self.reject(f"the file is damaged from here on: {self._error}", "", self.line + 1)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # What stands before the damage is wanted, and read() would drop it.
        try:
            data = self._stream.read1(len(buffer))
        except _DAMAGE as error:
            self._error, data = error, b""
        buffer[: len(data)] = data
        return len(data)

    def peek(self) -> bytes:
        """Return some of what will be read first."""
        try:
            return self._stream.peek(CHUNK)
        except _DAMAGE:
            return b""  # reading will tell

    def lines(self) -> Iterator[str]:
        """Yield each line without its end. Bytes that are no UTF-8 become surrogates."""
        buffered = io.BufferedReader(self, CHUNK)
        is_utf16 = buffered.peek(2)[:2] in _UTF16  # as Matomo writes it, for spreadsheets
        encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8-sig", "surrogateescape")
        text = io.TextIOWrapper(buffered, encoding, errors, newline="\n")
        while line := text.readline(MAX_LINE):
            self.line += 1
            if len(line) == MAX_LINE and line[-1] != "\n":
                _skip_line(text)
            yield line.rstrip("\r\n")

    def reject(self, reason: str, text: str, line: int | None = None) -> Rejected:
        return rejected(self.line if line is None else line, reason, text, self.name)


def open_sources(stream: BinaryIO) -> Iterator[Source]:
    """Yield the one file that `stream` is or packs, or the files of the archive that it is.

    Raises:
        UnreadableExport: it is an archive that can't be opened.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, stream), CHUNK)
    try:
        head = buffered.peek(8)[:8]
        if head.startswith(_ZIP):
            yield from _members(stream)
        else:
            yield Source(_unpacker(head)(buffered))
    finally:
        if not buffered.closed:
            buffered.detach()  # or it would close the stream, which is not its own


def _unpacker(head: bytes) -> Callable[[BinaryIO], Any]:
    """Return what unpacks a file that begins with `head`."""
    return next((unpack for magic, unpack in _UNPACKERS if head.startswith(magic)), lambda it: it)


def _members(stream: BinaryIO) -> Iterator[Source]:
    if not stream.seekable():
        raise UnreadableExport("a ZIP archive can't be read from a pipe; give it as a file")
    try:
        archive = zipfile.ZipFile(stream)
        for entry in archive.infolist():
            if not entry.is_dir():
                with archive.open(entry) as member:
                    yield Source(cast(Stream, member), entry.filename)
    except (*_DAMAGE, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
        raise UnreadableExport(f"the ZIP archive can't be opened: {error}") from None


def _skip_line(text: io.TextIOWrapper) -> None:
    while (rest := text.readline(MAX_LINE)) and rest[-1] != "\n":
        pass

"""What is sound in a damaged SQLite file, found without SQLite.

SQLite refuses a file whose header is damaged, can't pass a damaged node of its tree, and takes a
damaged frame of the write-ahead log for the log's end, without a word. So what it wrote is read
here page by page: https://www.sqlite.org/fileformat2.html. Rows are only candidates: whoever wants
them must have put a checksum into each.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

PAGE_BYTES = 4096
_LOG_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_FRAME_BYTES = _FRAME_HEADER_BYTES + PAGE_BYTES
_FILE_HEADER_BYTES = 100
_LEAF = 0x0D
_LITTLE_ENDIAN_LOG = bytes.fromhex("377f0682")
_LONGEST_LOCAL = PAGE_BYTES - 35
"""Bytes of a row that stay in its page; the rest of a longer one is in overflow pages."""
_SHORTEST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23

Row = tuple[int, bytes]
"""A row's number and its content."""


class _Frame(NamedTuple):
    page: int
    commits: bool
    image: bytes
    sound: bool


class Transaction(NamedTuple):
    """What one commit wrote to the log."""

    images: list[tuple[int, bytes]]
    """Pages by their numbers."""
    sound: bool


def transactions(log: Path) -> Iterator[Transaction]:
    """Yield what was committed to a write-ahead log and still is in it, damaged or not.

    A frame's checksum begins with that of the frame before, but as it is written there: so each
    is judged by itself. Frames at the end that no commit follows are left out: a crash, or a full
    disk, left them behind.
    """
    images: list[tuple[int, bytes]] = []
    sound = True
    for frame in _frames(log):
        images.append((frame.page, frame.image))
        sound = sound and frame.sound
        if frame.commits:
            yield Transaction(images, sound)
            images, sound = [], True


def _frames(log: Path) -> Iterator[_Frame]:
    if not log.exists():
        return
    with log.open("rb") as file:
        header = file.read(_LOG_HEADER_BYTES)
        frame = file.read(_FRAME_BYTES)
        if len(header) < _LOG_HEADER_BYTES or len(frame) < _FRAME_BYTES:
            return
        order = "<" if header[:4] == _LITTLE_ENDIAN_LOG else ">"
        before = struct.unpack_from(">II", header, 24)
        sound = before == _checksum(order, header[:24])
        # The log is written over from its start, each time with other salts: they tell what is
        # of this time.
        salts = struct.unpack_from(">II", header, 16)
        if not sound:
            order = "<" if sys.byteorder == "little" else ">"
            salts = struct.unpack_from(">II", frame, 8)
        while len(frame) == _FRAME_BYTES:
            page, size, *own_salts, first, second = struct.unpack_from(">6I", frame)
            if own_salts[0] != salts[0] and own_salts[1] != salts[1]:
                return
            checksum = _checksum(order, frame[:8] + frame[_FRAME_HEADER_BYTES:], before)
            sound = sound and tuple(own_salts) == salts and checksum == (first, second)
            yield _Frame(page, size != 0, frame[_FRAME_HEADER_BYTES:], sound)
            before, sound = (first, second), True
            frame = file.read(_FRAME_BYTES)


def _checksum(order: str, data: bytes, before: tuple[int, ...] = (0, 0)) -> tuple[int, int]:
    first, second = before
    for one, other in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


def rows(file: Path, log: Path) -> Iterator[Row]:
    """Yield what looks like a row of a table in `file` and its write-ahead log `log`.

    Some rows come twice, and some that were deleted come too. Of a page that the log holds, the
    last image counts; where that is damaged, those before it count as well.
    """
    with file.open("rb") as opened:
        images: dict[int, list[bytes]] = {}

        def images_of(number: int) -> list[bytes]:
            return images.get(number) or [_page(opened, number)]

        for transaction in transactions(log):
            for number, image in transaction.images:
                images[number] = [image] if transaction.sound else [*images_of(number), image]
        in_file = range(1, -(-file.stat().st_size // PAGE_BYTES) + 1)
        numbers = sorted({*in_file, *images})
        for number in numbers:
            for image in images_of(number):
                start = _FILE_HEADER_BYTES if number == 1 else 0
                yield from _leaf(image, start, lambda n: images_of(n)[-1], len(numbers))


def _page(file: IO[bytes], number: int) -> bytes:
    """Return page `number`, from 1; zeros where the file does not reach."""
    file.seek((number - 1) * PAGE_BYTES)
    return file.read(PAGE_BYTES).ljust(PAGE_BYTES, b"\0")


def _leaf(image: bytes, start: int, page: Callable[[int], bytes], pages: int) -> Iterator[Row]:
    if image[start] != _LEAF:
        return
    count = int.from_bytes(image[start + 3 : start + 5])
    for n in range(min(count, PAGE_BYTES // 4)):
        pointer = start + 8 + 2 * n
        at = int.from_bytes(image[pointer : pointer + 2])
        try:
            yield _row(image, at, page, pages)
        except (IndexError, ValueError):
            continue  # no row is there


def _row(image: bytes, at: int, page: Callable[[int], bytes], pages: int) -> Row:
    length, at = _number(image, at)
    rowid, at = _number(image, at)
    if length > pages * PAGE_BYTES:
        raise ValueError("longer than the file")
    local = length
    if length > _LONGEST_LOCAL:
        local = _SHORTEST_LOCAL + (length - _SHORTEST_LOCAL) % (PAGE_BYTES - 4)
        local = local if local <= _LONGEST_LOCAL else _SHORTEST_LOCAL
    record = image[at : at + local]
    following = int.from_bytes(image[at + local : at + local + 4])
    while len(record) < length:
        if not following:
            raise ValueError("an overflow page is missing")
        more = page(following)
        record += more[4 : 4 + length - len(record)]
        following = int.from_bytes(more[:4])
    return rowid, record[_number(record, 0)[0] :]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; returns it, and where it ends."""
    value = 0
    for n in range(9):
        byte = data[at + n]
        if n == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    raise AssertionError("unreachable")

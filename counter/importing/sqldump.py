"""Rows of a database, from a dump as text: the INSERT statements of mysqldump, mariadb-dump,
phpMyAdmin and their like (also `pg_dump --inserts`).

It is read by a tokenizer and in pieces: a dump of any size takes the memory of its largest row.
Strings are quoted as in MySQL, by a backslash or by doubling. Where INSERT names no columns,
CREATE TABLE before it does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from counter.importing.inputs import CHUNK, Source
from counter.importing.rows import Rejected

MAX_ROW = 2**26
"""The largest row that is read, in bytes; MySQL's own limit is 1 GiB, its default 64 MiB."""
_MAX_HEAD = 2**16
"""The longest list of columns that is read, in bytes."""


def _all(piece: bytes) -> bytes:
    """Return an expression for as many of `piece` as there are, none of which is given back."""
    if sys.version_info < (3, 11, 5):
        # There `*+` takes in what a piece has read of itself when it does not match after all
        # (python/cpython#106052). This is right, but keeps a note of each piece.
        return rb"(?>(?:%b)*)" % piece
    return rb"(?:%b)*+" % piece


_STRING = rb"'[^'\\]*+%b'" % _all(rb"(?:\\.|'')[^'\\]*+")
_QUOTED = rb'"[^"\\]*+%b"' % _all(rb'(?:\\.|"")[^"\\]*+')
_BACKQUOTED = rb"`[^`]*+%b`" % _all(rb"``[^`]*+")
_COMMENT = rb"--[^\n]*+\n|/\*.*?\*/"
_LAST_COMMENT = rb"--[^\n]*+\Z|#[^\n]*+\Z"
_NAME = rb'(?:%b|"[^"]*+"|[\w$]++)' % _BACKQUOTED
_TABLE = rb"(?:%b\s*+\.\s*+)?(%b)" % (_NAME, _NAME)
_VALUE = rb"(?:(?:_\w+\s*|[NXBnxb])?%b|%b|[^\s,()'\"`;]++)" % (_STRING, _QUOTED)


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL | re.IGNORECASE)


_SPACE = _pattern(_all(rb"\s++|#[^\n]*+\n|%b|%b" % (_COMMENT, _LAST_COMMENT)))
_WORD = _pattern(rb"\w*+")
_INSERT = _pattern(
    rb"(?:INSERT|REPLACE)\s+%b%b\s*+(\(%b\))?\s*+VALUES?\s*+(?=\()"
    % (
        _all(rb"(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)\s+"),
        _TABLE,
        _all(rb"\s*+%b\s*+,?" % _NAME),
    )
)
_CREATE = _pattern(rb"CREATE\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?%b\s*+\(" % _TABLE)
_ROW = _pattern(rb"\s*+\((%b)\)\s*+(,|;|(?=\w)|\Z)\s*+" % _all(rb"\s*+%b\s*+,?" % _VALUE))
_VALUES = _pattern(_VALUE)
_PIECES = _all(
    rb"[^;'\"`/-]++|%b|%b|%b|%b|-(?!-)|/(?!\*)" % (_STRING, _QUOTED, _BACKQUOTED, _COMMENT)
)
_STATEMENT = _pattern(_PIECES + rb"(;?)")
_LAST_STATEMENT = _pattern(_PIECES + rb"(;?)(?:%b)?" % _LAST_COMMENT)
_WHOLE_STATEMENT = _pattern(_PIECES + rb";")
_COLUMN = _pattern(rb"(%b)|([(),])|%b" % (_NAME, _STRING))
_NO_COLUMN = {b"primary", b"key", b"unique", b"index", b"fulltext", b"spatial", b"constraint"} | {
    b"check",
    b"foreign",
    b"period",
}
_ESCAPE = _pattern(rb"\\(.)|''")
_ESCAPED = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}


class Inserted(NamedTuple):
    """One row that the dump inserts."""

    table: str
    line: int
    values: tuple[str | None, ...]
    """Of the columns that were asked for, in their order; None for NULL."""


class Dump:
    """Reads the rows of some tables.

    Args:
        source: where the dump stands.
        wanted: is given the name of a table and of its columns (none if they are not known),
            and returns the columns that are needed, or None if the table is not.
    """

    def __init__(
        self,
        source: Source,
        wanted: Callable[[str, Sequence[str]], Sequence[str] | None],
    ) -> None:
        self._source = source
        self._wanted = wanted
        self._columns: dict[str, tuple[str, ...]] = {}
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._ended = False

    def rows(self) -> Iterator[Inserted | Rejected]:
        """Yield the rows as they stand."""
        while self._skip_space():
            word = self._match(_WORD, _MAX_HEAD)
            verb = word[0].upper() if word else b""
            if verb in (b"INSERT", b"REPLACE"):
                yield from self._insert()
            elif verb == b"CREATE" and (head := self._match(_CREATE, _MAX_HEAD)):
                yield from self._create(_name(head[1]))
            else:
                yield from self._skip_statement()

    def _insert(self) -> Iterator[Inserted | Rejected]:
        head = self._match(_INSERT, _MAX_HEAD)
        if not head:
            yield from self._skip_statement()
            return
        table = _name(head[1])
        named = tuple(map(_name, _names(head[2]))) if head[2] else self._columns.get(table, ())
        columns = self._wanted(table, named)
        if columns is not None and not named:
            yield self._reject(f"neither it nor a CREATE TABLE names the columns of {table}")
        if columns is None or not named:
            yield from self._skip_statement()
            return
        self._take(head)
        lower = [name.lower() for name in named]
        places, width = [lower.index(name.lower()) for name in columns], len(named)
        while row := self._match(_ROW, MAX_ROW):
            values = _VALUES.findall(row[1])
            if len(values) == width:
                yield Inserted(table, self._line, tuple(_value(values[place]) for place in places))
            else:
                yield self._reject(f"has {len(values)} values where {table} has {width} columns")
            self._take(row)
            if row[2] == b";":
                return
            if row[2] != b",":
                break
        else:
            yield self._reject(f"is no row of values for {table}; the statement's rest is skipped")
        yield from self._skip_statement()

    def _create(self, table: str) -> Iterator[Rejected]:
        if statement := self._match(_WHOLE_STATEMENT, _MAX_HEAD):
            self._columns[table] = tuple(_columns(statement[0]))
        yield from self._skip_statement()

    def _skip_statement(self) -> Iterator[Rejected]:
        """Go behind the next semicolon that is in no string and in no comment."""
        while True:
            pattern = _LAST_STATEMENT if self._ended else _STATEMENT
            part = pattern.match(self._buffer, self._at)
            if part and part[1]:
                self._take(part)
                return
            # A quote at the end may be the first of two, a dash begin a comment: what it is shows
            # when there is more.
            whole = part and (part.end() < len(self._buffer) or self._buffer[-1:] not in b"'\"`-/")
            if part and (whole or self._ended):
                self._take(part)
            if self._ended or len(self._buffer) - self._at > MAX_ROW:
                if self._at < len(self._buffer):
                    yield self._reject("the dump ends within a statement")
                self._at = len(self._buffer)
                return
            self._fill()

    def _skip_space(self) -> bool:
        """Go to the next statement; tells whether there is one."""
        while True:
            if space := self._match(_SPACE, MAX_ROW):
                self._take(space)
            if self._buffer[self._at : self._at + 2] not in (b"/*", b"/", b"-") or self._ended:
                return self._at < len(self._buffer)
            if len(self._buffer) - self._at > MAX_ROW:
                self._at += 2
            self._fill()

    def _match(self, pattern: re.Pattern[bytes], limit: int) -> re.Match[bytes] | None:
        """Match what comes next, reading on while that could change the answer."""
        while True:
            match = pattern.match(self._buffer, self._at)
            if self._ended or (match and match.end() < len(self._buffer)):
                return match
            if len(self._buffer) - self._at > limit:
                return match
            self._fill()

    def _take(self, match: re.Match[bytes]) -> None:
        self._line += self._buffer.count(b"\n", self._at, match.end())
        self._at = match.end()

    def _fill(self) -> None:
        parts = [self._buffer[self._at :]]
        # As much again as there is: a row that is long is looked at few times.
        wanted = max(CHUNK, len(parts[0]))
        while wanted > 0 and not self._ended:
            data = self._source.read(wanted)
            self._ended = not data
            parts.append(data or b"")
            wanted -= len(data or b"")
        self._buffer, self._at = b"".join(parts), 0

    def _reject(self, reason: str) -> Rejected:
        text, _, _ = self._buffer[self._at : self._at + 200].partition(b"\n")
        return self._source.reject(reason, text.decode("utf-8", "surrogateescape"), self._line)


def _name(raw: bytes) -> str:
    if raw[:1] in b'`"' and raw[1:]:
        raw = raw[1:-1].replace(b"``", b"`")
    return raw.decode("utf-8", "surrogateescape")


def _names(raw: bytes) -> list[bytes]:
    return [match[0] for match in re.finditer(_NAME, raw)]


def _columns(definition: bytes) -> Iterator[str]:
    """Yield the names of the columns of a CREATE TABLE statement."""
    depth, expected = 0, False
    for match in _COLUMN.finditer(definition):
        name, sign = match[1], match[2]
        if sign == b"(":
            depth += 1
            expected = depth == 1
        elif sign == b")":
            depth -= 1
        elif sign:
            expected = depth == 1
        elif expected:
            expected = False
            if name and name.lower() not in _NO_COLUMN:
                yield _name(name)


def _value(raw: bytes) -> str | None:
    quote = raw[-1:]
    if quote in (b"'", b'"'):
        kind, _, inner = raw[:-1].partition(quote)
        if kind in (b"X", b"x"):
            return _unhex(inner)
        if quote == b'"':
            inner = inner.replace(b'""', b'"')
        if b"\\" in inner or b"''" in inner:
            inner = _ESCAPE.sub(_unescape, inner)
        return inner.decode("utf-8", "surrogateescape")
    if raw[:2] in (b"0x", b"0X"):
        return _unhex(raw[2:])
    return None if raw.upper() == b"NULL" else raw.decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    return b"'" if match[1] is None else _ESCAPED.get(match[1], match[1])


def _unhex(digits: bytes) -> str:
    try:
        return bytes.fromhex(digits.decode("ascii")).decode("utf-8", "surrogateescape")
    except ValueError:
        return digits.decode("utf-8", "surrogateescape")

"""Tables as text: CSV (RFC 4180) with a line of names, parted by commas, semicolons or tabs.

A quote that is never closed would swallow what comes after it, up to the next one. So a record of
several lines that does not end soon, or ends up with too few or too many cells, is rejected by
its first line alone, and reading goes on with the next.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from counter.errors import UnreadableExport
from counter.importing.inputs import Source
from counter.importing.rows import BadRow, Rejected, Row

MAX_RECORD_LINES = 100
MAX_RECORD_LENGTH = 2**20
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table."""

    line: int
    text: str
    cells: list[str]


class Table:
    """A table whose columns are found by their names.

    Args:
        source: where it stands.

    Raises:
        UnreadableExport: there is no line of names.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lines = enumerate(source.lines(), 1)
        self._pending: deque[tuple[int, str]] = deque()
        _, head = next(self._lines, (0, ""))
        if not head:
            raise UnreadableExport(f"{source.name or 'the file'}: has no line of column names")
        self._separator = max(_SEPARATORS, key=head.count)
        cells = self._parse(head) or [head]
        self.columns = tuple(cell.strip() for cell in cells)
        """The names of the columns, as they stand."""
        self._places = {name.lower(): place for place, name in enumerate(self.columns)}

    def place(self, *names: str) -> int | None:
        """Return where the column is that has the first of `names` (in any case) there are."""
        return next((self._places[name] for name in names if name in self._places), None)

    def places(self, *names: str) -> tuple[int, ...]:
        """Return where the columns called `names` are.

        Raises:
            UnreadableExport: one of them is missing.
        """
        missing = [name for name in names if name not in self._places]
        if missing:
            raise UnreadableExport(
                f"{self.source.name or 'the file'}: has no column {', '.join(missing)}; "
                f"its columns are {', '.join(self.columns)[:200]}"
            )
        return tuple(self._places[name] for name in names)

    def records(self) -> Iterator[Record | Rejected]:
        """Yield each record that has as many cells as there are columns; others are rejected."""
        width, separator = len(self.columns), self._separator
        while True:
            line, text = self._pending.popleft() if self._pending else next(self._lines, (0, ""))
            if not line:
                return
            if '"' in text:
                cells, text = self._quoted(line, text)
                if cells is None:
                    yield self.source.reject("its quotes are not as in CSV", text, line)
                    continue
            elif not text:
                continue
            else:
                cells = text.split(separator)
            if len(cells) == width:
                yield Record(line, text, cells)
            else:
                reason = f"has {len(cells)} cells where the first line names {width}"
                yield self.source.reject(reason, text, line)

    def rows(self, use: Callable[[list[str]], Iterable[Row]]) -> Iterator[Row]:
        """Yield what `use` makes of each record's cells; where it raises `BadRow`, a rejection."""
        for record in self.records():
            if isinstance(record, Rejected):
                yield record
                continue
            try:
                yield from use(record.cells)
            except BadRow as error:
                yield self.source.reject(str(error), record.text, record.line)

    def _quoted(self, line: int, first: str) -> tuple[list[str] | None, str]:
        """Return the cells of the record that begins here, or None; and its text."""
        taken = [(line, first)]
        quotes, length = first.count('"'), len(first)
        while quotes % 2 and len(taken) < MAX_RECORD_LINES and length < MAX_RECORD_LENGTH:
            number, text = self._pending.popleft() if self._pending else next(self._lines, (0, ""))
            if not number:
                break
            taken.append((number, text))
            quotes, length = quotes + text.count('"'), length + len(text)
        whole = "\n".join(text for _, text in taken)
        cells = None if quotes % 2 else self._parse(whole)
        if cells is None or (len(taken) > 1 and len(cells) != len(self.columns)):
            self._pending.extendleft(reversed(taken[1:]))
            return None, first
        return cells, whole

    def _parse(self, text: str) -> list[str] | None:
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True), None)
        except csv.Error:
            return None


def cell(cells: Sequence[str], place: int | None) -> str:
    """Return the cell at `place`; empty where there is no such column."""
    return "" if place is None else cells[place]

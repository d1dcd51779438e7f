"""Tables of a database, loaded from a dump or from CSV files, to be joined.

What is counted and what it is called stand in different tables, in any order. They are put into
an SQLite database on disk (in the directory for temporary files), which vanishes when it is
closed: so memory does not grow with them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from counter.errors import UnreadableExport
from counter.importing.inputs import Source
from counter.importing.rows import Rejected
from counter.importing.sqldump import Dump
from counter.importing.tables import Table

_BATCH = 1000
_SQL = re.compile(rb"\s*(?:--|/\*|#|\\|(?:INSERT|REPLACE|CREATE|DROP|SET|LOCK|USE|START|BEGIN)\s)")

Values = tuple[str | None, ...]
Keep = Callable[[str, Values], bool]


class Staging:
    """Holds some columns of some tables.

    Args:
        tables: the columns that are needed, by the table's name without the prefix that all
            tables of an installation have.
        prefix: the prefix, if it is known.
    """

    def __init__(self, tables: Mapping[str, Sequence[str]], prefix: str | None) -> None:
        self._tables = tables
        self._prefix = prefix
        self._database = sqlite3.connect("")
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        for table, columns in tables.items():
            names = ", ".join(f'"{column}"' for column in columns)
            self._database.execute(f'CREATE TABLE "{table}" (_prefix, {names})')
        self._waiting: dict[str, list[tuple[str | None, ...]]] = {table: [] for table in tables}

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def load(
        self, sources: Iterable[Source], keep: Keep = lambda _table, _values: True
    ) -> Iterator[Rejected]:
        """Take what `keep` lets in; yields what can't be read."""
        for source in sources:
            rows = self._dump(source) if _SQL.match(source.peek()) else self._csv(source)
            for row in rows:
                if isinstance(row, Rejected):
                    yield row
                elif keep(row[0], row[2]):
                    self._add(*row)
        for table in self._tables:
            self._flush(table)

    def prefix_of(self, *tables: str) -> str:
        """Return the one prefix under which some of `tables` have rows.

        Raises:
            UnreadableExport: there is none, or there are several.
        """
        prefixes = sorted(
            {
                row[0]
                for table in tables
                for row in self._database.execute(f'SELECT DISTINCT _prefix FROM "{table}"')  # noqa: S608 # a name of ours
            }
        )
        if not prefixes:
            wanted = " nor ".join(
                f"{self._prefix or '…'}{table} ({', '.join(self._tables[table])})"
                for table in tables
            )
            raise UnreadableExport(f"holds no rows of {wanted}")
        if len(prefixes) > 1:
            raise UnreadableExport(
                f"holds the tables of several sites, with the prefixes {', '.join(prefixes)}; "
                "name the one that is meant"
            )
        return str(prefixes[0])

    def query(self, sql: str, **parameters: Any) -> Iterator[Sequence[Any]]:
        """Yield the rows that `sql` selects."""
        return iter(self._database.execute(sql, parameters))

    def index(self, table: str, column: str) -> None:
        """Let queries find rows of `table` by `column`."""
        self._database.execute(f'CREATE INDEX "{table} {column}" ON "{table}" ("{column}")')

    def _dump(self, source: Source) -> Iterator[tuple[str, str, Values] | Rejected]:
        def wanted(name: str, columns: Sequence[str]) -> Sequence[str] | None:
            table, _ = self._split(name)
            lower = {column.lower() for column in columns}
            if table is None or (
                columns and any(column.lower() not in lower for column in self._tables[table])
            ):
                return None
            return self._tables[table]

        for row in Dump(source, wanted).rows():
            if isinstance(row, Rejected):
                yield row
            else:
                table, prefix = self._split(row.table)
                yield table or "", prefix, row.values

    def _csv(self, source: Source) -> Iterator[tuple[str, str, Values] | Rejected]:
        text = Table(source)
        table, columns = next(
            (
                (table, columns)
                for table, columns in self._tables.items()
                if all(text.place(column.lower()) is not None for column in columns)
            ),
            ("", ()),
        )
        if not table:
            wanted = "; ".join(f"{name}: {', '.join(c)}" for name, c in self._tables.items())
            raise UnreadableExport(
                f"{source.name or 'the file'} is neither an SQL dump nor a table as CSV with the "
                f"columns of one of these: {wanted}"
            )
        places = text.places(*(column.lower() for column in columns))
        for record in text.records():
            if isinstance(record, Rejected):
                yield record
            else:
                yield table, self._prefix or "", tuple(record.cells[place] for place in places)

    def _split(self, name: str) -> tuple[str | None, str]:
        """Return which of our tables `name` is, if one, and its prefix."""
        for table in self._tables:
            if name.endswith(table):
                prefix = name.removesuffix(table)
                if self._prefix is None and (not prefix or prefix.endswith("_")):
                    return table, prefix
                if prefix == self._prefix:
                    return table, prefix
        return None, ""

    def _add(self, table: str, prefix: str, values: Values) -> None:
        waiting = self._waiting[table]
        waiting.append((prefix, *values))
        if len(waiting) >= _BATCH:
            self._flush(table)

    def _flush(self, table: str) -> None:
        marks = ", ".join("?" * (1 + len(self._tables[table])))
        rows = [tuple(map(_storable, row)) for row in self._waiting[table]]
        self._database.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)  # noqa: S608 # a name of ours
        self._waiting[table].clear()


def _storable(text: str | None) -> str | None:
    """Return `text` as SQLite takes it: what is no UTF-8 is the replacement character, which no
    path may hold."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

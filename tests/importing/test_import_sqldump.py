"""Dumps are read by a tokenizer, in pieces of any size."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imports import DATA

from counter.importing import sqldump
from counter.importing.inputs import Source
from counter.importing.rows import Rejected
from counter.importing.sqldump import Dump

COLUMNS = ("id", "name")


class Dribble(io.BytesIO):
    """Gives few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 1, self._most) if size != -1 else self._most)

    def peek(self, _: int = 0, /) -> bytes:
        return b""


def wanted(table: str, columns: Sequence[str]) -> Sequence[str] | None:
    lower = {column.lower() for column in columns}
    return COLUMNS if table == "t" and (not columns or lower >= set(COLUMNS)) else None


def inserted(text: str | bytes) -> list[tuple[str | None, ...] | str]:
    """The rows of table `t`, and the reasons of rejections."""
    data = text.encode() if isinstance(text, str) else text
    rows = Dump(Source(Dribble(data, 2**16)), wanted).rows()
    return [row.reason if isinstance(row, Rejected) else row.values for row in rows]


CREATE = "CREATE TABLE `t` (`id` int NOT NULL, `name` varchar(9) DEFAULT 'a (b), c', KEY k (id));\n"
CASES = {
    "a row": ("INSERT INTO `t` VALUES (1,'a');", [("1", "a")]),
    "several rows": ("INSERT INTO t VALUES (1,'a'),\n(2,'b') , (3,'c') ;", [*"abc"]),
    "several statements": ("INSERT INTO t VALUES (1,'a');INSERT INTO t VALUES (2,'b');", [*"ab"]),
    "no semicolon at the end": ("INSERT INTO t VALUES (1,'a')", ["a"]),
    "other words before INTO": ("insert ignore INTO `db`.`t` VALUES (1,'a');", ["a"]),
    "REPLACE": ("REPLACE INTO t VALUES (1,'a');", ["a"]),
    "columns in another order": ("INSERT INTO t (`name`, x, `id`) VALUES ('a',0,1);", ["a"]),
    "what follows the rows": (
        "INSERT INTO t VALUES (1,'a') ON DUPLICATE KEY UPDATE x=';';INSERT INTO t VALUES (2,'b')",
        [*"ab"],
    ),
    "other tables": ("INSERT INTO u VALUES ('; (', ')');INSERT INTO t VALUES (1,'a');", ["a"]),
    "a table with other columns": (
        "CREATE TABLE db2.t (a int);INSERT INTO db2.t VALUES (1);",
        [],
    ),
    "comments": (
        "-- it's; (\n# it's\n/* it's; */ /*!40000 ALTER */;\nINSERT INTO t VALUES (1,'a');",
        ["a"],
    ),
    "other statements": (
        "SET x = 'a;b'; LOCK TABLES `t;` WRITE;INSERT INTO t VALUES (1,'a');",
        ["a"],
    ),
    "a doubled quote": ("INSERT INTO t VALUES (1,'a''b''');", ["a'b'"]),
    "escapes": (r"INSERT INTO t VALUES (1,'\'\"\\\n\t\0\Z\%\é');", ["'\"\\\n\t\0\x1a%é"]),
    "a backslash at the end": (r"INSERT INTO t VALUES (1,'a\\'),(2,'b');", ["a\\", "b"]),
    "quotes of the other kind": ('INSERT INTO t VALUES (1,"a""\'b");', ["a\"'b"]),
    "brackets and semicolons": ("INSERT INTO t VALUES (1,'),(2;');", ["),(2;"]),
    "NULL": ("INSERT INTO t VALUES (NULL,null);", [(None, None)]),
    "numbers": ("INSERT INTO t VALUES (-1.5e3,42);", [("-1.5e3", "42")]),
    "character sets": ("INSERT INTO t VALUES (1,_binary 'a'),(2,_utf8mb4'b'),(3,N'c');", [*"abc"]),
    "hexadecimal digits": ("INSERT INTO t VALUES (1,0x61),(2,X'62');", [*"ab"]),
    "a line end in a string": ("INSERT INTO t VALUES (1,'a\nb');", ["a\nb"]),
    "Vietnamese": ("INSERT INTO t VALUES (1,'Lũ lụt 🌊');", ["Lũ lụt 🌊"]),
}


def names(expected: list[object]) -> list[object]:
    return [(str(n), name) if isinstance(name, str) else name for n, name in enumerate(expected, 1)]


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_rows_are_read(text: str, expected: list[object]) -> None:
    assert inserted(CREATE + text) == names(expected)


BROKEN = {
    "a row that is too short": (
        "INSERT INTO t VALUES (1),(2,'b');",
        ["has 1 values where t has 2 columns", ("2", "b")],
    ),
    "a value that is an expression": (
        "INSERT INTO t VALUES (1,'a'),(2,f(3)),(4,'d');INSERT INTO t VALUES (5,'e');",
        [("1", "a"), "is no row of values for t; the statement's rest is skipped", ("5", "e")],
    ),
    "a string that does not end": (
        "INSERT INTO t VALUES (1,'a'),(2,'b",
        [
            ("1", "a"),
            "is no row of values for t; the statement's rest is skipped",
            "the dump ends within a statement",
        ],
    ),
    "a dump that is cut off": (
        "INSERT INTO t VALUES (1,'a');\nINSERT INTO `u` VALUES ('x",
        [("1", "a"), "the dump ends within a statement"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_told_and_the_rest_is_read(text: str, expected: list[object]) -> None:
    assert inserted(CREATE + text) == expected


def test_columns_that_nothing_names_are_asked_for() -> None:
    assert inserted("INSERT INTO t VALUES (1,'a');INSERT INTO t (id,name) VALUES (2,'b');") == [
        "neither it nor a CREATE TABLE names the columns of t",
        ("2", "b"),
    ]


def test_a_row_tells_the_line_on_which_it_begins() -> None:
    text = "\n\nINSERT INTO t (id, name) VALUES\n(1,'a\nb'),\n\n(2,'c');\nINSERT INTO t (id, name) "
    rows = Dump(Source(Dribble((text + "VALUES (3),(4,'d');").encode(), 9)), wanted).rows()
    assert [row.line for row in rows] == [4, 7, 8, 8]


def quoted(value: str | None) -> str:
    """How MySQL's and MariaDB's dump write a value."""
    if value is None:
        return "NULL"
    for char, escaped in {
        "\\": "\\\\",
        "'": "\\'",
        "\0": "\\0",
        "\n": "\\n",
        "\x1a": "\\Z",
    }.items():
        value = value.replace(char, escaped)
    return f"'{value}'"


values = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
tuples = st.lists(st.tuples(values, values), min_size=1, max_size=8)


@given(tuples, st.sampled_from([",", ",\n"]), st.integers(1, 12))
def test_what_is_dumped_is_read_as_it_was(
    rows: list[tuple[str | None, str | None]], between: str, size: int
) -> None:
    text = between.join("(" + ",".join(map(quoted, row)) + ")" for row in rows)
    data = f"{CREATE}INSERT INTO `t` VALUES {text};\n".encode()
    with patch.object(sqldump, "CHUNK", size):
        found = list(Dump(Source(Dribble(data, size)), wanted).rows())
    assert [row.values for row in found if not isinstance(row, Rejected)] == rows
    assert len(found) == len(rows)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1000])
def test_the_size_of_the_pieces_changes_nothing(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (DATA / "wordpress.sql").read_bytes()
    tables = {"wp_posts": ("ID", "post_content"), "wp_options": ("option_name", "option_value")}

    def read(most: int) -> list[object]:
        return list(Dump(Source(Dribble(data, most)), lambda table, _: tables.get(table)).rows())

    whole = read(len(data))
    monkeypatch.setattr(sqldump, "CHUNK", chunk)
    assert len(whole) == 14
    assert read(chunk) == whole


# fmt: off
PIECES = (
    "'", '"', "`", "\\", "(", ")", ",", ";", "-", "--", "\n", "/", "/*", "*/", "#", " ",
    "id", "1", "\0", "INSERT INTO t ", "(id,name) ", "VALUES ",
    "CREATE TABLE t (id int, name text);",
)
# fmt: on


@given(st.lists(st.sampled_from(PIECES)))
def test_no_text_breaks_it_and_pieces_change_nothing(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    whole = list(Dump(Source(Dribble(data, 2**16)), wanted).rows())
    with patch.object(sqldump, "CHUNK", 1):
        in_pieces = list(Dump(Source(Dribble(data, 1)), wanted).rows())
    # What a rejection shows of the text is what there is of it.
    assert [row[:2] if isinstance(row, tuple) else (row.line, row.reason) for row in in_pieces] == [
        row[:2] if isinstance(row, tuple) else (row.line, row.reason) for row in whole
    ]
    assert all(1 <= row.line <= data.count(b"\n") + 1 for row in whole)


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    rows = list(Dump(Source(Dribble(b"INSERT INTO t (id,name) VALUES " + data, 99)), wanted).rows())
    assert len(rows) <= len(data) + 2


def test_a_large_row_is_read_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(random.Random(1).choices("ab'\\\n;(),-", k=300_000))
    monkeypatch.setattr(sqldump, "CHUNK", 1000)
    assert inserted(f"{CREATE}INSERT INTO t VALUES (1,{quoted(body)}),(2,'b');") == [
        ("1", body),
        ("2", "b"),
    ]


def test_a_row_beyond_the_limit_is_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqldump, "CHUNK", 100)
    monkeypatch.setattr(sqldump, "MAX_ROW", 1000)
    found = inserted(f"{CREATE}INSERT INTO t VALUES (1,'{'x' * 5000}'),(2,'b');\n" + CREATE)
    assert found[0] == "is no row of values for t; the statement's rest is skipped"
    assert ("1", "x" * 5000) not in found

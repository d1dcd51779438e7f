"""Tables as CSV: quotes, lines within them, and quotes that are never closed."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter.importing.inputs import Source
from counter.importing.rows import Rejected
from counter.importing.tables import MAX_RECORD_LINES, Table


def records(text: str) -> list[list[str] | int]:
    """The cells of each record, or the line of a rejection."""
    table = Table(Source(io.BufferedReader(io.BytesIO(text.encode()))))
    return [found.line if isinstance(found, Rejected) else found.cells for found in table.records()]


CASES = {
    "nothing but names": ("a,b\n", []),
    "no line end at the end": ("a,b\n1,2", [["1", "2"]]),
    "line ends of Windows": ("a,b\r\n1,2\r\n", [["1", "2"]]),
    "empty lines": ("a,b\n\n1,2\n\n", [["1", "2"]]),
    "a byte order mark": ("\ufeffa,b\n1,2\n", [["1", "2"]]),
    "semicolons": ("a;b\n1,5;2\n", [["1,5", "2"]]),
    "tabs": ("a\tb\n1\t2\n", [["1", "2"]]),
    "quotes around names": ('"a","b"\n1,2\n', [["1", "2"]]),
    "a separator in quotes": ('a,b\n"1,5",2\n', [["1,5", "2"]]),
    "a quote in quotes": ('a,b\n"1""5",2\n', [['1"5', "2"]]),
    "a line end in quotes": ('a,b\n"1\n\n5",2\n3,4\n', [["1\n\n5", "2"], ["3", "4"]]),
    "too few cells": ("a,b\n1\n3,4\n", [2, ["3", "4"]]),
    "too many cells": ("a,b\n1,2,3\n3,4\n", [2, ["3", "4"]]),
    "a quote that stays open": ('a,b\n"1,2\n3,4\n5,6\n', [2, ["3", "4"], ["5", "6"]]),
    "a quote that stays open up to another": (
        'a,b\n"1,2\n3,4\n"5,6\n7,8\n',
        [2, ["3", "4"], 4, ["7", "8"]],
    ),
    "text behind quotes": ('a,b\n"1"2,3\n3,4\n', [2, ["3", "4"]]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_a_table_is_read(text: str, expected: list[list[str] | int]) -> None:
    assert records(text) == expected


def test_an_open_quote_takes_no_more_than_its_own_line_with_it() -> None:
    rest = [[str(n), "x"] for n in range(3 * MAX_RECORD_LINES)]
    text = 'a,b\n"1,2\n' + "".join(f"{a},{b}\n" for a, b in rest) + '"3",4\n'
    # What looks like its end, far below, is not taken for it.
    assert records(text) == [2, *rest, ["3", "4"]]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@given(st.lists(st.tuples(cells, cells).filter(any)))
def test_what_is_written_as_csv_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([("a", "b"), *rows])
    assert records(file.getvalue()) == [list(row) for row in rows if text_lines(row)]


def text_lines(row: tuple[str, str]) -> bool:
    return "".join(row).count("\n") < MAX_RECORD_LINES


@given(st.text(st.sampled_from('a,;\t"\n\r\0é')))
def test_no_text_breaks_it_and_no_line_is_lost(text: str) -> None:
    table = Table(Source(io.BufferedReader(io.BytesIO(f"a,b\n{text}".encode()))))
    told: list[int] = []
    for found in table.records():
        taken = 1 if isinstance(found, Rejected) else found.text.count("\n") + 1
        told += range(found.line, found.line + taken)
    written = [n for n, line in enumerate(text.split("\n"), 2) if line.rstrip("\r")]
    assert sorted(set(told)) == told
    assert set(written) <= set(told)

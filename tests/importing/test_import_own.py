"""Our own files are read back as they were written, and say where they are wrong."""

from __future__ import annotations

import contextlib
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imports import articles, days, read, rejections, start

from counter.errors import BadPath, UnreadableExport
from counter.importing.own import FIELDS, START
from counter.importing.rows import ArticleViews, DayFigures, Row, StartFigures
from counter.model.days import day_date, day_name
from counter.model.paths import normalise

JSONL = """\
{"path": "/tin/lu-lut", "views": 62}

{"path": "https://www.vithuy.example/tin/l%C5%A9-l%E1%BB%A5t?utm_source=zalo", "views": 3}
{"day": "2026-11-22", "views": 6079, "visits": 3120, "visitors": 2870}
{"day": "20261121", "views": 5}
{"day": "start", "views": 1355282, "visits": 7, "visitors": 8}
"""
CSV = """\
path,day,views,visits,visitors
/tin/lu-lut,,62,,
https://www.vithuy.example/tin/l%C5%A9-l%E1%BB%A5t?utm_source=zalo,,3,,
,2026-11-22,6079,3120,2870
,20261121,5,,
,start,1355282,7,8
"""


@pytest.mark.parametrize(("name", "text"), [("jsonl", JSONL), ("csv", CSV)])
def test_articles_days_and_the_start_are_read(name: str, text: str) -> None:
    rows = read(name, text)
    assert articles(rows) == {"/tin/lu-lut": 62, "/tin/lũ-lụt": 3}
    assert days(rows) == {"20261121": (5, 0, 0), "20261122": (6079, 3120, 2870)}
    assert start(rows) == (1355282, 7, 8)
    assert rejections(rows) == []


def test_a_table_may_have_articles_alone_or_days_alone() -> None:
    assert articles(read("csv", "path,views\n/a,1\n/a/,2\n")) == {"/a": 3}
    assert days(read("csv", "visitors;views;day\n1;2;2026-11-22\n")) == {"20261122": (2, 0, 1)}


BAD_JSON = {
    "is not JSON": ("{", "is not JSON"),
    "is nested without end": ("[" * 100_000, "is not JSON"),
    "has a number without end": ('{"path": "/a", "views": ' + "9" * 5000 + "}", "is not JSON"),
    "is no object": ("[]", "is no JSON object"),
    "has a misspelt field": (
        '{"pth": "/a", "views": 1}',
        "there is no field pth; known are path, day, views, visits, visitors",
    ),
    "has a path and a day": (
        '{"path": "/a", "day": "2026-11-22", "views": 1}',
        "has one of path and day, not both and not none",
    ),
    "has neither": ('{"views": 1}', "has one of path and day, not both and not none"),
    "has visits of an article": (
        '{"path": "/a", "views": 1, "visits": 1}',
        "an article has views alone",
    ),
    "has no views": ('{"path": "/a"}', "views is no whole number from 0 to 2^53 - 1"),
    "has views below 0": (
        '{"path": "/a", "views": -1}',
        "views is no whole number from 0 to 2^53 - 1",
    ),
    "has views beyond 2^53": (
        '{"path": "/a", "views": 9007199254740992}',
        "views is no whole number from 0 to 2^53 - 1",
    ),
    "has views as a fraction": (
        '{"path": "/a", "views": 1.0}',
        "views is no whole number from 0 to 2^53 - 1",
    ),
    "has views as true": (
        '{"path": "/a", "views": true}',
        "views is no whole number from 0 to 2^53 - 1",
    ),
    "has a path that is no text": ('{"path": 1, "views": 1}', "path is no text"),
    "has a path without a slash": (
        '{"path": "a", "views": 1}',
        "The path does not begin with /; give the article's path, such as /news/flood.",
    ),
    "has a day that is none": (
        '{"day": "2026-02-30", "views": 1}',
        "'2026-02-30' is no day, such as 2026-11-22",
    ),
}


@pytest.mark.parametrize(("line", "reason"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_a_line_that_is_rejected_stops_nothing(line: str, reason: str) -> None:
    rows = read("jsonl", f'{{"path": "/a", "views": 1}}\n\n{line}\n{{"path": "/b", "views": 2}}')
    assert rejections(rows) == [(3, reason)]
    assert articles(rows) == {"/a": 1, "/b": 2}


BAD_CSV = {
    "is too short": ("/a,,1,", "has 4 cells where the first line names 5"),
    "has a path and a day": (
        "/a,2026-11-22,1,,",
        "has one of path and day, not both and not none",
    ),
    "has neither": (",,1,,", "has one of path and day, not both and not none"),
    "has visitors of an article": ("/a,,1,,1", "an article has views alone"),
    "has no views": ("/a,,,,", "'' is no whole number from 0 to 2^53 - 1"),
    "has a sign": ("/a,,+1,,", "'+1' is no whole number from 0 to 2^53 - 1"),
    "has other digits": ("/a,,१,,", "'१' is no whole number from 0 to 2^53 - 1"),
    "has views beyond 2^53": (
        "/a,,9007199254740992,,",
        "'9007199254740992' is no whole number from 0 to 2^53 - 1",
    ),
    "has a quote that stays open": ('"/a,,1,,', "its quotes are not as in CSV"),
    "has text behind a quote": ('"/a"b,,1,,', "its quotes are not as in CSV"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_CSV.values(), ids=BAD_CSV.keys())
def test_a_record_that_is_rejected_stops_nothing(line: str, reason: str) -> None:
    rows = read("csv", f'{",".join(FIELDS)}\n/a,,1,,\n{line}\n/b,,2,,\n"/c""",,3,,\n')
    assert rejections(rows) == [(3, reason)]
    assert articles(rows) == {"/a": 1, "/b": 2, '/c"': 3}


UNREADABLE = {
    "an empty file": ("", "has no line of column names"),
    "another program's table": ("path,title,views\n", "there is no column title"),
    "a table without views": ("path\n", "has no column views"),
    "a table of views of nothing": ("views\n", "has neither a column path nor a column day"),
}


@pytest.mark.parametrize(("text", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_table_of_ours_is_refused_as_a_whole(text: str, reason: str) -> None:
    with pytest.raises(UnreadableExport, match=reason):
        read("csv", text)


def test_paths_keep_the_parameters_that_the_site_keeps() -> None:
    line = '{"path": "/read?id=7&page=2", "views": 1}'
    assert articles(read("jsonl", line, keep_query=frozenset({"id"}))) == {"/read?id=7": 1}


def test_a_path_that_is_not_utf8_is_rejected_with_its_bytes() -> None:
    (row,) = read("csv", b"path,views\n/caf\xe9,1\n")
    assert row == row.__class__(2, row.reason, "/caf\udce9,1")
    assert row.text.encode("utf-8", "surrogateescape") == b"/caf\xe9,1"


def is_article(path: str) -> bool:
    try:
        return normalise(path) == path
    except BadPath:
        return False


counts = st.integers(0, 2**53 - 1)
dates = st.dates().map(day_name)
written = st.lists(
    st.builds(ArticleViews, st.text().map(lambda text: "/" + text).filter(is_article), counts)
    | st.builds(DayFigures, dates, counts, counts, counts)
    | st.builds(StartFigures, counts, counts, counts),
    max_size=20,
)


def fields(row: Row) -> dict[str, object]:
    if isinstance(row, ArticleViews):
        return {"path": row.path, "views": row.views}
    assert isinstance(row, DayFigures | StartFigures)
    day = day_date(row.day).isoformat() if isinstance(row, DayFigures) else START
    return {"day": day, "views": row.views, "visits": row.visits, "visitors": row.visitors}


@given(written)
def test_what_is_written_as_json_lines_is_read_as_it_was(rows: list[Row]) -> None:
    text = "".join(json.dumps(fields(row), ensure_ascii=False) + "\n" for row in rows)
    assert read("jsonl", text) == rows


@given(written)
def test_what_is_written_as_csv_is_read_as_it_was(rows: list[Row]) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, FIELDS)
    writer.writeheader()
    writer.writerows(fields(row) for row in rows)
    assert read("csv", file.getvalue()) == rows


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_break_the_reading_of_json_lines(data: bytes) -> None:
    lines = [line for line in data.split(b"\n") if line.strip(b"\r")]
    with contextlib.suppress(UnreadableExport):
        assert len(read("jsonl", data)) <= len(lines) + 1


@given(st.lists(st.sampled_from(["/a", "1", ",", '"', "\n", "\r", "\0", ";", " ", "é", "start"])))
def test_no_text_breaks_the_reading_of_csv(pieces: list[str]) -> None:
    rows = read("csv", "path,day,views\n" + "".join(pieces))
    assert all(row.line >= 2 for row in rows if hasattr(row, "line"))

"""Logs of web servers: what in them was a view, by whom, and on which day."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from imports import DATA, VIETNAM, articles, days, left_out, read, rejections

from counter.importing.options import Options
from counter.importing.requests import Request, Views
from counter.ingest.bots import is_bot
from counter.model.days import Calendar

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SITE: dict[str, Any] = {
    "calendar": VIETNAM,
    "hosts": frozenset({"www.vithuy.example"}),
    "is_bot": is_bot,
}
LOGS = {
    "nginx": ("log-combined", "nginx-combined.log"),
    "Apache": ("log-combined", "apache-combined.log"),
    "Apache with hosts": ("log-combined", "apache-vhost.log"),
    "nginx in JSON": ("log-json", "nginx-json.log"),
    "Caddy": ("log-json", "caddy.log"),
}


@pytest.mark.parametrize(("name", "file"), LOGS.values(), ids=LOGS.keys())
def test_each_servers_log_tells_the_same_views(name: str, file: str) -> None:
    rows = read(name, Path(file), **SITE)
    # Caddy alone logs that a page was fetched ahead; the others count it as a view of /tin.
    ahead = 0 if file == "caddy.log" else 1
    assert articles(rows) == {
        "/": 1,
        "/tin": 1 + ahead,
        "/tin/lu-lut.html": 3,
        "/tin/lũ lụt.html": 1,
    }
    assert days(rows) == {"20261123": (6 + ahead, 3, 3)}
    assert rejections(rows) == []


@pytest.mark.parametrize(("name", "file"), LOGS.values(), ids=LOGS.keys())
def test_each_line_is_a_view_or_left_out_for_a_reason(name: str, file: str) -> None:
    rows = read(name, Path(file), **SITE)
    lines = (DATA / file).read_bytes().count(b"\n")
    assert sum(articles(rows).values()) + sum(left_out(rows).values()) == lines


def test_what_caddy_tells_besides_is_heeded() -> None:
    assert left_out(read("log-json", Path("caddy.log"), **SITE)) == {
        "bot": 2,
        "host": 1,
        "method": 2,
        "no page": 1,
        "prefetch": 1,
        "repeat": 1,
        "status": 2,
    }


def line(at: str, target: str = "/a", address: str = "192.0.2.1", agent: str = BROWSER) -> str:
    return f'{address} - - [{at}] "GET {target} HTTP/1.1" 200 9 "-" "{agent}"\n'


def test_a_day_is_one_of_the_sites_zone() -> None:
    text = line("22/Nov/2026:16:59:59 +0000") + line("22/Nov/2026:17:00:00 +0000", "/b")
    assert days(read("log-combined", text, calendar=VIETNAM)) == {
        "20261122": (1, 1, 1),
        # Still online: the view after midnight begins no visit, but is a visitor's of the new day.
        "20261123": (1, 0, 1),
    }


def test_days_of_25_hours_are_whole() -> None:
    start = datetime(2026, 11, 1, 4, tzinfo=UTC)  # 00:00 in New York, where the clock goes back
    text = "".join(
        line(f"{start + timedelta(minutes=30 * n):%d/%b/%Y:%H:%M:%S %z}") for n in range(-1, 51)
    )
    zone = Calendar(ZoneInfo("America/New_York"))
    found = days(read("log-combined", text, calendar=zone))
    assert {day: views for day, (views, _, _) in found.items()} == {
        "20261031": 1,
        "20261101": 50,
        "20261102": 1,
    }  # fmt: skip


def test_a_repeat_within_the_window_is_no_view_and_a_later_one_is() -> None:
    times = ("08:00:00", "08:00:09", "08:00:10", "08:00:21")
    text = "".join(line(f"22/Nov/2026:{time} +0000") for time in times)
    rows = read("log-combined", text)
    assert (articles(rows), left_out(rows)) == ({"/a": 3}, {"repeat": 1})
    assert articles(read("log-combined", text, repeat_window=0)) == {"/a": 4}


def test_a_visit_begins_when_a_visitor_was_away() -> None:
    times = ("08:00:00", "08:04:59", "08:10:00")
    text = "".join(line(f"22/Nov/2026:{time} +0000", f"/{time}") for time in times)
    assert days(read("log-combined", text)) == {"20261122": (3, 2, 1)}
    assert days(read("log-combined", text, online_window=60_000)) == {"20261122": (3, 3, 1)}


def test_a_visitor_is_an_address_with_an_agent() -> None:
    at = "22/Nov/2026:08:00:00 +0000"
    text = line(at) + line(at, address="192.0.2.2") + line(at, agent=BROWSER + " x")
    assert days(read("log-combined", text)) == {"20261122": (3, 3, 3)}


def test_the_filters_that_are_handed_in_are_heeded() -> None:
    at = "22/Nov/2026:08:00:00 +0000"
    text = line(at, "/a") + line(at, "/b", "192.0.2.2") + line(at, "/c", "192.0.2.3")
    rows = read(
        "log-combined",
        text,
        is_ignored=lambda address: address == "192.0.2.1",
        is_over_rate=lambda address, at: (address, at) == ("192.0.2.2", 1_795_334_400_000),
    )
    assert (articles(rows), left_out(rows)) == ({"/c": 1}, {"address": 1, "rate": 1})


NO_PAGES = (
    "/app.css",
    "/A.JPG?v=3",
    "/feed.xml",
    "/wp-admin/post.php",
    "/wp-login.php",
    "/robots.txt",
)
PAGES = ("/", "/a.html", "/a.php?b=c.css", "/v1.2", "/wp-admin-explained", "/a.b/c", "/tin.tuc")


def test_what_is_no_page_is_no_view() -> None:
    at = "22/Nov/2026:08:00:00 +0000"
    rows = read("log-combined", "".join(line(at, target) for target in NO_PAGES + PAGES))
    assert (left_out(rows), len(articles(rows))) == ({"no page": len(NO_PAGES)}, len(PAGES))


def entry(**fields: object) -> str:
    request = {"remote_addr": "192.0.2.1", "request_method": "GET", "request_uri": "/a"}
    known = {"status": 200, "time_iso8601": "2026-11-22T08:00:00+07:00", "http_user_agent": BROWSER}
    return json.dumps({k: v for k, v in (request | known | fields).items() if v is not None})


TIMES = {
    "ISO 8601": {"time_iso8601": "2026-11-22T08:00:00+07:00"},
    "ISO 8601 in UTC": {"time_iso8601": None, "@timestamp": "2026-11-22T01:00:00.123Z"},
    "the common format": {"time_iso8601": None, "time_local": "22/Nov/2026:08:00:00 +0700"},
    "seconds": {"time_iso8601": None, "msec": "1795309200.123"},
    "a number": {"time_iso8601": None, "ts": 1795309200.123},
}


@pytest.mark.parametrize("fields", TIMES.values(), ids=TIMES.keys())
def test_time_is_read_as_it_is_written(fields: dict[str, object]) -> None:
    assert days(read("log-json", entry(**fields), calendar=VIETNAM)) == {"20261122": (1, 1, 1)}


def test_json_may_hold_the_whole_request_line() -> None:
    text = entry(request="GET /b HTTP/2.0", request_method=None, request_uri=None)
    assert articles(read("log-json", text)) == {"/b": 1}


BAD = {
    "no log at all": ("log-combined", "hello", "is no line of the combined log format"),
    "the common format": (
        "log-combined",
        '192.0.2.1 - - [22/Nov/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 9',
        "tells no user agent; the combined format does, the common one does not",
    ),
    "no such month": (
        "log-combined",
        line("22/Nev/2026:08:00:00 +0000")[:-1],
        "'22/Nev/2026:08:00 +0000' is no time: tuple.index(x): x not in tuple",
    ),
    "no such day": (
        "log-combined",
        line("31/Nov/2026:08:00:00 +0000")[:-1],
        "'31/Nov/2026:08:00 +0000' is no time: day is out of range for month",
    ),
    "a time long ago": (
        "log-combined",
        line("22/Nov/0001:08:00:00 +0000")[:-1],
        "its time lies before 1970 or after 2100",
    ),
    "a path that is not UTF-8": (
        "log-combined",
        line("22/Nov/2026:08:00:00 +0000", r"/\xff")[:-1],
        "The path holds a control character, or one that no UTF-8 text holds.",
    ),
    "no JSON": ("log-json", "{", "is not JSON"),
    "no object": ("log-json", "1", "is no JSON object"),
    "no status": ("log-json", entry(status="ok"), "'ok' is no status"),
    "no address": ("log-json", entry(remote_addr=None), "has no field for the address"),
    "no time": ("log-json", entry(time_iso8601=None), "has no field for the time"),
    "a time without end": (
        "log-json",
        entry(time_iso8601=None, ts=1e300),
        "its time lies before 1970 or after 2100",
    ),
}


@pytest.mark.parametrize(("name", "text", "reason"), BAD.values(), ids=BAD.keys())
def test_a_line_that_is_rejected_stops_nothing(name: str, text: str, reason: str) -> None:
    good = line("22/Nov/2026:08:00:00 +0000") if name == "log-combined" else entry() + "\n"
    rows = read(name, f"{good}\n{text}\n{good}", repeat_window=0)
    assert (articles(rows), rejections(rows)) == ({"/a": 2}, [(3, reason)])


def test_a_message_of_the_server_is_no_request() -> None:
    rows = read("log-json", '{"level":"info","msg":"serving"}\n' + entry())
    assert (articles(rows), left_out(rows)) == ({"/a": 1}, {"no request": 1})


PACKED = {"gzip": gzip.compress, "Zstandard": zstd.compress}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED.keys())
def test_a_log_may_be_packed(pack: Any) -> None:
    data = (DATA / "nginx-combined.log").read_bytes()
    assert read("log-combined", pack(data), **SITE) == read("log-combined", data, **SITE)


def test_rotated_logs_may_be_packed_one_behind_the_other() -> None:
    days_of = [line(f"{day}/Nov/2026:08:00:00 +0000").encode() for day in (20, 21, 22)]
    data = b"".join(gzip.compress(text) for text in days_of)
    assert list(days(read("log-combined", data))) == ["20261120", "20261121", "20261122"]


@given(
    st.text() | st.lists(st.sampled_from(list('"\\ []-/:+x0129GETHP.')), max_size=99).map("".join)
)
def test_no_text_breaks_it(text: str) -> None:
    for name in ("log-combined", "log-json"):
        read(name, text.encode("utf-8", "replace").lstrip(b"PKBZ\xfd\x1f\x28"))


def test_memory_does_not_grow_with_the_log() -> None:
    views = Views(Options())
    rows = 0
    for n in range(300_000):
        request = Request(n * 1000 + 10**12, "GET", f"/{n}", 200, f"192.0.2.{n % 250}", BROWSER)
        rows += sum(1 for _ in views.count(request))
    held = sum(1 for _ in views.rest())
    assert rows >= 250_000
    assert held < 50_010

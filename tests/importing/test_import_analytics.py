"""Exports of analytics programs become our figures."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from imports import DATA, VIETNAM, articles, days, left_out, read, rejections, start

from counter.errors import UnreadableExport

HOSTS = frozenset({"www.vithuy.example"})


def test_goatcounter_tells_articles_and_days_of_the_sites_zone() -> None:
    rows = read("goatcounter", Path("goatcounter-export.csv.gz"), calendar=VIETNAM)
    assert articles(rows) == {"/tin/lu-lut": 4, "/tin/dua-thuyen": 1}
    # A session is a visit and a visitor, of each day that it was there on; one view has none.
    assert days(rows) == {"20261121": (1, 1, 1), "20261122": (4, 2, 2)}
    assert left_out(rows) == {"bot": 1, "event": 1}
    # The fourth line ends within the title, so that the others stand one further down.
    assert rejections(rows) == [
        (10, "'hôm qua' is no time, such as 2026-11-22T08:30:00Z"),
        (11, "'maybe' is neither true nor false"),
    ]


def test_goatcounters_first_format_has_its_columns_elsewhere() -> None:
    text = (
        "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size,"
        'Location,Date\n/a,A,false,0,5c4a,true,,,Mozilla/5.0,"1280,768,1",VN,2020-06-18T00:00:00Z\n'
    )
    rows = read("goatcounter", text)
    assert (articles(rows), days(rows)) == ({"/a": 1}, {"20200618": (1, 1, 1)})


def test_another_version_of_goatcounters_format_is_refused() -> None:
    with pytest.raises(UnreadableExport, match="its first column is called '3Path'"):
        read("goatcounter", "3Path,Title\n")


def test_umamis_pages_are_articles_and_their_sum_the_start() -> None:
    rows = read("umami", Path("umami-pages.csv"))
    assert articles(rows) == {"/tin/lu-lut": 63, "/tin/dua-thuyen": 41, "/tim": 3}
    assert (days(rows), start(rows)) == ({}, (107, 0, 0))


def test_umamis_events_tell_visits_and_visitors() -> None:
    keep = frozenset({"id"})
    rows = read("umami", Path("umami-cloud.zip"), calendar=VIETNAM, hosts=HOSTS, keep_query=keep)
    assert articles(rows) == {"/tin/lu-lut?id=7": 1, "/tin/lu-lut": 1, "/": 2}
    # The visit v1 went on past midnight: it is one of both days.
    assert days(rows) == {"20261121": (1, 1, 1), "20261122": (3, 3, 2)}
    assert left_out(rows) == {"event": 1, "host": 1}
    assert rejections(rows) == [(8, "'sometime' is no time, such as 2026-11-22T08:30:00Z")]


def test_a_copy_of_umamis_table_in_postgresql_is_read_too() -> None:
    rows = read(
        "umami",
        "event_id,website_id,session_id,created_at,url_path,event_type\n"
        "e1,w,s1,2026-11-21 17:00:00.25+00,/a,1\n",
        calendar=VIETNAM,
    )
    assert (articles(rows), days(rows)) == ({"/a": 1}, {"20261122": (1, 1, 1)})


FOLDER = "has no URL: it is a folder of pages; export the report flat (flat=1)"


def test_matomos_pages_are_articles_and_its_folders_are_not() -> None:
    rows = read("matomo", Path("matomo-pages.csv"), hosts=HOSTS)
    assert articles(rows) == {"/tin/lu-lut": 62, "/tin/a,b": 3, "/tin/đua thuyền": 9}
    assert left_out(rows) == {"host": 1}
    assert rejections(rows) == [(5, FOLDER), (7, FOLDER)]
    assert start(rows) == (0, 0, 0)


def test_matomos_days_are_days() -> None:
    rows = read("matomo", Path("matomo-days.csv"))
    assert days(rows) == {
        "20261121": (6079, 3120, 2870),
        "20261122": (12, 11, 10),
        "20261123": (0, 0, 0),
    }


def test_matomos_columns_may_have_english_names() -> None:
    rows = read(
        "matomo",
        "Label\tPageviews\tUnique Pageviews\tMetadata: url\n"
        "/a\t3\t2\thttps://www.vithuy.example/a\n",
    )
    assert articles(rows) == {"/a": 3}


def test_plausibles_archive_tells_articles_and_days() -> None:
    rows = read("plausible", Path("plausible.zip"), hosts=HOSTS)
    assert articles(rows) == {"/tin/lu-lut": 67, '/tin/"a", b': 4}
    assert days(rows) == {"20261121": (6079, 3120, 2870), "20261122": (12, 11, 10)}
    assert left_out(rows) == {"host": 1}
    assert rejections(rows) == [
        (6, "'2026-11-32' is no day, such as 2026-11-22"),
        (7, "'-1' is no whole number from 0 to 2^53 - 1"),
    ]
    assert start(rows) == (0, 0, 0)


OTHERS = {
    ("umami", "plausible.zip"): "is no export of Umami's",
    ("plausible", "umami-pages.csv"): "is neither imported_visitors nor imported_pages",
    ("matomo", "umami-pages.csv"): "is no report of pages",
    ("goatcounter", "matomo-pages.csv"): "is no GoatCounter export",
}


@pytest.mark.parametrize(("pair", "reason"), OTHERS.items(), ids=map("-".join, OTHERS))
def test_another_programs_export_is_refused_as_a_whole(pair: tuple[str, str], reason: str) -> None:
    name, file = pair
    with pytest.raises(UnreadableExport, match=reason):
        read(name, Path(file))


@pytest.mark.parametrize("host", ["", "other.example"], ids=["any host", "another host"])
def test_an_entry_that_names_no_host_is_the_sites(host: str) -> None:
    text = gzip.decompress((DATA / "goatcounter-export.csv.gz").read_bytes())
    assert articles(read("goatcounter", text, hosts=frozenset({host} - {""})))

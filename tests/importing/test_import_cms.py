"""Counts of content management systems, from dumps of their databases as these write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from imports import articles, days, left_out, read, rejections, start

from counter.errors import UnreadableExport

WORDPRESS = Path("wordpress.sql")


def test_post_views_counter_has_totals_of_posts_and_figures_of_days() -> None:
    rows = read("post-views-counter", WORDPRESS)
    assert articles(rows) == {
        "/2026/11/lu-lut": 62,
        "/2026/11/đua-thuyền": 1503,
        "/gioi-thieu": 207,
    }
    assert days(rows) == {
        "20261120": (20, 0, 0),
        "20261121": (33, 0, 0),
        "20261122": (1012, 0, 0),
    }
    # What was counted before there were days, that of drafts and of deleted posts too.
    assert start(rows) == (4 + 5 + 62 + 207 + 1503 - (20 + 33 + 1012), 0, 0)
    assert left_out(rows) == {"not published": 1}
    assert rejections(rows) == [(0, "there is no post 8 in the table posts")]


def test_wp_postviews_has_totals_of_posts_pages_and_other_types() -> None:
    rows = read("wp-postviews", WORDPRESS)
    assert articles(rows) == {
        "/": 90210,
        "/2026/11/lu-lut": 62,
        "/2026/11/đua-thuyền": 1503,
        "/gioi-thieu": 207,
        "/gioi-thieu/lien-he": 31,
        "/event/le-hoi": 12,
    }
    assert start(rows) == (92034, 0, 0)
    assert days(rows) == {}


def test_another_plugin_keeps_its_views_under_another_key() -> None:
    rows = read("wp-postviews", WORDPRESS, meta_key="_edit_lock")
    assert [reason for _, reason in rejections(rows)] == [
        "'1763700000:1' is no whole number from 0 to 2^53 - 1"
    ]


def test_wp_statistics_has_addresses_days_and_what_was_purged() -> None:
    rows = read("wp-statistics", WORDPRESS)
    assert articles(rows) == {
        "/": 90,
        "/2026/11/lu-lut": 30 + 12 + 2 + 18,
        "/2026/11/đua-thuyền": 1000,
    }
    assert days(rows) == {
        "20261120": (33, 0, 9),  # of its summary, for the visitors are gone
        "20261121": (70, 0, 2),
        "20261122": (1064, 0, 1),  # there is no summary yet
    }
    assert start(rows) == (1_355_000, 0, 402_000)
    assert left_out(rows) == {"404": 1}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        pytest.param("/%postname%/", "/lu-lut", id="name"),
        pytest.param("/tin/%post_id%", "/tin/1", id="number"),
        pytest.param("/%category%/%postname%", "/tin-tuc/thoi-su/lu-lut", id="categories"),
        pytest.param("/%author%/%year%-%day%/%postname%", "/toa-soan/2026-20/lu-lut", id="author"),
    ],
)
def test_an_address_follows_the_permalink_that_is_given(template: str, path: str) -> None:
    assert articles(read("wp-postviews", WORDPRESS, permalink=template))[path] == 62


def test_a_permalink_that_can_t_be_filled_in_is_told_with_what_can() -> None:
    with pytest.raises(UnreadableExport, match="its tags are %year%"):
        read("wp-postviews", WORDPRESS, permalink="/%title%/")


@pytest.mark.parametrize(
    ("file", "paths", "total"),
    [
        pytest.param(
            "drupal.sql",
            {"/tin/lu'lut": 62, "/tin/dua-thuyen": 1503, "/node/3": 7, "/node/4": 9},
            1581,
            id="Drupal 10",
        ),
        pytest.param("drupal7.sql", {"/tin/lu-lut": 62, "/node/2": 5}, 67, id="Drupal 7"),
    ],
)
def test_drupal_has_totals_of_nodes_by_their_youngest_alias(
    file: str, paths: dict[str, int], total: int
) -> None:
    rows = read("drupal", Path(file))
    assert articles(rows) == paths
    assert start(rows) == (total, 0, 0)


def test_drupal_s_nodes_may_go_by_their_numbers() -> None:
    rows = read("drupal", Path("drupal7.sql"), permalink="/node/%nid%")
    assert articles(rows) == {"/node/1": 62, "/node/2": 5}


def test_joomla_has_hits_of_articles_by_category_and_alias() -> None:
    rows = read("joomla", Path("joomla.sql"))
    assert articles(rows) == {
        "/tin-tuc/thoi-su/lu-lut": 62,
        "/tin-tuc/dua-thuyen": 1503,
        "/tin-tuc/cu": 8,
    }
    assert start(rows) == (1580, 0, 0)
    assert left_out(rows) == {"not published": 1}
    assert rejections(rows) == [(0, "has no category, which its address needs")]


def test_joomla_s_addresses_may_have_numbers() -> None:
    rows = read("joomla", Path("joomla.sql"), permalink="/tin/%id%-%alias%")
    assert articles(rows)["/tin/1-lu-lut"] == 62


TABLES: list[Any] = [
    pytest.param(
        "drupal", "nid,totalcount,daycount,timestamp\n1,62,3,1\n2,x,0,1\n",
        {"/node/1": 62}, [(0, "'x' is no whole number from 0 to 2^53 - 1")], id="drupal",
    ),
    pytest.param(
        "joomla", "id,alias,catid,state,hits\n7,lu-lut,8,1,62\n",
        {"/tin/7": 62}, [], id="joomla",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "paths", "rejected"), TABLES)
def test_a_table_may_come_as_csv(
    name: str, table: str, paths: dict[str, int], rejected: list[Any]
) -> None:
    options = {"permalink": "/tin/%id%"} if name == "joomla" else {}
    rows = read(name, table, **options)
    assert articles(rows) == paths
    assert rejections(rows) == rejected


@pytest.mark.parametrize("name", ["post-views-counter", "wp-postviews", "drupal", "joomla"])
def test_a_dump_of_another_program_is_told_with_what_it_lacks(name: str) -> None:
    with pytest.raises(UnreadableExport, match="holds no rows of"):
        read(name, "CREATE TABLE `t` (`id` int);\nINSERT INTO `t` VALUES (1);\n")

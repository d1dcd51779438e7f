"""Counters that keep their figures in Redis, as their own code writes them there."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from typing import Any

import pytest
from imports import articles, left_out, start
from redis import Redis
from services import visitor_counter, write_config

from counter.errors import UnreadableExport
from counter.importing.formats import STORE_FORMATS
from counter.importing.options import Options
from counter.importing.rows import Row

HOST = "www.vithuy.example"
PAGES = {"/": 90, "/tin/lu-lut": 62, "/tin/lũ lụt": 7}


@pytest.fixture
def other(valkey: str) -> Iterator[Redis]:
    """Another counter's database."""
    with Redis.from_url(valkey) as client:
        client.flushall()
        yield client


def read(name: str, client: Redis, *known: str, **options: Any) -> list[Row]:
    return list(
        STORE_FORMATS[name].read(client, known, Options(hosts=frozenset({HOST}), **options))
    )


def digits(text: str, *, short: bool) -> str:
    digest = md5(text.encode()).hexdigest()
    return digest[8:24] if short else digest


def count_as_busuanzi(
    client: Redis, *, prefix: str = "bsz", short: bool = True, with_host: bool = False
) -> None:
    """As `core/count.go` of soxft/busuanzi 2.8 does, for readers one to three."""
    site = digits(HOST, short=short)
    for path, views in PAGES.items():
        page = digits(f"{HOST}&{path}" if with_host else path, short=short)
        client.incrby(f"{prefix}:site_pv:{site}", views)
        client.zincrby(f"{prefix}:page_pv:{site}", views, page)
        client.pfadd(f"{prefix}:page_uv:{site}:{page}", "one", "two")
    client.pfadd(f"{prefix}:site_uv:{site}", "one", "two", "three")


LAYOUTS = [
    pytest.param({}, id="as it comes"),
    pytest.param({"short": False}, id="MD516 off"),
    pytest.param({"with_host": True}, id="PathStyle off"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_busuanzi_s_pages_are_named_by_the_site_s_addresses(
    other: Redis, layout: dict[str, Any]
) -> None:
    count_as_busuanzi(other, **layout)
    rows = read(
        "busuanzi", other,
        f"https://{HOST}/", "/tin/lu-lut/", f"https://{HOST}/tin/l%C5%A9%20l%E1%BB%A5t", "/none",
    )  # fmt: skip
    assert articles(rows) == PAGES
    assert start(rows) == (159, 0, 3)
    assert left_out(rows) == {}


def test_busuanzi_s_pages_that_no_address_names_are_told_in_number(other: Redis) -> None:
    count_as_busuanzi(other)
    rows = read("busuanzi", other, "/")
    assert articles(rows) == {"/": 90}
    assert left_out(rows) == {"address not known": 2}
    assert start(rows)[0] == 159


def test_busuanzi_may_have_another_prefix(other: Redis) -> None:
    count_as_busuanzi(other, prefix="counter")
    with pytest.raises(UnreadableExport, match="no key bsz:site_pv"):
        read("busuanzi", other, "/")
    assert articles(read("busuanzi", other, "/", prefix="counter")) == {"/": 90}


def count_as_vercount(client: Redis, *, indexed: bool = True) -> None:
    """As `counter/service.go` of Vercount 2026 does."""
    for path, views in PAGES.items():
        client.incrby(f"pv:site:{HOST}", views)
        client.incrby(f"pv:page:{HOST}:{path}", views)
        if indexed:
            client.sadd(f"pv:page:index:{HOST}", path)
    client.incrby(f"uv:site:count:{HOST}", 3)


@pytest.mark.parametrize("indexed", [True, False], ids=["with an index", "without"])
def test_vercount_has_totals_of_pages_and_of_the_site(other: Redis, indexed: bool) -> None:
    count_as_vercount(other, indexed=indexed)
    rows = read("vercount", other)
    assert articles(rows) == PAGES
    assert start(rows) == (159, 0, 3)


@pytest.mark.parametrize("name", STORE_FORMATS)
def test_a_site_that_the_other_counter_does_not_know_is_told(other: Redis, name: str) -> None:
    with pytest.raises(UnreadableExport, match=HOST):
        read(name, other, "/")


def test_a_whole_counter_moves_in_by_command(other: Redis, valkey: str, tmp_path: Any) -> None:
    """Here the other counter's database happens to be ours as well."""
    count_as_busuanzi(other)
    config = write_config(tmp_path, valkey, sites=f'[sites.a]\norigins = ["https://{HOST}"]\n')
    sitemap = tmp_path / "sitemap.xml"
    urls = "".join(f"<url><loc>https://{HOST}{path}</loc></url>" for path in PAGES)
    sitemap.write_text(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    )
    command = ["import", "busuanzi", valkey, "-s", "a", "--known", str(sitemap)]
    for told in ("the total went from 0 to 159", "was imported before"):
        done = visitor_counter(*command, "--config", str(config))
        assert done.returncode == 0, done.stderr
        assert told in done.stdout
    assert other.hget("vc:{a}:total", "views") == b"159"

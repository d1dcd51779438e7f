"""A site's own sitemap confirms its articles; one that can't be read never stops the counting."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest
from aiohttp import web
from conftest import Start, eventually

from counter.ingest.listing import Listing, Listings
from counter.ingest.sitemap import SitemapReader, UnreadableSitemap
from counter.metrics import Metrics
from counter.settings import SettingsError, Site, parse
from counter.sites import Sites
from counter.web import sitemaps as module
from counter.web.outgoing import is_public
from counter.web.sitemaps import Sitemaps

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
HERE = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
SERVER = {"sitemap_networks": [str(network) for network in HERE]}


def urlset(*addresses: str, extra: str = "") -> bytes:
    urls = "".join(f"<url><loc>{address}</loc>{extra}</url>" for address in addresses)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NAMESPACE}>{urls}</urlset>'.encode()


def index(*addresses: str) -> bytes:
    maps = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f"<sitemapindex {NAMESPACE}>{maps}</sitemapindex>".encode()


# Reading one


def read(data: bytes, piece: int = 7, most_bytes: int = 10**6, most: int = 99) -> SitemapReader:
    reader = SitemapReader(frozenset({"id"}), most_bytes=most_bytes, most_paths=most)
    for at in range(0, len(data), piece):
        reader.feed(data[at : at + piece])
    reader.finish()
    return reader


@pytest.mark.parametrize("piece", [1, 7, 10**6])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_sitemap_names_articles_as_views_do(pack: Any, piece: int) -> None:
    text = urlset(
        "https://a.vn/tin-t%E1%BB%A9c",
        " https://a.vn/b/?utm_source=x&amp;id=7\n",
        "https://a.vn",
        "mailto:nobody",
        extra="<image:loc xmlns:image='http://x'>https://a.vn/no.jpg</image:loc><lastmod>2026</lastmod>",
    )
    reader = read(pack(text), piece)
    listing = Listing(reader.hashes)
    assert [path in listing for path in ("/tin-tức", "/b?id=7", "/")] == [True] * 3
    assert [path in listing for path in ("/b", "/no.jpg", "/2026", "/x")] == [False] * 4
    assert reader.sitemaps == []


def test_an_index_names_sitemaps() -> None:
    reader = read(index("https://a.vn/1.xml", "https://a.vn/2.xml.gz"))
    assert reader.sitemaps == ["https://a.vn/1.xml", "https://a.vn/2.xml.gz"]
    assert len(reader.hashes) == 0


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset>&b;</urlset>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset>&a;</urlset>'
UNREADABLE = {
    "a page": (b"<!DOCTYPE html><html></html>", "document type"),
    "a page without a type": (b"<html><body></body></html>", "begins with <html>"),
    "entities that grow": (LAUGHS, "document type"),
    "a file of ours": (OUTSIDE, "document type"),
    "no XML": (b"https://a.vn/a\n", "no sitemap"),
    "nothing": (b"", "no sitemap"),
    "one letter": (b"<", "no sitemap"),
    "a half": (urlset("https://a.vn/a")[:-20], "no sitemap"),
    "what only begins as gzip does": (b"\x1f\x8b" + bytes(50), "no sitemap"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="x-none"?><urlset/>', "no sitemap"),
    "a bomb": (gzip.compress(urlset() + b" " * 5_000_000), "larger"),
    "too many articles": (urlset(*(f"https://a.vn/{n}" for n in range(100))), "more than 99"),
}


@pytest.mark.parametrize(("data", "said"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_sitemap_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableSitemap, match=said):
        read(data)


def test_a_bomb_is_not_unpacked_at_once() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bomb.compress(b"<urlset>" + b" " * 50_000_000) + bomb.flush()
    reader = SitemapReader(frozenset(), most_bytes=1_000_000, most_paths=9)
    with pytest.raises(UnreadableSitemap, match="larger"):
        reader.feed(packed)
    assert reader.left > -300_000


@pytest.mark.parametrize("address", ["sitemap.xml", "ftp://a/s.xml", "https://", "https://u:p@a/"])
def test_what_is_no_address_of_a_sitemap_is_told_so(address: str) -> None:
    with pytest.raises(SettingsError, match='such as "https://'):
        parse({"sites": {"a": {"sitemap": address}}})


# Keeping them


class Server:
    """A site's web server: what it serves, and what it was asked for."""

    def __init__(self) -> None:
        self.served: dict[str, bytes | web.Response] = {}
        self.asked: list[str] = []
        self.base = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request.path)
        found = self.served.get(request.path, web.Response(status=404))
        if isinstance(found, bytes):
            tag = f'"{zlib.crc32(found)}"'
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304)
            return web.Response(body=found, headers={"ETag": tag})
        return web.Response(status=found.status, headers=found.headers, body=found.body)

    def names(self, *paths: str) -> Iterable[str]:
        return [self.base + path for path in paths]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = "http://{}:{}".format(*runner.addresses[0][:2])
    yield server
    await runner.cleanup()


class Kept:
    """A site's sitemap as it is kept, on a clock that is set by hand."""

    def __init__(
        self, address: str, networks: Sequence[IPv4Network | IPv6Network] = HERE, **site: Any
    ) -> None:
        self.now = 10**9
        self.sites = Sites({"a": Site(sitemap=address, **site)})
        self.listings = Listings()
        self.metrics = Metrics()
        self.sitemaps = Sitemaps(
            self.sites, self.listings, self.metrics, networks, lambda: self.now
        )

    async def after(self, ms: int) -> None:
        self.now += ms
        await self.sitemaps.refresh()

    def confirms(self, path: str) -> bool:
        return self.listings.confirms("a", path)


async def test_views_count_where_the_sitemap_has_their_path(start: Start, server: Server) -> None:
    server.served["/sitemap.xml"] = urlset(*server.names("/news/flood"))
    up = await start(
        {"sitemap": server.base + "/sitemap.xml", "paths": ["/pages/*"]}, server=SERVER
    )

    async def is_read() -> bool:
        return "a" in up.service.public._pipeline._listings

    await eventually(is_read)
    answers = [await up.client.view(path) for path in ("/news/flood", "/made-up", "/pages/1", "/")]
    assert [answer.get("reason") for answer in answers] == [None, "unlisted", None, None]
    assert (await up.client.figures())["total"] == 3
    assert await up.ops.json("GET", "/readyz") == {"status": "ready"}


async def test_a_sitemap_that_can_t_be_read_stops_no_view(start: Start, server: Server) -> None:
    up = await start({"sitemap": server.base + "/none.xml"}, server=SERVER)

    async def is_told() -> Any:
        return up.service.sitemaps.problems()

    await eventually(is_told)
    assert (await up.client.view("/anything"))["total"] == 1
    ready = await up.ops.json("GET", "/readyz")
    assert ready["status"] == "ready"
    assert "the sitemap of a can't be read, so every path counts" in ready["detail"]
    assert "404" in ready["detail"]
    text = await (await up.ops.request("GET", "/metrics")).text()
    assert 'visitor_counter_sitemap_up{site="a"} 0.0' in text


async def test_every_sitemap_of_an_index_is_read(server: Server) -> None:
    server.served["/sitemap.xml"] = index(*server.names("/1.xml", "/2.xml.gz", "/1.xml"))
    server.served["/1.xml"] = urlset(*server.names("/one"))
    server.served["/2.xml.gz"] = gzip.compress(urlset(*server.names("/two")))
    kept = Kept(server.base + "/sitemap.xml")
    await kept.after(0)
    assert [kept.confirms(path) for path in ("/one", "/two", "/three")] == [True, True, False]
    assert sorted(server.asked) == ["/1.xml", "/2.xml.gz", "/sitemap.xml"]


async def test_a_sitemap_is_read_every_hour(server: Server) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    server.served["/s.xml"] = urlset(*server.names("/two"))
    await kept.after(HOUR_MS - 1)
    assert len(server.asked) == 1
    await kept.after(HOUR_MS // 20 + 1)
    assert kept.confirms("/two")


async def test_an_article_of_today_is_found_within_a_minute(server: Server) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    server.served["/s.xml"] = urlset(*server.names("/one", "/today"))
    assert not kept.confirms("/today")
    await kept.after(MINUTE_MS - 1)
    assert not kept.confirms("/today")
    await kept.after(1)
    assert kept.confirms("/today")


async def test_made_up_paths_cost_the_site_one_small_answer_a_minute(server: Server) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    for _ in range(600):
        await kept.after(1000)
        assert not kept.confirms("/made-up") or not len(server.asked)
    assert len(server.asked) <= 11
    assert kept.confirms("/one")


async def test_a_sitemap_that_fails_is_tried_less_and_less_and_taken_again(server: Server) -> None:
    kept = Kept(server.base + "/s.xml")
    tried = []
    for minute in range(8):
        await kept.after(MINUTE_MS if minute else 0)
        tried.append(len(server.asked))
    assert tried == [1, 2, 2, 3, 3, 3, 3, 4]
    assert kept.confirms("/anything")
    server.served["/s.xml"] = urlset(*server.names("/one"))
    await kept.after(HOUR_MS)
    assert not kept.confirms("/anything")
    assert kept.sitemaps.problems() == []


async def test_a_sitemap_that_fails_later_lets_every_path_count(server: Server) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    server.served["/s.xml"] = b"<html>we are being repaired</html>"
    await kept.after(2 * HOUR_MS)
    assert kept.confirms("/two")
    assert "begins with <html>" in kept.sitemaps.problems()[0]


async def test_a_site_without_its_sitemap_any_more_is_forgotten(server: Server) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    kept.sites.replace({"a": Site()})
    await kept.after(0)
    assert "a" not in kept.listings


@pytest.mark.parametrize("how", ["redirect", "index"])
async def test_a_sitemap_leads_to_the_site_s_own_hosts_only(server: Server, how: str) -> None:
    elsewhere = server.base.replace("127.0.0.1", "localhost") + "/private"
    redirect = web.Response(status=302, headers={"Location": elsewhere})
    server.served["/s.xml"] = redirect if how == "redirect" else index(elsewhere)
    server.served["/private"] = urlset(*server.names("/one"))
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    assert server.asked == ["/s.xml"]
    assert "not the site's" in kept.sitemaps.problems()[0]
    own = Kept(server.base + "/s.xml", origins=(server.base.replace("127.0.0.1", "localhost"),))
    await own.after(0)
    assert own.sitemaps.problems() == []
    assert own.confirms("/one")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_no_address_is_asked_that_only_this_machine_reaches(
    server: Server, host: str
) -> None:
    server.served["/s.xml"] = urlset(*server.names("/one"))
    address = server.base.replace("127.0.0.1", host) + "/s.xml"
    kept = Kept(address, ())
    await kept.after(0)
    [problem] = kept.sitemaps.problems()
    assert "is no public address: its network is to be named in sitemap_networks" in problem
    assert "Cannot connect" not in problem
    assert server.asked == []
    allowed = Kept(address, (IPv4Network("127.0.0.0/8"), IPv4Network("0.0.0.0/32")))
    await allowed.after(0)
    assert allowed.sitemaps.problems() == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("2606:2800:220:1::1", True),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("ff0e::1", False),
    ],
)
def test_what_is_public_is_what_the_internet_reaches(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_tag_that_can_t_be_sent_back_is_left_out(server: Server) -> None:
    text = urlset(*server.names("/one"))
    server.served["/s.xml"] = web.Response(body=text, headers={"ETag": '"\u1ea1"'})
    kept = Kept(server.base + "/s.xml")
    for _ in range(2):
        await kept.after(2 * HOUR_MS)
        assert kept.sitemaps.problems() == []
    assert len(server.asked) == 2


async def test_redirects_have_an_end(server: Server) -> None:
    server.served["/s.xml"] = web.Response(status=301, headers={"Location": "/s.xml"})
    kept = Kept(server.base + "/s.xml")
    await kept.after(0)
    assert len(server.asked) == 4
    assert "redirected" in kept.sitemaps.problems()[0]


async def test_the_sitemaps_of_a_site_are_bounded_together(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"/{n}.xml" for n in range(9)]
    server.served |= {name: urlset(*server.names(f"/{name}")) for name in names}
    server.served["/s.xml"] = index(*server.names(*names))
    for bound, most, said in (("MAX_FILES", 5, "more than 5"), ("MAX_BYTES", 900, "larger")):
        with monkeypatch.context() as patch:
            patch.setattr(module, bound, most)
            kept = Kept(server.base + "/s.xml")
            await kept.after(0)
            assert said in kept.sitemaps.problems()[0]
    kept = Kept(server.base + "/s.xml", max_articles=5)
    await kept.after(0)
    assert "articles" in kept.sitemaps.problems()[0]


async def test_a_server_that_does_not_answer_stops_no_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.2)

    async def silent(_: web.BaseRequest) -> web.Response:
        await runner_closes.wait()
        return web.Response()

    runner_closes = asyncio.Event()
    runner = web.ServerRunner(web.Server(silent))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.served["/s.xml"] = urlset(*server.names("/one"))
    slow = "http://{}:{}/s.xml".format(*runner.addresses[0][:2])
    sites = Sites({"slow": Site(sitemap=slow), "good": Site(sitemap=server.base + "/s.xml")})
    listings = Listings()
    sitemaps = Sitemaps(sites, listings, Metrics(), HERE)
    await sitemaps.refresh()
    assert "good" in listings
    assert listings.confirms("slow", "/anything")
    assert "in time" in sitemaps.problems()[0]
    runner_closes.set()
    await runner.cleanup()

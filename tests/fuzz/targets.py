"""What reads what others wrote, each with inputs that lie near what is right, and what must hold.

A target takes one input, and either uses it or refuses it in words of its own; anything else is a
crash.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import structlog
from hypothesis import strategies as st

from counter.errors import BadBody, BadParameter, BadPath, JournalError, SettingsError
from counter.ingest.addresses import client_address, rate_key
from counter.ingest.bots import is_bot
from counter.ingest.origins import is_allowed, origin_of
from counter.ingest.sitemap import SitemapReader, UnreadableSitemap
from counter.model.addresses import Networks, read_peer
from counter.model.figures import Batch, Hit
from counter.model.paths import MAX_BYTES, normalise
from counter.model.patterns import matches, read_pattern
from counter.settings import Server, Site, Store, load, parse
from counter.storage.journal import Journal, _checksum
from counter.web.dropins.desk import callback
from counter.web.dropins.vercount import _page as vercount_page
from counter.web.requests import _parse as parse_query

Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Target:
    inputs: Strategy
    check: Callable[[Any], bool]
    """Returns whether the input was of use, and fails where something is wrong."""
    slow: int = 1
    """So many times fewer inputs are tried."""


def _pieces(*pieces: str, most: int = 12) -> Strategy:
    return st.lists(st.sampled_from(pieces) | st.text(max_size=3), max_size=most).map("".join)


# Paths

_PATHS = (
    _pieces(
        *("/", "//", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%", "%%", "%2", "%zz", "%25"),
        *(
            "?",
            "#",
            "&",
            "=",
            ";",
            "+",
            ":",
            "@",
            "id",
            "id=1",
            "utm_source=x",
            "%00",
            "\0",
            "\x85",
        ),
        *("http://", "https://a", "HTTPS://A:8", "//a", "tin-tức", "%C3", "%C3%A0", "\u0300", "à"),
        *("\ud800", "\ufffd", "\u2028", "\u200d", "\U0001f600", "%F0%9F%98%80", "%ED%A0%80"),
    )
    | st.text()
    | st.binary().map(lambda data: data.decode("latin-1"))
    | st.binary().map(lambda data: "/" + "".join(f"%{byte:02x}" for byte in data))
    | st.builds(
        lambda text, n: "/" + text * n, _pieces("a", "%41", "/", "đ", "..%2f"), st.integers(0, 900)
    )
)
_KEPT = st.sampled_from([frozenset(), frozenset({"id"}), frozenset({"id", "", "%", "à", "a b"})])


def _check_path(given: tuple[str, frozenset[str]]) -> bool:
    raw, keep = given
    try:
        path = normalise(raw, keep)
    except BadPath:
        return False
    assert path.startswith("/")
    assert len(path.encode()) <= MAX_BYTES
    assert normalise(path, keep) == path
    return True


def _check_pattern(given: tuple[str, str]) -> bool:
    text, path = given
    pattern = read_pattern(text)
    if pattern is None:
        return False
    assert read_pattern(pattern) == pattern
    assert matches(pattern, path) in (True, False)
    assert matches("/*", path) is path.startswith("/")
    return True


# Addresses

_NODES = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.ip_addresses(v=6).map(lambda address: f"{address}%eth0"),
    st.builds("{}:{}".format, st.ip_addresses(v=4), st.integers(-1, 70_000)),
    st.sampled_from(
        [
            "unknown",
            "_hidden",
            "",
            " ",
            '"',
            '"[',
            "]",
            "[]",
            "::",
            "0",
            "0x7f.1",
            "1.2.3.4.5",
            "10.0.0.1",
            "127.0.0.1",
            "::ffff:10.0.0.1",
            "١.٢.٣.٤",
            "1.2.3.4\t",
            "\\",
            "a" * 999,
        ]
    ),
    st.text(max_size=8),
)
_X_FORWARDED_FOR = st.lists(_NODES, max_size=6).map(", ".join)
_FORWARDED = st.lists(
    st.lists(
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["for=", "For=", 'for="', "by=", "for", "proto=http", "=", ";", ""]),
            _NODES,
            st.sampled_from(["", '"', "\\", '";', ":80", ':80"']),
        ),
        max_size=3,
    ).map(";".join),
    max_size=5,
).map(",".join)
_PROXIES = Networks((ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))
_PEERS = st.sampled_from(["10.0.0.1", "2001:db8::1", "192.0.2.1", "", "::ffff:10.1.2.3", "bad"])
SEEN = "203.0.113.77"


def _check_address(given: tuple[str, str | None, str | None]) -> bool:
    peer, forwarded, x_forwarded_for = given
    address = client_address(peer, forwarded, x_forwarded_for, _PROXIES)
    rate_key(address)
    found, own = address[0], client_address(peer, None, None, _PROXIES)[0]
    if found == own:
        return False
    assert read_peer(peer) in _PROXIES, "believed from a stranger"
    assert str(ip_address(found)) == found
    # What the last proxy adds has the last word, whatever a client wrote before it.
    for made_up, word in ((forwarded, f"for={SEEN}"), (x_forwarded_for, SEEN)):
        added = f"{made_up or ''},{word}"
        headers = (added, None) if "=" in word else (None, added)
        assert client_address(peer, *headers, _PROXIES)[0] == SEEN
    return True


# Settings

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "5m",
            "0s",
            "1h",
            "off",
            "120/m",
            "0/m",
            "9" * 400 + "/m",
            "9" * 400 + "d",
            "UTC",
            "Asia/Ho_Chi_Minh",
            "../../etc/passwd",
            "embedded:",
            "embedded:x",
            "redis://[",
            "::1",
            "10.0.0.0/8",
            "https://*.a.vn",
            "https://a/b",
            "null",
            "/news/*",
            "*",
            "256MiB",
            "\0",
            "127.0.0.1:0",
            "[::1]:99999",
            "views",
            "safe",
            "http://[",
            "/" + "*" * 50,
        ]
    ),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_SECTIONS = {"server": Server, "store": Store}


def _section(model: Any) -> Strategy:
    """Some settings of a section: mostly as they would be without, so that many are of use."""
    fields = {
        name: st.just(field.default) | st.just(field.default) | st.just(field.default) | _VALUES
        for name, field in model.model_fields.items()
        if isinstance(field.default, str | int | tuple)
    }
    some = st.lists(st.sampled_from([*fields]), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in names})
    )
    return (
        some
        | some
        | st.dictionaries(st.sampled_from([*fields, "unknown", ""]), _VALUES, max_size=2)
    )


_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: _section(model) for name, model in _SECTIONS.items()},
        "sites": st.dictionaries(
            st.sampled_from(["a", "vithuy", "A", "", "-a", "a" * 64, "a b"]),
            _section(Site),
            max_size=2,
        )
        | _VALUES,
        "other": _VALUES,
    },
)
_NAMES = st.builds(
    "COUNTER_{}_{}{}".format,
    st.sampled_from(["SERVER", "STORE", "SITES", "SITES_A", "SITES__", "OTHER", ""]),
    st.sampled_from([*(n.upper() for m in (Server, Store, Site) for n in m.model_fields), "X", ""]),
    st.sampled_from(["", "_FILE", "_", "__FILE"]),
)
_ENVIRONMENTS = st.dictionaries(
    _NAMES | st.text(max_size=12),
    _SCALARS.map(str) | st.sampled_from(["/", "a,b", ",", ",,"]),
    max_size=5,
)
_TOML = (
    st.lists(
        st.sampled_from(
            [
                "[server]",
                "[sites.a]",
                "[sites.'b c']",
                "[[sites]]",
                "listen = '127.0.0.1:0'",
                "=",
                "\n",
                "rate_limit = '1/s'",
                "origins = ['https://a']",
                "origins = [",
                "workers = 1e9",
                '"""',
                "timezone = 1979-05-27",
                "unit = {a = 1}",
                "server.x = 1",
                "[store]\nurl = 'x'",
                "\ufeff",
            ]
        )
        | st.text(max_size=6),
        max_size=8,
    )
    .map("\n".join)
    .map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary()
)


def _check_settings(document: dict[str, Any]) -> bool:
    try:
        parse(document)
    except SettingsError:
        return False
    return True


def _check_environment(environment: dict[str, str]) -> bool:
    try:
        load(None, environment)
    except SettingsError:
        return False
    return True


def _check_file(text: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(text)
        file.flush()
        try:
            load(Path(file.name), {})
        except SettingsError:
            return False
    return True


# What a request says

_QUERIES = _pieces(
    *("path", "=", "&", ";", "%", "%2", "%FF", "%C3%A0", "+", "/a", "\0", "&&", "path=/a"), most=30
)


def _check_query(text: str) -> bool:
    try:
        parse_query(text)
    except (BadParameter, BadBody):
        return False
    return True


_AGENTS = _pieces(
    *("Mozilla/5.0", " (", "compatible; ", "; ", ")", "bot", "Chrome/142", "http:", "AppleWebKit"),
    *("CUBOT", "_", ".*", "(" * 50, "a" * 500, "curl/8", "\0", "Firefox/145.0"),
    most=40,
)


def _check_agent(agent: str) -> bool:
    return not is_bot(agent)


_ORIGINS = _pieces(
    *("http", "https", "://", ":", "/", "*", ".", "a.vn", "www.a.vn", "[", "]", "::1", "null", "@"),
    *("\0", "%", "evil", "A.VN", ":443", "\\"),
) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://", "HTTPS://", "http://", ""]),
    st.sampled_from(["", "www.", "evil", "a.vn@", "a.vn/", "a.vn:80"]),
    st.sampled_from(["a.vn", ".a.vn", "A.VN", "a.vn.", "a.vn:443", "a.vn/x"]),
)


def _check_origin(text: str) -> bool:
    allowed = is_allowed(("https://a.vn", "https://*.a.vn"), text)
    if allowed:
        assert text.lower() == "https://a.vn" or text.lower().endswith(".a.vn")
    origin_of(text)
    return allowed


# Drop-ins

_NAMES = _pieces("a", "_", "$", "1", "alert", "(", ")", ".", "<", "/", "\n", "\0", "é", "\u2028")


def _check_callback(text: str) -> bool:
    try:
        name = callback(text)
    except BadParameter:
        return False
    assert name == text
    assert name.replace("$", "_").isidentifier()
    assert name.isascii()
    return True


def _check_page(text: str) -> bool:
    try:
        page = vercount_page(text)
    except BadParameter:
        return False
    assert origin_of(page).startswith(("http://", "https://"))
    with contextlib.suppress(BadPath):
        assert normalise(page, frozenset()).startswith("/")
    return True


# The journal

PRODUCER = "0123456789abcdef"


def _batch(seq: int) -> Batch:
    hits = [
        Hit(
            "a", f"/tin-tức/{seq}/{n}" + "x" * (5_000 if seq == 5 else 0), "20261122", seq, bytes(8)
        )
        for n in range(1 + seq % 4)
    ]
    return Batch(PRODUCER, seq, "a", "20261122", tuple(hits))


WRITTEN = [_batch(seq) for seq in range(1, 13)]


@cache
def _journals() -> tuple[Path, ...]:
    """Make what a worker leaves that was killed, and one that was stopped."""
    directory = Path(tempfile.mkdtemp(prefix="fuzz-journal-"))
    journal = Journal.open(directory / "worker", PRODUCER, 1 << 20)
    for first in range(0, len(WRITTEN), 3):
        journal.append(WRITTEN[first : first + 3])
    shutil.copytree(directory / "worker", directory / "killed")
    journal.close()
    shutil.copytree(directory / "worker", directory / "stopped")
    return directory / "killed", directory / "stopped"


_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["put", "cut", "drop", "double", "zero"]),
        st.integers(0, 2),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=64),
    ),
    min_size=1,
    max_size=6,
)


def _edit(data: bytes, kind: str, where: float, what: bytes) -> bytes:
    at = int(where * len(data))
    match kind:
        case "put":
            return data[:at] + what + data[at + len(what) :]
        case "cut":
            return data[:at]
        case "drop":
            return data[:at] + data[at + 64 * len(what) :]
        case "double":
            return data[:at] + data[at : at + 64 * len(what)] + data[at:]
        case _:
            return data[:at] + bytes(64 * len(what)) + data[at + 64 * len(what) :]


def _check_journal(given: tuple[int, list[tuple[str, int, float, bytes]]]) -> bool:
    which, edits = given
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        directory = Path(name) / "left"
        shutil.copytree(_journals()[which], directory)
        files = sorted(path for path in directory.iterdir() if path.suffix != ".lock")
        for kind, file, where, what in edits:
            path = files[file % len(files)]
            path.write_bytes(_edit(path.read_bytes(), kind, where, what))
        found = list(_recovered(directory))
    # Nothing invented, nothing twice, in order.
    assert [batch for batch in WRITTEN if batch in found] == found
    return bool(found)


def _recovered(directory: Path) -> Iterator[Batch]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        for journal in Journal.abandoned(directory):
            try:
                while batches := journal.oldest(5):
                    yield from batches
                    journal.remove(batches)
            except JournalError:
                continue
            finally:
                journal.close()
    finally:
        structlog.reset_defaults()


# A row that another program sealed: its checksum is right, what it says is not.

_ROW_PATHS = st.sampled_from(["/x", "/tin-tức", "", "/" + "x" * 2000, "x", "/\ud800"])
_ROW_TIMES = st.integers(1, 2**42) | st.integers(-1, 2**63)
_NAMED = st.sampled_from(["", "00" * 8, "0f" * 8, "0f" * 4, "zz", None])
_ROWS = (
    _pieces(
        *("[", "]", ",", '"', '"a"', '"20261122"', "null", "1", "1e999", "{", "}", '"/x"', '"zz"'),
        *('["a","20261122",[["/x",1,"",""]]]', '["a","20261122",', '[["/x",1,"00","0"]]', "[[]]"),
        most=8,
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary()
    | st.builds(
        lambda *row: json.dumps(row).encode(),
        st.sampled_from(["a", "a", "b-1", "A", None]),
        st.sampled_from(["20261122", "20261123", "20261399", "2026"]),
        st.lists(st.tuples(_ROW_PATHS, _ROW_TIMES, _NAMED, _NAMED), min_size=1, max_size=2),
    )
)


def _check_row(text: bytes) -> bool:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        directory = Path(name)
        journal = Journal.open(directory, PRODUCER, 1 << 20)
        journal.append(WRITTEN[:2])
        journal.close()
        row = _checksum(PRODUCER, 2, text) + text
        with contextlib.closing(sqlite3.connect(directory / f"{PRODUCER}.journal")) as db:
            db.execute("UPDATE batches SET batch = ? WHERE seq = 2", (row,))
            db.commit()
        found = list(_recovered(directory))
    assert found[:1] == WRITTEN[:1]
    return len(found) == 2


# Sitemaps

_SITEMAPS = (
    _pieces(
        *("<urlset>", "</urlset>", "<url>", "</url>", "<loc>", "</loc>", "<sitemapindex>", "&amp;"),
        *(
            '<urlset xmlns="a">',
            "<sitemap>",
            "</sitemap>",
            "</sitemapindex>",
            "https://a.vn/x",
            "<!--",
        ),
        *(
            "<?xml version='1.0' encoding='utf-16'?>",
            "<![CDATA[",
            "]]>",
            "<!DOCTYPE a>",
            "&#0;",
            "/>",
        ),
        *("<urlset><url><loc>/a</loc></url></urlset>", "<x:loc>", "-->", "&b;", "\ufeff", " "),
        most=9,
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary()
    | st.builds(
        lambda kind, inner: f"<{kind[0]}>{inner}</{kind[0]}>".replace("entry", kind[1]).encode(),
        st.sampled_from([("urlset", "url"), ("sitemapindex", "sitemap"), ("urlset", "sitemap")]),
        _pieces(
            *("<entry><loc>", "</loc></entry>", "<entry/>", "https://a.vn/x", "/a", "<!--", "-->"),
            *(
                "<entry><loc>/a</loc></entry>",
                "<![CDATA[/b]]>",
                "&amp;",
                "&lt;",
                "<x:loc xmlns:x=''>",
            ),
        ),
    )
)


def _check_sitemap(given: tuple[bytes, bool, int]) -> bool:
    data, packed, piece = given
    reader = SitemapReader(frozenset(), most_bytes=10_000, most_paths=10)
    if packed:
        data = gzip.compress(data)
    try:
        for at in range(0, len(data), piece):
            reader.feed(data[at : at + piece])
        reader.finish()
    except UnreadableSitemap:
        return False
    return True


TARGETS: dict[str, Target] = {
    "paths": Target(st.tuples(_PATHS, _KEPT), _check_path),
    "patterns of paths": Target(st.tuples(_PATHS, _PATHS), _check_pattern),
    "Forwarded, X-Forwarded-For": Target(
        st.tuples(_PEERS, st.none() | _FORWARDED, st.none() | _X_FORWARDED_FOR), _check_address
    ),
    "settings, as data": Target(_DOCUMENTS, _check_settings),
    "settings, as TOML": Target(_TOML, _check_file),
    "settings, as environment": Target(_ENVIRONMENTS, _check_environment),
    "queries and forms": Target(_QUERIES, _check_query),
    "user agents": Target(_AGENTS, _check_agent),
    "origins": Target(_ORIGINS, _check_origin),
    "callbacks of JSONP": Target(_NAMES, _check_callback),
    "pages of drop-ins": Target(_PATHS | _ORIGINS, _check_page),
    "sitemaps": Target(st.tuples(_SITEMAPS, st.booleans(), st.integers(1, 40)), _check_sitemap),
    "journals": Target(st.tuples(st.integers(0, 1), _EDITS), _check_journal, slow=10),
    "rows of a journal": Target(_ROWS, _check_row, slow=10),
}

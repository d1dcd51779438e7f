"""One article is one path, however its address is written."""

from __future__ import annotations

import re
from pathlib import Path
from unicodedata import is_normalized
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from counter.errors import BadPath
from counter.model.paths import MAX_BYTES, MAX_INPUT, TRACKING, normalise

DOCS = (Path(__file__).parent.parent / "docs" / "paths.md").read_text("utf-8")
KEEP = frozenset({"id", "q", "utm_id"})


def rows(after: str, before: str) -> list[tuple[str, str]]:
    """Return the rows of the docs' tables between two headlines, their code marks taken off."""
    part = DOCS.partition(after)[2].partition(before)[0]
    found = re.findall(r"^\|(.*)\|(.*)\|$", part, re.MULTILINE)
    cells = [(sent.strip().strip("`"), answer.strip().strip("`")) for sent, answer in found]
    return [row for row in cells if row[0] not in ("sent", "---")]


EXAMPLES = rows("# One article", "With `keep_query")
EXAMPLES_KEPT = rows('With `keep_query = ["id", "q", "utm_id"]`', "## What names no article")
REFUSALS = rows("## What names no article", "## What the script")


def test_the_docs_hold_examples() -> None:
    assert (len(EXAMPLES), len(EXAMPLES_KEPT), len(REFUSALS)) > (20, 5, 5)


@pytest.mark.parametrize(("sent", "article"), EXAMPLES)
def test_the_docs_examples_are_true(sent: str, article: str) -> None:
    assert normalise(sent) == article


@pytest.mark.parametrize(("sent", "article"), EXAMPLES_KEPT)
def test_the_docs_examples_of_a_kept_query_are_true(sent: str, article: str) -> None:
    assert normalise(sent, KEEP) == article


@pytest.mark.parametrize(("sent", "why"), REFUSALS)
def test_the_docs_examples_of_what_is_refused_are_true(sent: str, why: str) -> None:
    with pytest.raises(BadPath) as caught:
        normalise(sent)
    assert caught.value.detail.startswith(why)


UNUSABLE = {
    "a raw line feed": "/a\nb",
    "a raw NUL": "/\0",
    "DEL": "/a%7F",
    "a C1 control": "/a\x9bb",
    "a line separator": "/a%E2%80%A8b",
    "a lone surrogate": "/a\udcff",
    "a lone surrogate beside an escape": "/a\udcff%20",
    "an escaped surrogate": "/%ED%A0%80",
    "an overlong slash": "/%C0%AF",
    "half a character": "/%E1%BB",
    "half a character, then text": "/%E1ứ",
    "a replacement character": "/caf\ufffd",
    "a control character in a kept value": "/?id=%00",
    "Latin-1 in a kept value": "/?id=%E9",
    "white space before": " /a",
    "another scheme": "javascript://host/a",
    "a scheme without a host": "https:///a",
}


@pytest.mark.parametrize("raw", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_no_path_holds_is_refused(raw: str) -> None:
    with pytest.raises(BadPath):
        normalise(raw, KEEP)


DROPPED = {
    "Latin-1 in a dropped value": "/a?utm_source=caf%E9",
    "Latin-1 in a dropped name": "/a?caf%E9=1",
    "a NUL in a dropped value": "/a?x=%00",
    "a surrogate in a dropped value": "/a?x=\udcff",
    "anything in the fragment": "/a#\0\ufffd%zz?id=7",
    "parameters without a name": "/a?=7&&=&",
}


@pytest.mark.parametrize("raw", DROPPED.values(), ids=DROPPED.keys())
def test_what_is_dropped_may_hold_anything(raw: str) -> None:
    assert normalise(raw, KEEP | {""}) == "/a"


@pytest.mark.parametrize("name", [*sorted(TRACKING), "utm_anything", "UTM_Source", "FBCLID"])
def test_tracking_parameters_are_dropped_even_if_kept_by_name(name: str) -> None:
    assert normalise(f"/a?{name}=1&id=2", frozenset({name, "id"})) == "/a?id=2"


@pytest.mark.parametrize(
    "longest", ["/" + "a" * 1023, "/a" + "洪" * 340 + "aa", "/a" + "%C3%A9" * 511]
)
def test_a_path_may_have_1024_bytes_and_no_more(longest: str) -> None:
    assert len(normalise(longest).encode()) == MAX_BYTES
    with pytest.raises(BadPath, match="1,024 bytes"):
        normalise(longest + "a")


def test_a_path_that_can_only_be_too_long_is_not_decoded() -> None:
    with pytest.raises(BadPath, match="1,024 bytes"):
        normalise("/%FF" + "%2F/" * 1000)


def test_what_is_dropped_does_not_count_as_length() -> None:
    assert normalise("/a?x=" + "y" * (MAX_INPUT - 5)) == "/a"
    with pytest.raises(BadPath, match="8,192 characters"):
        normalise("/a?x=" + "y" * (MAX_INPUT - 4))


def test_a_kept_name_is_text_like_any_other() -> None:
    assert normalise("/read?a%CC%80%3D=7&%69d=8", frozenset({"à=", "id"})) == "/read?id=8&à%3D=7"


def test_the_percent_sign_is_never_decoded_twice() -> None:
    assert normalise("/%252e%252e/a") == "/%252e%252e/a"
    assert normalise("/%252F") == "/%252F"
    assert normalise("/%2%35") == "/%2525"


FAIR = (
    *"/?#%&=+.;:@ \\aA0fF~\"'<|",
    *("//", "/./", "/../", "..", "%2", "%zz", "%2F", "%2f", "%25", "%3F", "%23", "%2E", "%26"),
    *("%2B", "%3D", "%20", "%C3%A0", "%E1%BB%81", "%CC%80", "https://", "bài", "新闻", "\u200d"),
    *("\u0307", "\u0338", "\u037e", "\u212b", "\u0958", "\u1100\u1161\u11a8", "\U0001d160"),
)
FOUL = ("%C3", "%A0", "%FF", "%00", "\0", "\x85", "\ufffd", "\ud800", "\u2028")


def joined(*pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=8).map("".join)


parameters = st.builds("{}={}".format, st.sampled_from(["id", "q", "%69d", "x"]), joined(*FAIR))
queries = st.lists(parameters | joined(*FAIR, "id"), max_size=4).map("&".join)
addresses = st.builds("{}{}?{}".format, st.sampled_from(["/", "https://a"]), joined(*FAIR), queries)
paths = addresses | joined(*FAIR).map("/".__add__) | joined(*FAIR, *FOUL) | st.text(max_size=40)
keeps = st.sampled_from([frozenset(), KEEP, KEEP | {"", "a=", "a b", "à", "%"}])


def attempt(raw: str, keep: frozenset[str]) -> str | None:
    try:
        return normalise(raw, keep)
    except BadPath:
        return None


@settings(max_examples=5000)
@given(paths, keeps)
@example("/%2%35", KEEP)
@example("/a?id=\u0338b", KEEP)
@example("/%2F\u0307", KEEP)
@example("/a?=", frozenset({""}))
def test_normalising_twice_changes_nothing(raw: str, keep: frozenset[str]) -> None:
    name = attempt(raw, keep)
    if name is not None:
        assert normalise(name, keep) == name


@settings(max_examples=2000)
@given(paths, keeps)
def test_a_name_percent_encoded_is_the_same_name(raw: str, keep: frozenset[str]) -> None:
    name = attempt(raw, keep)
    if name is not None:
        encoded = quote(name, safe="/%?&=")
        assert normalise(encoded, keep) == name
        assert normalise(re.sub(r"%..", lambda code: code[0].lower(), encoded), keep) == name
        assert normalise(f"https://host:8080{encoded}#x", keep) == name


@settings(max_examples=2000)
@given(paths, keeps)
def test_a_name_has_the_form_that_the_docs_promise(raw: str, keep: frozenset[str]) -> None:
    name = attempt(raw, keep)
    if name is None:
        return
    path, mark, query = name.partition("?")
    segments = path.split("/")[1:]
    assert name.startswith("/")
    assert path == "/" or not {"", ".", ".."} & set(segments)
    assert not re.search(r"%(?!2F|3F|23|25)", path)
    assert not re.search(r"%(?!23|25|26|2B|3D)", query)
    assert "#" not in name
    assert not re.search(r"[\0-\x1f\x7f-\x9f\ud800-\udfff\ufffd]", name)
    assert len(name.encode()) <= MAX_BYTES
    assert is_normalized("NFC", re.sub(r"%..|[=&?]", "/", name))
    assert bool(mark) == bool(query)
    if not keep:
        assert not query


@settings(max_examples=1000)
@given(st.text(alphabet="ab.-_~!$&'()*+,;=:@ \\/", max_size=30).map("/".__add__))
def test_the_short_way_for_clean_paths_leads_where_the_long_one_does(raw: str) -> None:
    assert normalise(raw) == normalise(raw + "#")


@settings(max_examples=2000)
@given(st.text(), keeps)
def test_any_text_gives_a_name_or_a_bad_path(raw: str, keep: frozenset[str]) -> None:
    name = attempt(raw, keep)
    assert name is None or name.startswith("/")

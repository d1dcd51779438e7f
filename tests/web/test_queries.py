"""A query is read as urllib reads it, though most are read without it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter.errors import BadParameter
from counter.web.requests import MAX_PARAMETERS, read_query, view_path

PIECES = st.sampled_from(
    [
        "path",
        "=",
        "&",
        "%2F",
        "%2f",
        "%",
        "%%",
        "%25",
        "2F",
        "+",
        "%20",
        "/",
        "a",
        "é",
        "%C3%A9",
        "",
    ]
)
queries = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)


@given(queries)
@example("path=%2Fa%2Fb&path=c+d&&=x&y")
def test_every_query_is_read_as_urllib_reads_it(raw: str) -> None:
    expected = tuple(parse_qsl(raw, keep_blank_values=True, errors="replace"))
    if "\ufffd" in repr(expected) and "\ufffd" not in raw:
        with pytest.raises(BadParameter, match="UTF-8"):
            read_query(raw)
        with pytest.raises(BadParameter, match="UTF-8"):
            view_path(raw)
        return
    assert read_query(raw) == expected
    paths = [value for name, value in expected if name == "path"]
    assert view_path(raw) == (paths[0] if paths else None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_path_as_the_script_sends_it_comes_back(path: str) -> None:
    assert view_path(urlencode({"path": path})) == path


def test_the_parameters_of_a_query_are_bounded() -> None:
    assert len(read_query("&".join(["a=b"] * MAX_PARAMETERS))) == MAX_PARAMETERS
    with pytest.raises(BadParameter, match=f"at most {MAX_PARAMETERS}"):
        read_query("&".join(["a=b"] * (MAX_PARAMETERS + 1)))

"""Paths of articles, by the rules of live views."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from counter.errors import BadPath
from counter.importing.rows import BadRow
from counter.model.paths import normalise

_CACHED = 65_536


def normaliser(keep_query: frozenset[str]) -> Callable[[str], str]:
    """Return what gives the one name of an article's address, and remembers it.

    It raises `BadRow` where the address names no article.
    """

    @lru_cache(maxsize=_CACHED)
    def article(raw: str) -> str:
        try:
            return normalise(raw, keep_query)
        except BadPath as error:
            raise BadRow(error.detail) from None

    return article

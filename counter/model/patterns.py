"""Patterns of paths: `*` stands for any characters, slashes among them."""

from __future__ import annotations

from counter.errors import BadPath
from counter.model.paths import normalise


def read_pattern(text: str) -> str | None:
    """Return the pattern as paths are normalised; None if it can't match any."""
    if "?" in text or "#" in text:
        return None
    try:
        return normalise(text)
    except BadPath:
        return None


def matches(pattern: str, path: str) -> bool:
    """Tell whether `pattern` stands for the whole of `path`; never by going back in it."""
    head, *pieces = pattern.split("*")
    if not pieces:
        return path == pattern
    tail = pieces.pop()
    at, end = len(head), len(path) - len(tail)
    if at > end or not path.startswith(head) or not path.endswith(tail):
        return False
    for piece in pieces:
        at = path.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True

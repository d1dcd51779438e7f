"""Whose pages may use a site's counter: exact origins, and `*.` for the hosts below one."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit


@lru_cache(maxsize=1024)
def _rules(allowed: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    exact = frozenset(origin for origin in allowed if "://*." not in origin)
    below = (origin.split("*", 1) for origin in allowed if "://*." in origin)
    return exact, tuple((scheme, host) for scheme, host in below)


def is_allowed(allowed: tuple[str, ...], origin: str) -> bool:
    """Tell whether `origin` is one of `allowed`; an empty list allows all but `null`."""
    if not allowed:
        return origin != "null"
    exact, below = _rules(allowed)
    if origin in exact:
        return True
    origin = origin.lower()
    return origin in exact or any(
        origin.startswith(scheme) and origin.endswith(host) for scheme, host in below
    )


def origin_of(url: str) -> str:
    """Return the origin of `url` (a `Referer`); empty if it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""

"""Addresses of articles by a template, written as in WordPress: `/%year%/%postname%/`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from counter.errors import UnreadableExport
from counter.importing.rows import BadRow

_TAG = re.compile(r"%([a-z_]+)%")


class Permalink:
    """A template of addresses.

    Args:
        template: text with tags, such as `/news/%id%-%alias%`.
        known: the tags that can be filled in.

    Raises:
        UnreadableExport: it has another tag, or none.
    """

    def __init__(self, template: str, known: Iterable[str]) -> None:
        self._template = template
        known = tuple(known)
        self.tags = frozenset(_TAG.findall(template))
        if not self.tags or not self.tags <= set(known):
            tags = ", ".join(f"%{tag}%" for tag in known)
            raise UnreadableExport(f"the permalink {template!r} can't be used; its tags are {tags}")

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the address that has `values`.

        Raises:
            BadRow: a value that is needed is empty.
        """

        def value(match: re.Match[str]) -> str:
            text = values.get(match[1], "")
            if not text:
                raise BadRow(f"has no {match[1]}, which its address needs")
            return text

        return _TAG.sub(value, self._template)

"""The languages of the widget: one file each, under `languages/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

FALLBACK = "en"
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


@cache
def languages() -> Mapping[str, Mapping[str, str]]:
    """Return each language's labels: BCP 47 tag → name of a figure → label.

    Besides the figures there are `title`, `direction` (ltr, rtl), `numbers` (the tag by which a
    browser groups figures) and `group` (what stands between thousands).
    """
    folder = files("counter.web.embed") / "languages"
    return MappingProxyType(
        {
            file.name.removesuffix(".json"): MappingProxyType(json.loads(file.read_text("utf-8")))
            for file in folder.iterdir()
            if file.name.endswith(".json")
        }
    )


@lru_cache(maxsize=256)
def best(tag: str) -> str:
    """Return the language that comes nearest to the BCP 47 tag a page names; English if none."""
    known = {name.lower(): name for name in languages()}
    tag = tag.strip().lower().replace("_", "-")
    if tag == "zh" or tag.startswith("zh-"):
        return "zh-Hant" if tag.startswith(_TRADITIONAL) else "zh-Hans"
    return known.get(tag) or known.get(tag.partition("-")[0]) or FALLBACK


def grouped(number: int, language: str) -> str:
    """Return `number` as the language groups it: 1.361.382 in Vietnamese, 13,61,382 in Hindi.

    Four digits stay together in Spanish and Portuguese (CLDR, `minimumGroupingDigits`).
    """
    digits, separator = str(number), languages()[language]["group"]
    if len(digits) < (5 if language in ("es", "pt") else 4):
        return digits
    head, parts = digits[:-3], [digits[-3:]]
    width = 2 if language == "hi" else 3
    while head:
        parts.append(head[-width:])
        head = head[:-width]
    return separator.join(reversed(parts))

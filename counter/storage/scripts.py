"""The Lua scripts, read once, with the digests by which Redis caches them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str


def _load(*names: str) -> Script:
    folder = files("counter.storage") / "lua"
    text = "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in names)
    # SHA-1 is Redis' name for a script, not a safeguard.
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


APPLY = _load("articles", "aliases", "split", "apply")
READ = _load("articles", "aliases", "read")
LEDGER = _load("ledger")
START = _load("articles", "audit", "start")
ADD = _load("articles", "aliases", "split", "add")
RENAME = _load("articles", "aliases", "audit", "rename")
SITES = _load("sites")
FORGET_ARTICLE = _load("articles", "aliases", "audit", "forget_article")
FORGET_DAY = _load("articles", "audit", "forget_day")
FORGET_BUCKETS = _load("articles", "audit", "forget_buckets")
FORGET_SITE = _load("articles", "audit", "forget_site")
COPY = _load("articles", "copy")
TAKE = _load("articles", "audit", "take")
ADOPT_DAY = _load("articles", "adopt_day")
ADOPTED = _load("articles", "audit", "adopted")
REHASH = _load("articles", "split", "rehash")
JOIN = _load("articles", "join")
MEASURE = _load("measure")
COMPACTED = _load("articles", "audit", "compacted")
SCHEMA = _load("articles", "schema")

"""The name and the lifetime of every key in Redis.

All keys of a site carry the hash tag `{site}`: a site lives in one slot of a cluster, and a batch
is atomic there.

| key | type | holds |
|---|---|---|
| `vc:{site}:days` | hash | per day `D`: `D:v` views, `D:s` visits, `D:u` visitors, `D:t` the sums of all three up to this day; kept for ever |
| `vc:{site}:total` | hash | `views`, `visits`, `visitors`, `start:…` of each, `articles`, `buckets`; `new:full`, when the bucket for new articles will be full (µs) |
| `vc:{site}:a:<bucket>` | hash | article path → views |
| `vc:{site}:online` | zset | visitor → last seen (ms) |
| `vc:{site}:recent` | zset | visitor and article → last counted (ms), for the repeat window |
| `vc:{site}:visitors:<day>` | HyperLogLog | the day's visitors |
| `vc:{site}:top`, `vc:{site}:top:<day>` | zset | article path → views, the best 1,000 at least |
| `vc:{site}:hours:<day>` | hash | number of the hour since the day began, 0 to 24 → views |
| `vc:{site}:aliases` | hash | another name of an article → hash and path of what it stands for |
| `vc:{site}:audit` | stream | who changed what, the last 10,000 changes at least |
| `vc:{site}:merging`, `vc:{site}:outbox` | hash, list | how far a merge into another site is, and the part that is on its way there; gone when it is done |
| `vc:{site}:moment` | string | another site's visitors of a day, while they are merged |
| `vc:{site}:producer:<id>` | string | the last number applied, and what became of each view of it |
| `vc:{site}:import:<id>` | string | the number of the last part added, 1 if no part follows, and the source |
| `vc:{site}:copy:<id>:…` | as their originals | `total`, `days` and `a:<bucket>` as they were at one moment, for an export |
| `vc:schema` | string | the version of all this, see `schema.py` |
| `vc:salt:<zone>:<day>` | string | the day's salt in that zone |
| `vc:sites` | hash | sites that were added while the service runs: `site:<key>` → its settings (JSON), `paused:<key>` of a site of the file, `revision` |
"""  # noqa: E501 # a table's row is one line

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1
from typing import Final

DAY: Final = 86_400
SALT_TTL: Final = 2 * DAY
"""Seconds that a salt lives. It is made at most two hours before its day begins and is used for
at most an hour after its day, of 25 hours, has ended."""
VISITORS_TTL: Final = 4 * DAY
"""Seconds that a day's HyperLogLog lives: as long as late views may name new visitors of it."""
TOP_TTL: Final = 8 * DAY
"""Seconds that a day's most-read set and its hours live: a week's ranking is made of seven."""
PRODUCER_TTL: Final = 30 * DAY
"""Seconds that a producer's last number is remembered after its last batch."""
IMPORT_TTL: Final = 400 * DAY
"""Seconds that an import is remembered, so that a second run of it adds nothing."""
COPY_TTL: Final = 3_600
"""Seconds that an export has for reading its copy of a site."""
JOURNAL_MAX_AGE: Final = PRODUCER_TTL - DAY
"""Seconds after which a journaled batch is not applied any more: the store may have forgotten
whether it was."""

SCHEMA: Final = "vc:schema"
AUDIT_KEEP: Final = 10_000
"""Changes that a site's audit log holds at least."""
TOP_KEEP: Final = 1_000
"""Articles that a most-read set holds at least; it is cut back to them from twice as many."""
BUCKET_LOAD: Final = 32
"""Articles per bucket on average. A bucket that is next to be split holds up to twice as many,
and chance adds a few: 128, Redis' default limit of the compact encoding, stays out of reach."""

DATED: Final = ("visitors", "top", "hours")
"""What each day has a key of its own for."""
LASTING: Final = frozenset(
    ("days", "total", "online", "recent", "top", "aliases", "audit", "a", *DATED)
)
"""The kinds of a site's keys that hold figures, or are made anew by the next view."""


def prefix(site: str) -> str:
    """Return what every key of `site` begins with."""
    return f"vc:{{{site}}}:"


def apply_keys(site: str, day: str, producer: str) -> tuple[str, ...]:
    """Return the keys of one `apply.lua` call, in its order."""
    base = prefix(site)
    return (
        f"{base}producer:{producer}",
        f"{base}days",
        f"{base}total",
        f"{base}online",
        f"{base}recent",
        f"{base}top",
        f"{base}visitors:{day}",
        f"{base}top:{day}",
        hours(site, day),
        aliases(site),
        f"{base}a:",
    )


def read_keys(site: str) -> tuple[str, ...]:
    """Return the keys of one `read.lua` call, in its order."""
    base = prefix(site)
    return (f"{base}days", f"{base}total", f"{base}online", aliases(site), f"{base}a:")


def start_keys(site: str) -> tuple[str, ...]:
    """Return the keys of one `start.lua` call, in its order."""
    return (total(site), audit(site))


def add_keys(site: str, name: str) -> tuple[str, ...]:
    """Return the keys of one `add.lua` call, in its order, for the import called `name`."""
    base = prefix(site)
    return (
        f"{base}import:{name}",
        f"{base}days",
        f"{base}total",
        f"{base}top",
        aliases(site),
        f"{base}a:",
    )


def rename_keys(site: str, among: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of one `rename.lua` call, in its order; most-read sets may be of `among`."""
    base = prefix(site)
    return (
        audit(site),
        total(site),
        aliases(site),
        top(site),
        f"{base}a:",
        *(top(site, day) for day in among),
    )


def forget_article_keys(site: str, among: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of one `forget_article.lua` call, in its order."""
    return rename_keys(site, among)


def forget_day_keys(site: str, day: str) -> tuple[str, ...]:
    """Return the keys of one `forget_day.lua` call, in its order."""
    return (audit(site), days(site), total(site), *dated(site, [day]))


def forget_buckets_keys(site: str, among: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of one `forget_buckets.lua` call, in its order."""
    tops = [top(site), *(top(site, day) for day in among)]
    return (audit(site), total(site), f"{prefix(site)}a:", *tops)


def forget_site_keys(site: str, found: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of one `forget_site.lua` call, in its order; `found` are those of days."""
    base = prefix(site)
    others = (days(site), f"{base}online", f"{base}recent", top(site), aliases(site))
    return (audit(site), total(site), f"{base}a:", *others, *found)


def take_keys(site: str, among: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of one `take.lua` call, in its order."""
    base = prefix(site)
    names = (audit(site), days(site), total(site), top(site), f"{base}a:")
    return (merging(site), f"{base}outbox", *names, *dated(site, among))


def adopt_day_keys(site: str, name: str, day: str) -> tuple[str, ...]:
    """Return the keys of one `adopt_day.lua` call, in its order, for the import called `name`."""
    base = prefix(site)
    return (f"{base}import:{name}", *dated(site, [day]), f"{base}moment")


def adopted_keys(site: str, name: str) -> tuple[str, ...]:
    """Return the keys of one `adopted.lua` call, in its order, for the import called `name`."""
    return (f"{prefix(site)}import:{name}", audit(site), total(site))


def rehash_keys(site: str) -> tuple[str, ...]:
    """Return the keys of one `rehash.lua` or `join.lua` call, in their order."""
    return (total(site), f"{prefix(site)}a:")


def compacted_keys(site: str) -> tuple[str, ...]:
    """Return the keys of one `compacted.lua` call, in its order."""
    return (audit(site), days(site))


def dated(site: str, among: Iterable[str]) -> list[str]:
    """Return the keys that each day of `among` may have to itself."""
    return [f"{prefix(site)}{kind}:{day}" for day in among for kind in DATED]


def copy(site: str, name: str) -> str:
    """Return what the keys of the copy called `name` begin with."""
    return f"{prefix(site)}copy:{name}:"


def copy_keys(site: str, name: str) -> tuple[str, ...]:
    """Return the keys of one `copy.lua` call, in its order."""
    return (total(site), days(site), f"{prefix(site)}a:", copy(site, name))


def days(site: str) -> str:
    return f"{prefix(site)}days"


def total(site: str) -> str:
    return f"{prefix(site)}total"


def top(site: str, day: str | None = None) -> str:
    """Return the key of the most-read set: of one day, or ever."""
    return f"{prefix(site)}top:{day}" if day else f"{prefix(site)}top"


def hours(site: str, day: str) -> str:
    return f"{prefix(site)}hours:{day}"


def aliases(site: str) -> str:
    return f"{prefix(site)}aliases"


def audit(site: str) -> str:
    return f"{prefix(site)}audit"


def article_hash(path: bytes) -> int:
    """Return the hash (32 bits) that finds an article's bucket: see `lua/articles.lua`."""
    return int.from_bytes(sha1(path, usedforsecurity=False).digest()[:4])


def merging(site: str) -> str:
    return f"{prefix(site)}merging"


def bucket(site: str, number: int) -> str:
    return f"{prefix(site)}a:{number}"


SITES: Final = "vc:sites"


def salt(zone: str, day: str) -> str:
    return f"vc:salt:{zone}:{day}"

"""The audit log: who changed a site's figures by hand, when, and what they were before and after.

Each entry is written by the script call that makes the change. A site has a log of its own, which
outlives the site's figures: it is what tells who has forgotten them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from counter.storage import keys
from counter.storage.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """One change."""

    at: int
    """When, in ms since the epoch, by the store's clock."""
    who: str
    """`cli:` and a user's name, or `admin:` and a token's."""
    what: str
    """The operation: `set`, `rename`, `forget`, `merge`, `compact`."""
    subject: str
    """What it was done to."""
    before: dict[str, int] = field(default_factory=dict)
    """The figures that it changed, as they were; by their names."""
    after: dict[str, int] = field(default_factory=dict)


async def entries(store: Store, site: str, limit: int = 100) -> list[Entry]:
    """Return the last `limit` entries of the site's log, the newest first."""
    found = await store.ask("audit", lambda client: client.xrevrange(keys.audit(site), count=limit))
    return [_entry(name.decode(), fields) for name, fields in found]


def _entry(name: str, fields: Mapping[bytes, bytes]) -> Entry:
    texts = {key.decode(): value.decode() for key, value in fields.items()}
    entry = Entry(int(name.partition("-")[0]), texts["who"], texts["what"], texts["subject"])
    for key, text in texts.items():
        moment, _, figure = key.partition(":")
        if moment == "before":
            entry.before[figure] = int(text)
        elif moment == "after":
            entry.after[figure] = int(text)
    return entry

"""What a format may be told besides its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from counter.model.days import Calendar


def _never(_: str) -> bool:
    return False


def _within_rate(_address: str, _at: int) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a source is read. Each format heeds those that its entry in `formats.py` names.

    The filters of live views are handed in, for this layer may not import them.
    """

    calendar: Calendar = field(default_factory=lambda: Calendar(ZoneInfo("UTC")))
    """The site's calendar: it tells the day of an instant."""
    keep_query: frozenset[str] = frozenset()
    """The site's parameters that tell articles apart."""
    hosts: frozenset[str] = frozenset()
    """The site's host names, in lower case: entries of others are left out. None: all count."""
    is_bot: Callable[[str], bool] = _never
    """Tells whether a `User-Agent` is no person's."""
    is_ignored: Callable[[str], bool] = _never
    """Tells whether an address is one whose views don't count."""
    is_over_rate: Callable[[str, int], bool] = _within_rate
    """Tells whether an address has used up its rate at an instant (ms), which it never turns
    back."""
    online_window: int = 300_000
    """How long (ms) after being seen a visitor is online: a view after it begins a visit."""
    repeat_window: int = 10_000
    """Within it (ms) a visitor's views of one article count once."""
    permalink: str | None = None
    """How articles' paths are made from what a database holds; None: as the database says."""
    prefix: str | None = None
    """What the database's tables begin with (`wp_`); None: found out."""
    meta_key: str = "views"
    """The key under which a WordPress plugin keeps the views of a post."""

    def is_own(self, host: str) -> bool:
        """Tell whether an entry of `host` counts; one that names no host does."""
        return not self.hosts or not host or host.lower() in self.hosts

"""Merging a site into another one: part by part, each once, beside the counting of both.

The two sites may live in different slots of a cluster, so no script can change both. A part leaves
the one site for its outbox in one call (`take.lua`), is added to the other as a part of an import
in another, which refuses it a second time, and only then leaves the outbox. Whoever stops in
between, the next one finds the part in the outbox and brings it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from counter.errors import Conflict
from counter.model.figures import DayRow, Unit
from counter.storage import keys
from counter.storage.changes import Change, Progress
from counter.storage.scripts import ADOPT_DAY, ADOPTED, TAKE
from counter.storage.store import Store

_ARTICLES_A_PART = 500
_DAYS_A_PART = 200
_LIMIT = 2**53


async def merging_into(store: Store, site: str) -> str | None:
    """Return the site into which `site` is being merged, if it is."""
    found = await store.ask("merge", lambda client: client.hget(keys.merging(site), "into"))
    return found.decode() if found else None


async def merge(
    store: Store, site: str, into: str, days: Sequence[str], who: str, progress: Progress
) -> Change:
    """Move all figures of `site` to `into`; or go on where the last one was stopped.

    Args:
        days: those of `site` that may have keys of their own.

    Raises:
        Conflict: `site` is being merged into another one, or the sum would pass 2^53.
    """
    goes_to = await merging_into(store, site)
    if goes_to and goes_to != into:
        raise Conflict(f"{site} is being merged into {goes_to}: finish that first.")
    before = await _totals(store, site, into)
    if any(before[f"{site} {unit}"] + before[f"{into} {unit}"] >= _LIMIT for unit in Unit):
        raise Conflict("The sum of both sites would pass 2^53, which is more than is counted to.")
    merge_id, has, moved = secrets.token_hex(8), 0, 0
    while part := await _take(store, site, into, days, who, merge_id, has):
        name, has, kind, content = f"merge-{part[0].decode()}", int(part[1]), part[2], part[3:]
        await _give(store, site, into, who, name, has, kind, content)
        if kind == b"articles":
            moved += len(content) // 2
            progress(moved, max(moved, before[f"{site} articles"]))
    after = await _totals(store, site, into)
    return Change(site, "merge", f"into {into}", has > 0, before, after)


async def _totals(store: Store, *sites: str) -> dict[str, int]:
    totals = {site: (await store.ledger(site)).total for site in sites}
    return {
        f"{site} {name}": total.get(name, 0)
        for site, total in totals.items()
        for name in (*map(str, Unit), "articles")
    }


async def _take(
    store: Store, site: str, into: str, days: Sequence[str], who: str, merge_id: str, has: int
) -> list[bytes]:
    """Return the next part: id, number, kind, content; empty if all of `site` is in `into`."""
    arguments = [who, keys.AUDIT_KEEP, merge_id, into, has, _ARTICLES_A_PART, _DAYS_A_PART, *days]
    part: list[bytes] = await store.call("merge", TAKE, keys.take_keys(site, days), arguments)
    return part


async def _give(
    store: Store,
    site: str,
    into: str,
    who: str,
    name: str,
    part: int,
    kind: bytes,
    content: Sequence[bytes],
) -> None:
    """Add a part to `into`, as a part of the import `name`, if it has not been added."""
    if kind == b"articles":
        texts = iter(content)
        articles = {path.decode(): int(views) for path, views in zip(texts, texts, strict=True)}
        await store.add(into, name, part, [], articles, source=site)
    elif kind == b"days":
        rows = [_row(content[n : n + 4]) for n in range(0, len(content), 4)]
        await store.add(into, name, part, rows, {}, source=site)
    elif kind == b"day":
        # The visitors first: so none who comes in between is counted twice.
        row = _row(content[:4])
        extras = [part, keys.IMPORT_TTL, keys.VISITORS_TTL, keys.TOP_TTL, keys.TOP_KEEP]
        names = keys.adopt_day_keys(into, f"{name}-visitors", row.day)
        await store.call("merge", ADOPT_DAY, names, [*extras, *content[4:]])
        await store.add(into, name, part, [row], {}, source=site)
    elif kind == b"start":
        views, visits, visitors = map(int, content)
        await store.add(into, name, part, [], {}, start=(views, visits, visitors), source=site)
    else:
        names = keys.adopted_keys(into, f"{name}-note")
        arguments = [part, keys.IMPORT_TTL, who, keys.AUDIT_KEEP, site, *content]
        await store.call("merge", ADOPTED, names, arguments)


def _row(content: Sequence[bytes]) -> DayRow:
    return DayRow(content[0].decode(), int(content[1]), int(content[2]), int(content[3]))

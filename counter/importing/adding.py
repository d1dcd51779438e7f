"""Adds an import to a site: part by part, each once, whatever comes between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from counter.errors import BadImport, StoreError, StoreUnavailable
from counter.importing.parts import Part
from counter.storage.store import Imported, Store

_SENDING_SECONDS = 0.001
"""Long enough for a part to be sent: the store adds it while the next one is read."""
_PAUSE_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes, and what it is called there."""

    site: str
    name: str
    """What the store remembers it by: parts of it that have been added are not added again."""
    source: str
    """What tells its source from another of the same name."""


async def begin(store: Store, target: Target) -> Imported | None:
    """Return how far the import has come before; None if it is new.

    Raises:
        BadImport: the name belongs to another source.
    """
    before = await store.imported(target.site, target.name)
    if before and before.source != target.source:
        raise BadImport(
            f"site {target.site} has an import {target.name!r} of another file, or with other "
            "options; --id NAME gives this one a name of its own, and adds it to what is there"
        )
    return before


async def add(
    store: Store,
    target: Target,
    parts: Iterable[Part],
    added: Callable[[Part], None],
    patience: float = 60.0,
) -> int:
    """Add those of `parts` that have not been added; returns how many.

    Args:
        added: told of each part when the store has it, or had it before.
        patience: seconds for which a store that is away is asked again.

    Raises:
        StoreUnavailable: it stayed away. What was added stays; the same call goes on from there.
        StoreError: the store refuses a part; those before it stay.
    """
    count, before = 0, None

    async def settle(part: Part, adding: asyncio.Task[bool]) -> bool:
        is_new = await adding
        added(part)
        return is_new

    try:
        for part in parts:
            if before:
                count, before = count + await settle(*before), None
            before = part, asyncio.create_task(_add(store, target, part, patience))
            await asyncio.sleep(_SENDING_SECONDS)
    finally:
        if before:
            count += await settle(*before)
    return count


async def _add(store: Store, target: Target, part: Part, patience: float) -> bool:
    waited, attempt = 0.0, 0
    while True:
        try:
            return await store.add(
                target.site,
                target.name,
                part.number,
                part.day_rows,
                part.articles,
                start=part.start,
                source=target.source,
                last=part.is_last,
            )
        except StoreUnavailable as error:
            pause = _PAUSE_SECONDS[min(attempt, len(_PAUSE_SECONDS) - 1)]
            if waited + pause > patience:
                raise StoreUnavailable(f"{error}; {_where_it_stands(part)}") from None
        except StoreError as error:
            raise StoreError(f"{error}; {_where_it_stands(part)}") from None
        await asyncio.sleep(pause)
        waited, attempt = waited + pause, attempt + 1


def _where_it_stands(part: Part) -> str:
    if part.number == 1:
        return "nothing was added"
    return (
        f"{part.number - 1} parts have been added; the same command goes on after them, and adds "
        "none twice"
    )

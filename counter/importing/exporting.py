"""Writes a site's figures as our own files, which `own.py` describes and reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import TextIO

from counter.importing.own import FIELDS, START
from counter.model.days import day_date
from counter.storage.store import Ledger, Snapshot

Entry = dict[str, str | int]
Writer = Callable[[Entry], object]


def _json_lines(file: TextIO) -> Writer:
    return lambda entry: file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _csv(file: TextIO) -> Writer:
    table = csv.DictWriter(file, FIELDS, lineterminator="\n")
    table.writeheader()
    return table.writerow


WRITERS: dict[str, Callable[[TextIO], Writer]] = {"jsonl": _json_lines, "csv": _csv}


async def write(snapshot: Snapshot, file: TextIO, name: str) -> tuple[int, int]:
    """Write all of a site to `file`, in the format called `name`.

    Returns:
        How many articles and how many days were written.
    """
    write_entry = WRITERS[name](file)
    days = _days(snapshot.ledger)
    for day, figures in days.items():
        write_entry({"day": day, **figures})
    articles = 0
    async for path, views in snapshot.articles:
        write_entry({"path": path, "views": views})
        articles += 1
    return articles, len(days) - (START in days)


def _days(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return the figures of each day, and before them those that belong to none."""
    starts = {
        name: ledger.total.get(f"start:{name}", 0) for name in ("views", "visits", "visitors")
    }
    days = {START: starts} if any(starts.values()) else {}
    for name in sorted({field[:8] for field in ledger.days}):
        views, visits, visitors = (ledger.days.get(f"{name}:{unit}", 0) for unit in "vsu")
        days[day_date(name).isoformat()] = {"views": views, "visits": visits, "visitors": visitors}
    return days

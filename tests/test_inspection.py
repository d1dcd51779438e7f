"""What the service says of a store at its start: what could be lost in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.server import StoreServer
from stores import open_store

KEEPS = {"appendonly": "yes", "appendfsync": "always", "hash-max-listpack-value": "1024"}


@pytest.mark.parametrize(
    ("options", "persistence", "persistent", "warning"),
    [
        pytest.param({}, "always", True, "", id="all well"),
        pytest.param({"appendfsync": "everysec"}, "everysec", True, "", id="everysec"),
        pytest.param({"appendfsync": "no"}, "no", True, "a power cut loses", id="no syncs"),
        pytest.param(
            {"appendonly": "no", "save": "60 1"},
            "snapshots", False, "loses what was counted since the last one", id="snapshots",
        ),
        pytest.param(
            {"appendonly": "no"}, "none", False, "a restart of it loses all", id="nothing kept"
        ),
        pytest.param(
            {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"},
            "always", False, "deletes counters without a word", id="evicts",
        ),
        pytest.param(
            {"maxmemory": "100mb", "maxmemory-policy": "noeviction"}, "always", True, "",
            id="bounded, and refuses",
        ),
        pytest.param(
            {"hash-max-listpack-value": "64"}, "always", True, "twice the memory", id="short paths"
        ),
    ],
)  # fmt: skip
async def test_what_may_be_lost_is_said(
    tmp_path: Path, options: dict[str, str], persistence: str, persistent: bool, warning: str
) -> None:
    async with StoreServer(tmp_path / "store", **{**KEEPS, **options}) as server:
        store = open_store(server.url)
        found = await store.inspect()
        assert (found.persistence, found.persistent) == (persistence, persistent)
        assert store.persistent is persistent
        assert [warning in text for text in found.warnings] == ([True] if warning else [])
        await store.close()

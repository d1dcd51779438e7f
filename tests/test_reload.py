"""Sites and tokens that change while the service runs, with workers: by SIGHUP, and by request."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import eventually
from redis.asyncio import Redis
from services import SITES, Served, served, write_config

from counter.web.tokens import token_hash


def tokens(*names: str) -> str:
    """Settings of tokens that are called as they read."""
    return "\n".join(
        f'[tokens.{name}]\nhash = "{token_hash(name)}"\nscopes = ["read", "write"]'
        for name in names
    )


def administer(service: Served, method: str, path: str, token: str, body: Any = None) -> int:
    """Ask the administration; returns the status."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(service.line["ops"] + path, data, headers, method=method)
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def answered(service: Served, site: str) -> int:
    """Send views until both workers will have had some; returns the worst status."""
    worst = 0
    for _ in range(12):
        try:
            service.ask("POST", f"/v1/{site}/views", path="/x")
            worst = max(worst, 200)
        except HTTPError as error:
            with error:
                worst = max(worst, error.code)
    return worst


@pytest.mark.parametrize("workers", [1, 2])
async def test_both_ways_reach_every_worker(
    redis: Redis, valkey: str, tmp_path: Path, workers: int
) -> None:
    server = f"workers = {workers}"
    config = write_config(tmp_path, valkey, server=server, sites=SITES + tokens("old", "kept"))
    with served(config) as service:
        sites = "admin/v1/sites"
        assert administer(service, "PUT", f"{sites}/added", "old", {"repeat_window": "0s"}) == 201

        async def all_count_for(site: str) -> bool:
            return answered(service, site) == 200

        await eventually(lambda: all_count_for("added"))

        write_config(tmp_path, valkey, server=server, sites="[sites.new]\n" + tokens("kept"))
        service.process.send_signal(signal.SIGHUP)
        await eventually(lambda: all_count_for("new"))
        assert answered(service, "added") == 200
        assert administer(service, "GET", sites, "old") == 401
        assert administer(service, "GET", f"{sites}/a", "kept") == 404
        assert administer(service, "POST", f"{sites}/new/pause", "kept") == 200

        write_config(tmp_path, valkey, server=server, sites='[sites.new]\nunit = "clicks"')
        service.process.send_signal(signal.SIGHUP)

        async def refused() -> bool:
            return "sites_not_reloaded" in [line["event"] for line in service.lines()]

        await eventually(refused)
        assert answered(service, "new") == 200
        assert administer(service, "GET", sites, "kept") == 200

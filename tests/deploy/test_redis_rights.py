"""The rights that the docs give the service's user in Redis are enough."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import Start
from redis.asyncio import Redis

from counter.model.figures import Unit
from counter.storage.house import House

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


async def keep_house(house: House) -> None:
    await house.set_start("a", Unit.VIEWS, 5, who="cli:ann")
    await house.rename("a", "/x", "/y", who="cli:ann")
    await house.forget_article("a", "/x", who="cli:ann")
    await house.forget_day("a", "20200101", who="cli:ann")
    await house.merge("a", "b", who="cli:ann")
    await house.compact("b", who="cli:ann")
    await house.forget_site("b", who="cli:ann")
    assert len(await house.audit("b")) == 4


async def test_the_documented_user_of_redis_can_do_all_that_the_service_does(
    redis: Redis, valkey: str, start: Start
) -> None:
    rights = re.search(r"ACL SETUSER counter on >secret (.*)", OPERATIONS.read_text("utf-8"))
    assert rights
    await redis.execute_command("ACL", "SETUSER", "counter", "on", ">secret", *rights[1].split())
    url = valkey.replace("unix://", "unix://counter:secret@")
    up = await start(store={"url": url})
    assert (await up.client.view("/x"))["views"] == 1
    assert (await up.client.figures("/x"))["total"] == 1
    assert await up.client.json("GET", "/v1/a/history")
    for period in ("today", "week", "total"):
        top = await up.client.json("GET", f"/v1/a/top?period={period}")
        assert "/x" in str(top)
    assert (await up.ops.request("GET", "/readyz")).status == 200
    await keep_house(House(up.service.store, up.service.sites))
    assert (
        "visitor_counter_store_errors_total{"
        not in await (await up.ops.request("GET", "/metrics")).text()
    )

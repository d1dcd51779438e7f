"""Keeping house by request: what is changed, who is written down for it, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import Running, Start
from test_admin import ONE, READ, SITES, TOKENS, ask

from counter.storage import keys
from counter.web.openapi_ops import document

A = f"{SITES}/a"


@pytest.fixture
async def up(start: Start) -> Running:
    """A service that has counted two views of /old and one of /new."""
    up = await start(tokens=TOKENS)
    for path in ("/old", "/old", "/new"):
        await up.client.view(path)
    return up


async def test_the_start_of_a_total_is_set(up: Running) -> None:
    status, change = await ask(up, "POST", f"{A}/set", json={"start": 1000})
    assert status == 200
    assert change == {
        "site": "a",
        "what": "set",
        "subject": "start of views",
        "changed": True,
        "before": {"start": 0},
        "after": {"start": 1000},
    }
    assert (await up.client.figures())["total"] == 1003
    assert (await ask(up, "POST", f"{A}/set", json={"start": 1000}))[1]["changed"] is False
    status, change = await ask(up, "POST", f"{A}/set", json={"start": 5, "unit": "visits"})
    assert (status, change["subject"]) == (200, "start of visits")


async def test_an_article_is_renamed_by_the_names_that_browsers_write(up: Running) -> None:
    status, change = await ask(up, "POST", f"{A}/rename", json={"old": "/old/", "new": "/m%E1"})
    assert status == 400  # half a character
    status, change = await ask(up, "POST", f"{A}/rename", json={"old": "/old/", "new": "/new"})
    assert (status, change["after"]) == (200, {"/new": 3})
    assert (await up.client.figures("/old", "/new"))["articles"] == {"/old": 3, "/new": 3}
    assert (await ask(up, "POST", f"{A}/rename", json={"old": "/old", "new": "/x"}))[0] == 409


async def test_an_article_a_day_and_a_site_are_forgotten(up: Running) -> None:
    status, change = await ask(up, "POST", f"{A}/forget", json={"path": "/old"})
    assert (status, change["before"]) == (200, {"views": 2})
    assert (await up.client.figures("/old"))["views"] == 0
    today = datetime.now(UTC).date().isoformat()
    status, change = await ask(up, "POST", f"{A}/forget", json={"day": today})
    assert (status, change["after"]["views"]) == (200, 0)
    assert (await up.client.figures())["total"] == 0
    assert (await ask(up, "POST", f"{A}/forget", json={"site": "a"}))[0] == 200
    assert (await up.client.figures("/new"))["articles"] == {"/new": 0}


async def test_a_site_is_merged_into_another_and_compacted(up: Running) -> None:
    await ask(up, "PUT", f"{SITES}/b", json={"start_total": 10})
    status, _ = await ask(up, "POST", f"{A}/merge", json={"into": "b"})
    assert status == 200
    told = await up.client.figures("/old", site="b")
    assert (told["total"], told["views"]) == (13, 2)
    assert (await up.client.figures("/old"))["total"] == 0
    status, change = await ask(up, "POST", f"{SITES}/b/compact")
    assert (status, change["what"]) == (200, "compact")
    assert (await up.client.figures("/old", site="b"))["views"] == 2


async def test_a_token_for_one_site_merges_into_no_other(up: Running) -> None:
    await ask(up, "PUT", f"{SITES}/b", json={})
    status, problem = await ask(up, "POST", f"{SITES}/b/merge", ONE, json={"into": "a"})
    assert (status, problem["detail"]) == (403, "The token 'one' is not for the site 'a'.")
    assert (await ask(up, "POST", f"{A}/merge", json={"into": "none"}))[0] == 404


async def test_each_change_is_in_the_audit_log_with_the_token_s_name(up: Running) -> None:
    await ask(up, "POST", f"{A}/set", json={"start": 7})
    await ask(up, "POST", f"{A}/forget", json={"path": "/old"})
    status, told = await ask(up, "GET", f"{A}/audit", READ)
    assert status == 200
    assert [(e["who"], e["what"], e["subject"]) for e in told["entries"]] == [
        ("admin:writer", "forget", "/old"),
        ("admin:writer", "set", "start of views"),
    ]
    assert told["entries"][1]["after"] == {"start": 7, "views": 10}
    moment = datetime.fromisoformat(told["entries"][0]["at"])
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    _, last = await ask(up, "GET", f"{A}/audit?limit=1", READ)
    assert last["entries"] == told["entries"][:1]


async def test_the_audit_log_of_a_site_that_is_gone_is_told(up: Running) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json={})
    await up.client.view("/x", "blog")
    await ask(up, "POST", f"{SITES}/blog/forget", json={"site": "blog"})
    await ask(up, "DELETE", f"{SITES}/blog")
    _, told = await ask(up, "GET", f"{SITES}/blog/audit", READ)
    assert told["entries"][0]["subject"] == "the whole site"
    assert (await ask(up, "GET", f"{SITES}/A*/audit", READ))[0] == 404


async def test_a_site_is_checked(up: Running) -> None:
    told = (await ask(up, "GET", f"{A}/check", READ))[1]
    assert told == {"site": "a", "agrees": True, "differences": []}
    spoil = ("HINCRBY", keys.total("a"), "views")
    await up.service.store.ask("test", lambda client: client.execute_command(*spoil, 5))
    told = (await ask(up, "GET", f"{A}/check", READ))[1]
    assert told["differences"] == [{"unit": "views", "day": None, "recorded": 8, "expected": 3}]
    assert told["agrees"] is False
    await up.service.store.ask("test", lambda client: client.execute_command(*spoil, -5))


@pytest.mark.parametrize(
    ("route", "body", "said"),
    [
        ("set", {}, "start: Field required"),
        ("set", {"start": "5"}, "start: Input should be a valid integer"),
        ("set", {"start": -1}, "start: Input should be greater than or equal to 0"),
        ("set", {"start": 1, "unit": "clicks"}, "unit: Input should be 'views', 'visits' or"),
        ("set", {"start": 1, "begin": 2}, "begin: Extra inputs are not permitted"),
        ("rename", {"old": "/a"}, "new: Field required"),
        ("rename", {"old": "/a", "new": "/a/"}, "renamed to itself"),
        ("forget", {}, "give one of path, day, or"),
        ("forget", {"path": "/a", "day": "2026-11-22"}, "give one of path, day, or"),
        ("forget", {"day": "22.11.2026"}, "day: Input should be a valid date"),
        ("merge", {}, "into: Field required"),
        ("merge", {"into": "a"}, "merged into itself"),
        ("compact", {"now": True}, "now: Extra inputs are not permitted"),
        ("forget", {"site": "b"}, 'say its key: {"site": "a"}'),
    ],
)
async def test_a_body_that_can_t_be_used_names_the_field_and_changes_nothing(
    up: Running, route: str, body: dict[str, Any], said: str
) -> None:
    before = await up.client.figures("/old", "/new")
    status, problem = await ask(up, "POST", f"{A}/{route}", json=body)
    assert (status, problem["type"]) == (400, "urn:visitor-counter:problem:bad-parameter")
    assert said in problem["detail"]
    assert await up.client.figures("/old", "/new") == before


async def test_a_reader_keeps_no_house(up: Running) -> None:
    for route in ("set", "rename", "forget", "merge", "compact"):
        assert (await ask(up, "POST", f"{A}/{route}", READ, json={}))[0] == 403
    assert (await ask(up, "GET", f"{SITES}/none/check", READ))[0] == 404
    assert (await ask(up, "POST", f"{SITES}/none/set", json={"start": 1}))[0] == 404


def test_every_reference_in_the_document_leads_somewhere() -> None:
    known = document()["components"]
    text = json.dumps(document())
    for part in text.split('"$ref": "#/components/')[1:]:
        kind, name = part.partition('"')[0].split("/")
        assert name in known[kind]

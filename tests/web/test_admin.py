"""The administration: who may do what, and sites that change while the service runs."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Client, Running, Start, eventually
from structlog.testing import capture_logs
from test_openapi import CONFIGURATION, EXAMPLES

from counter.settings import Rate, Site, parse_site
from counter.storage import keys
from counter.web.admin import SITES
from counter.web.openapi_ops import document
from counter.web.tokens import token_hash

READ, WRITE, COUNT, ONE = "vc_read", "vc_write", "vc_count", "vc_one"
TOKENS = {
    "reader": {"hash": token_hash(READ), "scopes": ["read"]},
    "writer": {"hash": token_hash(WRITE), "scopes": ["read", "write"]},
    "cms": {"hash": token_hash(COUNT), "scopes": ["count"]},
    "one": {"hash": token_hash(ONE), "scopes": ["read", "write"], "sites": ["b"]},
}
BLOG = {"timezone": "Asia/Ho_Chi_Minh", "start_total": 100, "repeat_window": "0s"}


async def ask(
    up: Running | Client, method: str, path: str, token: str = WRITE, **options: Any
) -> tuple[int, Any]:
    """Ask the operations listener; returns the status and the document."""
    client = up.ops if isinstance(up, Running) else up
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    response = await client.request(method, path, headers=headers, **options)
    text = await response.text()
    return response.status, json.loads(text) if text else None


@pytest.fixture
async def up(start: Start) -> Running:
    return await start(tokens=TOKENS)


# Tokens


@pytest.mark.parametrize(
    ("authorization", "status", "challenge"),
    [
        (None, 401, 'Bearer realm="visitor-counter"'),
        ("Bearer", 401, 'Bearer realm="visitor-counter"'),
        ("Basic dXNlcjpwYXNz", 401, 'Bearer realm="visitor-counter"'),
        ("Bearer wrong", 401, 'Bearer realm="visitor-counter", error="invalid_token"'),
        (f"Bearer {token_hash(READ)}", 401, 'Bearer realm="visitor-counter", error="inv'),
        (f"Bearer {COUNT}", 403, 'Bearer realm="visitor-counter", error="insufficient_scope"'),
        (f"bearer {READ}", 200, ""),
    ],
)
async def test_only_a_token_with_the_scope_gets_in(
    up: Running, authorization: str | None, status: int, challenge: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    response = await up.ops.request("GET", SITES, headers=headers)
    assert response.status == status
    assert response.headers.get("WWW-Authenticate", "").startswith(challenge)
    if status != 200:
        assert response.content_type == "application/problem+json"


async def test_every_route_wants_a_token_that_is_for_it(start: Start) -> None:
    tokens = {**TOKENS, "other": {"hash": token_hash("vc_other"), "scopes": ["read", "write"]}}
    up = await start(tokens={**tokens, "other": {**tokens["other"], "sites": ["other"]}})
    routes = [route for route in up.ops_router.routes() if route[1].startswith("/admin")]
    assert len(routes) > 15
    found = {}
    for method, pattern in routes:
        path = pattern.replace("{site}", "a")
        assert (await up.ops.request(method, path)).status == 401, pattern
        for token in (COUNT, READ, "vc_other"):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await up.ops.request(method, path, headers=headers)
            found[token, method, pattern] = answer.status
    let_in = {key for key, status in found.items() if status != 403}
    reading = {(READ, method, path) for method, path in routes if method in ("GET", "HEAD")}
    assert let_in == reading | {("vc_other", method, SITES) for method in ("GET", "HEAD")}
    _, told = await ask(up, "GET", SITES, "vc_other")
    assert told["sites"] == []


async def test_a_reader_changes_nothing(up: Running) -> None:
    for method, path in (
        ("PUT", f"{SITES}/b"),
        ("PATCH", f"{SITES}/b"),
        ("DELETE", f"{SITES}/a"),
        ("POST", f"{SITES}/a/pause"),
        ("POST", f"{SITES}/a/resume"),
    ):
        status, problem = await ask(up, method, path, READ)
        assert (status, problem["detail"]) == (
            403,
            "The token 'reader' is not for this; it lacks the scope 'write'.",
        )
    assert (await up.client.view("/x"))["views"] == 1


async def test_a_token_for_one_site_sees_and_changes_that_one_only(up: Running) -> None:
    assert (await ask(up, "PUT", f"{SITES}/b", ONE, json={}))[0] == 201
    status, problem = await ask(up, "PUT", f"{SITES}/c", ONE, json={})
    assert (status, problem["detail"]) == (403, "The token 'one' is not for the site 'c'.")
    assert (await ask(up, "GET", f"{SITES}/a", ONE))[0] == 403
    _, told = await ask(up, "GET", SITES, ONE)
    assert [site["site"] for site in told["sites"]] == ["b"]


@pytest.mark.parametrize(
    ("its", "wanted", "status"),
    [
        pytest.param("https://www.example", "https://www.example", 403, id="the same origin"),
        pytest.param("https://*.example", "https://www.example", 403, id="one of many"),
        pytest.param("https://*.example", "https://*.www.example", 403, id="many of many"),
        pytest.param("https://*.www.example", "https://*.example", 403, id="many and more"),
        pytest.param("https://www.example", "https://*.example", 201, id="all but the one"),
        pytest.param("https://www.example", "https://blog.example", 201, id="another"),
    ],
)
async def test_a_token_for_one_site_takes_no_pages_from_another(
    start: Start, its: str, wanted: str, status: int
) -> None:
    up = await start({"origins": [its, "null"], "dropins": ["vercount"]}, tokens=TOKENS)
    settings = {"origins": [wanted, "null"], "dropins": ["vercount", "waline"]}
    assert (await ask(up, "PUT", f"{SITES}/b", ONE, json=settings))[0] == status
    await ask(up, "PUT", f"{SITES}/b", ONE, json={})
    changed, _ = await ask(up, "PATCH", f"{SITES}/b", ONE, json=settings)
    assert changed == (403 if status == 403 else 200)
    assert (await ask(up, "PUT", f"{SITES}/b", ONE, json={**settings, "dropins": []}))[0] == 200
    assert (await ask(up, "PUT", f"{SITES}/b", WRITE, json=settings))[0] == 200
    page = its.replace("*", "any") + "/x"
    await up.client.json("POST", "/log", json={"url": page}, headers={"Origin": page[:-2]})
    assert (await up.client.figures("/x"))["views"] == 1


async def test_an_address_that_is_wrong_too_often_is_refused_and_the_log_says_no_token(
    start: Start,
) -> None:
    up = await start(tokens=TOKENS, server={"trusted_proxies": ["127.0.0.1/32"]})
    there, elsewhere = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    with capture_logs() as lines:
        bare = [await up.ops.request("GET", SITES, headers=there) for _ in range(20)]
        assert {response.status for response in bare} == {401}
        lines.clear()
        found = [await ask(up, "GET", SITES, f"guess{n}", headers=there) for n in range(10)]
        assert {status for status, _ in found} == {401}
        assert (await ask(up, "GET", SITES, "guess", headers=there))[0] == 429
        assert (await ask(up, "GET", SITES, READ, headers=there))[0] == 429
        assert (await ask(up, "GET", SITES, READ, headers=elsewhere))[0] == 200
    refused = [line for line in lines if line["event"] == "token_refused"]
    assert [(line["scope"], line["why"]) for line in refused] == [("read", "unknown token")] * 10
    assert "guess" not in str(lines)
    assert "192.0.2" not in str(lines)


# Sites


async def test_a_site_is_added_while_the_service_runs_and_counts(up: Running) -> None:
    assert (await up.client.request("POST", "/v1/blog/views?path=/x")).status == 404
    status, told = await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
    assert (status, told["source"], told["paused"]) == (201, "store", False)
    assert {name: told["settings"][name] for name in BLOG} == BLOG
    assert (await up.client.view("/x", "blog"))["total"] == 101
    assert (await ask(up, "PUT", f"{SITES}/blog", json=BLOG))[0] == 200


async def test_every_instance_follows_and_one_that_starts_later_knows(start: Start) -> None:
    first, second = await start(tokens=TOKENS), await start(tokens=TOKENS)
    await ask(first, "PUT", f"{SITES}/blog", json=BLOG)

    async def counts() -> bool:
        return (await second.client.request("POST", "/v1/blog/views?path=/x")).status == 200

    await eventually(counts)
    third = await start()
    assert (await third.client.view("/x", "blog"))["total"] == 102
    await ask(second, "DELETE", f"{SITES}/blog")

    async def gone() -> bool:
        return (await first.client.request("POST", "/v1/blog/views?path=/x")).status == 404

    await eventually(gone)


async def test_some_settings_are_changed_and_null_gives_the_default(up: Running) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json={**BLOG, "unit": "visits"})
    status, told = await ask(up, "PATCH", f"{SITES}/blog", json={"rate_limit": "2/h", "unit": None})
    assert status == 200
    wanted = Site(**{**BLOG, "rate_limit": "2/h"}).document()  # type: ignore[arg-type]
    assert told["settings"] == wanted
    answers = [await up.client.view("/x", "blog") for _ in range(3)]
    assert [answer.get("reason") for answer in answers] == [None, None, "rate"]


async def test_a_removed_site_counts_no_more_and_comes_back_with_its_figures(up: Running) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
    await up.client.view("/x", "blog")
    assert await ask(up, "DELETE", f"{SITES}/blog") == (204, None)
    assert (await up.client.request("POST", "/v1/blog/views?path=/x")).status == 404
    assert (await ask(up, "DELETE", f"{SITES}/blog"))[0] == 404
    await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
    assert (await up.client.view("/x", "blog"))["total"] == 102


@pytest.mark.parametrize("unknown", ["GET", "PATCH", "DELETE"])
async def test_a_site_that_is_not_there_is_a_404(up: Running, unknown: str) -> None:
    assert (await ask(up, unknown, f"{SITES}/none"))[0] == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"timezone": "Mars"}, "sites.blog.timezone = 'Mars': a time zone is an IANA name"),
        ({"orgins": []}, "sites.blog.orgins: there is no such setting; did you mean origins?"),
        ({"unit": 5, "start_total": -1}, "sites.blog.start_total = -1: "),
        ({"origins": ["www"]}, "sites.blog.origins.0 = 'www': an origin is"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_settings_that_can_t_be_used_name_the_field_and_change_nothing(
    up: Running, method: str, body: dict[str, Any], said: str
) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
    status, problem = await ask(up, method, f"{SITES}/blog", json=body)
    assert (status, problem["type"]) == (400, "urn:visitor-counter:problem:bad-settings")
    assert said in problem["detail"]
    assert "unit" in problem["detail"] if "unit" in body else True
    _, told = await ask(up, "GET", f"{SITES}/blog")
    assert told["settings"] == Site(**BLOG).document()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": b"{"}, 400),
        ({"data": b"[]"}, 400),
        ({"data": rb'{"keep_query": ["\ud800"]}'}, 400),
        ({"data": rb'{"sitemap": "https://www.example/\ud800"}'}, 400),
        ({"data": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ({"json": {"keep_query": ["x" * 9000]}}, 413),
    ],
)
async def test_a_body_that_can_t_be_read_is_refused(
    up: Running, options: dict[str, Any], status: int
) -> None:
    options.setdefault("headers", {"Content-Type": "application/json"})
    assert (await ask(up, "PUT", f"{SITES}/blog", **options))[0] == status


async def test_a_key_that_no_site_can_have_is_refused(up: Running) -> None:
    status, problem = await ask(up, "PUT", f"{SITES}/Blog", json={})
    assert (status, problem["type"]) == (400, "urn:visitor-counter:problem:bad-settings")


@pytest.mark.parametrize(("method", "verb"), [("PUT", ""), ("PATCH", ""), ("DELETE", "")])
async def test_a_site_of_the_file_is_changed_there(up: Running, method: str, verb: str) -> None:
    status, problem = await ask(up, method, f"{SITES}/a", json={})
    assert status == 409
    assert "stands in the settings file: change it there, and reload" in problem["detail"]
    assert "SIGHUP" in problem["detail"]


async def test_an_entry_that_a_newer_version_wrote_is_left_out_and_the_others_are_taken(
    up: Running, start: Start
) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
    store = up.service.store
    await store.command("test", "HSET", keys.SITES, "site:new", '{"colour": "red"}')
    with capture_logs() as lines:
        later = await start(tokens=TOKENS)
    _, told = await ask(later, "GET", SITES)
    assert [site["site"] for site in told["sites"]] == ["a", "blog"]
    [line] = [line for line in lines if line["event"] == "site_not_taken"]
    assert line["site"] == "new"
    assert "colour" in line["error"]


def test_settings_that_are_told_are_those_that_were_sent() -> None:
    sent = {
        "origins": ["https://www.example.vn", "https://*.example.vn"],
        "timezone": "Asia/Ho_Chi_Minh",
        "unit": "visitors",
        "online_window": "90s",
        "repeat_window": "0s",
        "rate_limit": "off",
        "site_rate_limit": "90/s",
        "ignore_addresses": ["192.0.2.0/24", "2001:db8::/32"],
        "paths": ["/news/*"],
        "paused": True,
    }
    site = parse_site("a", sent)
    assert site.document(only_set=True) == sent
    assert parse_site("a", site.document()) == site


# Pausing


@pytest.mark.parametrize("key", ["a", "blog"])
async def test_a_paused_site_answers_with_figures_and_counts_nothing(up: Running, key: str) -> None:
    await ask(up, "PUT", f"{SITES}/blog", json={**BLOG, "start_total": 0})
    await up.client.view("/x", key)
    status, told = await ask(up, "POST", f"{SITES}/{key}/pause")
    assert (status, told["paused"]) == (200, True)
    answer = await up.client.view("/x", key)
    assert (answer["counted"], answer["reason"]) == (False, "paused")
    assert (answer["views"], answer["total"]) == (1, 1)
    metrics = await (await up.ops.request("GET", "/metrics")).text()
    assert f'visitor_counter_views_dropped_total{{reason="paused",site="{key}"}} 1.0' in metrics
    status, told = await ask(up, "POST", f"{SITES}/{key}/resume")
    assert (status, told["paused"]) == (200, False)
    assert (await up.client.view("/x", key))["views"] == 2


async def test_a_pause_outlasts_the_file_s_being_read_again_and_a_restart(
    start: Start, up: Running
) -> None:
    await ask(up, "POST", f"{SITES}/a/pause")
    await up.service.directory.take_file(up.service.settings.sites)
    assert (await up.client.view("/x"))["reason"] == "paused"
    later = await start()
    assert (await later.client.view("/x"))["reason"] == "paused"


async def test_what_the_file_pauses_is_not_resumed_here(start: Start) -> None:
    up = await start({"paused": True}, tokens=TOKENS)
    assert (await up.client.view("/x"))["reason"] == "paused"
    status, problem = await ask(up, "POST", f"{SITES}/a/resume")
    assert status == 409
    assert "take paused out of it there" in problem["detail"]


async def test_a_view_of_a_paused_site_is_refused_as_ever_where_it_is_wrong(start: Start) -> None:
    up = await start({"paused": True, "origins": ["https://www.example.vn"]}, tokens=TOKENS)
    foreign = {"Origin": "https://evil.example"}
    assert (await up.client.request("POST", "/v1/a/views?path=/", headers=foreign)).status == 403
    own = {"Origin": "https://www.example.vn"}
    assert (await up.client.request("POST", "/v1/a/views?path=x:", headers=own)).status == 400


# What is logged


async def test_each_change_is_a_line_with_who_made_it(up: Running) -> None:
    with capture_logs() as lines:
        await ask(up, "PUT", f"{SITES}/blog", json=BLOG)
        await ask(up, "PATCH", f"{SITES}/blog", json={"unit": "visits"})
        await ask(up, "POST", f"{SITES}/blog/pause")
        await ask(up, "POST", f"{SITES}/blog/resume")
        await ask(up, "DELETE", f"{SITES}/blog")
    said = [line["event"] for line in lines if line.get("who") == "writer"]
    assert said == ["site_added", "site_changed", "site_paused", "site_resumed", "site_removed"]


# The document


async def test_every_route_of_the_listener_is_in_its_document(up: Running) -> None:
    told = await up.ops.json("GET", "/openapi.json")
    assert told == document()
    documented = {
        (method.upper(), path)
        for path, operations in told["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {(method, route) for method, route in up.ops_router.routes() if method != "HEAD"}
    assert documented == served


async def test_no_request_gets_an_answer_that_the_document_does_not_have(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It tries more wrong tokens than one address may; that limit has a test of its own.
    monkeypatch.setattr("counter.web.tokens._FAILURES", Rate(limit=10_000, period_ms=1000))
    up = await start(tokens=TOKENS)
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION, "run", file),
        *(
            "--url",
            up.ops.base,
            "--checks",
            "all",
            "--max-examples",
            str(int(EXAMPLES) // 5),
            "--seed",
            "1",
        ),
        *("--header", f"Authorization: Bearer {WRITE}", "--phases", "coverage,fuzzing"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    print(said.decode())  # noqa: T201 # pytest -rP shows how many cases there were
    assert process.returncode == 0

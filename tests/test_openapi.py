"""The OpenAPI document: served, and true of what the service answers."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import BROWSER, Start

from counter.settings import DropIn
from counter.web.openapi import document
from counter.web.openapi_parts import problems
from counter.web.tokens import token_hash

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
PAGES = "https://www.example"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
"""Examples for each operation; 800 make more than 20,000 cases in some twenty minutes."""


async def test_it_is_served_as_it_is(start: Start) -> None:
    up = await start()
    assert await up.client.json("GET", "/openapi.json") == document()


async def test_every_public_route_is_in_it(start: Start) -> None:
    up = await start()
    documented = {
        (method.upper(), path)
        for path, operations in document()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (method, route)
        for method, route in up.service.router.routes()
        if method not in ("HEAD", "OPTIONS")
    }
    assert documented == served


def test_every_problem_has_its_place() -> None:
    responses = document()["components"]["responses"]
    for kind in problems():
        assert kind.slug in responses[str(kind.status)]["description"]
        assert re.fullmatch(r"[a-z-]+", kind.slug)


@pytest.mark.parametrize("sent", [{"b": ""}, {"b": "000", "e": ""}, {"b": "150"}, {"e": "1"}])
async def test_what_goatcounter_s_route_takes_is_documented(
    start: Start, sent: dict[str, str]
) -> None:
    up = await start({"origins": [PAGES], "dropins": ["goatcounter"]})
    asked = {"params": {"p": "/a", **sent}, "headers": {"Origin": PAGES}}
    assert (await up.client.request("GET", "/count", **asked)).ok
    parameters = document()["paths"]["/count"]["get"]["parameters"]
    schemas = {one["name"]: one["schema"] for one in parameters}
    for name, text in sent.items():
        jsonschema.validate(text, schemas[name])


async def test_a_form_may_be_empty_where_the_query_has_the_path(start: Start) -> None:
    up = await start()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = await up.client.request("POST", "/v1/a/views?path=/x", data=b"", headers=form)
    assert (await asked.json())["views"] == 1
    body = document()["paths"]["/v1/{site}/views"]["post"]["requestBody"]
    jsonschema.validate({}, body["content"][form["Content-Type"]]["schema"])


async def test_no_request_gets_an_answer_that_the_document_does_not_have(
    start: Start, tmp_path: Path
) -> None:
    ways = [way.value for way in DropIn]
    up = await start({"origins": [PAGES], "dropins": ways, "owner_link": token_hash("key")})
    known = copy.deepcopy(document())
    del known["paths"]["/v1/{site}/live"]  # a stream has no end to wait for
    for operations in known["paths"].values():
        for parameter in operations.get("parameters", ()):
            parameter["schema"] = {"enum": ["a"]}
    known["paths"]["/embed/{name}"]["get"]["parameters"][0]["schema"] = {"enum": ["v1.js"]}
    known["paths"]["/owner/{link}"]["get"]["parameters"][0]["schema"] = {"enum": ["a.key"]}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(known))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION, "run", file),
        *("--url", up.client.base, "--checks", "all", "--max-examples", EXAMPLES),
        *("--header", f"User-Agent: {BROWSER}", "--header", f"Origin: {PAGES}", "--seed", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    print(said.decode())  # noqa: T201 # pytest -rP shows how many cases there were
    assert process.returncode == 0

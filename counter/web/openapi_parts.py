"""What the OpenAPI documents of the two listeners are made of."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from counter import errors
from counter.errors import Problem
from counter.settings import SITE_KEY
from counter.web.routing import InternalError, Router


def problems() -> list[type[Problem]]:
    """Return every kind of problem that an answer may be."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in found if issubclass(kind, Problem) and kind is not Problem]
    return sorted([*kinds, InternalError], key=lambda kind: (kind.status, kind.slug))


def operation(summary: str, answers: dict[str, Any], *problem: type[Problem]) -> dict[str, Any]:
    statuses = {str(kind.status) for kind in problem}
    refused = {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    return {"summary": summary, "responses": {**answers, **refused}}


def responses() -> dict[str, Any]:
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in problems():
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": "; ".join(f"{kind.slug}: {kind.title}" for kind in kinds),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status, kinds in by_status.items()
    }


def object_of(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def json_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def schema_of(name: str) -> dict[str, Any]:
    return json_of({"$ref": f"#/components/schemas/{name}"})


def html_of() -> dict[str, Any]:
    return {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}


def site_parameter() -> dict[str, Any]:
    return {
        "name": "site",
        "in": "path",
        "required": True,
        "description": "The site's key.",
        "schema": {"type": "string", "pattern": f"^{SITE_KEY.pattern}$"},
    }


def query(name: str, schema: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema, **more}


PROBLEM = object_of(
    {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    }
)


def serve(router: Router, document: dict[str, Any]) -> None:
    """Serve `document` at `/openapi.json`."""
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }

    async def answer(request: web.BaseRequest, _: str) -> web.Response:
        return web.Response(body=body, headers=headers)

    router.add("GET", "/openapi.json", answer)

"""The OpenAPI 3.1 document of the public listener, made from the code's own names and bounds."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aiohttp import web

from counter import __version__, errors
from counter.errors import Problem
from counter.model.figures import Reason, Unit
from counter.settings import SITE_KEY
from counter.web.embed.badge import COLOURS, LONGEST_LABEL, STYLES
from counter.web.embed.widget import FIGURES, LAYOUTS, THEMES
from counter.web.public import MAX_HISTORY_DAYS, MAX_PATHS, MAX_TOP, PERIODS
from counter.web.requests import MAX_BODY
from counter.web.routing import InternalError, Router

_COUNT = {"type": "integer", "minimum": 0}
_MAYBE = {"type": ["integer", "null"], "minimum": 0}
_PATH_TEXT = (
    "An article's path, as `location.pathname` has it. It is normalised: see the path rules."
)


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Visitor counter",
            "version": __version__,
            "summary": "Counts the views of a site's articles and tells its figures.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/v1/{site}/views": {"parameters": [_site()], "post": _count_view()},
            "/v1/{site}/presence": {"parameters": [_site()], "post": _presence()},
            "/v1/{site}/figures": {"parameters": [_site()], "get": _figures()},
            "/v1/{site}/history": {"parameters": [_site()], "get": _history()},
            "/v1/{site}/top": {"parameters": [_site()], "get": _top()},
            "/v1/{site}/live": {"parameters": [_site()], "get": _live()},
            "/v1/{site}/widget": {"parameters": [_site()], "get": _widget()},
            "/v1/{site}/badge.svg": {"parameters": [_site()], "get": _badge()},
            "/v1/{site}/shield.json": {"parameters": [_site()], "get": _shield()},
            "/owner/{link}": {"get": _owner()},
            "/embed/{name}": {"get": _embed()},
            "/openapi.json": {"get": _operation("This document", {"200": _json({})})},
            "/": {"get": _operation("The page that makes the snippet", {"200": _html()})},
        },
        "components": {"schemas": _schemas(), "responses": _responses()},
    }


def problems() -> list[type[Problem]]:
    """Return every kind of problem that an answer may be."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in found if issubclass(kind, Problem) and kind is not Problem]
    return sorted([*kinds, InternalError], key=lambda kind: (kind.status, kind.slug))


def _operation(summary: str, answers: dict[str, Any], *problem: type[Problem]) -> dict[str, Any]:
    statuses = {str(kind.status) for kind in problem}
    refused = {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    return {"summary": summary, "responses": {**answers, **refused}}


def _responses() -> dict[str, Any]:
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


def _schemas() -> dict[str, Any]:
    figures = {
        "site": {"type": "string", "pattern": f"^{SITE_KEY.pattern}$"},
        "day": {"type": "string", "format": "date"},
        "unit": {"enum": [unit.value for unit in Unit]},
        **dict.fromkeys(("online", "today", "yesterday", "week", "month", "total"), _COUNT),
        "articles": {"type": "object", "additionalProperties": _COUNT},
    }
    answer = ("views", "online", "today", "yesterday", "total")
    reasons = [reason.value for reason in Reason]
    return {
        "Problem": _object(
            {
                "type": {"type": "string", "format": "uri"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
            }
        ),
        "Figures": _object(
            figures,
            {
                "views": {**_COUNT, "description": "The one article's, if one was asked for."},
                "stale": {"const": True, "description": "The store is away: the last known."},
            },
        ),
        "Counted": _object(
            dict.fromkeys(answer, _MAYBE),
            {
                "counted": {"const": False},
                "reason": {"enum": reasons},
                "stale": {
                    "const": True,
                    "description": "The store is away: the view is kept and will be counted; "
                    "the figures are the last known, null where none is.",
                },
            },
        ),
        "Presence": _object(
            {"online": _MAYBE}, {"counted": {"const": False}, "reason": {"enum": reasons}}
        ),
    }


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _of(name: str) -> dict[str, Any]:
    return _json({"$ref": f"#/components/schemas/{name}"})


def _html() -> dict[str, Any]:
    return {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}


def _site() -> dict[str, Any]:
    return {
        "name": "site",
        "in": "path",
        "required": True,
        "description": "The site's key.",
        "schema": {"type": "string", "pattern": f"^{SITE_KEY.pattern}$"},
    }


def _query(name: str, schema: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema, **more}


def _path_parameter(**more: Any) -> dict[str, Any]:
    return _query("path", {"type": "string"}, _PATH_TEXT, **more)


def _paths_parameter() -> dict[str, Any]:
    several = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_PATHS}
    return _query("path", several, _PATH_TEXT + " May be repeated.", style="form", explode=True)


_READING = (errors.BadPath, errors.UnknownSite, errors.Unavailable)


def _count_view() -> dict[str, Any]:
    body = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
    return {
        **_operation(
            "Count a view; answers the figures just after it",
            {"200": _of("Counted")},
            *_READING,
            errors.OriginRefused,
            errors.BodyTimeout,
            errors.BodyTooLarge,
            errors.UnsupportedMedia,
            errors.Unsure,
        ),
        "parameters": [_path_parameter()],
        "requestBody": {
            "required": False,
            "description": f"At most {MAX_BODY} bytes; where the query has no path.",
            "content": {
                "application/x-www-form-urlencoded": {"schema": body},
                "application/json": {"schema": body},
            },
        },
    }


def _presence() -> dict[str, Any]:
    return _operation(
        "Keep the visitor online; counts nothing",
        {"200": _of("Presence")},
        errors.UnknownSite,
        errors.OriginRefused,
        errors.Unavailable,
    )


def _figures() -> dict[str, Any]:
    return {
        **_operation("Read without counting", {"200": _of("Figures")}, *_READING),
        "parameters": [_paths_parameter()],
    }


def _history() -> dict[str, Any]:
    day = {"type": "string", "format": "date"}
    row = _object({"day": day, **dict.fromkeys(("views", "visits", "visitors"), _COUNT)})
    answer = _object(
        {
            "site": {"type": "string"},
            "timezone": {"type": "string"},
            "days": {"type": "array", "items": row},
        }
    )
    return {
        **_operation("A row per day", {"200": _json(answer)}, *_READING),
        "parameters": [
            _query("from", day, "The first day; 30 days in all if left out."),
            _query("to", day, f"The last day, at most {MAX_HISTORY_DAYS} later; else today."),
        ],
    }


def _top() -> dict[str, Any]:
    article = _object({"path": {"type": "string"}, "views": _COUNT})
    answer = _object(
        {
            "site": {"type": "string"},
            "period": {"enum": list(PERIODS)},
            "articles": {"type": "array", "items": article},
        }
    )
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": 10}
    return {
        **_operation("The most read", {"200": _json(answer)}, *_READING),
        "parameters": [
            _query("period", {"enum": list(PERIODS)}, "Of which time."),
            _query("limit", limit, "How many."),
        ],
    }


def _live() -> dict[str, Any]:
    stream = {
        "description": "Server-Sent Events: `figures` when they change, at most one a second, and "
        "`rollover` at midnight; the data is Figures.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    return {
        **_operation("Figures as they change", {"200": stream}, *_READING, errors.TooManyRequests),
        "parameters": [_paths_parameter()],
    }


def _widget() -> dict[str, Any]:
    return {
        **_operation("The figures as a page for an iframe", {"200": _html()}, *_READING),
        "parameters": [
            _path_parameter(),
            _query("figures", {"type": "string"}, f"Some of {', '.join(FIGURES)}."),
            _query("lang", {"type": "string"}, "The language (BCP 47)."),
            _query("theme", {"enum": list(THEMES)}, "The colours."),
            _query("layout", {"enum": list(LAYOUTS)}, "How the figures stand."),
        ],
    }


def _image_parameters() -> list[dict[str, Any]]:
    colour = {
        "anyOf": [
            {"enum": list(COLOURS)},
            {"type": "string", "pattern": "^([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
        ]
    }
    return [
        _path_parameter(),
        _query("figure", {"enum": list(FIGURES)}, "Which; `views` wants a path."),
        _query("label", {"type": "string", "maxLength": LONGEST_LABEL}, "What stands before it."),
        _query("color", colour, "The colour behind it."),
        _query("lang", {"type": "string"}, "The language (BCP 47)."),
    ]


def _badge() -> dict[str, Any]:
    image = {"description": "SVG", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
    return {
        **_operation("A figure as an image", {"200": image}, *_READING),
        "parameters": [
            *_image_parameters(),
            _query("style", {"enum": list(STYLES)}, "How it looks."),
            _query("count", {"enum": ["0", "1"]}, "1: count a view of `path`."),
        ],
    }


def _shield() -> dict[str, Any]:
    return {
        **_operation("A figure for shields.io's endpoint badge", {"200": _json({})}, *_READING),
        "parameters": _image_parameters(),
    }


def _embed() -> dict[str, Any]:
    script = {
        "description": "A script, a style sheet or a language's labels",
        "content": {
            kind: {"schema": {"type": "string"}} for kind in ("text/javascript", "text/css")
        }
        | {"application/json": {"schema": {"type": "object"}}},
    }
    operation = _operation("The embed's files", {"200": script}, errors.NotFound)
    operation["responses"]["304"] = {"description": "Unchanged"}
    operation["parameters"] = [
        {
            "name": "name",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "examples": ["v1.js"]},
        },
        _query("lang", {"type": "string"}, "For v1-lang.json: the language."),
    ]
    return operation


def _owner() -> dict[str, Any]:
    operation = _operation(
        "A site's figures and plots for its owner",
        {"200": _html()},
        errors.NotFound,
        errors.Unavailable,
    )
    operation["parameters"] = [
        {
            "name": "link",
            "in": "path",
            "required": True,
            "description": "The site's key, a dot, and the secret of `visitor-counter owner-link`.",
            "schema": {"type": "string"},
        },
        _query("q", {"type": "string"}, "A part of an article's path, or all of it, to look for."),
    ]
    return operation


def add_to(router: Router) -> None:
    """Serve the document at `/openapi.json`."""
    body = json.dumps(document(), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }

    async def answer(request: web.BaseRequest, _: str) -> web.Response:
        return web.Response(body=body, headers=headers)

    router.add("GET", "/openapi.json", answer)

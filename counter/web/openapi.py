"""The OpenAPI 3.1 document of the public listener, made from the code's own names and bounds."""

from __future__ import annotations

from functools import cache
from typing import Any

from counter import __version__, errors
from counter.model.figures import Reason, Unit
from counter.settings import SITE_KEY
from counter.web.dropins.documents import paths as drop_in_paths
from counter.web.embed.badge import COLOURS, LONGEST_LABEL, STYLES
from counter.web.embed.widget import FIGURES, LAYOUTS, THEMES
from counter.web.openapi_parts import (
    PROBLEM,
    html_of,
    json_of,
    object_of,
    operation,
    query,
    responses,
    schema_of,
    serve,
    site_parameter,
)
from counter.web.public import MAX_HISTORY_DAYS, MAX_PATHS, MAX_TOP, PERIODS
from counter.web.requests import MAX_BODY
from counter.web.routing import Router
from counter.web.server_side import ADDRESS, AGENT

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
            "/v1/{site}/views": {"parameters": [site_parameter()], "post": _count_view()},
            "/v1/{site}/presence": {"parameters": [site_parameter()], "post": _presence()},
            "/v1/{site}/figures": {"parameters": [site_parameter()], "get": _figures()},
            "/v1/{site}/history": {"parameters": [site_parameter()], "get": _history()},
            "/v1/{site}/top": {"parameters": [site_parameter()], "get": _top()},
            "/v1/{site}/live": {"parameters": [site_parameter()], "get": _live()},
            "/v1/{site}/widget": {"parameters": [site_parameter()], "get": _widget()},
            "/v1/{site}/badge.svg": {"parameters": [site_parameter()], "get": _badge()},
            "/v1/{site}/shield.json": {"parameters": [site_parameter()], "get": _shield()},
            "/owner/{link}": {"get": _owner()},
            "/embed/{name}": {"get": _embed()},
            **drop_in_paths(),
            "/openapi.json": {"get": operation("This document", {"200": json_of({})})},
            "/": {"get": operation("The page that makes the snippet", {"200": html_of()})},
        },
        "components": {
            "schemas": _schemas(),
            "responses": responses(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> dict[str, Any]:
    figures = {
        "site": {"type": "string", "pattern": f"^{SITE_KEY.pattern}$"},
        "day": {"type": "string", "format": "date"},
        "unit": {"enum": [unit.value for unit in Unit]},
        **dict.fromkeys(("online", "today", "yesterday", "week", "month", "total"), _COUNT),
        "articles": {"type": "object", "additionalProperties": _MAYBE},
    }
    answer = ("views", "online", "today", "yesterday", "total")
    reasons = [reason.value for reason in Reason]
    return {
        "Problem": PROBLEM,
        "Figures": object_of(
            figures,
            {
                "views": {**_MAYBE, "description": "The one article's, if one was asked for."},
                "stale": {
                    "const": True,
                    "description": "The store is away: the last known, null for an article of "
                    "which nothing is.",
                },
            },
        ),
        "Counted": object_of(
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
        "Presence": object_of(
            {"online": _MAYBE}, {"counted": {"const": False}, "reason": {"enum": reasons}}
        ),
    }


def _path_parameter(**more: Any) -> dict[str, Any]:
    return query("path", {"type": "string"}, _PATH_TEXT, **more)


def _paths_parameter() -> dict[str, Any]:
    several = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_PATHS}
    return query("path", several, _PATH_TEXT + " May be repeated.", style="form", explode=True)


_FOR_OTHERS = (
    errors.BadParameter,
    errors.Unauthorized,
    errors.Forbidden,
    errors.TooManyRequests,
)
"""What a server may meet that counts for its visitors."""
_READING = (errors.BadPath, errors.UnknownSite, errors.Unavailable)


def _count_view() -> dict[str, Any]:
    form: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}
    return {
        **operation(
            "Count a view; answers the figures just after it",
            {"200": schema_of("Counted")},
            *_READING,
            errors.OriginRefused,
            errors.BodyTimeout,
            errors.BodyTooLarge,
            errors.UnsupportedMedia,
            errors.Unsure,
            *_FOR_OTHERS,
        ),
        "description": "A site's own server may count for its visitors: with a token of scope "
        f"`count`, `{ADDRESS}` and `{AGENT}` say whose view it is.",
        "security": [{}, {"token": []}],
        "parameters": [_path_parameter(), *_visitor_parameters()],
        "requestBody": {
            "required": False,
            "description": f"At most {MAX_BODY} bytes; where the query has no path.",
            "content": {
                "application/x-www-form-urlencoded": {"schema": form},
                "application/json": {"schema": {**form, "required": ["path"]}},
            },
        },
    }


def _visitor_parameters() -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in (
            (ADDRESS, "The visitor's address; needed with a token, and ignored without one."),
            (AGENT, "The visitor's user agent; the request's own stands for it."),
        )
    ]


def _presence() -> dict[str, Any]:
    return {
        **operation(
            "Keep the visitor online; counts nothing",
            {"200": schema_of("Presence")},
            errors.UnknownSite,
            errors.OriginRefused,
            errors.Unavailable,
            *_FOR_OTHERS,
        ),
        "security": [{}, {"token": []}],
        "parameters": _visitor_parameters(),
    }


def _figures() -> dict[str, Any]:
    return {
        **operation("Read without counting", {"200": schema_of("Figures")}, *_READING),
        "parameters": [_paths_parameter()],
    }


def _history() -> dict[str, Any]:
    day = {"type": "string", "format": "date"}
    row = object_of({"day": day, **dict.fromkeys(("views", "visits", "visitors"), _COUNT)})
    answer = object_of(
        {
            "site": {"type": "string"},
            "timezone": {"type": "string"},
            "days": {"type": "array", "items": row},
        }
    )
    return {
        **operation("A row per day", {"200": json_of(answer)}, *_READING),
        "parameters": [
            query("from", day, "The first day; 30 days in all if left out."),
            query("to", day, f"The last day, at most {MAX_HISTORY_DAYS} later; else today."),
        ],
    }


def _top() -> dict[str, Any]:
    article = object_of({"path": {"type": "string"}, "views": _COUNT})
    answer = object_of(
        {
            "site": {"type": "string"},
            "period": {"enum": list(PERIODS)},
            "articles": {"type": "array", "items": article},
        }
    )
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": 10}
    return {
        **operation("The most read", {"200": json_of(answer)}, *_READING),
        "parameters": [
            query("period", {"enum": list(PERIODS)}, "Of which time."),
            query("limit", limit, "How many."),
        ],
    }


def _live() -> dict[str, Any]:
    stream = {
        "description": "Server-Sent Events: `figures` when they change, at most one a second, and "
        "`rollover` at midnight; the data is Figures.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    return {
        **operation("Figures as they change", {"200": stream}, *_READING, errors.TooManyRequests),
        "parameters": [_paths_parameter()],
    }


def _widget() -> dict[str, Any]:
    return {
        **operation(
            "The figures as a page for an iframe", {"200": html_of()}, *_READING, *_FOR_OTHERS
        ),
        "parameters": [
            _path_parameter(),
            query("figures", {"type": "string"}, f"Some of {', '.join(FIGURES)}."),
            query("lang", {"type": "string"}, "The language (BCP 47)."),
            query("theme", {"enum": list(THEMES)}, "The colours."),
            query("layout", {"enum": list(LAYOUTS)}, "How the figures stand."),
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
        query("figure", {"enum": list(FIGURES)}, "Which; `views` wants a path."),
        query("label", {"type": "string", "maxLength": LONGEST_LABEL}, "What stands before it."),
        query("color", colour, "The colour behind it."),
        query("lang", {"type": "string"}, "The language (BCP 47)."),
    ]


def _badge() -> dict[str, Any]:
    image = {"description": "SVG", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
    return {
        **operation("A figure as an image", {"200": image}, *_READING, *_FOR_OTHERS),
        "parameters": [
            *_image_parameters(),
            query("style", {"enum": list(STYLES)}, "How it looks."),
            query("count", {"enum": ["0", "1"]}, "1: count a view of `path`."),
        ],
    }


def _shield() -> dict[str, Any]:
    return {
        **operation("A figure for shields.io's endpoint badge", {"200": json_of({})}, *_READING),
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
    route = operation("The embed's files", {"200": script}, errors.NotFound)
    route["responses"]["304"] = {"description": "Unchanged"}
    route["parameters"] = [
        {
            "name": "name",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "examples": ["v1.js"]},
        },
        query("lang", {"type": "string"}, "For v1-lang.json: the language."),
    ]
    return route


def _owner() -> dict[str, Any]:
    route = operation(
        "A site's figures and plots for its owner",
        {"200": html_of()},
        errors.NotFound,
        errors.Unavailable,
    )
    route["parameters"] = [
        {
            "name": "link",
            "in": "path",
            "required": True,
            "description": "The site's key, a dot, and the secret of `visitor-counter owner-link`.",
            "schema": {"type": "string"},
        },
        query("q", {"type": "string"}, "A part of an article's path, or all of it, to look for."),
    ]
    return route


def add_to(router: Router, prefix: str) -> None:
    """Serve the document at `/openapi.json`; with a prefix, it says so."""
    serve(router, {**document(), "servers": [{"url": prefix}]} if prefix else document())

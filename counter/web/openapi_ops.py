"""The OpenAPI 3.1 document of the operations listener, made from the code's own names."""

from __future__ import annotations

from functools import cache
from typing import Any

from counter import __version__, errors
from counter.model.figures import Unit
from counter.settings import Site
from counter.web.admin import SITES
from counter.web.housekeeping import (
    DEFAULT_ENTRIES,
    MAX_ENTRIES,
    Body,
    Compact,
    Forget,
    Merge,
    Rename,
    SetStart,
)
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
from counter.web.requests import MAX_BODY
from counter.web.routing import Router

_TOKEN = (errors.Unauthorized, errors.Forbidden, errors.TooManyRequests)
_BODY = (
    errors.BadSettings,
    errors.BodyTimeout,
    errors.BodyTooLarge,
    errors.UnsupportedMedia,
)
_CHANGE = (errors.UnknownSite, errors.Conflict, errors.Unavailable)


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    site = f"{SITES}/{{site}}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Visitor counter: operations",
            "version": __version__,
            "summary": "Health, metrics, dashboards, and the administration behind a token.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            SITES: {"get": _list()},
            site: {
                "parameters": [site_parameter()],
                "get": _read(),
                "put": _put(),
                "patch": _patch(),
                "delete": _remove(),
            },
            f"{site}/pause": {"parameters": [site_parameter()], "post": _pause()},
            f"{site}/resume": {"parameters": [site_parameter()], "post": _resume()},
            f"{site}/set": {"parameters": [site_parameter()], "post": _set()},
            f"{site}/rename": {"parameters": [site_parameter()], "post": _rename()},
            f"{site}/forget": {"parameters": [site_parameter()], "post": _forget()},
            f"{site}/merge": {"parameters": [site_parameter()], "post": _merge()},
            f"{site}/compact": {"parameters": [site_parameter()], "post": _compact()},
            f"{site}/audit": {"parameters": [site_parameter()], "get": _audit()},
            f"{site}/check": {"parameters": [site_parameter()], "get": _check()},
            "/metrics": {"get": _metrics()},
            "/healthz": {"get": operation("The process lives", {"200": json_of({})})},
            "/readyz": {"get": _ready()},
            "/dashboard": {"get": operation("The figures of all sites", {"200": html_of()})},
            "/dashboard/{site}": {"parameters": [site_parameter()], "get": _dashboard()},
            "/openapi.json": {"get": operation("This document", {"200": json_of({})})},
        },
        "components": {
            "schemas": {
                "Problem": PROBLEM,
                "Site": _site(),
                "Settings": _settings(),
                "Change": _change(),
                "Unit": {"enum": [unit.value for unit in Unit]},
            },
            "responses": responses(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def add_to(router: Router) -> None:
    """Serve the document at `/openapi.json`."""
    serve(router, document())


def _site() -> dict[str, Any]:
    return object_of(
        {
            "site": {"type": "string"},
            "source": {
                "enum": ["file", "store"],
                "description": "Where its settings are: in the settings file, where they are "
                "changed with an editor and SIGHUP; or in the store, where these routes change "
                "them.",
            },
            "paused": {"type": "boolean"},
            "settings": {"$ref": "#/components/schemas/Settings"},
        }
    )


def _settings() -> dict[str, Any]:
    kinds = {"list": "array", "bool": "boolean", "int": "integer", "str": "string"}
    properties = {
        name: {
            "type": kinds[type(value).__name__],
            "default": value,
            "description": Site.model_fields[name].description,
        }
        for name, value in Site().document().items()
    }
    return object_of({}, properties)


def _guarded(
    summary: str, scope: str, answers: dict[str, Any], *problem: type[errors.Problem]
) -> dict[str, Any]:
    return {
        **operation(summary, answers, *_TOKEN, *problem),
        "description": f"Wants a token with the scope `{scope}`.",
        "security": [{"token": []}],
    }


def _list() -> dict[str, Any]:
    sites = object_of({"sites": {"type": "array", "items": {"$ref": "#/components/schemas/Site"}}})
    return _guarded(
        "All sites that the token is for", "read", {"200": json_of(sites)}, errors.Unavailable
    )


def _read() -> dict[str, Any]:
    return _guarded(
        "A site and its settings",
        "read",
        {"200": schema_of("Site")},
        errors.UnknownSite,
        errors.Unavailable,
    )


def _body(kind: str) -> dict[str, Any]:
    return {
        "description": f"At most {MAX_BODY} bytes.",
        "content": {kind: {"schema": {"type": "object"}}},
    }


def _put() -> dict[str, Any]:
    return {
        **_guarded(
            "Add a site, or give it these settings and no others",
            "write",
            {"200": schema_of("Site"), "201": schema_of("Site")},
            *_BODY,
            *_CHANGE,
        ),
        "requestBody": _body("application/json"),
    }


def _patch() -> dict[str, Any]:
    return {
        **_guarded(
            "Change some settings (RFC 7396); null gives one its default",
            "write",
            {"200": schema_of("Site")},
            *_BODY,
            *_CHANGE,
        ),
        "requestBody": _body("application/merge-patch+json"),
    }


def _remove() -> dict[str, Any]:
    return _guarded(
        "Count no more for the site; its figures stay",
        "write",
        {"204": {"description": "Done"}},
        *_CHANGE,
    )


def _pause() -> dict[str, Any]:
    return _guarded(
        "Count nothing; views are answered with the figures and the reason `paused`",
        "write",
        {"200": schema_of("Site")},
        *_CHANGE,
    )


def _resume() -> dict[str, Any]:
    return _guarded("Count again", "write", {"200": schema_of("Site")}, *_CHANGE)


_TEXT = {"type": "string"}
_FIGURES = {"type": "object", "additionalProperties": {"type": "integer"}}


def _change() -> dict[str, Any]:
    return object_of(
        {
            **dict.fromkeys(("site", "what", "subject"), _TEXT),
            "changed": {"type": "boolean", "description": "False if all was so before."},
            "before": _FIGURES,
            "after": _FIGURES,
        }
    )


def _keeping(summary: str, body: type[Body], *, needed: bool = True) -> dict[str, Any]:
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {
        **_guarded(
            summary,
            "write",
            {"200": schema_of("Change")},
            errors.BadParameter,
            *_BODY,
            *_CHANGE,
        ),
        "requestBody": {
            "required": needed,
            "content": {"application/json": {"schema": schema}},
        },
    }


def _set() -> dict[str, Any]:
    return _keeping("Set the figure from which the site's total starts", SetStart)


def _rename() -> dict[str, Any]:
    return _keeping(
        "Move an article's views to its new path; the old path stands for the new from then on",
        Rename,
    )


def _forget() -> dict[str, Any]:
    return _keeping("Forget an article, a day, or the whole site", Forget)


def _merge() -> dict[str, Any]:
    return _keeping("Move all figures of the site to another, where they are added", Merge)


def _compact() -> dict[str, Any]:
    return _keeping(
        "Have the site's figures take as little memory as they can", Compact, needed=False
    )


def _audit() -> dict[str, Any]:
    entry = object_of(
        {
            "at": {"type": "string", "format": "date-time"},
            **dict.fromkeys(("who", "what", "subject"), _TEXT),
            "before": _FIGURES,
            "after": _FIGURES,
        }
    )
    told = object_of({"site": {"type": "string"}, "entries": {"type": "array", "items": entry}})
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_ENTRIES, "default": DEFAULT_ENTRIES}
    return {
        **_guarded(
            "Who changed the site's figures by hand; the newest first",
            "read",
            {"200": json_of(told)},
            errors.BadParameter,
            errors.UnknownSite,
            errors.Unavailable,
        ),
        "parameters": [query("limit", limit, "How many.")],
    }


def _check() -> dict[str, Any]:
    difference = object_of(
        {
            "unit": {"$ref": "#/components/schemas/Unit"},
            "day": {"type": ["string", "null"]},
            "recorded": {"type": "integer"},
            "expected": {"type": "integer"},
        }
    )
    told = object_of(
        {
            "site": {"type": "string"},
            "agrees": {"type": "boolean"},
            "differences": {"type": "array", "items": difference},
        }
    )
    return _guarded(
        "Whether total = start + the sum of all days, and where not",
        "read",
        {"200": json_of(told)},
        errors.UnknownSite,
        errors.Unavailable,
    )


def _metrics() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    return operation(
        "What Prometheus scrapes",
        {
            "200": {
                "description": "The metrics",
                "content": {"text/plain": text, "application/openmetrics-text": text},
            }
        },
    )


def _ready() -> dict[str, Any]:
    not_ready = {**json_of({}), "description": "Not ready: the document says why"}
    return operation("Views sent here are counted at once", {"200": json_of({}), "503": not_ready})


def _dashboard() -> dict[str, Any]:
    return {
        **operation(
            "A site's figures and plots", {"200": html_of()}, errors.UnknownSite, errors.Unavailable
        ),
        "parameters": [query("q", {"type": "string"}, "A part of an article's path.")],
    }

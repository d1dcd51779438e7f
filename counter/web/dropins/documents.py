"""The drop-ins' part of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from counter.web.dropins.scripts import SCRIPTS

_COUNT = {"type": ["integer", "null"], "minimum": 0}
_TEXT = {"type": "string"}
_NAME = {"type": "string", "pattern": "^[A-Za-z_$][A-Za-z0-9_$]{0,63}$"}
_PAGE = "https://www.example/news/1"
_SCRIPT = {"text/javascript": {"schema": _TEXT}}
_REFUSED = ("400", "403", "404", "503", "504")
_BODY = (*_REFUSED, "408", "413", "415")


def paths() -> dict[str, Any]:
    """Return the paths of all drop-ins."""
    return {
        "/busuanzi": {"get": _jsonp("busuanzi", "jsonpCallback")},
        "/jsonp": {"get": _jsonp("busuanzi-api", "callback")},
        "/ping": {"get": _operation("busuanzi-api", "The service is there", _json({}))},
        "/api": _busuanzi_api(),
        "/log": _vercount(_figures("site_uv", "site_pv", "page_pv"), _object(error=_TEXT)),
        "/api/v1/log": _vercount(_figures("site_uv", "site_pv", "page_pv"), _object(error=_TEXT)),
        "/api/v2/log": _vercount(
            _object(
                status={"const": "success"},
                message=_TEXT,
                data=_figures("site_uv", "site_pv", "page_pv"),
            ),
            _object(status={"const": "error"}, message=_TEXT, code={"type": "integer"}),
        ),
        "/count": {"get": _image(), "post": _image()},
        "/counter/{path}": {"get": _shown()},
        "/api/article": _waline(),
        **{path: {"get": _script()} for path in SCRIPTS},
    }


def _operation(
    way: str,
    summary: str,
    good: dict[str, Any],
    refused: dict[str, Any] | None = None,
    statuses: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return an operation.

    Args:
        good: what it answers.
        refused: the content of its errors; None: problem documents.
        statuses: of its errors.
    """
    answers = {
        status: {"$ref": f"#/components/responses/{status}"}
        if refused is None
        else {"description": "Not counted; it says why", "content": refused}
        for status in statuses
    }
    responses = {"200": {"description": "Done", "content": good}, **answers}
    return {"summary": f"{way}: {summary}", "responses": responses, "tags": ["drop-ins"], **more}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _figures(*names: str) -> dict[str, Any]:
    return _object(**dict.fromkeys(names, _COUNT))


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: dict[str, Any], text: str, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": text,
        "schema": schema,
        "required": required,
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": _json(schema)}


def _jsonp(way: str, name: str) -> dict[str, Any]:
    return _operation(
        way,
        "Count the page of `Referer`; answers a script",
        _SCRIPT,
        statuses=_REFUSED,
        parameters=[_query(name, _NAME, "The function that the script calls.", True)],
    )


def _script() -> dict[str, Any]:
    operation = _operation("a peer's script", "Ours in its place: it fills its elements", _SCRIPT)
    operation["responses"]["304"] = {"description": "Unchanged"}
    return operation


def _busuanzi_api() -> dict[str, Any]:
    way = "busuanzi-api"
    figures = _figures("page_pv", "page_uv", "site_pv", "site_uv")
    good = _object(success={"const": True}, message=_TEXT, data=figures)
    bad = _object(success={"const": False}, message=_TEXT, data={"type": "object"})
    page = {
        "name": "x-bsz-referer",
        "in": "header",
        "description": "The page's whole address.",
        "schema": {"type": "string", "examples": [_PAGE]},
    }
    answer = _json({"oneOf": [good, bad]})
    silent = _operation(way, "Count a page", _json(bad), _json(bad), _REFUSED, parameters=[page])
    silent["responses"]["204"] = {"description": "Counted"}
    del silent["responses"]["200"]
    away = ("503", "504")
    return {
        "post": _operation(
            way, "Count a page; answers figures", answer, _json(bad), away, parameters=[page]
        ),
        "get": _operation(way, "A page's figures", answer, _json(bad), away, parameters=[page]),
        "put": silent,
    }


def _vercount(good: dict[str, Any], bad: dict[str, Any]) -> dict[str, Any]:
    url = {"type": "string", "minLength": 1, "examples": [_PAGE]}
    sent = _object(url=url) | {"properties": {"url": url, "isNewUv": {}}}
    return {
        "post": _operation(
            "vercount",
            "Count a page; answers figures",
            _json(good),
            _json(bad),
            _BODY,
            requestBody=_body(sent),
        ),
        "get": _operation(
            "vercount",
            "A page's figures",
            _json(good),
            _json(bad),
            _REFUSED,
            parameters=[_query("url", url, "The page's whole address.", True)],
        ),
    }


def _image() -> dict[str, Any]:
    image = {"image/gif": {"schema": _TEXT}}
    return _operation(
        "goatcounter",
        "Count a view; answers an image, and in `X-Goatcounter` why it did not count",
        image,
        image,
        ("202", *_REFUSED),
        parameters=[
            _query("p", {"type": "string", "minLength": 1}, "The page's path.", True),
            _query("e", _TEXT, "Neither empty nor `false`: an event, which is not counted."),
            _query(
                "b",
                {"type": "string", "pattern": "^(0{1,3}|1[5-9][0-9]|[2-9][0-9]{2})?$"},
                "From 150 to 999: a program drives the browser; 0 or empty: none.",
            ),
        ],
    )


def _shown() -> dict[str, Any]:
    count = _json(_object(count=_TEXT, count_unique=_TEXT))
    good = {**count, **{kind: {"schema": _TEXT} for kind in ("image/svg+xml", "text/html")}}
    operation = _operation(
        "goatcounter",
        "A page's views, or with `TOTAL` the site's",
        good,
        statuses=("400", "404", "503"),
        parameters=[
            {
                "name": "path",
                "in": "path",
                "required": True,
                "description": "The page's path with its slash, then .json, .svg or .html.",
                "schema": {"type": "string", "examples": ["/news/1.json"]},
            }
        ],
    )
    operation["responses"]["404"] = {
        "description": "No views, told as 0; or nothing is here",
        "content": {
            **good,
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
    return operation


def _waline() -> dict[str, Any]:
    row = {"type": "object", "additionalProperties": _COUNT}
    good = _object(errno={"const": 0}, errmsg=_TEXT, data={"type": "array", "items": row})
    bad = _json(_object(errno={"type": "integer"}, errmsg=_TEXT))
    sent = {"path": _TEXT, "type": {"const": "time"}, "action": {"const": "inc"}}
    return {
        "get": _operation(
            "waline",
            "Articles' views, in the order asked",
            _json(good),
            bad,
            _REFUSED,
            parameters=[
                _query("path", _TEXT, "The articles' paths, separated by commas.", True),
                _query("type", _TEXT, "`time`; others are told as 0."),
            ],
        ),
        "post": _operation(
            "waline",
            "Count a view; answers the article's views",
            _json(good),
            bad,
            _BODY,
            requestBody=_body(_object(path=_TEXT) | {"properties": sent}),
        ),
    }

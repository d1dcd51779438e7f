"""The one place that answers errors: RFC 9457 problem documents, always with the same fields."""

from __future__ import annotations

import json

from aiohttp import web

from counter.errors import Problem

CONTENT_TYPE = "application/problem+json"


def problem_response(problem: Problem, instance: str) -> web.Response:
    """Return the answer to a request that met `problem`.

    Args:
        instance: the path of the request, without its query.
    """
    document = {
        "type": f"urn:visitor-counter:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
    }
    return web.Response(
        body=json.dumps(document, ensure_ascii=True).encode(),
        status=problem.status,
        headers={
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **problem.headers,
        },
    )

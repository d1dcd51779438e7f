"""Scripts of our own at the addresses of the peers' scripts: they fill the same elements.

They are files, which no site has to turn on: what they ask, it has.
"""

from __future__ import annotations

from aiohttp import web

from counter.web.embedding import Embedding
from counter.web.routing import Handler, Router

SCRIPTS = {
    "/busuanzi/2.3/busuanzi.pure.mini.js": "v1-dropin.js",
    "/js": "v1-dropin.js",
    "/js/jsonp": "v1-dropin.js",
    "/js/lite": "v1-dropin.js",
    "/js/lite_pjax": "v1-dropin.js",
    "/count.js": "v1-count.js",
}


def add_to(router: Router, embedding: Embedding) -> None:
    """Serve the scripts."""
    for path, name in SCRIPTS.items():
        router.add("GET", path, _script(embedding, name))


def _script(embedding: Embedding, name: str) -> Handler:
    async def script(request: web.BaseRequest, _: str) -> web.StreamResponse:
        return await embedding.file(request, name)

    return script

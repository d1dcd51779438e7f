"""The original busuanzi (busuanzi.ibruce.info): JSONP, with the page from `Referer`."""

from __future__ import annotations

import json

from aiohttp import web

from counter.settings import DropIn
from counter.web.dropins.desk import SCRIPT_HEADERS, Desk, callback, page_of
from counter.web.requests import find, query_parameters
from counter.web.routing import Router


class Busuanzi:
    """Handler of the original's one route."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: Router) -> None:
        router.add("GET", "/busuanzi", self.count)

    async def count(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /busuanzi?jsonpCallback=BusuanziCallback_1`: count the page, answer a script.

        The script is to the letter that of the original, which some who read it cut by offsets.
        """
        name = callback(find(query_parameters(request), "jsonpCallback"))
        tally = await self._desk.count(request, DropIn.BUSUANZI, page_of(request))
        figures = json.dumps(
            {
                "site_uv": tally.site_visitors,
                "page_pv": tally.page_views,
                "version": 2.4,
                "site_pv": tally.site_views,
            },
            separators=(",", ":"),
        )
        return web.Response(
            body=f"try{{{name}({figures});}}catch(e){{}}".encode(), headers=SCRIPT_HEADERS
        )

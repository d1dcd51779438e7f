"""`/admin/v1`: sites are added, changed, paused and removed while the service runs."""

from __future__ import annotations

import json
from typing import Any

import structlog
from aiohttp import web

from counter.errors import BadSettings, Forbidden, SettingsError
from counter.settings import Scope, Server, Site, Token, parse_site
from counter.storage.directory import Directory
from counter.web.dropins.hosts import contended
from counter.web.requests import read_object
from counter.web.routing import Router
from counter.web.tokens import Tokens, sees

SITES = "/admin/v1/sites"
SITE = f"{SITES}/{{site}}"
_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger()


class Admin:
    """Handlers of the administration; each wants a token that is for it."""

    def __init__(self, directory: Directory, tokens: Tokens, server: Server) -> None:
        self._directory = directory
        self._sites = directory.sites
        self._tokens = tokens
        self._body_timeout = server.body_timeout / 1000

    def add_to(self, router: Router) -> None:
        router.add("GET", SITES, self.sites)
        router.add("GET", SITE, self.site)
        router.add("PUT", SITE, self.put)
        router.add("PATCH", SITE, self.patch)
        router.add("DELETE", SITE, self.remove)
        router.add("POST", f"{SITE}/pause", self.pause)
        router.add("POST", f"{SITE}/resume", self.resume)

    async def sites(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /admin/v1/sites`: all sites that the token is for."""
        _name, token = self._tokens.authorise(request, Scope.READ)
        await self._directory.follow()
        documents = [self._document(key) for key in sorted(self._sites) if sees(token, key)]
        return answer({"sites": documents})

    async def site(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /admin/v1/sites/{site}`: its settings, and where they are."""
        self._tokens.authorise(request, Scope.READ, key)
        await self._directory.follow()
        return answer(self._document(key))

    async def put(self, request: web.BaseRequest, key: str) -> web.Response:
        """`PUT /admin/v1/sites/{site}`: add a site, or give it these settings and no others."""
        who, token = self._tokens.authorise(request, Scope.WRITE, key)
        site = _parse(key, await read_object(request, self._body_timeout))
        self._leave_others(token, key, site)
        new = await self._directory.put(key, site)
        log.info("site_added" if new else "site_changed", site=key, who=who)
        return answer(self._document(key), status=201 if new else 200)

    async def patch(self, request: web.BaseRequest, key: str) -> web.Response:
        """`PATCH /admin/v1/sites/{site}`: change some settings (RFC 7396; null: the default)."""
        who, token = self._tokens.authorise(request, Scope.WRITE, key)
        changes = await read_object(request, self._body_timeout)

        def change(site: Site) -> Site:
            merged = {**site.document(only_set=True), **changes}
            site = _parse(key, {name: value for name, value in merged.items() if value is not None})
            self._leave_others(token, key, site)
            return site

        await self._directory.patch(key, change)
        log.info("site_changed", site=key, who=who, settings=sorted(changes))
        return answer(self._document(key))

    async def remove(self, request: web.BaseRequest, key: str) -> web.Response:
        """`DELETE /admin/v1/sites/{site}`: count no more for it; its figures stay."""
        who, _ = self._tokens.authorise(request, Scope.WRITE, key)
        await self._directory.remove(key)
        log.info("site_removed", site=key, who=who)
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    async def pause(self, request: web.BaseRequest, key: str) -> web.Response:
        """`POST /admin/v1/sites/{site}/pause`: count nothing, answer with the figures."""
        return await self._set_paused(request, key, True)

    async def resume(self, request: web.BaseRequest, key: str) -> web.Response:
        """`POST /admin/v1/sites/{site}/resume`: count again."""
        return await self._set_paused(request, key, False)

    async def _set_paused(self, request: web.BaseRequest, key: str, paused: bool) -> web.Response:
        who, _ = self._tokens.authorise(request, Scope.WRITE, key)
        await self._directory.pause(key, paused)
        log.info("site_paused" if paused else "site_resumed", site=key, who=who)
        return answer(self._document(key))

    def _leave_others(self, token: Token, key: str, site: Site) -> None:
        """See that the site takes no pages from one that the token is not for.

        Raises:
            Forbidden: by its origins and drop-ins it might.
        """
        if not all(sees(token, other) for other in contended(self._sites, key, site)):
            raise Forbidden(
                "With these origins and dropins the site would answer pages of another, which the "
                "token is not for."
            )

    def _document(self, key: str) -> dict[str, Any]:
        site = self._sites.find(key)
        return {
            "site": key,
            "source": self._directory.source(key),
            "paused": site.paused,
            "settings": site.document(),
        }


def _parse(key: str, settings: dict[str, Any]) -> Site:
    try:
        return parse_site(key, settings)
    except SettingsError as error:
        raise BadSettings("; ".join(str(error).splitlines())) from None


def answer(document: dict[str, Any], status: int = 200) -> web.Response:
    """Return the answer of the administration that is `document`."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers=_HEADERS)

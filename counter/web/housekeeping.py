"""`/admin/v1/sites/{site}/…`: what the commands that keep house do, by request."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from counter.errors import BadParameter
from counter.ingest.pipeline import article_path
from counter.model.days import day_name
from counter.model.figures import Unit
from counter.settings import SITE_KEY, Scope, Server, Site
from counter.sites import Sites
from counter.storage.audit import Entry
from counter.storage.check import differences
from counter.storage.house import Change, House
from counter.storage.store import Store
from counter.web.admin import SITE, answer
from counter.web.requests import query_parameters, read_object, whole_number
from counter.web.routing import Handler, Router
from counter.web.tokens import Tokens

MAX_ENTRIES = 1_000
DEFAULT_ENTRIES = 100

log = structlog.get_logger()


class Body(BaseModel):
    """What an operation is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def other_site(self) -> str | None:
        """Return the key of the other site that changes, if one does."""
        return None


class SetStart(Body):
    start: int = Field(strict=True, ge=0, lt=2**53, description="The total starts from it.")
    unit: Unit | None = Field(None, description="Of which total; the site's own unit if left out.")


class Rename(Body):
    old: str = Field(description="The article's path until now.")
    new: str = Field(description="The path under which its views are kept from now on.")


class Forget(Body):
    """One of them."""

    path: str | None = Field(None, description="Forget this article.")
    day: date | None = Field(None, description="Forget this day, such as 2026-11-22.")
    site: str | None = Field(None, description="The site's key once more: forget all of it.")

    @model_validator(mode="after")
    def _one(self) -> Forget:
        if len(self.model_fields_set) != 1:
            raise ValueError('give one of path, day, or, to forget the whole site, "site": its key')
        return self


class Merge(Body):
    into: str = Field(description="The key of the site to which all figures are moved.")

    def other_site(self) -> str:
        return self.into


class Compact(Body):
    """Nothing is to be said."""


Operation = Callable[[str, Site, Any, str], Awaitable[Change]]
"""Takes the site's key, the site, the body and who asks."""
B = TypeVar("B", bound=Body)


class Housekeeping:
    """Handlers of the operations on figures that were counted."""

    def __init__(
        self, house: House, store: Store, sites: Sites, tokens: Tokens, server: Server
    ) -> None:
        self._house = house
        self._store = store
        self._sites = sites
        self._tokens = tokens
        self._body_timeout = server.body_timeout / 1000

    def add_to(self, router: Router) -> None:
        router.add("GET", f"{SITE}/audit", self.audit)
        router.add("GET", f"{SITE}/check", self.check)
        router.add("POST", f"{SITE}/set", self._operation(SetStart, self._set))
        router.add("POST", f"{SITE}/rename", self._operation(Rename, self._rename))
        router.add("POST", f"{SITE}/forget", self._operation(Forget, self._forget))
        router.add("POST", f"{SITE}/merge", self._operation(Merge, self._merge))
        router.add("POST", f"{SITE}/compact", self._operation(Compact, self._compact))

    async def audit(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET …/audit?limit=100`: who changed figures by hand; the newest first.

        The log of a site outlives it, and is told when the site is no longer there.
        """
        self._tokens.authorise(request, Scope.READ, key)
        if not SITE_KEY.fullmatch(key):
            self._sites.find(key)
        parameters = query_parameters(request)
        limit = whole_number(parameters, "limit", DEFAULT_ENTRIES, 1, MAX_ENTRIES)
        entries = await self._house.audit(key, limit)
        return answer({"site": key, "entries": [_entry(entry) for entry in entries]})

    async def check(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET …/check`: whether total = start + the sum of all days, and where not."""
        self._tokens.authorise(request, Scope.READ, key)
        self._sites.find(key)
        found = differences(await self._store.ledger(key))
        told = [dataclasses.asdict(item) for item in found]
        return answer({"site": key, "agrees": not found, "differences": told})

    def _operation(self, kind: type[B], operate: Operation) -> Handler:
        """Return the handler of an operation that takes a body of this kind."""

        async def handle(request: web.BaseRequest, key: str) -> web.Response:
            name, _ = self._tokens.authorise(request, Scope.WRITE, key)
            site = self._sites.find(key)
            body = _read(kind, await read_object(request, self._body_timeout))
            if other := body.other_site():
                self._tokens.authorise(request, Scope.WRITE, other)
                self._sites.find(other)
            change = await operate(key, site, body, f"admin:{name}")
            log.info("figures_changed", site=key, who=name, what=change.what)
            return answer(dataclasses.asdict(change))

        return handle

    async def _set(self, key: str, site: Site, body: SetStart, who: str) -> Change:
        return await self._house.set_start(key, body.unit or site.unit, body.start, who=who)

    async def _rename(self, key: str, site: Site, body: Rename, who: str) -> Change:
        old, new = article_path(body.old, site), article_path(body.new, site)
        return await self._house.rename(key, old, new, who=who)

    async def _forget(self, key: str, site: Site, body: Forget, who: str) -> Change:
        if body.path is not None:
            return await self._house.forget_article(key, article_path(body.path, site), who=who)
        if body.day is not None:
            return await self._house.forget_day(key, day_name(body.day), who=who)
        if body.site != key:
            raise BadParameter(f'To forget the whole site, say its key: {{"site": "{key}"}}.')
        return await self._house.forget_site(key, who=who)

    async def _merge(self, key: str, site: Site, body: Merge, who: str) -> Change:
        return await self._house.merge(key, body.into, who=who)

    async def _compact(self, key: str, site: Site, body: Compact, who: str) -> Change:
        return await self._house.compact(key, who=who)


def _read(kind: type[B], document: dict[str, Any]) -> B:
    """Return the body that `document` is.

    Raises:
        BadParameter: it is none; says which field, and what would be right.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise BadParameter("; ".join(_explain(dict(item)) for item in error.errors())) from None


def _explain(item: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _entry(entry: Entry) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.at / 1000, UTC).isoformat(timespec="milliseconds")
    return {**dataclasses.asdict(entry), "at": at}

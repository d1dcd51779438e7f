"""Bearer tokens (RFC 6750): who may do what. Only their hashes are known here.

A token is 256 random bits, which nobody guesses: plain SHA-256 keeps it as well as a slow hash
would. The rate of failures is for tokens that somebody made up by hand, and for the log.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

import structlog
from aiohttp import web

from counter.errors import Forbidden, TooManyRequests, Unauthorized
from counter.ingest.addresses import rate_key
from counter.ingest.rates import RateLimiter
from counter.model.addresses import Networks
from counter.model.clock import Clock, monotonic_ms
from counter.settings import Rate, Scope, Token
from counter.web.requests import sender_address

_FAILURES = Rate(limit=10, period_ms=60_000)
"""Tokens that one address may get wrong."""
_LINES = Rate(limit=60, period_ms=60_000)
"""Lines that failures may fill the log with, from all addresses together."""
_CHALLENGE = 'Bearer realm="visitor-counter"'

log = structlog.get_logger()


def make_token() -> str:
    """Return a new token."""
    return f"vc_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """Return what the settings hold of a token."""
    return f"sha256:{sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()}"


class Tokens:
    """Lets in whoever has a token that is for what is asked; logs the others, without the token.

    An address that was wrong too often is refused for a while, whatever it sends.
    """

    def __init__(
        self,
        tokens: Mapping[str, Token],
        trusted: Networks,
        clock: Clock = monotonic_ms,
    ) -> None:
        self._tokens = tokens
        self._trusted = trusted
        self._failures = RateLimiter(_FAILURES, clock)
        self._lines = RateLimiter(_LINES, clock)

    def replace(self, tokens: Mapping[str, Token]) -> None:
        self._tokens = tokens

    def authorise(
        self, request: web.BaseRequest, scope: Scope, site: str | None = None
    ) -> tuple[str, Token]:
        """Return the token with which `request` came, and its name.

        Args:
            site: the key of the one site that it is about; None if it is about all of them.

        Raises:
            Unauthorized: it came with no token, or a wrong one.
            Forbidden: the token is not for this.
            TooManyRequests: its address was wrong too often.
        """
        sender = rate_key(sender_address(request.headers, request.remote, self._trusted))
        if self._failures.exhausted(sender):
            raise TooManyRequests(
                "Too many wrong tokens came from this address; wait a minute.",
                headers={"Retry-After": "60"},
            )
        sent = bearer(request)
        found = self._find(sent)
        if found is None:
            if sent is not None:
                self._failures.allow(sender)
            self._log(scope, "no token" if sent is None else "unknown token")
            raise _unknown(sent)
        name, token = found
        if scope not in token.scopes or (site is not None and not sees(token, site)):
            self._log(scope, "scope" if scope not in token.scopes else "site", token=name)
            raise _not_for(name, scope, site if scope in token.scopes else None)
        return name, token

    def _find(self, sent: str | None) -> tuple[str, Token] | None:
        if sent is None:
            return None
        presented, found = token_hash(sent), None
        for name, token in self._tokens.items():
            if hmac.compare_digest(token.hash, presented):
                found = name, token
        return found

    def _log(self, scope: Scope, why: str, **more: str) -> None:
        if self._lines.allow(""):
            log.warning("token_refused", scope=scope.value, why=why, **more)


def bearer(request: web.BaseRequest) -> str | None:
    """Return the token that `request` brings; None if it brings none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def sees(token: Token, site: str) -> bool:
    """Tell whether `token` is for `site`."""
    return not token.sites or site in token.sites


def _unknown(sent: str | None) -> Unauthorized:
    if sent is None:
        return Unauthorized(
            "Send a token: Authorization: Bearer vc_…; visitor-counter token makes one.",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    return Unauthorized(
        "No such token is in the settings.",
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
    )


def _not_for(name: str, scope: Scope, site: str | None) -> Forbidden:
    what = f"the site {site!r}" if site else f"this; it lacks the scope {scope.value!r}"
    return Forbidden(
        f"The token {name!r} is not for {what}.",
        headers={
            "WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope.value}"'
        },
    )

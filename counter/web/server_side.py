"""Views that a site's own server counts for its visitors: whose they are is said by headers, which
are believed with a token only.
"""

from __future__ import annotations

from aiohttp import web

from counter.errors import BadParameter
from counter.ingest.addresses import read_address
from counter.ingest.pipeline import Arrival
from counter.settings import Scope
from counter.web.tokens import Tokens, bearer

ADDRESS = "X-Visitor-Address"
AGENT = "X-Visitor-User-Agent"


def put_vouched(request: web.BaseRequest, arrival: Arrival, tokens: Tokens) -> None:
    """Take the visitor from the headers, if `request` comes with a token.

    Other ways of authorisation are none of ours: a site behind a password sends them along.

    Raises:
        Unauthorized, Forbidden, TooManyRequests: the token may not count for this site.
        BadParameter: the visitor's address is missing, or is none.
    """
    if bearer(request) is None:
        return
    tokens.authorise(request, Scope.COUNT, arrival.key)
    address = read_address(request.headers.get(ADDRESS, ""))
    if address is None:
        raise BadParameter(
            f"With a token, say whose view it is: {ADDRESS} with the visitor's address, such as "
            f"192.0.2.7, and {AGENT} with the user agent."
        )
    arrival.address = address
    arrival.agent = request.headers.get(AGENT, arrival.agent)
    arrival.vouched = True

"""Every error that a caller can meet: it knows its status and says what would be right.

The HTTP form is RFC 9457 (`application/problem+json`), made in one place: `counter.web.problems`.
"""

from __future__ import annotations

from typing import ClassVar


class CounterError(Exception):
    """The base of all errors that are raised on purpose; `str(error)` is one line for people."""


class SettingsError(CounterError):
    """The settings can't be used: names the key, its value and what would be right."""


class StoreError(CounterError):
    """The store answered that it can't do what was asked; it will not help to ask again."""


class StoreUnavailable(CounterError):
    """The store can't be reached, or can't write now; it may help to ask again.

    Args:
        unsure: whether it may have done what was asked; it could not tell.
    """

    def __init__(self, text: str, *, unsure: bool = False) -> None:
        super().__init__(text)
        self.unsure = unsure


class EmbeddedStoreError(CounterError):
    """The embedded store can't be started."""


class JournalError(CounterError):
    """The journal can't take or give what was asked; what it held is still there."""


class JournalFull(JournalError):
    """The journal is as large as it may grow."""


class UnreadableExport(CounterError):
    """A file is not what its import reads: names what it lacks, and what would be right."""


class BadImport(CounterError):
    """An import can't be made as it was asked for; nothing was added."""


class BadExport(CounterError):
    """An export can't be written."""


class Declined(CounterError):
    """Somebody was asked whether to do it, and did not say yes."""


class Problem(CounterError):
    """A request that is answered with an error.

    Args:
        detail: what was wrong with this request and what would be right.
        headers: what goes into the answer besides, such as `Allow` or `Retry-After`.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request can't be understood"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class BadRequest(Problem):
    slug, title = "bad-request", "The request can't be understood"


class BadPath(Problem):
    slug, title = "bad-path", "The path names no article"


class TooManyPaths(Problem):
    slug, title = "too-many-paths", "More articles were asked for than one answer holds"


class BadParameter(Problem):
    slug, title = "bad-parameter", "A parameter has a value that can't be used"


class BadBody(Problem):
    slug, title = "bad-body", "The body can't be read"


class BadSettings(Problem):
    slug, title = "bad-settings", "Settings that can't be used"


class Unauthorized(Problem):
    status, slug, title = 401, "unauthorized", "A valid token is needed"


class Forbidden(Problem):
    status, slug, title = 403, "forbidden", "The token is not for this"


class OriginRefused(Problem):
    status, slug, title = 403, "origin", "This origin may not use the site's counter"


class UnknownSite(Problem):
    status, slug, title = 404, "unknown-site", "No site has this key"


class NotFound(Problem):
    status, slug, title = 404, "not-found", "Nothing is here"


class MethodNotAllowed(Problem):
    status, slug, title = 405, "method", "This address does not take that method"


class BodyTimeout(Problem):
    status, slug, title = 408, "body-timeout", "The body did not arrive in time"


class Conflict(Problem):
    status, slug, title = 409, "conflict", "It can't be changed as things are"


class BodyTooLarge(Problem):
    status, slug, title = 413, "body-too-large", "The body is larger than is read here"


class UnsupportedMedia(Problem):
    status, slug, title = 415, "media-type", "The body is of a type that is not read here"


class TooManyRequests(Problem):
    status, slug, title = 429, "rate", "Too many requests"


class Unavailable(Problem):
    """Counted nothing: the sender is told so, and when to come again."""

    status, slug, title = 503, "unavailable", "The counter can't take this now"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unsure(Problem):
    """Whether it counted is not known: the store's answer was lost, and no journal takes it."""

    status, slug, title = 504, "unsure", "It can't be told whether this was counted"

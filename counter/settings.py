"""The settings: typed, defaulted, explained, from a TOML file and the environment.

`docs/settings.md` is made from the descriptions here, and a test holds the two together.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from counter.errors import SettingsError
from counter.model.addresses import Networks
from counter.model.figures import Unit
from counter.model.patterns import read_pattern

SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
STORE_SCHEMES = (
    "embedded:",
    "redis://",
    "rediss://",
    "unix://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
)
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_DURATION_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZE = re.compile(r"(\d+)(KiB|MiB|GiB)")
_SIZE_BYTES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_TOKEN_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_RATE = re.compile(r"([1-9]\d*)/(s|m|h)")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_ORIGIN = re.compile(r"https?://((\*\.)?[a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?")
_KUBERNETES = re.compile(
    r"COUNTER_(SERVER|STORE|SITES|TOKENS)_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\w+)?)"
)
"""What Kubernetes puts into the environment of every pod for a service called `counter-server`."""


def _duration(value: object) -> int:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return int(match[1]) * _DURATION_MS[match[2]]
    raise ValueError('a duration is a number and ms, s, m, h or d, such as "5m"')


def _within(least: str, most: str) -> AfterValidator:
    """Bound a duration: the error is then in its own words, not in milliseconds."""
    bounds = (_duration(least), _duration(most))

    def check(value: int) -> int:
        if not bounds[0] <= value <= bounds[1]:
            raise ValueError(f'it may be "{least}" to "{most}"')
        return value

    return AfterValidator(check)


def _size(value: object) -> object:
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        return int(match[1]) * _SIZE_BYTES[match[2]]
    raise ValueError('a size is a number and KiB, MiB or GiB, such as "256MiB"')


class Rate(NamedTuple):
    """So many in a period: a token bucket that holds `limit` and refills in `period_ms`."""

    limit: int
    period_ms: int


@lru_cache(maxsize=256)
def _read_rate(text: str) -> Rate | None:
    """Return the same `Rate` for the same text: thousands of sites share one."""
    match = _RATE.fullmatch(text)
    return Rate(int(match[1]), _DURATION_MS[match[2]]) if match else None


def _rate(value: object) -> object:
    if value == "off":
        return None
    if isinstance(value, str) and (rate := _read_rate(value)):
        return rate
    raise ValueError('a rate is a number and /s, /m or /h, such as "120/m"; or "off"')


def _listen(value: object) -> object:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if colon and host and port.isdigit() and int(port) < 65536:
            return (host.strip("[]"), int(port))
    raise ValueError('an address to listen on is HOST:PORT, such as "0.0.0.0:8080"')


def _zone(value: object) -> object:
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise ValueError('a time zone is an IANA name, such as "Asia/Ho_Chi_Minh"')


def _network(value: object) -> object:
    if isinstance(value, str):
        try:
            return ip_network(value)
        except ValueError:
            pass
    raise ValueError(
        'a network is an address and the bits that count, such as "10.0.0.0/8", with the others 0'
    )


def _store_url(value: object) -> object:
    if isinstance(value, str) and value.startswith(STORE_SCHEMES):
        if value == "embedded:":
            raise ValueError("embedded: wants a directory, such as embedded:/var/lib/counter")
        return value
    raise ValueError(f"a store is one of {', '.join(STORE_SCHEMES)}")


def _origin(value: object) -> object:
    if isinstance(value, str):
        origin = value.lower()
        if origin == "null" or _ORIGIN.fullmatch(origin):
            return origin
    raise ValueError(
        'an origin is a scheme and a host, such as "https://www.example.vn" or '
        '"https://*.example.vn", without a path'
    )


def _pattern(value: object) -> object:
    if isinstance(value, str) and (pattern := read_pattern(value)):
        return pattern
    raise ValueError(
        'a pattern is a path in which * stands for anything, such as "/news/*"; it begins with / '
        "and has no ? or #"
    )


def _web_address(value: object) -> object:
    if isinstance(value, str) and (not value or _WEB_ADDRESS.fullmatch(value)):
        return value
    raise ValueError(
        'an address is that of a web page, such as "https://www.example.vn/sitemap.xml"'
    )


def _token_hash(value: object) -> object:
    if isinstance(value, str) and _TOKEN_HASH.fullmatch(value):
        return value
    raise ValueError(
        'a hash is "sha256:" and 64 of 0-9 and a-f, which visitor-counter token prints: not the '
        "token itself"
    )


def _site_key(value: object) -> object:
    if isinstance(value, str) and SITE_KEY.fullmatch(value):
        return value
    raise ValueError("a site's key is 1 to 63 of a-z, 0-9 and -, and does not begin with -")


def _link_hash(value: object) -> object:
    if isinstance(value, str) and (not value or _TOKEN_HASH.fullmatch(value)):
        return value
    raise ValueError(
        'a hash is "sha256:" and 64 of 0-9 and a-f, which visitor-counter owner-link prints: not '
        "the link itself"
    )


def _prefix_path(value: object) -> object:
    prefix = value.rstrip("/") if isinstance(value, str) else "?"
    if _PREFIX.fullmatch(prefix) and {".", ".."}.isdisjoint(prefix.split("/")):
        return prefix
    raise ValueError('a prefix is a path of letters, digits and . _ ~ -, such as "/counter"')


def _duration_text(milliseconds: int) -> str:
    units = [unit for unit in _DURATION_MS if milliseconds % _DURATION_MS[unit] == 0]
    unit = units[-1] if milliseconds else "s"
    return f"{milliseconds // _DURATION_MS[unit]}{unit}"


def _rate_text(rate: Rate | None) -> str:
    [unit] = [unit for unit in "smh" if rate and rate.period_ms == _DURATION_MS[unit]] or [""]
    return f"{rate.limit}/{unit}" if rate else "off"


Duration = Annotated[int, BeforeValidator(_duration), PlainSerializer(_duration_text)]
"""A length of time; in the settings `"5m"`, here in milliseconds."""
Size = Annotated[int, BeforeValidator(_size)]
"""A size; in the settings `"256MiB"`, here in bytes."""
RateLimit = Annotated[InstanceOf[Rate] | None, BeforeValidator(_rate), PlainSerializer(_rate_text)]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), PlainSerializer(str)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
StoreURL = Annotated[str, BeforeValidator(_store_url)]
Origin = Annotated[str, BeforeValidator(_origin)]
Prefix = Annotated[str, BeforeValidator(_prefix_path)]
TokenHash = Annotated[str, BeforeValidator(_token_hash)]
SiteKey = Annotated[str, BeforeValidator(_site_key)]
Pattern = Annotated[str, BeforeValidator(_pattern)]
WebAddress = Annotated[str, BeforeValidator(_web_address)]
LinkHash = Annotated[str, BeforeValidator(_link_hash)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True
    )


class Server(_Section):
    """`[server]`: the listeners and what a client may take of the service."""

    listen: Listen = Field("0.0.0.0:8080", description="Where browsers are served.")  # type: ignore[assignment] # validated from the text that a user would write
    ops_listen: Listen = Field(
        "127.0.0.1:8081",  # type: ignore[assignment]
        description="Where operators are served: metrics, health, administration. "
        "Keep it from the public.",
    )
    prefix: Prefix = Field(
        "",
        description="The path below which browsers are served, such as `/counter`: for a proxy "
        "that passes a path of the site's own domain on as it is. Operators' addresses have none.",
    )
    workers: int = Field(1, ge=1, le=64, description="Processes that serve; one for each core.")
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Networks (CIDR) whose `Forwarded` and `X-Forwarded-For` are believed.",
    )
    sitemap_networks: tuple[Network, ...] = Field(
        (),
        description="Networks (CIDR) in which a site's `sitemap` may be though they are not "
        "public, such as `10.0.0.0/8`. None: no address that only this machine or its network "
        "reaches is asked for one.",
    )
    queue: int = Field(
        10_000,
        ge=1,
        description="Views of one worker that may wait for the store; "
        "past it the answer is 503 with `Retry-After`.",
    )
    connections: int = Field(
        10_000,
        ge=16,
        description="Connections of one worker. Past it those are closed that have waited longest "
        "for a request; where none waits, a new one is refused.",
    )
    connections_per_address: int = Field(
        1_000,
        ge=1,
        description="Connections of one address (IPv6: one /64) to one worker; "
        "`trusted_proxies` have no such bound.",
    )
    header_timeout: Annotated[Duration, _within("10ms", "10m")] = Field(
        "10s",  # type: ignore[assignment]
        description="How long a request's head may take; then the connection is closed.",
    )
    body_timeout: Duration = Field(
        "5s",  # type: ignore[assignment]
        description="How long a request's body may take.",
    )
    answer_timeout: Annotated[Duration, _within("10ms", "10m")] = Field(
        "30s",  # type: ignore[assignment]
        description="How long a client may leave an answer lying; then the connection is closed.",
    )
    keepalive_timeout: Duration = Field(
        "75s",  # type: ignore[assignment]
        description="How long an idle connection is kept.",
    )
    shutdown_timeout: Duration = Field(
        "10s",  # type: ignore[assignment]
        description="How long a stopping service may take to bring its queue to the store.",
    )
    figures_max_age: Duration = Field(
        "1s",  # type: ignore[assignment]
        description="How old a figure may be when it is read; readers within it share one look "
        "into the store.",
    )
    live_streams: int = Field(
        2_000, ge=0, description="Pages of one worker that may be live; past it they poll."
    )
    live_streams_per_address: int = Field(
        20, ge=0, description="Pages of one address (IPv6: one /64) that may be live."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe lines that are logged."
    )

    @cached_property
    def trusted(self) -> Networks:
        """`trusted_proxies`, to look addresses up in."""
        return Networks(self.trusted_proxies)


class Store(_Section):
    """`[store]`: where the figures are kept."""

    url: StoreURL = Field(
        "embedded:visitor-counter-data",
        description="`embedded:DIR`, `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or "
        "`redis+cluster://`.",
    )
    timeout: Duration = Field(
        "2s",  # type: ignore[assignment]
        description="How long one answer of the store may take.",
    )
    durability: Literal["fast", "safe"] = Field(
        "fast",
        description="`fast`: a view is answered when the store has applied it. `safe`: when the "
        "store has it on disk; this needs a store with `appendfsync always`, and it is refused "
        "with any other.",
    )
    replicas: int = Field(
        0,
        ge=0,
        le=5,
        description="Replicas that must have a view before it is answered (`WAIT`): so many may "
        "be lost together with the primary, and no answered view with them.",
    )
    journal: Path = Field(
        Path("visitor-counter-journal"),
        description="The directory of the journals, which keep views while the store is away.",
    )
    journal_limit: Size = Field(
        "256MiB",  # type: ignore[assignment]
        description="How large a worker's journal may grow; past it the answer is 503.",
    )


class DropIn(StrEnum):
    """A counter in whose way the service answers too, for pages that are not to be edited."""

    BUSUANZI = "busuanzi"
    BUSUANZI_API = "busuanzi-api"
    """The self-hosted one."""
    VERCOUNT = "vercount"
    GOATCOUNTER = "goatcounter"
    WALINE = "waline"


_names_in_common: Callable[[frozenset[str]], set[str]] = lru_cache(maxsize=256)(set)


class Site(_Section):
    """`[sites.KEY]`: one counted web site."""

    origins: tuple[Origin, ...] = Field(
        (),
        description="Whose pages may count: `https://www.example.vn`, `https://*.example.vn`; "
        "none: anybody's.",
    )
    dropins: tuple[DropIn, ...] = Field(
        (),
        description="Counters in whose ways the service answers the site's pages too: `busuanzi`, "
        "`busuanzi-api` (the self-hosted one), `vercount`, `goatcounter`, `waline`. A page's site "
        "is found by `origins`, which must be named then.",
    )
    allow_no_origin: bool = Field(
        False,
        description="Count requests that send neither `Origin` nor `Referer`, though `origins` "
        "are named.",
    )
    timezone: Zone = Field(
        "UTC",  # type: ignore[assignment]
        description="The IANA name of the zone whose midnight begins a day.",
    )
    unit: Unit = Field(
        Unit.VIEWS, description="What *today* and *total* count: `views`, `visits`, `visitors`."
    )
    online_window: Annotated[Duration, _within("1s", "1h")] = Field(
        "5m",  # type: ignore[assignment]
        description="How long after being seen a visitor is online: `1s` to `1h`.",
    )
    repeat_window: Annotated[Duration, _within("0s", "1h")] = Field(
        "10s",  # type: ignore[assignment]
        description="Within it a visitor's views of one article count once: up to `1h`; `0s`: "
        "each counts.",
    )
    start_total: int = Field(
        0,
        ge=0,
        lt=2**53,
        description="The total at which a new site begins, in its unit; later on `visitor-counter "
        "set` changes it.",
    )
    rate_limit: RateLimit = Field(
        "120/m",  # type: ignore[assignment]
        description="Counted views of one address (IPv6: one /64); `off` for no limit.",
    )
    site_rate_limit: RateLimit = Field(
        "off",  # type: ignore[assignment]
        description="Counted views of the site, from all addresses together, in one worker.",
    )
    paths: tuple[Pattern, ...] = Field(
        (),
        description="Patterns of the site's articles, such as `/news/*` (`*`: anything); a view "
        "of another path does not count. None: any path.",
    )
    sitemap: WebAddress = Field(
        "",
        description="Address of the site's sitemap, or of an index of them: a view counts if it "
        "has the path, or `paths` match it. Read every hour, and sooner when it lacks a path; as "
        "long as it can't be read, every path counts.",
    )
    new_articles: RateLimit = Field(
        "off",  # type: ignore[assignment]
        description="How many articles may be new, such as `1000/m`; past it a view of a new one "
        "counts for the site only.",
    )
    max_articles: int = Field(
        1_000_000,
        ge=1,
        description="Articles that are kept; past it a view of a new one counts for the site only.",
    )
    ignore_addresses: tuple[Network, ...] = Field(
        (), description="Networks (CIDR) whose views do not count, such as the editors' own."
    )
    privacy_signals: Literal["count", "anonymous", "ignore"] = Field(
        "count",
        description="What a browser's `Sec-GPC: 1` or `DNT: 1` does: `count` as any view, since "
        "nobody is followed anyway; `anonymous`: count the view without a visitor; `ignore`: "
        "don't count it.",
    )
    owner_link: LinkHash = Field(
        "",
        description="What `visitor-counter owner-link SITE` tells to put here: the SHA-256 of the "
        "secret in the owner's link. None: there is no such link.",
    )
    keep_query: tuple[str, ...] = Field(
        (),
        description="Query parameters that tell articles apart, such as `id`; all others are "
        "dropped.",
    )
    paused: bool = Field(
        False,
        description="Count nothing; views are answered with the figures, and the reason `paused`.",
    )

    def model_post_init(self, _: Any) -> None:
        # Most sites of many are alike: those that set the same have one set of names in common.
        names = _names_in_common(frozenset(self.model_fields_set))
        object.__setattr__(self, "__pydantic_fields_set__", names)

    @field_validator("dropins")
    @classmethod
    def _found_by_origins(
        cls, dropins: tuple[DropIn, ...], info: ValidationInfo
    ) -> tuple[DropIn, ...]:
        if dropins and not set(info.data.get("origins", ())) - {"null"}:
            raise ValueError(
                "the site of a page is found by its origins: name them, such as "
                'origins = ["https://www.example.vn"]'
            )
        return dropins

    @cached_property
    def ignored(self) -> Networks:
        """`ignore_addresses`, to look addresses up in."""
        return Networks(self.ignore_addresses)

    @cached_property
    def kept_parameters(self) -> frozenset[str]:
        """`keep_query` as a set."""
        return frozenset(self.keep_query)

    def document(self, *, only_set: bool = False) -> dict[str, Any]:
        """Return the settings as the file would have them, without defaults if `only_set`."""
        return self.model_dump(mode="json", exclude_unset=only_set)


class Scope(StrEnum):
    """What a token lets its holder do."""

    READ = "read"
    """See the sites, their settings and the audit log (`/admin/v1`)."""
    WRITE = "write"
    """Add, change, pause and remove sites, and keep house."""
    COUNT = "count"
    """Count views for visitors whose address and user agent are passed on."""


class Token(_Section):
    """`[tokens.NAME]`: who may administer, or count for others."""

    hash: TokenHash = Field(
        description="The token's hash, as `visitor-counter token NAME` prints it."
    )
    scopes: tuple[Scope, ...] = Field(
        min_length=1,
        description="What it is for: `read` and `write` sites (`/admin/v1`), or `count` views of "
        "visitors whose address is passed on.",
    )
    sites: tuple[SiteKey, ...] = Field(
        (), description="The keys of the only sites that it is for; none: all sites."
    )


class Settings(_Section):
    """All settings.

    `server` and `store` are one each, `sites` and `tokens` have one section for each of theirs.
    """

    server: Server = Server()
    store: Store = Store()
    sites: dict[str, Site] = Field(default_factory=dict)
    tokens: dict[str, Token] = Field(default_factory=dict)


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `path`, if any, and from `environ`, which has the last word.

    Raises:
        SettingsError: a line for each setting that can't be used.
    """
    data: dict[str, Any] = {}
    if path:
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: can't be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: is not TOML: {error}") from None
    return parse(_overlay(data, environ), str(path or "the settings"))


def parse_site(key: str, data: object) -> Site:
    """Return the one site with these settings, shaped as its section of the file is.

    Raises:
        SettingsError: a line for each setting that can't be used.
    """
    return parse({"sites": {key: data}}, "").sites[key]


def parse(data: Mapping[str, Any], source: str = "the settings") -> Settings:
    """Return the settings in `data`, shaped as the file is.

    Args:
        source: what an error names as the place of the mistake, if anything.

    Raises:
        SettingsError: a line for each setting that can't be used.
    """
    place = f"{source}: " if source else ""
    for section, what in _NAMED.items():
        named = data.get(section)
        for key in named if isinstance(named, dict) else ():
            if not SITE_KEY.fullmatch(key):
                raise SettingsError(
                    f"{place}{section}.{key}: a {what} is 1 to 63 of a-z, 0-9 and -, "
                    "and does not begin with -"
                )
    try:
        return Settings.model_validate(dict(data))
    except ValidationError as error:
        lines = [f"{place}{_explain(dict(item))}" for item in error.errors()]
        raise SettingsError("\n".join(lines)) from None


_SECTIONS: dict[str, type[_Section]] = {
    "server": Server,
    "store": Store,
    "sites": Site,
    "tokens": Token,
}
_NAMED = {"sites": "site's key", "tokens": "token's name"}
"""The sections of which there may be several, and what tells one from another."""


_RIGHT = {
    "tuple_type": 'it should be a list, such as ["one", "another"]',
    "dict_type": "it should be a section",
    "model_type": "it should be a section",
    "string_type": "it should be text, in quotes",
    "path_type": "it should be a path, in quotes",
    "missing": "it is needed here",
    "too_short": "it should name one at least",
}
"""What would be right, where pydantic says it in Python's words."""


def _explain(item: dict[str, Any]) -> str:
    where = [str(part) for part in item["loc"]]
    key = ".".join(where)
    if item["type"] == "extra_forbidden":
        known = list((_SECTIONS[where[0]] if len(where) > 1 else Settings).model_fields)
        close = difflib.get_close_matches(where[-1], known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
        return f"{key}: there is no such setting; {hint}"
    right = _RIGHT.get(item["type"]) or str(item["msg"])
    right = right.removeprefix("Value error, ").replace("Input should", "it should", 1)
    # A store's URL may hold a password, and who mistakes a secret for its hash puts the secret
    # there: these are named without their value.
    secret = key in ("store", "store.url") or where[-1] in ("hash", "owner_link")
    value = "" if secret or item["type"] == "missing" else f" = {item['input']!r}"
    return f"{key}{value}: {right}"


def _overlay(data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Lay `COUNTER_SERVER_…`, `COUNTER_STORE_…`, `COUNTER_SITES_<KEY>_…` and
    `COUNTER_TOKENS_<NAME>_…` over `data`.

    A name that ends in `_FILE` gives the file that holds the value. Other names that begin with
    `COUNTER_` are left alone, and so are those that Kubernetes makes.
    """
    merged = dict(data)
    for name, text in sorted(environ.items()):
        prefix, _, setting = name.partition("_")
        section, _, rest = setting.partition("_")
        if prefix != "COUNTER" or section.lower() not in _SECTIONS:
            continue
        if _KUBERNETES.fullmatch(name):
            continue
        if rest.endswith("_FILE"):
            rest, text = rest.removesuffix("_FILE"), _read_secret(name, text)
        section = section.lower()
        target = merged[section] = _table(merged.get(section, {}), section)
        model, field = _SECTIONS[section], rest.lower()
        if section in _NAMED:
            field = next((f for f in model.model_fields if rest.endswith(f"_{f.upper()}")), "")
            if not field:
                raise SettingsError(
                    f"{name}: ends in no {section[:-1]}'s setting; known are "
                    f"{', '.join(model.model_fields)}"
                )
            key = rest[: -len(field) - 1].lower().replace("_", "-")
            target[key] = target = _table(target.get(key, {}), f"{section}.{key}")
        if field not in model.model_fields:
            raise SettingsError(
                f"{name}: there is no such setting; known are {', '.join(model.model_fields)}"
            )
        several = str(model.model_fields[field].annotation).startswith("tuple") and (
            field not in ("listen", "ops_listen")
        )
        target[field] = [part.strip() for part in text.split(",") if part] if several else text
    return merged


def _table(value: object, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{key} = {value!r}: {_RIGHT['dict_type']}")
    return dict(value)


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name}: {path} can't be read: {error}") from None

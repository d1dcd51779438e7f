"""Logs of web servers: the combined format (Apache, nginx and others), and JSON (nginx, Caddy)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from counter.importing.inputs import Source
from counter.importing.instants import instant_of, reachable
from counter.importing.options import Options
from counter.importing.requests import Request, Views
from counter.importing.rows import BadRow, Row

_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_COMBINED = re.compile(
    # vhost_combined of Debian's Apache begins with the host and its port.
    r"(?:([\w.-]++)(?::\d+)? (?=[0-9a-fA-F.:]+ - ))?"
    rf"(\S++) \S++ .+? \[([^\]]++)\] {_QUOTED} (\d{{3}}) \S++(?: {_QUOTED} {_QUOTED})?"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLF_TIME = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)

# What the fields are called in logs that sites have: nginx' variables first, then others' words.
_TIME = ("time_iso8601", "time_local", "msec", "ts", "@timestamp", "timestamp", "time")
_STATUS = ("status",)
_METHOD = ("request_method", "method")
_TARGET = ("request_uri", "uri", "url", "path")
_ADDRESS = ("client_ip", "remote_ip", "remote_addr", "remote_address", "ip")
_AGENT = ("http_user_agent", "user_agent", "agent")
_HOST = ("host", "http_host", "vhost", "server_name")
_TYPE = ("sent_http_content_type", "content_type")
_PURPOSES = ("Sec-Purpose", "Purpose", "X-Moz")


def read_combined(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    return _read(sources, options, _combined)


def read_json(sources: Iterable[Source], options: Options) -> Iterator[Row]:
    return _read(sources, options, _json)


def _read(
    sources: Iterable[Source], options: Options, parse: Callable[[str], Request | None]
) -> Iterator[Row]:
    views = Views(options)
    for source in sources:
        for line in source.lines():
            if not line:
                continue
            try:
                request = parse(line)
                yield from views.count(request) if request else views.leave_out("no request")
            except BadRow as error:
                yield source.reject(str(error), line)
    yield from views.rest()


def _combined(line: str) -> Request:
    match = _COMBINED.match(line)
    if not match:
        raise BadRow("is no line of the combined log format")
    host, address, time, request, status, _, agent = match.groups()
    if agent is None:
        raise BadRow("tells no user agent; the combined format does, the common one does not")
    if "\\" in line:
        request, agent = _unescape(request), _unescape(agent)
    method, target = _split(request)
    return Request(
        _clf_instant(time), method, target, int(status), address, agent, (host or "").lower()
    )


def _split(request: str) -> tuple[str, str]:
    """Return method and target of a request line; empty if it is none."""
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    return (method, target) if protocol.startswith("HTTP/") else ("", "")


def _unescape(text: str) -> str:
    """Undo how Apache (`\\"`, `\\xhh`) and nginx (`\\xHH`) escape what a client sent."""
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else match[2],
        text.encode("utf-8", "surrogateescape"),
    )
    return raw.decode("utf-8", "surrogateescape")


def _clf_instant(text: str) -> int:
    """Return the instant (ms) that `22/Nov/2026:08:30:00 +0700` is."""
    seconds = text[18:20]
    if not (seconds.isdigit() and seconds.isascii()):
        raise BadRow(f"{text[:40]!r} is no time of the common log format")
    return _clf_minute(text[:17] + text[20:]) + int(seconds) * 1000


@lru_cache(maxsize=1024)
def _clf_minute(text: str) -> int:
    match = _CLF_TIME.fullmatch(text)
    if not match:
        raise BadRow(f"{text[:40]!r} is no time of the common log format")
    day, month, year, hour, minute, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    try:
        number, zone = _MONTHS.index(month) + 1, timezone(offset)
        moment = datetime(int(year), number, int(day), int(hour), int(minute), tzinfo=zone)
        return reachable(int(moment.timestamp()) * 1000)
    except (ValueError, OverflowError) as error:
        raise BadRow(f"{text[:40]!r} is no time: {error}") from None


def _json(line: str) -> Request | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRow("is not JSON") from None
    if not isinstance(entry, dict):
        raise BadRow("is no JSON object")
    status = _find(entry, _STATUS)
    if status is None:
        return None
    request = entry.get("request")
    fields: Mapping[str, Any] = request if isinstance(request, dict) else entry
    method, target = _find(fields, _METHOD), _find(fields, _TARGET)
    if isinstance(request, str):
        method, target = _split(request)
    address, time = _find(fields, _ADDRESS), _find(entry, _TIME)
    needed = {"time": time, "method": method, "target": target, "address": address}
    if None in needed.values():
        missing = ", ".join(name for name, value in needed.items() if value is None)
        raise BadRow(f"has no field for the {missing}")
    headers, answered = fields.get("headers"), entry.get("resp_headers")
    agent = _find(fields, _AGENT) or _header(headers, "User-Agent")
    return Request(
        _instant(time),
        str(method),
        str(target),
        _status(status),
        str(address),
        str(agent),
        str(_find(fields, _HOST) or "").lower(),
        str(_find(entry, _TYPE) or _header(answered, "Content-Type")),
        _purpose(headers) if headers else "",
    )


def _find(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in fields:
            return fields[name]
    return None


def _header(headers: object, name: str) -> str:
    """Return a header as Caddy logs it: a list of its values."""
    values = headers.get(name) if isinstance(headers, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _purpose(headers: object) -> str:
    return " ".join(_header(headers, name) for name in _PURPOSES).strip().lower()


def _status(value: object) -> int:
    text = str(value)
    if len(text) == 3 and text.isdigit() and text.isascii():
        return int(text)
    raise BadRow(f"{text[:40]!r} is no status")


def _instant(value: object) -> int:
    """Return the instant (ms) that is given in seconds, as ISO 8601 or as in the common format."""
    text = str(value)
    if "/" in text:
        return _clf_instant(text)
    try:
        return reachable(int(float(text) * 1000))
    except (ValueError, OverflowError):
        return instant_of(text)

"""One article is one path: every way to write an address comes down to one name.

`docs/paths.md` tells the rules to those who run a site; a test holds its examples to this code.
"""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import unquote, unquote_to_bytes

from counter.errors import BadPath

MAX_INPUT = 8192
"""The longest address that is looked at, in characters."""
MAX_BYTES = 1024
"""The longest path that is kept, in bytes of UTF-8; percent-encoded it is thrice as long."""

TRACKING_PREFIXES = ("utm_", "mtm_", "matomo_", "piwik_", "pk_", "hsa_", "__cf_chl_", "__hs", "_hs")
# fmt: off
TRACKING = frozenset((
    "_ga", "_gl", "_openstat", "dclid", "epik", "fb_action_ids", "fb_action_types", "fb_source",
    "fbclid", "gad_campaignid", "gad_source", "gbraid", "gclid", "gclsrc", "igsh", "igshid",
    "li_fat_id", "mc_cid", "mc_eid", "mibextid", "mkt_tok", "msclkid", "oly_anon_id",
    "oly_enc_id", "rb_clickid", "s_kwcid", "sccid", "srsltid", "ttclid", "twclid", "vero_id",
    "wbraid", "wickedid", "yclid", "ymclid", "ysclid", "zanpid", "zarsrc",
))
# fmt: on
"""Query parameters that tell how a reader came, never what is read (in lower case)."""

_CANONICAL = re.compile(r"(?:/[ !\"$&-\-0->@-~][ !\"$&-.0->@-~]*)+|/")
"""Printable ASCII without % ? #, in segments that are not empty and don't begin with a dot."""
_ORIGIN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
_IN_SEGMENT = str.maketrans({c: f"%{ord(c):02X}" for c in "%/?#"})
_IN_VALUE = str.maketrans({c: f"%{ord(c):02X}" for c in "%#&+"})
_IN_NAME = str.maketrans({c: f"%{ord(c):02X}" for c in "%#&+="})


def normalise(raw: str, keep_query: frozenset[str] = frozenset()) -> str:
    """Return the one name of the article at `raw`: in decoded Unicode (NFC), beginning with `/`.

    What would not decode to itself stays escaped, with upper-case digits. The result is a path
    that comes out of here unchanged, with the same `keep_query`.

    Args:
        raw: a path with its query and fragment, or a whole URL, as a page has it in
            `location.pathname`: percent-encoded once, or not at all.
        keep_query: the names of query parameters that tell articles apart.

    Raises:
        BadPath: it is empty, too long, holds what no path may hold, or does not begin with `/`.
    """
    if is_canonical(raw):
        return raw
    if len(raw) > MAX_INPUT:
        raise BadPath(f"The path has more than {MAX_INPUT:,} characters; give a shorter one.")
    path, _, query = raw.partition("#")[0].partition("?")
    if origin := _ORIGIN.match(path):
        path = path[origin.end() :] or "/"
    if not path.startswith("/"):
        what = "does not begin with /" if raw else "is empty"
        raise BadPath(f"The path {what}; give the article's path, such as /news/flood.")
    name = _path(path) if len(path) <= 3 * MAX_BYTES else path  # too long as it is
    if query and keep_query:
        name += _query(query, keep_query)
    if _UNUSABLE.search(name):
        raise BadPath("The path holds a control character, or one that no UTF-8 text holds.")
    if len(name.encode()) > MAX_BYTES:
        raise BadPath(f"The path has more than {MAX_BYTES:,} bytes (UTF-8); give a shorter one.")
    return name


def is_canonical(raw: str) -> bool:
    """Tell whether `raw` is plainly the one name of its article: as most paths are."""
    return len(raw) <= MAX_BYTES and _CANONICAL.fullmatch(raw) is not None


def _path(path: str) -> str:
    segments: list[str] = []
    for raw in path.split("/"):
        segment = _decode(raw)
        if segment == "..":
            del segments[-1:]
        elif segment and segment != ".":
            segments.append(segment.translate(_IN_SEGMENT) if "%" in raw else segment)
    return "/" + "/".join(segments)


def _query(query: str, keep: frozenset[str]) -> str:
    """Return the kept parameters in the order of their names; those of one name as they came."""
    kept = []
    for pair in query.replace("+", " ").split("&"):
        raw_name, _, value = pair.partition("=")
        # What is dropped need not be text; a name that is not equals none of those kept.
        name = normalize("NFC", unquote(raw_name))
        if name and name in keep and not _is_tracking(name.lower()):
            kept.append((name, _decode(value)))
    kept.sort(key=lambda parameter: parameter[0])
    pairs = [
        name.translate(_IN_NAME) + ("=" + value.translate(_IN_VALUE) if value else "")
        for name, value in kept
    ]
    return "?" + "&".join(pairs) if pairs else ""


def _is_tracking(name: str) -> bool:
    return name in TRACKING or name.startswith(TRACKING_PREFIXES)


def _decode(text: str) -> str:
    if "%" in text:
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeError:
            raise BadPath("The path is not UTF-8; percent-encode the bytes of UTF-8.") from None
    return normalize("NFC", text)

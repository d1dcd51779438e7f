"""The embed's files as they are served: minified, compressed, with a tag that names their content.

`build_embed.py` makes them when the package is built or installed.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import brotli

_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    gzip: bytes
    brotli: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> Asset:
        tag = hashlib.sha256(body).hexdigest()[:16]
        return cls(
            body=body,
            gzip=gzip.compress(body, 9, mtime=0),
            brotli=brotli.compress(body),
            content_type=content_type,
            etag=f'"{tag}"',
        )


@cache
def assets() -> Mapping[str, Asset]:
    """Return the files by their names under `/embed/`: `v1.js`, and the modules as `v1-….js`."""
    served = files("counter.web.embed") / "served"
    found = {}
    for file in served.iterdir():
        stem, _, ending = file.name.rpartition(".")
        if ending in _TYPES:
            name = f"{stem}.{ending}" if stem == "v1" else f"v1-{stem}.{ending}"
            found[name] = Asset.of(file.read_bytes(), _TYPES[ending])
    return MappingProxyType(found)

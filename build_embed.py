"""A build hook: minifies the embed's scripts, so that nobody needs Node to install them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import minify
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MEDIA_TYPES = {".js": "application/javascript", ".css": "text/css"}


class EmbedHook(BuildHookInterface):  # type: ignore[type-arg] # untyped in hatchling
    """Writes `counter/web/embed/served/`, which git ignores and the wheel holds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build(Path(self.root))


def build(root: Path) -> None:
    """Minify each source under `counter/web/embed/src` of `root`."""
    embed = root / "counter" / "web" / "embed"
    served = embed / "served"
    served.mkdir(exist_ok=True)
    for source in sorted((embed / "src").iterdir()):
        text = minify.string(_MEDIA_TYPES[source.suffix], source.read_text("utf-8"))
        (served / source.name).write_text(text, "utf-8")

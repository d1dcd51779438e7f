"""SIGHUP: the sites and tokens of the settings are taken anew, without dropping a request."""

from __future__ import annotations

from pathlib import Path

import structlog

from counter.errors import CounterError
from counter.settings import Settings, load
from counter.storage.directory import Directory
from counter.web.tokens import Tokens

log = structlog.get_logger()


async def reload(
    config: Path | None, running: Settings, directory: Directory, tokens: Tokens
) -> Settings | None:
    """Read the settings again, take their sites and tokens, and log what changed.

    Settings that can't be used change nothing, and the log says why. All else changes with a
    restart only.

    Args:
        running: the settings of the service's start.

    Returns:
        the settings as they are now, if they could be taken.
    """
    try:
        settings = load(config)
        changes = await directory.take_file(settings.sites)
    except CounterError as error:
        log.error("sites_not_reloaded", error=str(error))
        return None
    tokens.replace(settings.tokens)
    log.info("sites_reloaded", **changes, tokens=sorted(settings.tokens))
    if _rest(settings) != _rest(running):
        log.warning("restart_needed", why="[server] and [store] change with a restart only")
    return settings


def _rest(settings: Settings) -> tuple[object, object]:
    return settings.server, settings.store

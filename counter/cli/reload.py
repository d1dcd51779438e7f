"""SIGHUP: the sites of the settings file are taken anew, without dropping a request."""

from __future__ import annotations

from pathlib import Path

import structlog

from counter.errors import CounterError
from counter.settings import Settings, load
from counter.web.service import Service

log = structlog.get_logger()


async def reload_sites(config: Path | None, service: Service) -> None:
    """Read the settings again, count for their sites, and log what changed.

    Settings that can't be used change nothing, and the log says why. What is outside `[sites]`
    changes with a restart only.
    """
    try:
        settings = load(config)
        changes = await service.take_sites(settings.sites)
    except CounterError as error:
        log.error("sites_not_reloaded", error=str(error))
        return
    log.info("sites_reloaded", **changes)
    if _rest(settings) != _rest(service.settings):
        log.warning("restart_needed", why="[server] and [store] change with a restart only")


def _rest(settings: Settings) -> tuple[object, object]:
    return settings.server, settings.store

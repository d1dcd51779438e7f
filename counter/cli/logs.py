"""Logs: one JSON object a line, or plain lines where a person watches."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from counter.web.request_ids import add_request_id


def configure(level: str) -> None:
    """Send structlog's and the libraries' lines of at least `level` to standard error.

    Values are written as JSON strings, so that no input can forge a line of its own.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # One write a line: those of several workers do not run into each other.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    # A bad head is the client's mistake, which it is told; a traceback each would fill the disk.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)

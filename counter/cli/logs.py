"""Logs: one JSON object a line, or plain lines where a person watches."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from counter.web.request_ids import add_request_id


def to_stderr() -> None:
    """Have what is logged during a command go to standard error, in plain lines.

    By itself structlog writes to standard output, which is for the command's answer.
    """
    structlog.configure(
        processors=[structlog.processors.add_log_level, _for_people()],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _for_people() -> structlog.typing.Processor:
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(colors=colours)


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
        _for_people() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
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

"""How a command ends: the exit codes, which `--help` and docs/cli.md tell."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import click

from counter.errors import Declined

T = TypeVar("T")

FAILED: Final = 1
DIFFERS: Final = 3
STOPPED: Final = 130
"""What a shell tells of a command that SIGINT ended: 128 and its number."""

EXITS: Final = {
    0: "it is done",
    FAILED: "it could not be done, or not all of it; standard error says why",
    2: "the command line is wrong; standard error says what would be right",
    DIFFERS: "`check` found figures that disagree",
    STOPPED: "it was stopped with Ctrl-C (SIGINT); what it leaves is whole",
}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end at once what is done here, inside a coroutine.

    By itself it only cancels the task, which does not learn of it before it next waits for
    something else: a question would have to be answered first, or a file be read to its end.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def each_interruptible(items: Iterable[T]) -> Iterator[T]:
    """Yield `items`, each of which takes a while to make."""
    iterator = iter(items)
    while True:
        with interruptible():
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def heed_stop() -> None:
    """End the command that was told to stop, if that was lost.

    redis-py sends with `asyncio.wait_for`, which in Python 3.11 loses a cancellation that comes
    when all is sent (https://github.com/python/cpython/issues/81839). What takes long asks here.

    Raises:
        CancelledError: Ctrl-C was pressed.
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


async def heeding(items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield `items` until Ctrl-C is pressed."""
    async for item in items:
        heed_stop()
        yield item


def ask(question: str) -> None:
    """Ask on standard error, and return if the answer is yes.

    Raises:
        Declined: it is no, or nobody is there to answer.
    """
    try:
        with interruptible():
            agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        # click does not say which of the two it was.
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        click.echo(err=True)
        raise Declined("nobody is there to answer; --yes does it without asking") from None
    if not agreed:
        raise Declined("left as it was, as you answered no")


def tell_stopped(stop: KeyboardInterrupt) -> None:
    """Say in one line that the command was stopped, and what it leaves (`run`'s `stopped`)."""
    if sys.stderr.isatty():
        click.echo(err=True)  # the terminal has shown a ^C
    click.echo("; ".join(("visitor-counter: stopped", *map(str, stop.args))), err=True)

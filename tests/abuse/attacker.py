"""`python -m tests.abuse.attacker ATTACK SIZE PORT`: one attack in a process of its own.

It says `up` when all its connections have been opened, goes on until its standard input ends, and
then tells what became of them, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

import click
import uvloop

from counter.web.connections import allow_files

from .attacks import ATTACKS


async def _attack(name: str, size: int, port: int) -> None:
    attack, _ = ATTACKS[name]
    loop = asyncio.get_running_loop()
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    async with attack(("127.0.0.1", port), size) as tally:
        click.echo("up")
        await told.read()
        click.echo(json.dumps(asdict(tally)))


if __name__ == "__main__":
    allow_files(int(sys.argv[2]))
    uvloop.run(_attack(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

"""How fast figures are imported, and what memory that takes: the command as its user runs it."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.machine import CORES, store, store_cpu_us

_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def _address(n: int) -> str:
    return f"10.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}"


def _time(n: int) -> str:
    return f"{n // 36_000 % 24:02d}:{n // 600 % 60:02d}:{n // 10 % 60:02d}"


def _sql(n: int) -> str:
    """Return a row as mysqldump writes it: a thousand of them an INSERT."""
    insert = "INSERT INTO `wp_statistics_pages` (`uri`,`type`,`date`,`count`,`id`) VALUES\n"
    row = f"('/tin-tuc/2026/11/bai-viet-{n:08d}','post','2026-11-22',{n % 997 + 1},{n})"
    return ("" if n % 1000 else insert) + row + (";\n" if n % 1000 == 999 else ",\n")


FORMATS: dict[str, Callable[[int], str]] = {
    "jsonl": lambda n: f'{{"path": "/tin-tuc/2026/11/bai-viet-{n:08d}", "views": {n % 997 + 1}}}\n',
    "csv": lambda n: f"/tin-tuc/2026/11/bai-viet-{n:08d},{n % 997 + 1}\n",
    "log-combined": lambda n: (
        f"{_address(n)} - - [22/Nov/2026:{_time(n)} +0700] "
        f'"GET /tin-tuc/bai-viet-{n * 7919 % 20_000} HTTP/1.1" 200 5120 "-" "{_AGENT}"\n'
    ),
    "log-json": lambda n: (
        f'{{"time_iso8601":"2026-11-22T{_time(n)}+07:00","remote_addr":"{_address(n)}",'
        f'"request_method":"GET","request_uri":"/tin-tuc/bai-viet-{n * 7919 % 20_000}",'
        f'"status":"200","http_user_agent":"{_AGENT}"}}\n'
    ),
    "goatcounter": lambda n: (
        f"/tin-tuc/bai-viet-{n * 7919 % 20_000},Tin,false,,Chrome 142,Windows 10,{n // 3:x},0,,,"
        f'"1280,768,1",VN-55,true,2026-11-22T{_time(n)}Z\n'
    ),
    "wp-statistics": _sql,
}
_HEADS = {
    "csv": "path,views\n",
    "goatcounter": (
        "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
        "Screen size,Location,FirstVisit,Date\n"
    ),
}


async def measure(formats: list[str], rows: int) -> dict[str, Any]:
    """Import `rows` rows of each format into a new store."""
    results: dict[str, Any] = {}
    for name in formats:
        async with contextlib.AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, redis = await stack.enter_async_context(store(directory / "store"))
            _write(directory / "file", name, rows)
            config = directory / "counter.toml"
            config.write_text(
                f'[store]\nurl = "{url}"\n[sites.a]\nrate_limit = "off"\nrepeat_window = "0s"\n'
            )
            before = await store_cpu_us(redis)
            measured = _run(config, directory / "file", name)
            used = await store_cpu_us(redis) - before
            results[name] = {"rows": rows, **measured, "store_us": used / rows}
            results[name]["client_us"] /= rows
    return results


def _write(path: Path, name: str, rows: int) -> None:
    with path.open("w") as file:
        file.write(_HEADS.get(name, ""))
        file.writelines(map(FORMATS[name], range(rows)))


def _run(config: Path, file: Path, name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "counter", "import", name, str(file)]
    began, spent = time.perf_counter(), _spent()
    process = subprocess.Popen(
        [*command, "--site", "a", "--config", str(config), "--json"],
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {CORES[0]}),  # one thread here
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the import ended with {process.returncode}")
    return {
        "seconds": time.perf_counter() - began,
        "client_us": 1e6 * (_spent() - spent),
        "peak_bytes": 1024 * usage.ru_maxrss,
    }


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(measured: dict[str, Any]) -> None:
    table = Table(title="An import: the command on one core, the store on another")
    columns = ("format", "rows", "rows/s", "client µs a row", "Redis µs a row", "peak memory MB")
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left")
    for name, row in measured.items():
        table.add_row(
            name,
            f"{row['rows']:,}",
            f"{row['rows'] / row['seconds']:,.0f}",
            f"{row['client_us']:.1f}",
            f"{row['store_us']:.1f}",
            f"{row['peak_bytes'] / 1e6:.0f}",
        )
    Console(width=100).print(table)

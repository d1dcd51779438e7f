"""Packages of the npm registry, as they are: fetched once, and never committed."""

from __future__ import annotations

import contextlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

from deploy.programs import system_tool

CACHE = Path(tempfile.gettempdir()) / "visitor-counter-npm"
"""Where they are kept between runs."""


def package(name: str, version: str) -> Path:
    """Return the directory of a package, fetched if it is not there yet."""
    place = CACHE / f"{name.replace('/', '-')}-{version}"
    if not place.exists():
        npm = system_tool("npm", "npm")
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            command = [npm, "pack", "--silent", "--pack-destination", made, f"{name}@{version}"]
            subprocess.run(command, check=True, capture_output=True, cwd=made, timeout=120)
            [archive] = Path(made).glob("*.tgz")
            with tarfile.open(archive) as file:
                file.extractall(made, filter="data")
            with contextlib.suppress(OSError):  # another run was faster
                (Path(made) / "package").rename(place)
    return place

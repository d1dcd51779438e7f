"""Where the project is, and the programs that judge what it ships."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tool(name: str) -> str:
    """A program that a development dependency brings, for the machines that it is built for."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if not found:
        pytest.skip(f"{name} has no build for this machine")
    return found


def system_tool(name: str, package: str) -> str:
    """A program of the system, which `.ci/run` installs."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is in Debian's package {package}")
    return found

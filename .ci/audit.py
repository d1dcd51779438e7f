"""Look the image's requirements up among the known holes (pip-audit).

Ends with 1 if there is one. Where no database of holes can be reached, or it knows none of the
packages, it says so in one line and ends with 0: nothing was found out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ("deploy/requirements.txt", "deploy/requirements-build.txt")
SERVICES = ("pypi", "osv")
_AWAY = ("requests.exceptions.", "ServiceError")
"""What pip-audit's last words have in them when a database is away, or somebody else answers."""


def ask(file: Path, service: str) -> list[dict[str, Any]] | None:
    """Return what `service` knows of each requirement in `file`; None if it can't be reached.

    Raises:
        RuntimeError: pip-audit can't do its work; it says why.
    """
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "told.json"
        options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off")
        command = (sys.executable, "-m", "pip_audit", "--requirement", str(file), *options)
        result = subprocess.run(  # noqa: S603 # a command of our own
            [*command, "-s", service, "--timeout", "15", "--format", "json", "--output", str(told)],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.exists():
            found: list[dict[str, Any]] = json.loads(told.read_text())["dependencies"]
            return found
    if any(sign in result.stderr for sign in _AWAY):
        return None
    raise RuntimeError(result.stderr)


def audit(name: str) -> tuple[str, bool]:
    """Return what is to be said of the requirements in `name`, and whether they are well."""
    for service in SERVICES:
        found = ask(ROOT / name, service)
        looked_up = [package for package in found or () if "vulns" in package]
        if not looked_up:
            continue
        holes = [
            f"  {package['name']} {package['version']}: {hole['id']}, mended in "
            f"{', '.join(hole['fix_versions']) or 'no version yet'}"
            for package in looked_up
            for hole in package["vulns"]
        ]
        said = f"{name}: {len(looked_up)} of {len(found or ())} packages looked up ({service})"
        return "\n".join([f"{said}, {len(holes)} known holes", *holes]), not holes
    return f"{name}: not audited, no database of known holes can be reached from here", True


def main() -> int:
    verdicts = [audit(name) for name in REQUIREMENTS]
    for said, _ in verdicts:
        print(said)
    return 0 if all(well for _, well in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

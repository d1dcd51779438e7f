"""The unit, judged by systemd's own tool."""

from __future__ import annotations

import re
import subprocess

from programs import ROOT, system_tool

UNIT = ROOT / "deploy" / "systemd" / "visitor-counter.service"


def analyze(*arguments: str) -> str:
    command = [system_tool("systemd-analyze", "systemd"), *arguments, str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_systemd_knows_every_setting_of_the_unit() -> None:
    problems = [
        line
        for line in analyze("verify").splitlines()
        if UNIT.name in line and "is not executable" not in line
    ]
    assert problems == []


def test_the_units_exposure_is_what_the_docs_say() -> None:
    verdict = re.search(r"exposure level for \S+: ([\d.]+)", analyze("security", "--offline=true"))
    assert verdict
    assert float(verdict[1]) <= 1.5
    operations = (ROOT / "docs" / "operations.md").read_text()
    assert f"exposure of {verdict[1]}" in operations

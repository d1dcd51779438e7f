"""The embed's scripts are what their types say (JSDoc, checked by TypeScript)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.programs import ROOT, system_tool
from npm import package

TYPESCRIPT = "5.9.3"
EMBED = ROOT / "counter" / "web" / "embed"


def check(project: Path) -> subprocess.CompletedProcess[str]:
    compiler = package("typescript", TYPESCRIPT) / "bin" / "tsc"
    command = [system_tool("node", "nodejs"), str(compiler), "--project", str(project)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_scripts_are_what_their_types_say() -> None:
    checked = check(EMBED / "jsconfig.json")
    assert checked.returncode == 0, checked.stdout


def test_a_script_that_is_not_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "wrong.js").write_text("window.visitorCounter.veiw('/a')\n")
    for name in ("jsconfig.json", "globals.d.ts"):
        (tmp_path / name).write_text((EMBED / name).read_text())
    checked = check(tmp_path / "jsconfig.json")
    assert checked.returncode != 0
    assert "Property 'veiw' does not exist" in checked.stdout

"""The links in the documents lead to files, and to headings, that are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in found)
    return {heading.replace(" ", "-") for heading in plain}


def links(page: Path) -> list[str]:
    """Where the page's links and images lead."""
    text = prose(page)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"$]+)"', text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in headings(file)):
            dead.append(target)
    assert dead == []


def test_every_document_is_found_from_the_index() -> None:
    docs = ROOT / "docs"
    index = {(docs / link).resolve() for link in links(docs / "README.md")}
    assert {page for page in docs.rglob("*.md") if page.name != "README.md"} - index == set()
    assert (docs / "README.md").resolve() in {
        (ROOT / link).resolve() for link in links(ROOT / "README.md")
    }


def test_every_picture_is_shown_somewhere() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert set((ROOT / "docs" / "images").iterdir()) <= shown


def test_the_architecture_names_the_layers_of_the_contract_and_files_that_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    drawn = text.partition("Imports go downwards only")[2].partition("What is where")[0]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = re.findall(r"counter\.(\w+)", " ".join(contracts["contracts"][0]["layers"]))
    assert re.findall(rf"(?:^    |, )({'|'.join(layers)})\b", drawn, re.MULTILINE) == layers
    files = [str(file) for file in ROOT.rglob("counter/**/*")] + [str(ROOT / "pyproject.toml")]
    named = re.findall(r"[\w/]+\.(?:py|lua|toml)\b", text)
    assert len(named) > 40
    assert [name for name in named if not any(f.endswith("/" + name) for f in files)] == []

"""The embed guide: its tables are the code's, its addresses answer, its snippets are taken."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Running, Start
from deploy.programs import ROOT, system_tool

from counter.ingest.origins import origin_of
from counter.web.embed.badge import COLOURS, LONGEST_LABEL, STYLES
from counter.web.embed.languages import languages
from counter.web.embed.widget import FIGURES, LAYOUTS, THEMES

GUIDE = (ROOT / "docs" / "embed.md").read_text("utf-8")
SOURCES = {
    file.stem: file.read_text("utf-8")
    for file in (ROOT / "counter" / "web" / "embed" / "src").glob("*.js")
}
COUNTER = "https://count.example"


def blocks(kind: str) -> list[str]:
    """The guide's blocks of one kind of code."""
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def section(heading: str) -> str:
    """The text below a heading, without its snippets."""
    prose = re.sub(r"^```.*?^```", "", GUIDE, flags=re.DOTALL | re.MULTILINE)
    found = re.search(rf"^## {heading}\n(.*?)(?:^## |\Z)", prose, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def code(text: str) -> set[str]:
    """What stands in backquotes."""
    return set(re.findall(r"`([^`]+)`", text))


def row(text: str, first: str) -> str:
    """The second cell of the table's row that begins with `first`."""
    [found] = re.findall(rf"^\| `{first}` \| (.+?) \|", text, re.MULTILINE)
    return str(found)


class Elements(HTMLParser):
    """The elements of a snippet, each a tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements() -> Iterator[tuple[str, dict[str, str | None]]]:
    for kind in ("html", "php", "go-html-template"):
        for text in blocks(kind):
            # What a template puts in stands for any path.
            yield from Elements(re.sub(r"<\?php echo .*?\?>|\{\{.*?\}\}", "/a", text)).found


# The script


def taken_by_the_scripts() -> set[str]:
    """The attributes that the script of a page may have, as its sources read them."""
    names = set()
    for name in ("v1", "more", "live", "spa"):
        source = SOURCES[name]
        names |= set(re.findall(r"\b(?:data|dataset)\.(\w+)", source))
        for taken in re.findall(r"const \{ ([\w, ]+) \} = .*dataset", source):
            names |= set(taken.split(", "))
        names |= set(re.findall(r'"(\w+)" in script\.dataset', source))
    return {f"data-{name}" for name in names}


def test_the_script_s_attributes_are_those_that_it_reads() -> None:
    told = {name.partition("=")[0] for name in code(section("The snippet")) if "data-" in name}
    of_elements = {"data-counter", "data-path"}
    assert told | of_elements == taken_by_the_scripts()


def test_every_snippet_s_attributes_are_known() -> None:
    scripts = [attributes for tag, attributes in elements() if tag == "script"]
    assert len(scripts) > 4
    for attributes in scripts:
        assert urlsplit(attributes["src"] or "").path.endswith("/embed/v1.js")
        assert attributes["data-site"] == "vithuy"
        data = {name for name in attributes if name.startswith("data-")}
        assert data <= taken_by_the_scripts()
        assert set(attributes) - data <= {"async", "src", "integrity", "crossorigin"}
    shown = [attributes for _, attributes in elements() if "data-counter" in attributes]
    assert {attributes["data-counter"] for attributes in shown} == code(
        GUIDE.partition("`data-counter` takes ")[2].partition(";")[0]
    )


def test_how_often_a_page_tells_that_it_is_seen() -> None:
    [every] = re.findall(r'ask\("presence"\), (\w+)\)', SOURCES["v1"])
    assert f"every {float(every) / 1000:g} seconds" in GUIDE


# The element


def test_the_element_s_attributes_are_those_that_it_reads() -> None:
    text = section("The element")
    source = SOURCES["element"]
    [observed] = re.findall(r"observedAttributes = \[(.*?)\]", source)
    read = {
        *re.findall(r'"(\w+)"', observed),
        *re.findall(r":host\(\[(\w+)=", source),
        *re.findall(r"visitor-counter\[(\w+)\]", SOURCES["more"]),
    }
    told = set(re.findall(r"^\| `([a-z]+)` ", text, re.MULTILINE))
    assert told == read
    for tag, attributes in elements():
        if tag == "visitor-counter":
            assert {n for n in attributes if not n.startswith("label-")} <= read
            labels = {name.removeprefix("label-") for name in attributes if "label-" in name}
            assert labels | set((attributes.get("figures") or "").split()) <= set(FIGURES)


def test_the_element_s_choices_are_those_that_there_are() -> None:
    text = section("The element")
    assert code(row(text, "figures")) == set(FIGURES)
    assert code(row(text, "theme")) == set(THEMES)
    assert code(row(text, "layout")) == {*LAYOUTS, "odometer"}
    styled = set(re.findall(r":host\(\[(?:theme|layout)=(\w+)", SOURCES["element"]))
    assert styled | {"auto", "box", "odometer"} == {*THEMES, *LAYOUTS, "odometer"}
    assert '"odometer"' in SOURCES["element"]


def test_the_style_sheet_s_properties_and_parts_are_those_that_there_are() -> None:
    sheet = "".join(blocks("css"))
    source = SOURCES["element"]
    assert set(re.findall(r"--[a-z-]+(?=:)", sheet)) == set(
        re.findall(r"--visitor-counter-[a-z]+", source)
    )
    parts = {
        *re.findall(r'add\(.*?, "\w+", "(\w+)"', source),
        *re.findall(r'list\.part = "(\w+)"', source),
    }
    assert set(re.findall(r"::part\((\w+)\)", sheet)) == parts | {"total", "row"}


def test_the_languages_are_those_that_there_are() -> None:
    assert code(section("Languages").partition(".")[0]) == set(languages())


def test_the_pictures_are_small_enough_for_a_page() -> None:
    pictures = list((ROOT / "docs" / "images").glob("embed-*.png"))
    assert {picture.stem.partition("-")[2] for picture in pictures} == {*THEMES, "badges"}
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


# Without scripts


def test_the_image_s_choices_are_those_that_there_are() -> None:
    text = section("Without JavaScript")
    assert code(row(text, "figure")) - {"path"} == set(FIGURES)
    assert code(row(text, "style")) == set(STYLES)
    assert code(row(text, "color")) - {"0b66c3"} == set(COLOURS)
    assert f"at most {LONGEST_LABEL} characters" in text


ADDRESSES = sorted(
    {value for _, attrs in elements() for value in attrs.values() if value and COUNTER in value}
)


@pytest.fixture
async def up(start: Start) -> Running:
    return await start(sites={"vithuy": {"origins": ["https://www.example"]}})


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_address_answers_a_page_of_the_site(up: Running, address: str) -> None:
    url = urlsplit(address)
    before = (await up.client.figures(site="vithuy"))["total"]
    headers = {"Referer": "https://www.example/"}
    response = await up.client.request("GET", f"{url.path}?{url.query}", headers=headers)
    assert response.status == 200
    counting = "widget" in url.path or "count=1" in url.query
    assert (await up.client.figures(site="vithuy"))["total"] == before + counting


async def test_shields_io_is_given_an_address_that_answers(up: Running) -> None:
    [address] = (
        attrs["src"] for _, attrs in elements() if "shields.io" in (attrs.get("src") or "")
    )
    endpoint = urlsplit(parse_qs(urlsplit(address or "").query)["url"][0])
    assert origin_of(endpoint.geturl()) == COUNTER
    told = await up.client.json("GET", f"{endpoint.path}?{endpoint.query}")
    assert (told["schemaVersion"], told["label"], told["message"]) == (1, "Today", "0")


# Generators

WORDPRESS = """<?php
function add_action($hook, $run) { $hook == 'wp_footer' && $run(); }
function esc_attr($text) { return htmlspecialchars($text); }
function wp_parse_url($url, $part) { return parse_url($url, $part); }
function get_permalink() { return 'https://www.example/tin/lu-lut/'; }
"""
"""What WordPress has of these names, as far as the snippets go."""


def test_the_lines_for_wordpress_run(tmp_path: Path) -> None:
    (tmp_path / "wordpress.php").write_text(WORDPRESS)
    requires = ""
    for number, text in enumerate(blocks("php")):
        (tmp_path / f"{number}.php").write_text(text)
        requires += f" require '{number}.php';"
    php = system_tool("php", "php-cli")
    command = [php, "-r", "require 'wordpress.php';" + requires]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    found = Elements(out).found
    assert [tag for tag, _ in found] == ["script", "visitor-counter", "span", "span"]
    assert found[3][1]["data-path"] == "/tin/lu-lut/"


def test_the_lines_for_hugo_make_a_page(tmp_path: Path) -> None:
    hugo = system_tool("hugo", "hugo")
    (tmp_path / "hugo.toml").write_text(
        'baseURL = "https://www.example/tin/"\ndefaultContentLanguage = "vi"\n'
        'disableKinds = ["taxonomy", "term"]\n'
    )
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "lu-lut.md").write_text("---\ntitle: Lũ lụt\n---\n")
    layouts = tmp_path / "layouts"
    layouts.mkdir()
    (layouts / "index.html").write_text("\n".join(blocks("go-html-template")))
    subprocess.run([hugo, "--quiet"], check=True, cwd=tmp_path, capture_output=True)
    found = Elements((tmp_path / "public" / "index.html").read_text("utf-8")).found
    assert [tag for tag, _ in found] == ["script", "visitor-counter", "a", "span"]
    assert found[1][1] == {"lang": "vi"}
    assert found[3][1] == {"data-counter": "views", "data-path": "/tin/lu-lut/"}

"""The demo's pages hold together: every link leads somewhere, nothing comes from elsewhere."""

import unicodedata
from html.parser import HTMLParser

import pytest

from counter.web import demo

PAGES = demo.pages("https://count.example")
STATIC = demo.static()


class Elements(HTMLParser):
    """The elements of a page, each a tag with its attributes."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.found if name in attrs]


@pytest.fixture(params=PAGES, ids=str)
def page(request: pytest.FixtureRequest) -> Elements:
    return Elements(PAGES[request.param])


def test_every_link_leads_to_a_page_or_a_file(page: Elements) -> None:
    inside = [href for href in page.attributes("href") if not href.startswith("#")]
    assert inside
    assert set(inside) <= PAGES.keys() | STATIC.keys()


def test_only_the_counters_script_comes_from_elsewhere(page: Elements) -> None:
    assert set(page.attributes("src")) - STATIC.keys() == {"https://count.example/embed/v1.js"}


def test_every_page_carries_the_snippet_and_the_figures_of_its_foot(page: Elements) -> None:
    script = next(attrs for tag, attrs in page.found if tag == "script")
    assert script == {
        "async": None,
        "src": "https://count.example/embed/v1.js",
        "data-site": "demo",
        "data-local": None,
    }
    assert ("visitor-counter", {"lang": "vi"}) in page.found
    assert {"online", "today", "total"} <= set(page.attributes("data-counter"))


def test_an_article_shows_its_own_views_and_a_list_those_of_each_article() -> None:
    for path in demo.START_VIEWS:
        views = [a for _, a in Elements(PAGES[path]).found if a.get("data-counter") == "views"]
        assert [a for a in views if "data-path" not in a] == [{"data-counter": "views"}]
    assert set(Elements(PAGES["/"]).attributes("data-path")) == demo.START_VIEWS.keys()


def test_the_demo_begins_with_the_figures_of_the_readme() -> None:
    lead = next(iter(demo.START_VIEWS))
    assert (demo.START_VIEWS[lead], demo.START_TODAY, demo.START_TOTAL) == (62, 6079, 1_361_382)
    assert sum(demo.START_VIEWS.values()) < demo.START_TOTAL


def test_the_counter_may_be_the_server_of_the_pages() -> None:
    assert b'src="/embed/v1.js"' in demo.pages()["/"]


def test_texts_are_composed_unicode_and_templates_are_filled() -> None:
    for path, html in PAGES.items():
        text = html.decode()
        assert unicodedata.is_normalized("NFC", text), path
        assert "$" not in text, path


def test_every_file_has_the_media_type_of_its_name() -> None:
    types = {path.rpartition(".")[2]: media for path, (media, _) in STATIC.items()}
    assert types == {"css": "text/css", "svg": "image/svg+xml"}

"""The demo's sections and articles, read from `articles.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

SECTIONS = {
    "tin-tuc": "Tin tức",
    "van-hoa": "Văn hóa – Xã hội",
    "thong-bao": "Thông báo",
}
"""The sections, by their part of an article's path, in the order of the navigation."""


@dataclass(frozen=True)
class Article:
    """A piece of news. `start_views` is the count that the demo begins with."""

    section: str
    slug: str
    published: date
    author: str
    picture: str
    start_views: int
    title: str
    summary: str
    body: str

    @property
    def path(self) -> str:
        """Where it is served, and under which it is counted."""
        return f"/{self.section}/{self.slug}"

    @property
    def paragraphs(self) -> list[str]:
        return self.body.strip().split("\n\n")


_FILE = files(__package__) / "articles.toml"

ARTICLES = tuple(Article(**each) for each in tomllib.loads(_FILE.read_text("utf-8"))["articles"])
"""All articles; the first leads the home page."""

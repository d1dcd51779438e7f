"""The embed's files: small, complete, and tagged by what is in them."""

from __future__ import annotations

import re

import pytest

from counter.web.embed.assets import assets
from counter.web.embed.badge import COLOURS, badge_svg
from counter.web.embed.languages import best, grouped, languages
from counter.web.embed.widget import FIGURES

V1_BYTES = 700
MODULE_BYTES = 1536


def test_what_every_page_loads_is_at_most_700_bytes_gzipped() -> None:
    assert len(assets()["v1.js"].gzip) <= V1_BYTES


MODULES = ["v1-more.js", "v1-element.js", "v1-live.js", "v1-spa.js", "v1-dropin.js", "v1-count.js"]


@pytest.mark.parametrize("name", MODULES)
def test_what_some_pages_load_is_less_than_a_kilobyte_and_a_half(name: str) -> None:
    assert len(assets()[name].gzip) < MODULE_BYTES


def test_no_script_of_the_embed_uses_a_beacon_or_names_an_address_of_others() -> None:
    for name, asset in assets().items():
        assert b"sendBeacon" not in asset.body, name
        assert b"http" not in asset.body.replace(b"http://www.w3.org", b""), name


@pytest.mark.parametrize("tag", sorted(languages()))
def test_a_language_names_every_figure(tag: str) -> None:
    assert set(FIGURES) <= {name for name, label in languages()[tag].items() if label}
    assert languages()[tag]["direction"] in ("ltr", "rtl")


def test_at_least_fifteen_languages_are_there() -> None:
    asked = [
        "vi",
        "en",
        "zh-Hans",
        "zh-Hant",
        "ja",
        "ko",
        "fr",
        "de",
        "es",
        "pt",
        "ru",
        "ar",
        "hi",
        "id",
        "th",
    ]
    assert set(asked) <= set(languages())


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("vi", "vi"),
        ("vi-VN", "vi"),
        ("EN-gb", "en"),
        ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("pt_BR", "pt"),
        ("xx", "en"),
        ("", "en"),
    ],
)
def test_the_nearest_language_is_taken(tag: str, language: str) -> None:
    assert best(tag) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("vi", "1.361.382"),
        ("en", "1,361,382"),
        ("hi", "13,61,382"),
        ("de", "1.361.382"),
        ("ru", "1\u00a0361\u00a0382"),
    ],
)
def test_figures_are_grouped_as_the_language_does(language: str, text: str) -> None:
    assert grouped(1_361_382, language) == text
    assert grouped(62, language) == "62"


@pytest.mark.parametrize(
    ("value", "wheels"), [("1.361.382", 7), ("1\u00a0361\u00a0382", 7), ("62", 2), ("–", 0)]
)
def test_a_badge_s_wheels_are_its_digits_alone(value: str, wheels: int) -> None:
    svg = badge_svg("Total", value, "digits", COLOURS["blue"])
    assert svg.count("<rect") == wheels
    assert "".join(re.findall(r"<text [^>]*>(.)</text>", svg)) == value

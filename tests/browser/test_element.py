"""<visitor-counter>: how it looks, what it says, and that nothing moves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from browser.chromium import PHONE
from browser.pages import Host, settled, shows
from counter.model.figures import DayRow
from counter.web.embed.languages import languages

ELEMENT = "<visitor-counter></visitor-counter>"
DOCS = Path(__file__).parents[2] / "docs"
LAYOUTS = ("box", "line", "odometer")
TOTAL = 1_361_381


async def loaded(
    host: Host, body: str = ELEMENT, attributes: str = "", **options: Any
) -> tuple[Page, Locator]:
    """Open a page with an element in it, of a site that is well read; returns both, once shown."""
    past = DayRow("20200101", TOTAL, TOTAL, TOTAL)
    assert await host.up.service.store.add("a", "start", 1, [past], {})
    page = await host.visit(body, attributes, context=await host.reader(**options))
    element = page.locator("visitor-counter").first
    await expect(element.locator("dl")).to_be_visible()
    return page, element


async def rows(element: Locator) -> dict[str, str]:
    """Return what the element shows, by its labels."""
    labels = await element.locator("dt").all_inner_texts()
    return dict(zip(labels, await element.locator("dd").all_inner_texts(), strict=True))


async def style(element: Locator, name: str) -> str:
    value: str = await element.evaluate("(e, name) => getComputedStyle(e)[name]", name)
    return value


# What it says


async def test_it_shows_the_figures_of_a_news_portals_foot(host: Host) -> None:
    _, element = await loaded(host, '<visitor-counter lang="vi"></visitor-counter>')
    assert await rows(element) == {
        "Đang online": "1",
        "Hôm nay": "1",
        "Đã truy cập": "1.361.382",
    }


async def test_it_shows_the_figures_that_are_asked_for_in_their_order(host: Host) -> None:
    _, element = await loaded(
        host, '<visitor-counter lang="en" figures="views, total yesterday"></visitor-counter>'
    )
    assert await rows(element) == {"Views": "1", "Total": "1,361,382", "Yesterday": "0"}


async def test_each_language_names_the_figures_and_writes_the_numbers(host: Host) -> None:
    names = "online today yesterday week month total views"
    page, _ = await loaded(
        host,
        "".join(
            f'<visitor-counter lang="{tag}" figures="{names}"></visitor-counter>'
            for tag in languages()
        ),
    )
    for tag, labels in languages().items():
        element = page.locator(f"visitor-counter[lang={tag}]")
        await shows(element, "[part~=online] dt", labels["online"])
        assert await element.locator("dt").all_text_contents() == [labels[n] for n in names.split()]
        number = await page.evaluate(
            "tag => new Intl.NumberFormat(tag).format(1361382)", labels["numbers"]
        )
        await shows(element, "[part~=total] dd", number)
        assert await style(element.locator("dl"), "direction") == labels["direction"]


@pytest.mark.parametrize(
    ("page_lang", "lang", "locale", "label"),
    [
        ("", "fr", "de-DE", "En ligne"),
        ("ja", "fr", "de-DE", "En ligne"),
        ("ja", "", "de-DE", "オンライン"),
        ("", "", "de-DE", "Online"),
        ("zh-TW", "", "en-GB", "線上"),
        ("xx", "", "de-DE", "Online"),
    ],
)
async def test_the_language_is_the_attributes_then_the_pages_then_the_readers(
    host: Host, page_lang: str, lang: str, locale: str, label: str
) -> None:
    inner = f'<visitor-counter lang="{lang}"></visitor-counter>' if lang else ELEMENT
    body = f'<div lang="{page_lang}">{inner}</div>' if page_lang else inner
    _, element = await loaded(host, body, locale=locale)
    await shows(element, "[part~=online] dt", label)


async def test_a_label_can_be_ones_own(host: Host) -> None:
    _, element = await loaded(
        host,
        '<visitor-counter lang="vi" label-online="Đang đọc"><b slot="label-total">Tổng</b>'
        "</visitor-counter>",
    )
    assert list(await rows(element)) == ["Đang đọc", "Hôm nay", ""]
    assert (
        await element.locator("[part~=total] slot").evaluate(
            "slot => slot.assignedElements()[0].textContent"
        )
        == "Tổng"
    )


async def test_it_follows_its_attributes(host: Host) -> None:
    page, element = await loaded(host, '<visitor-counter lang="vi"></visitor-counter>')
    await element.evaluate("e => { e.lang = 'ja'; e.setAttribute('figures', 'total') }")
    await expect(element.locator("dt")).to_have_text("累計")
    await shows(element, "dd", "1,361,382")
    await element.evaluate("e => e.setAttribute('layout', 'odometer')")
    await expect(element.locator("i")).to_have_text(list("1361382"))
    await element.evaluate("e => e.remove()")
    await page.evaluate("window.visitorCounter.show({ total: 1 })")
    await settled()


# For those who do not see it


async def test_a_screen_reader_hears_labels_and_whole_numbers(host: Host) -> None:
    _, element = await loaded(
        host, '<visitor-counter lang="en" layout="odometer" figures="total"></visitor-counter>'
    )
    await expect(element.locator("dt")).to_have_role("term")
    image = element.locator("dd").get_by_role("img")
    await expect(image).to_have_accessible_name("1,361,382")


async def test_figures_that_change_are_not_read_out(host: Host) -> None:
    _, element = await loaded(host)
    assert await element.locator("[aria-live], [role=status], [role=alert]").count() == 0


# How it looks


def rgb(colour: str) -> tuple[int, ...]:
    """Return the parts of a computed colour; one that is seen through counts as white."""
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)]
    return (255, 255, 255) if len(parts) == 4 and parts[3] == 0 else tuple(map(round, parts[:3]))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    r, g, b = (
        (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
        for c in (part / 255 for part in rgb(colour))
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    light = sorted((luminance(one), luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_theme_is_light_or_dark_and_can_be_read(host: Host, scheme: str) -> None:
    themes = {"light": False, "dark": True, "auto": scheme == "dark"}
    page, _ = await loaded(
        host,
        '<meta name="color-scheme" content="light dark">'
        + "".join(
            f'<visitor-counter theme="{theme}" layout="{layout}"></visitor-counter>'
            for theme in themes
            for layout in LAYOUTS
        ),
        color_scheme=scheme,
    )
    for element in await page.locator("visitor-counter").all():
        await expect(element.locator("dd").last).to_have_text("1,361,382")
        ground = await style(element.locator("dl"), "backgroundColor")
        assert (luminance(ground) < 0.2) is themes[await element.get_attribute("theme") or ""]
        for part in ("dt", "dd"):
            assert contrast(await style(element.locator(part).first, "color"), ground) >= 4.5
    for wheel in await page.locator("visitor-counter i").all():
        assert contrast(await style(wheel, "color"), await style(wheel, "backgroundColor")) >= 4.5


async def test_the_bare_theme_looks_like_the_page(host: Host) -> None:
    _, element = await loaded(
        host,
        '<p style="color: rgb(1, 2, 3); font: italic 20px serif">'
        '<visitor-counter theme="bare"></visitor-counter></p>',
    )
    figure = element.locator("dd").first
    assert await style(figure, "color") == "rgb(1, 2, 3)"
    assert await style(figure, "fontStyle") == "italic"
    assert await style(figure, "fontSize") == "20px"
    assert await style(element.locator("dl"), "borderTopWidth") == "0px"


async def test_a_page_styles_it_by_properties_and_parts(host: Host) -> None:
    _, element = await loaded(
        host,
        """<style>
        visitor-counter { --visitor-counter-color: rgb(1, 1, 1);
          --visitor-counter-accent: rgb(2, 2, 2); --visitor-counter-background: rgb(3, 3, 3);
          --visitor-counter-line: rgb(4, 4, 4);
          --visitor-counter-font: 24px/1 monospace }
        visitor-counter::part(label) { text-transform: uppercase }
        visitor-counter::part(figure) { letter-spacing: 3px }
        visitor-counter::part(total) { order: -1 }
        visitor-counter::part(list) { border-radius: 0 }
        dl, dt, dd, div { color: red !important; background: red !important }
        </style><visitor-counter></visitor-counter>""",
    )
    list_, label, figure = (element.locator(tag).first for tag in ("dl", "dt", "dd"))
    assert await style(label, "color") == "rgb(1, 1, 1)"
    assert await style(figure, "color") == "rgb(2, 2, 2)"
    assert await style(list_, "backgroundColor") == "rgb(3, 3, 3)"
    assert await style(list_, "borderTopColor") == "rgb(4, 4, 4)"
    assert await style(list_, "fontSize") == "24px"
    assert await style(label, "textTransform") == "uppercase"
    assert await style(figure, "letterSpacing") == "3px"
    assert await style(element.locator("[part~=total]"), "order") == "-1"
    assert await style(list_, "borderTopLeftRadius") == "0px"


async def test_a_small_phone_shows_all_of_it(host: Host) -> None:
    names = "online today yesterday week month total views"
    page, _ = await loaded(
        host,
        '<meta name="viewport" content="width=device-width">'
        + "".join(
            f'<visitor-counter lang="{lang}" layout="{layout}" figures="{names}"></visitor-counter>'
            for lang in languages()
            for layout in LAYOUTS
        ),
        viewport={"width": 320, "height": 640},
        user_agent=PHONE,
        is_mobile=True,
    )
    await expect(page.locator("visitor-counter").last.locator("dl")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    boxes = [await box.bounding_box() for box in await page.locator("dt, dd").all()]
    assert len(boxes) == 2 * 7 * len(LAYOUTS) * len(languages())
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 320 for box in boxes)


async def test_arabic_runs_from_right_to_left(host: Host) -> None:
    _, element = await loaded(host, '<visitor-counter lang="ar"></visitor-counter>')
    label = await element.locator("dt").last.bounding_box()
    figure = await element.locator("dd").last.bounding_box()
    assert label
    assert figure
    assert label["x"] > figure["x"]


async def test_forced_colours_and_less_motion_are_honoured(host: Host) -> None:
    _, element = await loaded(
        host,
        '<visitor-counter layout="odometer"></visitor-counter>',
        forced_colors="active",
        reduced_motion="reduce",
    )
    await expect(element.locator("i").first).to_have_css("border-top-style", "solid")
    assert await element.evaluate("e => e.shadowRoot.getAnimations().length") == 0


# Nothing moves


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_nothing_moves_while_it_loads(host: Host, layout: str) -> None:
    page, _ = await loaded(
        host,
        f"<h1>Tin</h1><p>{'chữ ' * 80}</p><footer>"
        f'<visitor-counter lang="vi" layout="{layout}"></visitor-counter></footer>',
    )
    await settled()
    assert await page.evaluate("shifted") == 0


async def test_nothing_below_it_moves_where_the_page_keeps_its_place(host: Host) -> None:
    guide = (DOCS / "embed.md").read_text()
    [rule] = re.findall(r"^visitor-counter \{.*min-height.*\}$", guide, re.MULTILINE)
    page, element = await loaded(
        host, f'<style>{rule}</style><visitor-counter lang="vi"></visitor-counter><p>chữ</p>'
    )
    await settled()
    assert await element.locator("dd").count() == 3
    assert await page.evaluate("shifted") == 0


async def test_no_figure_and_no_label_shows_before_all_do(host: Host) -> None:
    reader = await host.reader()
    waiting: list[Any] = []
    await reader.route(f"{host.up.client.base}/v1/**", lambda route: waiting.append(route))
    page = await host.visit('<visitor-counter lang="vi"></visitor-counter>', context=reader)
    list_ = page.locator("visitor-counter dl")
    await list_.wait_for(state="attached")
    assert await style(list_, "visibility") == "hidden"
    await waiting[0].continue_()
    await expect(list_).to_be_visible()
    assert await page.locator("visitor-counter dd").all_text_contents() == ["1", "1", "1"]


async def test_a_service_that_is_slow_does_not_hide_it_for_ever(host: Host) -> None:
    reader = await host.reader()
    await reader.route(f"{host.up.client.base}/v1/**", lambda _: None)
    page = await host.visit('<visitor-counter lang="vi"></visitor-counter>', context=reader)
    await expect(page.locator("visitor-counter dl")).to_be_visible()
    assert await page.locator("visitor-counter dd").all_text_contents() == ["–", "–", "–"]


async def test_two_of_them_ask_once(host: Host) -> None:
    page, _ = await loaded(
        host,
        '<visitor-counter lang="vi"></visitor-counter><visitor-counter lang="vi" layout="line">'
        "</visitor-counter>",
    )
    await expect(page.locator("visitor-counter").last.locator("dl")).to_be_visible()
    asked = [line for line in host.asked if "lang" in line or "/v1/" in line]
    assert asked == ["POST /v1/a/views?path=%2Fa", "GET /embed/v1-lang.json?lang=vi"]

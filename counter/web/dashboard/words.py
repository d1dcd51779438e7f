"""The owner's page in words, numbers and dates: English and Vietnamese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from counter.model.figures import Unit
from counter.web.embed.languages import grouped

_ENGLISH = {
    "title": "Visitors",
    "all_sites": "All sites",
    "site": "Site",
    "online": "Online now",
    "today": "Today",
    "yesterday": "Yesterday",
    "week": "This week",
    "month": "This month",
    "total": "Total",
    "ever": "Ever",
    "views": "views",
    "visits": "visits",
    "visitors": "visitors",
    "counted_in": "counted in {unit}",
    "by_hour": "Views by hour",
    "last_30_days": "The last 30 days",
    "last_12_months": "The last 12 months",
    "visitors_of_days": "Visitors are told apart within a day: somebody who comes on two days is "
    "two.",
    "most_read": "Most read",
    "article": "Article",
    "nothing_read": "Nothing yet.",
    "hour": "Hour",
    "day": "Day",
    "month_name": "Month",
    "table": "As a table",
    "find": "Find an article",
    "find_hint": "a part of its path, or its address",
    "find_button": "Find",
    "find_scope": "Looked through are the most read articles, ever and today; any other is found "
    "by its whole path or address.",
    "found": "Found for “{text}”",
    "none_found": "No article that was read is found for “{text}”.",
    "as_of": "As of {time}",
    "live": "Live, {time}",
    "stale": "The store can't be reached: these are the figures of {time}.",
    "lost": "No answer since {time}; trying again.",
    "reload": "Reload for newer figures.",
    "no_sites": "No site is counted yet: sites stand in the settings, as [sites.KEY].",
    "none": "none",
}
_VIETNAMESE = {
    "title": "Lượt truy cập",
    "all_sites": "Tất cả trang",
    "site": "Trang",
    "online": "Đang online",
    "today": "Hôm nay",
    "yesterday": "Hôm qua",
    "week": "Tuần này",
    "month": "Tháng này",
    "total": "Tổng cộng",
    "ever": "Từ trước đến nay",
    "views": "lượt xem",
    "visits": "lượt truy cập",
    "visitors": "khách",
    "counted_in": "tính theo {unit}",
    "by_hour": "Lượt xem theo giờ",
    "last_30_days": "30 ngày qua",
    "last_12_months": "12 tháng qua",
    "visitors_of_days": "Khách được phân biệt trong từng ngày: người đến hai ngày được tính hai "
    "lần.",
    "most_read": "Đọc nhiều nhất",
    "article": "Bài viết",
    "nothing_read": "Chưa có.",
    "hour": "Giờ",
    "day": "Ngày",
    "month_name": "Tháng",
    "table": "Xem dạng bảng",
    "find": "Tìm bài viết",
    "find_hint": "một phần đường dẫn, hoặc địa chỉ",
    "find_button": "Tìm",
    "find_scope": "Tìm trong các bài được đọc nhiều nhất, từ trước đến nay và hôm nay; bài khác "
    "tìm bằng toàn bộ đường dẫn hoặc địa chỉ.",
    "found": "Kết quả cho “{text}”",
    "none_found": "Không tìm thấy bài nào đã được đọc cho “{text}”.",
    "as_of": "Lúc {time}",
    "live": "Trực tiếp, {time}",
    "stale": "Không kết nối được kho dữ liệu: đây là số liệu lúc {time}.",
    "lost": "Mất kết nối từ {time}; đang thử lại.",
    "reload": "Tải lại trang để xem số liệu mới.",
    "no_sites": "Chưa có trang nào: các trang nằm trong cấu hình, dạng [sites.KEY].",
    "none": "không có",
}
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": _ENGLISH, "vi": _VIETNAMESE})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
}


@dataclass(frozen=True, slots=True)
class Language:
    """What the page is written in."""

    tag: str

    def __call__(self, name: str, **values: str) -> str:
        """Return a phrase, with `values` in it; it is not escaped."""
        return WORDS[self.tag][name].format(**values) if values else WORDS[self.tag][name]

    def number(self, number: int | None) -> str:
        return "–" if number is None else grouped(number, self.tag)

    def count(self, number: int, unit: Unit) -> str:
        """Return a number with its unit: 1 view, 2 views."""
        word = self(unit.value)
        if self.tag == "en" and number == 1:
            word = word.removesuffix("s")
        return f"{self.number(number)} {word}"

    def weekday(self, day: date) -> str:
        return f"{_WEEKDAYS[self.tag][day.weekday()]} {self.short(day)}"

    def short(self, day: date) -> str:
        """Return day and month."""
        if self.tag == "vi":
            return f"{day:%d/%m}"
        return f"{day.day} {_MONTHS[day.month - 1]}"

    def long(self, day: date) -> str:
        """Return weekday, day, month and year."""
        separator = "/" if self.tag == "vi" else " "
        return f"{self.weekday(day)}{separator}{day.year}"

    def month(self, day: date) -> str:
        """Return month and year."""
        if self.tag == "vi":
            return f"{day:%m}/{day.year}"
        return f"{_MONTHS[day.month - 1]} {day.year}"

    def short_month(self, day: date) -> str:
        return f"{day:%m}" if self.tag == "vi" else _MONTHS[day.month - 1]


def language(accepted: str) -> Language:
    """Return the page's language for an `Accept-Language` (RFC 9110, 12.5.4)."""
    best, weight = "en", 0.0
    for item in accepted.split(","):
        tag, _, quality = item.strip().partition(";q=")
        main = tag.partition("-")[0].lower()
        try:
            wanted = float(quality or 1)
        except ValueError:
            continue
        if main in WORDS and wanted > weight:
            best, weight = main, wanted
    return Language(best)

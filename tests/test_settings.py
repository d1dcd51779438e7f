"""Settings that can't be used are named, with their value and with what would be right."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from counter.cli.docs import settings_page
from counter.errors import SettingsError
from counter.settings import Rate, Server, Site, Store, Token, load, parse

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"


def refusal(data: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(data, "counter.toml")
    return str(caught.value)


def section(key: str, value: object) -> dict[str, Any]:
    """Return the settings in which only `key` (`server.listen`) is set."""
    data: Any = value
    for part in reversed(key.split(".")):
        data = {part: data}
    return data


WRONG = [
    ("server.listen", "8080", "HOST:PORT"),
    ("server.listen", 8080, "HOST:PORT"),
    ("server.listen", ":8080", "HOST:PORT"),
    ("server.listen", "localhost:99999", "HOST:PORT"),
    ("server.workers", 0, "greater than or equal to 1"),
    ("server.workers", "many", "integer"),
    ("server.trusted_proxies", "10.0.0.0/8", "list"),
    ("server.body_timeout", 5, '"5m"'),
    ("server.body_timeout", "5 seconds", '"5m"'),
    ("server.log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
    ("server", 5, "section"),
    ("store.durability", "yes", "'fast' or 'safe'"),
    ("store.journal", 7, "path"),
    ("store.journal_limit", "5MB", '"256MiB"'),
    ("sites", ["vithuy"], "section"),
    ("sites.a", "vithuy", "section"),
    ("sites.a.allow_no_origin", "perhaps", "boolean"),
    ("sites.a.timezone", "Mars/Olympus", '"Asia/Ho_Chi_Minh"'),
    ("sites.a.timezone", "../etc/passwd", '"Asia/Ho_Chi_Minh"'),
    ("sites.a.timezone", 7, '"Asia/Ho_Chi_Minh"'),
    ("sites.a.unit", "clicks", "'views', 'visits' or 'visitors'"),
    ("sites.a.online_window", "0s", '"1s" to "1h"'),
    ("sites.a.online_window", "2h", '"1s" to "1h"'),
    ("sites.a.repeat_window", "1d", '"0s" to "1h"'),
    ("sites.a.start_total", -1, "greater than or equal to 0"),
    ("sites.a.start_total", 2**53, "less than 9007199254740992"),
    ("sites.a.start_total", 1.5, "integer"),
    ("sites.a.rate_limit", "0/m", '"120/m"'),
    ("sites.a.rate_limit", "120", '"120/m"'),
    ("sites.a.max_articles", 0, "greater than or equal to 1"),
    ("sites.a.keep_query", "id", "list"),
]


@pytest.mark.parametrize(
    ("key", "value", "right"), WRONG, ids=[f"{key} = {value!r}" for key, value, _ in WRONG]
)
def test_a_wrong_value_is_named_with_its_key_and_what_would_be_right(
    key: str, value: object, right: str
) -> None:
    line = refusal(section(key, value))
    assert line.startswith(f"counter.toml: {key} = {value!r}: ")
    assert right in line
    assert "\n" not in line


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0.5/8", "intranet", "", "2001:db8::1/32"])
def test_what_is_no_network_is_named_by_its_place_in_the_list(network: str) -> None:
    line = refusal({"server": {"trusted_proxies": ["192.0.2.1", network]}})
    assert line.startswith(f"counter.toml: server.trusted_proxies.1 = {network!r}: a network is")


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("www.example.vn", id="no scheme"),
        pytest.param("https://www.example.vn/", id="a slash at the end"),
        pytest.param("https://www.example.vn/news", id="a path"),
        pytest.param("https://user@www.example.vn", id="a user"),
        pytest.param("https://www.example.vn:port", id="a port that is none"),
        pytest.param("https://www.*.vn", id="a star inside"),
        pytest.param("*", id="a star alone"),
        pytest.param("ftp://www.example.vn", id="another scheme"),
        pytest.param("http://[::1", id="an open bracket"),
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    line = refusal({"sites": {"a": {"origins": [origin]}}})
    assert line.startswith(f"counter.toml: sites.a.origins.0 = {origin!r}: an origin is a scheme")


@pytest.mark.parametrize("url", ["", "http://redis", "embedded:", "redis", "embedded"])
def test_a_store_s_url_is_refused_without_being_shown(url: str) -> None:
    line = refusal({"store": {"url": f"{url}"}})
    assert line.startswith("counter.toml: store.url: ")
    assert "embedded:" in line
    assert "secret" not in refusal({"store": {"url": "http://:secret@redis"}})


@pytest.mark.parametrize("key", ["", "-a", "A", "a.b", "a b", "a" * 64, "vị-thủy"])
def test_what_is_no_site_s_key_is_refused(key: str) -> None:
    assert refusal({"sites": {key: {}}}).startswith(f"counter.toml: sites.{key}: a site's key is")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("servr", "did you mean server?", id="a section"),
        pytest.param("server.lisen", "did you mean listen?", id="a setting"),
        pytest.param("sites.a.time_zone", "did you mean timezone?", id="a site's setting"),
        pytest.param("store.colour", "known are durability, journal", id="nothing near"),
    ],
)
def test_a_setting_that_does_not_exist_is_named_with_the_nearest_one(key: str, hint: str) -> None:
    assert f"counter.toml: {key}: there is no such setting; {hint}" in refusal(section(key, "x"))


def test_every_mistake_has_its_line() -> None:
    lines = refusal({"server": {"workers": 0, "lisen": ""}, "sites": {"a": {"unit": ""}}})
    assert len(lines.splitlines()) == 3


def test_values_are_told_in_the_units_that_the_service_uses() -> None:
    settings = parse(
        {
            "server": {"listen": "[::1]:0", "trusted_proxies": ["10.0.0.0/8", "2001:db8::/32"]},
            "store": {"journal_limit": "2MiB"},
            "sites": {"a": {"online_window": "90s", "rate_limit": "30/h", "origins": ["null"]}},
        }
    )
    site = settings.sites["a"]
    assert settings.server.listen == ("::1", 0)
    assert settings.server.trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8::/32"),
    )
    assert settings.store.journal_limit == 2 * 1024 * 1024
    assert (site.online_window, site.repeat_window) == (90_000, 10_000)
    assert site.rate_limit == Rate(limit=30, period_ms=3_600_000)
    assert parse({"sites": {"a": {"rate_limit": "off"}}}).sites["a"].rate_limit is None


def test_origins_are_compared_in_lower_case() -> None:
    settings = parse({"sites": {"a": {"origins": ["https://WWW.Example.vn:8443"]}}})
    assert settings.sites["a"].origins == ("https://www.example.vn:8443",)


# The file


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: can't be read: No such file"):
        load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("text", [b"[server", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "counter.toml"
    path.write_bytes(text)
    with pytest.raises(SettingsError, match=r"counter\.toml: is not TOML"):
        load(path, {})


# The environment


def test_the_environment_has_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "counter.toml"
    path.write_text('[server]\nqueue = 5\n[sites.my-blog]\nunit = "visits"\nstart_total = 7\n')
    settings = load(
        path,
        {
            "COUNTER_SERVER_QUEUE": "6",
            "COUNTER_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7/32",
            "COUNTER_STORE_URL": "redis://redis",
            "COUNTER_SITES_MY_BLOG_START_TOTAL": "8",
            "COUNTER_SITES_OTHER_TIMEZONE": "Asia/Ho_Chi_Minh",
        },
    )
    assert settings.server.queue == 6
    assert settings.server.trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("192.0.2.7/32"),
    )
    assert settings.store.url == "redis://redis"
    assert settings.sites["my-blog"] == Site(unit="visits", start_total=8)
    assert settings.sites["other"].timezone == ZoneInfo("Asia/Ho_Chi_Minh")


def test_a_secret_is_read_from_the_file_that_a_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("redis://:password@redis/0\n")
    assert load(None, {"COUNTER_STORE_URL_FILE": str(secret)}).store.url == (
        "redis://:password@redis/0"
    )


def test_a_secret_s_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"COUNTER_STORE_URL_FILE: /none can't be read"):
        load(None, {"COUNTER_STORE_URL_FILE": "/none"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("COUNTER_SERVER_LISEN", "there is no such setting; known are listen, "),
        ("COUNTER_STORE_", "there is no such setting; known are url, "),
        ("COUNTER_SITES_A", "ends in no site's setting; known are origins, "),
        ("COUNTER_SITES_TIMEZONE", "ends in no site's setting; known are origins, "),
    ],
)
def test_a_variable_that_names_no_setting_is_refused(name: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: {said}"):
        load(None, {name: "x"})


def test_a_variable_with_a_wrong_value_is_named_as_the_setting_is() -> None:
    with pytest.raises(SettingsError, match=r"sites\.a\.unit = 'clicks'"):
        load(None, {"COUNTER_SITES_A_UNIT": "clicks"})


@pytest.mark.parametrize(
    ("text", "name", "key"),
    [
        ("server = 5", "COUNTER_SERVER_QUEUE", "server"),
        ("sites = 5", "COUNTER_SITES_A_UNIT", "sites"),
        ("[sites]\na = 5", "COUNTER_SITES_A_UNIT", "sites.a"),
    ],
)
def test_a_variable_can_t_hide_that_the_file_is_wrong(
    tmp_path: Path, text: str, name: str, key: str
) -> None:
    path = tmp_path / "counter.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=rf"{key} = 5: it should be a section"):
        load(path, {name: "1"})


@pytest.mark.parametrize(
    "name",
    [
        "COUNTER_SERVICE_HOST",
        "COUNTER_PORT",
        "COUNTER_PORT_8080_TCP",
        "COUNTER_SERVER_SERVICE_HOST",
        "COUNTER_SERVER_SERVICE_PORT_HTTP",
        "COUNTER_SERVER_PORT",
        "COUNTER_STORE_PORT_6379_TCP_ADDR",
        "PATH",
    ],
)
def test_what_kubernetes_and_others_put_there_is_left_alone(name: str) -> None:
    assert load(None, {name: "tcp://10.0.0.1:8080"}) == parse({})


# The page


def test_the_page_of_the_settings_is_made_from_them() -> None:
    assert DOCS.read_text("utf-8") == settings_page(), (
        "make it anew: visitor-counter docs settings > docs/settings.md"
    )


@pytest.mark.parametrize(
    "name", [name for model in (Server, Store, Site, Token) for name in model.model_fields]
)
def test_every_setting_is_explained(name: str) -> None:
    [text] = re.findall(rf"^\| `{name}` \| .+ \| `.+` \| (.+\.) \|$", settings_page(), re.MULTILINE)
    assert len(text) > 20


def test_the_page_s_example_can_be_used(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", settings_page(), re.DOTALL)
    path = tmp_path / "counter.toml"
    path.write_text(example)
    assert load(path, {}).sites["vithuy"].start_total == 1_361_382

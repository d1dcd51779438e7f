"""Tokens: made once, kept as hashes, from the file or the environment."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counter.cli import main
from counter.errors import SettingsError
from counter.ingest.rates import RateLimiter
from counter.settings import Rate, Scope, load, parse
from counter.web.tokens import make_token, token_hash

HASH = token_hash("vc_x")


def test_what_the_command_prints_is_what_the_settings_take() -> None:
    printed = CliRunner().invoke(main, ["token", "ops", "--scope", "read", "--site", "a"])
    assert printed.exit_code == 0, printed.output
    lines = [line.strip() for line in printed.output.splitlines()]
    [made] = [line for line in lines if line.startswith("vc_")]
    settings = parse(tomllib.loads("\n".join(lines[lines.index("[tokens.ops]") :])))
    token = settings.tokens["ops"]
    assert (token.hash, token.scopes, token.sites) == (token_hash(made), (Scope.READ,), ("a",))
    assert made not in str(settings)


def test_the_command_prints_json_if_asked_to() -> None:
    printed = CliRunner().invoke(main, ["token", "cms", "--scope", "count", "--json"])
    told = json.loads(printed.output)
    assert told["hash"] == token_hash(told["token"])
    assert (told["name"], told["scopes"]) == ("cms", ["count"])


@pytest.mark.parametrize(
    "arguments", [("Ops", "--scope", "read"), ("ops",), ("ops", "--scope", "all")]
)
def test_the_command_refuses_what_the_settings_would_refuse(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, ["token", *arguments]).exit_code == 2


def test_no_two_tokens_are_alike() -> None:
    assert len({make_token() for _ in range(100)}) == 100
    assert len(make_token()) == 46


def test_a_token_comes_from_the_environment_and_its_hash_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "hash"
    secret.write_text(f"{HASH}\n")
    environ = {
        "COUNTER_TOKENS_THE_CMS_HASH_FILE": str(secret),
        "COUNTER_TOKENS_THE_CMS_SCOPES": "count,read",
        "COUNTER_TOKENS_SERVICE_HOST": "10.0.0.1",  # from Kubernetes
    }
    [(name, token)] = load(None, environ).tokens.items()
    assert (name, token.hash, token.scopes) == ("the-cms", HASH, (Scope.COUNT, Scope.READ))


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"scopes": ["read"]}, "tokens.ops.hash: it is needed here"),
        ({"hash": HASH}, "tokens.ops.scopes: it is needed here"),
        ({"hash": HASH, "scopes": []}, "tokens.ops.scopes = []: it should name one at least"),
        ({"hash": HASH, "scopes": ["all"]}, "'read', 'write' or 'count'"),
        ({"hash": HASH, "scopes": ["read"], "sites": ["A"]}, "tokens.ops.sites.0 = 'A': a site"),
        ({"hash": HASH, "scopes": ["read"], "site": "a"}, "did you mean sites?"),
    ],
)
def test_a_token_s_section_that_can_t_be_used_is_explained(
    token: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({"tokens": {"ops": token}})
    assert said in str(caught.value)
    assert HASH not in str(caught.value)


def test_a_token_in_the_place_of_its_hash_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="not the token itself") as caught:
        parse({"tokens": {"ops": {"hash": "vc_secret", "scopes": ["read"]}}})
    assert "vc_secret" not in str(caught.value)


def test_a_token_s_name_is_like_a_site_s_key() -> None:
    with pytest.raises(SettingsError, match=r"tokens\.Ops: a token's name is 1 to 63 of"):
        parse({"tokens": {"Ops": {}}})


def test_a_look_at_a_bucket_takes_nothing_from_it() -> None:
    now = 0
    limiter = RateLimiter(Rate(limit=2, period_ms=1000), lambda: now)
    assert not limiter.exhausted("a")
    assert limiter.allow("a")
    assert [limiter.exhausted("a") for _ in range(3)] == [False] * 3
    assert limiter.allow("a")
    assert limiter.exhausted("a")
    assert not limiter.exhausted("b")
    now = 500
    assert not limiter.exhausted("a")

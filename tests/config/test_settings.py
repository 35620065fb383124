"""What an installation is made of: files, environment and secrets; and when it is the demo, which is hardly ever."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from perfdash.config.settings import Settings, load
from perfdash.demo.accounts import DEMO
from perfdash.domain.accounts import Account, Client
from perfdash.domain.errors import ConfigError
from perfdash.store.engine import label_of

GOOD = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"

[clients.zen-2]
name = "Zen"
currency = "JPY"
time_zone = "Asia/Tokyo"

[sources.agency]
type = "performance_v1"
base_url = "https://api.example.com/"
key = { env = "CUSTOM_ANALYTICS_API_KEY" }
settlement_days = 7
history_days = 90

[[sources.agency.accounts]]
client = "acme"
account = "acme-eu"

[[sources.agency.accounts]]
client = "zen-2"
account = "zen"
currency = "USD"
time_zone = "UTC"
key = { env = "ZEN_KEY" }
platforms = ["tiktok", "MyNet"]
"""
ENV = {"CUSTOM_ANALYTICS_API_KEY": "sk-agency", "ZEN_KEY": "sk-zen"}


def at(root: Path, config: str | None = GOOD, secrets: str | None = None, env: Mapping[str, str] = ENV) -> Settings:
    """Load from a folder with these files."""
    if config is not None:
        (root / "perfdash.toml").write_text(config, encoding="utf-8")
    if secrets is not None:
        (root / ".streamlit").mkdir(exist_ok=True)
        (root / ".streamlit" / "secrets.toml").write_text(secrets, encoding="utf-8")
    return load(root, env, DEMO)


def problems(root: Path, config: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        at(root, config)
    return str(caught.value).split("\n")


def test_a_configuration_becomes_clients_accounts_and_sources(tmp_path: Path) -> None:
    found = at(tmp_path)
    assert found.clients == (
        Client("acme", "Acme", "EUR", "Europe/Berlin"),
        Client("zen-2", "Zen", "JPY", "Asia/Tokyo"),
    )
    assert found.accounts == (
        Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin", 7, 90),
        Account("zen-2", "agency", "zen", "USD", "UTC", 7, 90, ("TikTok", "MyNet")),
    )
    assert found.sources["agency"].base_url == "https://api.example.com"
    assert found.config_path == tmp_path / "perfdash.toml"
    assert (found.demo, found.hint) == (False, "")
    assert found.database_url == f"sqlite:///{tmp_path}/data/perfdash.db"


def test_each_account_is_asked_with_its_own_key_or_its_sources(tmp_path: Path) -> None:
    found = at(tmp_path)
    assert [found.source(account).key.reveal() for account in found.accounts] == ["sk-agency", "sk-zen"]
    assert found.source(found.accounts[0]).name == "agency"
    with pytest.raises(ConfigError, match='no source "other" in the configuration; known: agency'):
        found.source(Account("acme", "other", "x", "EUR", "UTC"))


def test_a_secret_comes_from_the_environment_first_and_then_from_the_file(tmp_path: Path) -> None:
    found = at(tmp_path, secrets='ZEN_KEY = "from-file"\nONLY_HERE = "f"', env={"ZEN_KEY": "from-env"})
    assert (found.secret("ZEN_KEY"), found.secret("ONLY_HERE")) == ("from-env", "f")
    assert at(tmp_path, env={"ZEN_KEY": " "}).secret("ZEN_KEY") == "from-file"


def test_a_missing_secret_is_missed_only_when_it_is_needed(tmp_path: Path) -> None:
    found = at(tmp_path, env={})
    with pytest.raises(ConfigError) as caught:
        found.secret("CUSTOM_ANALYTICS_API_KEY")
    assert str(caught.value) == (
        "CUSTOM_ANALYTICS_API_KEY is not set: put it in the environment or in .streamlit/secrets.toml"
    )
    with pytest.raises(ConfigError, match="ZEN_KEY is not set"):
        found.source(found.accounts[1])


@pytest.mark.parametrize("value", ["a\nb", "a\x00b", "schlüssel", "\ud800"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="cannot be sent") as caught:
        at(tmp_path, env={"ZEN_KEY": value}).secret("ZEN_KEY")
    assert value not in str(caught.value)


def test_printing_the_settings_shows_no_secret(tmp_path: Path) -> None:
    env = ENV | {"PERFDASH_DATABASE_URL": "postgresql://u:pa55word@db.example.com:5432/perf?sslpassword=pa55word"}
    found = at(tmp_path, env=env)
    shown = repr(found) + str(found) + label_of(found.database_url) + repr(found.source(found.accounts[0]))
    for secret in ("sk-agency", "sk-zen", "pa55word"):
        assert secret not in shown
    assert label_of(found.database_url) == "postgresql://db.example.com:5432/perf"


@pytest.mark.parametrize("password", ["p@ss", "p/ss", "p#ss", "p?ss", "p:ss", "p@s/s", "p%40ss", "p ss"])
def test_no_part_of_any_password_is_in_the_label(tmp_path: Path, password: str) -> None:
    found = at(tmp_path, env={"PERFDASH_DATABASE_URL": f"postgresql+psycopg://user:{password}@host/db"})
    assert "ss" not in label_of(found.database_url).replace("address", "")


def test_the_scheme_that_some_hosts_use_for_postgresql_is_taken(tmp_path: Path) -> None:
    assert at(tmp_path, env={"PERFDASH_DATABASE_URL": "postgres://h/d"}).database_url == "postgresql://h/d"


def test_the_database_may_be_named_in_the_secrets_file(tmp_path: Path) -> None:
    found = at(tmp_path, None, 'PERFDASH_DATABASE_URL = "postgresql://u:p@h/d"', {})
    assert (found.demo, found.database_url) == (False, "postgresql://u:p@h/d")


@pytest.mark.parametrize("url", ["mysql://u:pa55@h/d", "pa55word", "sqlite:perf.db"])
def test_another_kind_of_database_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="must begin with postgresql:// or sqlite:///") as caught:
        at(tmp_path, env={"PERFDASH_DATABASE_URL": url})
    assert "pa55" not in str(caught.value)


# Problems


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'client = "acme"',
            'client = "acmee"',
            'sources.agency.accounts[0].client: there is no client "acmee"; known: acme, zen-2',
        ),
        ("[clients.acme]", "[clients.Acme]", "clients.Acme: the name of a client is made of a-z, 0-9 and -"),
        (
            'type = "performance_v1"',
            'type = "facebook"',
            "sources.agency.type: there is no such type; known: performance_v1",
        ),
        ('base_url = "https://api.example.com/"', "", "sources.agency.base_url: this line is missing"),
        (
            "settlement_days = 7",
            "setlement_days = 7",
            'sources.agency.setlement_days: there is no such setting; did you mean "settlement_days"?',
        ),
        (
            'account = "zen"',
            'account = "zen"\ncolour = 1',
            "sources.agency.accounts[1].colour: there is no such setting; known: client, account, currency, time_zone,",
        ),
        (
            "settlement_days = 7",
            "settlement_days = 0",
            "sources.agency.settlement_days: this must be greater than or equal to 1",
        ),
        ("history_days = 90", 'history_days = "90"', "sources.agency.history_days: this must be a whole number"),
        ("history_days = 90", "history_days = true", "sources.agency.history_days: this must be a whole number"),
        ('"EUR"', '"eur"', 'clients.acme.currency: a currency is three capital letters, such as "EUR"'),
        (
            '"Europe/Berlin"',
            '"Europe/Berlinn"',
            'clients.acme.time_zone: there is no time zone "Europe/Berlinn"; use an IANA name such as "Europe/Berlin"',
        ),
        (
            '"Europe/Berlin"',
            '"../../etc/passwd"',
            (
                'clients.acme.time_zone: there is no time zone "../../etc/passwd"; '
                'use an IANA name such as "Europe/Berlin"'
            ),
        ),
        ('name = "Acme"', 'name = " "', "clients.acme.name: this must not be empty"),
        ('name = "Acme"', "name = 5", "clients.acme.name: this must be text in quotes"),
        (
            'account = "zen"',
            'account = "acme-eu"',
            'sources.agency.accounts[1].account: the account "acme-eu" is already bound to client "acme"',
        ),
        (
            '["tiktok", "MyNet"]',
            '["tiktok", "Tik Tok"]',
            "sources.agency.accounts[1].platforms: a platform is named twice",
        ),
        (
            '["tiktok", "MyNet"]',
            "[]",
            "sources.agency.accounts[1].platforms: name at least one platform, or leave the line out to ask for all",
        ),
        ('["tiktok", "MyNet"]', '"tiktok"', "sources.agency.accounts[1].platforms: this must be a list"),
    ],
)
def test_a_problem_names_its_exact_path(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in GOOD
    assert [found[: len(line)] for found in problems(tmp_path, GOOD.replace(old, new, 1))][:1] == [line]


def test_every_problem_has_its_own_line(tmp_path: Path) -> None:
    lines = problems(tmp_path, GOOD.replace('"EUR"', '"euro"').replace("history_days = 90", "history_days = -1"))
    assert [line.split(":")[0] for line in lines] == ["clients.acme.currency", "sources.agency.history_days"]


@pytest.mark.parametrize("where", ["source", "account"])
def test_a_key_that_stands_in_the_file_is_refused_and_not_repeated(tmp_path: Path, where: str) -> None:
    name = {"source": "CUSTOM_ANALYTICS_API_KEY", "account": "ZEN_KEY"}[where]
    (line,) = problems(tmp_path, GOOD.replace(f'{{ env = "{name}" }}', '"sk-live-1234"'))
    assert "a key never stands in this file: put it in the environment" in line
    assert "sk-live" not in line


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://api.example.com", "begins with https:// or http://"),
        ("api.example.com", "begins with https:// or http://"),
        ("https://", "names a host"),
        ("https://user:sk-live@api.example.com", "do not belong in the address"),
        ("https://api.example.com@evil.example", "do not belong in the address"),
        ("https://api.example.com/?key=sk-live", "does not belong here"),
        ("https://api.example.com/#x", "does not belong here"),
        ("https://api.example.com/a b", "a blank"),
        ("https://api.example.com:99999", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://bücher.example", "begins with"),
    ],
)
def test_an_address_is_a_plain_web_address(tmp_path: Path, url: str, text: str) -> None:
    (line,) = problems(tmp_path, GOOD.replace("https://api.example.com/", url))
    assert line.startswith("sources.agency.base_url: ")
    assert text in line
    assert "sk-live" not in line


SECOND = """
[sources.second]
type = "performance_v1"
base_url = "http://127.0.0.1:9700"
key = { env = "SECOND_KEY" }
[[sources.second.accounts]]
client = "acme"
account = "a2"
"""


def test_two_sources_of_one_clients_platforms_are_refused(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, GOOD + SECOND)
    assert line == (
        'sources.second.accounts[0]: every platform of client "acme" already comes from the source "agency" and would '
        "count twice; name the platforms of each, or say overlap = true"
    )


def test_they_are_fine_when_they_share_no_platform_or_say_so(tmp_path: Path) -> None:
    apart = GOOD.replace('account = "acme-eu"', 'account = "acme-eu"\nplatforms = ["TikTok"]')
    assert len(at(tmp_path, apart + SECOND + 'platforms = ["instagram"]').accounts) == 3
    assert len(at(tmp_path, GOOD + SECOND.replace("key =", "overlap = true\nkey =")).accounts) == 3
    (line,) = problems(tmp_path, apart + SECOND + 'platforms = ["X", "tik tok"]')
    assert "TikTok of client" in line


def test_two_accounts_of_one_source_may_belong_to_one_client(tmp_path: Path) -> None:
    more = '[[sources.agency.accounts]]\nclient = "acme"\naccount = "acme-us"\n'
    assert len(at(tmp_path, GOOD + more).accounts) == 3


@pytest.mark.parametrize("text", ["clients = 5", "[clients]\nacme = 1", "[sources.x]\naccounts = 1", "colour = 1"])
def test_a_file_of_the_wrong_shape_is_one_error_and_no_traceback(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


# Demo or not


def test_a_machine_on_which_nothing_is_configured_shows_the_demo(tmp_path: Path) -> None:
    found = at(tmp_path, None, env={"PATH": "/usr/bin"})
    assert found.demo
    assert found.database_url == f"sqlite:///{tmp_path}/data/demo.db"
    assert len(found.clients) == 6
    source = found.source(found.accounts[0])
    assert source.config.base_url == "http://127.0.0.1:8610"
    assert source.key.reveal() == "demo-key-not-a-secret"


def test_the_demos_api_may_be_elsewhere(tmp_path: Path) -> None:
    found = at(tmp_path, None, env={"PERFDASH_DEMO_API": "http://127.0.0.1:9999"})
    assert found.source(found.accounts[0]).config.base_url == "http://127.0.0.1:9999"
    with pytest.raises(ConfigError, match="PERFDASH_DEMO_API must be the address"):
        at(tmp_path, None, env={"PERFDASH_DEMO_API": "nowhere"})


def test_the_demo_can_be_asked_for_beside_a_configuration_and_keeps_to_its_own_store(tmp_path: Path) -> None:
    found = at(tmp_path, secrets="", env=ENV | {"PERFDASH_DEMO": "1"})
    assert found.demo
    assert found.database_url.endswith("/data/demo.db")
    with pytest.raises(ConfigError, match="ZEN_KEY is not set"):
        found.secret("ZEN_KEY")


def test_the_demo_beside_a_configuration_keeps_to_its_hosts_and_says_what_it_leaves_aside(tmp_path: Path) -> None:
    config = '[security]\nallowed_hosts = ["reports.example.com"]\npasswords = false\n'
    found = at(tmp_path, config, env={"PERFDASH_DEMO": "1"})
    assert found.demo
    assert found.beside == tmp_path / "perfdash.toml"
    assert found.security.allowed_hosts == ("reports.example.com",)
    assert found.security.passwords  # the demo has no other way in
    assert at(tmp_path, config).beside is None


def test_the_demo_never_uses_another_database(tmp_path: Path) -> None:
    for secrets, env in (
        (None, {"PERFDASH_DATABASE_URL": "sqlite:///x.db"}),
        ('PERFDASH_DATABASE_URL = "sqlite:///x"', {}),
    ):
        with pytest.raises(ConfigError, match="the demo has its own database"):
            at(tmp_path, None, secrets, {"PERFDASH_DEMO": "1", **env})


@pytest.mark.parametrize(
    ("env", "secrets"),
    [
        ({"PERFDASH_DATABASE_URL": "postgresql://h/d"}, None),
        ({"CUSTOM_ANALYTICS_API_KEY": "k"}, None),
        ({"CUSTOM_ANALYTICS_API_KEY": ""}, None),
        ({"PERFDASH_DEMO": "0"}, None),
        ({}, ""),
        ({}, 'OTHER = "x"'),
    ],
)
def test_whatever_is_configured_ends_the_demo(tmp_path: Path, env: dict[str, str], secrets: str | None) -> None:
    found = at(tmp_path, None, secrets, env)
    assert not found.demo
    assert (found.clients, found.accounts, dict(found.sources)) == ((), (), {})
    assert found.hint == (
        "No source is configured: describe your clients and the API in perfdash.toml (docs/sources.md shows how)."
    )


@pytest.mark.parametrize("wish", ["", "1"])
def test_what_is_there_but_broken_is_an_error_and_never_the_demo(tmp_path: Path, wish: str) -> None:
    env = {"PERFDASH_DEMO": wish}
    for config, secrets in (("[clients.", None), (None, "TOKEN = sk-live"), ("colour = 1", None)):
        root = tmp_path / str(config or secrets).strip("[.")
        root.mkdir()
        with pytest.raises(ConfigError) as caught:
            at(root, config, secrets, env)
        assert "sk-live" not in "".join(traceback.format_exception(caught.value)).replace(str(root), "")


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"PERFDASH_CONFIG": "missing.toml"}, "PERFDASH_CONFIG names missing.toml, but there is no such file"),
        ({"PERFDASH_CONFIG": ""}, "PERFDASH_CONFIG is set but empty"),
        ({"PERFDASH_CONFIG": "."}, "cannot be read"),
        ({"PERFDASH_DATABASE_URL": ""}, "PERFDASH_DATABASE_URL is set but empty"),
        ({"PERFDASH_DEMO": "yes"}, "PERFDASH_DEMO must be 1"),
    ],
)
def test_a_bad_value_in_the_environment_is_one_sentence(tmp_path: Path, env: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        at(tmp_path, None, env=env)


def test_a_named_configuration_is_read_instead_of_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(GOOD)
    assert len(at(tmp_path, "colour = 1", env={"PERFDASH_CONFIG": "other.toml"}).clients) == 2
    assert len(load(Path("/"), {"PERFDASH_CONFIG": str(tmp_path / "other.toml")}, DEMO).clients) == 2


def test_a_secrets_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match="the secrets file cannot be read"):
        load(tmp_path, {}, DEMO)
    secrets.unlink()
    secrets.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="the secrets file is not UTF-8 text"):
        load(tmp_path, {}, DEMO)
    secrets.write_text("PERFDASH_DATABASE_URL = 5")
    with pytest.raises(ConfigError, match="must be text in quotes"):
        load(tmp_path, {}, DEMO)


OAUTH = """
auth.type = "oauth2"
auth.grant = "refresh_token"
auth.token_url = "https://login.example.com/token"
auth.client_id = %s
auth.refresh_token = { env = "AGENCY_REFRESH" }
"""


def test_the_secrets_of_oauth_are_found_where_keys_are_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    for client_id, expected in (('"abc"', "abc"), ('{ env = "AGENCY_ID" }', "id-7")):
        config = GOOD.replace("settlement_days = 7", OAUTH % client_id)
        found = at(tmp_path, config, env={**ENV, "AGENCY_REFRESH": "r3fresh", "AGENCY_ID": "id-7"})
        source = found.source(found.accounts[0])
        assert source.client_id is not None and source.client_id.reveal() == expected
        assert source.refresh_token is not None and source.refresh_token.reveal() == "r3fresh"
        assert "r3fresh" not in repr(found) + repr(source)
    with pytest.raises(ConfigError, match="AGENCY_REFRESH is not set"):
        found = at(tmp_path, config, env={**ENV, "AGENCY_ID": "id-7"})
        found.source(found.accounts[0])

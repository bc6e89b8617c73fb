"""What the platform's variables say of the settings, and what a person set above them."""

from __future__ import annotations

from pathlib import Path

from tests.cloudera.asking import DOMAIN, VARIABLES
from treadle.settings import Settings, environment_of, load_settings


def test_the_platform_s_variables_set_address_journal_and_trust() -> None:
    settings = load_settings(VARIABLES, {})
    assert (settings.host, settings.port, settings.has_wal) == ("127.0.0.1", 8100, False)
    assert (settings.platform_domain, settings.trusted_proxies) == (DOMAIN, "127.0.0.1,::1")
    assert settings.remote_user is False


def test_what_a_person_set_counts_before_them() -> None:
    variables = {**VARIABLES, "TREADLE_JOURNAL_MODE": "WAL", "TREADLE_PORT": "1"}
    settings = load_settings(variables, {"port": "9000"})
    assert (settings.port, settings.has_wal) == (9000, True)


def test_an_ordinary_machine_says_nothing() -> None:
    assert load_settings({"CDSW_DOMAIN": DOMAIN}, {}) == Settings()
    assert load_settings({"CDSW_APP_PORT": "8100"}, {}) == Settings()


def test_a_part_is_told_what_the_command_found() -> None:
    settings = load_settings(VARIABLES, {"port": 0, "data_dir": Path("here")})
    assert load_settings({**VARIABLES, **environment_of(settings)}, {}) == settings

"""The way to a server through a real nginx: well, and wrong in every manner that people get it wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.doctor.conftest import Town
from tests.doctor.road import site_at
from tests.serving import ADMIN_TOKEN
from treadle.doctor.checks import Check
from treadle.doctor.trying import Plan, try_way
from treadle.doctor.way import judge
from treadle.errors import Forbidden, Unauthenticated

#: By way: what is wrong with it, and a part of the line that mends it.
WRONG = {
    "hostless": ("fault", "host-lost", "proxy_set_header Host $http_host;"),
    "originless": ("fault", "origin-lost", "proxy_set_header Origin $http_origin;"),
    "schemeless": ("fault", "scheme-lost", "proxy_set_header X-Forwarded-Proto $scheme;"),
    "mistaken": ("fault", "scheme-wrong", "proxy_set_header X-Forwarded-Proto $scheme;"),
    "silent": ("warning", "prefix-not-told", "proxy_set_header X-Forwarded-Prefix /silent;"),
    "anonymous": ("warning", "client-lost", "proxy_set_header X-Forwarded-For"),
    "doubled": ("fault", "prefix-twice", "proxy_set_header X-Forwarded-Prefix /doubled;"),
    "twice": ("fault", "prefix-twice", "proxy_pass http://NEXT;"),
    "kept": ("fault", "prefix-kept", "TREADLE_BASE_PATH=/kept"),
    "small": ("fault", "body-limit", "client_max_body_size 0;"),
    "hasty": ("fault", "read-time-out", "proxy_read_timeout 300s;"),
    "holding": ("fault", "events-held", "proxy_buffering off;"),
    "dead": ("fault", "bad-gateway", "curl"),
    "guarded": ("fault", "proxy-sign-in", "TREADLE_AUTHORIZATION"),
    "elsewhere": ("fault", "moved", "https://example.org/"),
}
QUICK = Plan(wait_s=0.1, apart_s=8.0, quiet_s=0.3, sent_bytes=(512 * 1024, 2 * 1024**2))
#: nginx gives up after 5 s, long before anything else does.
PLANS = {"hasty": replace(QUICK, wait_s=60.0)}


@pytest.fixture(scope="module")
def found(town: Town) -> dict[str, list[Check]]:
    """What was found on every way, all tried at once: most of their time is waiting."""

    def look(name: str) -> list[Check]:
        site = site_at(town.port, f"/{name}")
        return judge(try_way(site, ADMIN_TOKEN, PLANS.get(name, QUICK)))

    with ThreadPoolExecutor(4) as pool:
        names = ["hasty", "team/label", *(name for name in WRONG if name != "hasty")]
        return dict(zip(names, pool.map(look, names), strict=True))


def noticed(checks: list[Check]) -> list[Check]:
    """What is not well, but for the certificate: one that is made for a test ends soon."""
    return [check for check in checks if check.state != "well" and check.code != "certificate-ends"]


def test_nothing_is_found_where_nothing_is_wrong(found: dict[str, list[Check]]) -> None:
    assert noticed(found["team/label"]) == []
    names = [check.name for check in found["team/label"]]
    assert {"Host", "Origin", "Scheme", "Sub-path", "Uploads", "Time-outs", "Streams", "Clock"} <= {*names}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_the_line_that_mends_it(found: dict[str, list[Check]], name: str) -> None:
    state, code, line = WRONG[name]
    (check,) = noticed(found[name])
    assert (check.state, check.code) == (state, code)
    assert check.seen
    assert check.wrong
    assert any(line in fix.lines for fix in check.fixes), check.fixes


def test_what_is_seen_is_told_in_figures(found: dict[str, list[Check]]) -> None:
    seen = {name: check.seen for name in WRONG for check in found[name] if check.code == WRONG[name][1]}
    assert "refused with 413" in seen["small"]
    assert re.search(r"takes 60 s was cut off after \d+\.\d s, with 504", seen["hasty"])
    assert "answered 502, by nginx" in seen["dead"]
    assert "/twice/twice/health" in seen["twice"]


def test_a_certificate_that_ends_soon_is_named(found: dict[str, list[Check]]) -> None:
    (check,) = [each for each in found["team/label"] if each.name == "Certificate"]
    assert (check.state, check.code) == ("warning", "certificate-ends")
    assert check.seen == "It holds for 2 more days."


def test_a_certificate_that_nobody_signed_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    (check,) = judge(try_way(site_at(town.port, "/team/label"), ADMIN_TOKEN, QUICK))
    assert (check.state, check.code) == ("fault", "certificate")


def test_an_address_where_nobody_is_is_named_by_a_command_that_imports_no_server() -> None:
    code = (
        "import sys; from treadle.cli import main; status = main(); "
        "sys.exit(status if 'sqlalchemy' not in sys.modules else 'the server was imported')"
    )
    command = [sys.executable, "-c", code, "doctor", "https://127.0.0.1:1/x", "--token", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("FAULT")) == (2, 0), done.stderr
    assert "FAULT    Server: https://127.0.0.1:1/x: " in done.stdout
    assert "1 fault, 0 warnings." in done.stdout
    assert "curl -sS" in done.stdout


def test_what_a_platform_in_front_wants_is_sent_beside_the_token(town: Town) -> None:
    site = site_at(town.port, "/guarded")
    assert noticed(judge(try_way(site, ADMIN_TOKEN, QUICK, authorization="Bearer platform"))) == []


def test_only_an_administrator_is_told(town: Town) -> None:
    site = site_at(town.port, "/team/label")
    with pytest.raises(Unauthenticated, match="organisation admin"):
        try_way(site, "f" * 40, QUICK)
    person = town.server.sign_up("curious@example.com")
    with pytest.raises(Forbidden, match="organisation admin"):
        try_way(site, person.token, QUICK)

"""What is said of ways that no nginx of a test makes, and what is written for each proxy."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, get_args

import msgspec
import pytest

from treadle.doctor.checks import Check
from treadle.doctor.fixes import Wrong, fixes_for, recognise
from treadle.doctor.way import Arrived, Events, Seen, Silence, Trouble, Upload, judge

WELL = Arrived(
    peer="10.0.0.7",
    client="192.0.2.1",
    scheme="https",
    is_scheme_told=True,
    host="example.org",
    prefix="/x",
    was_kept=False,
    is_trusted=True,
    is_own_host=True,
    origin="https://example.org",
    said={"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "x-forwarded-prefix": "/x"},
    noticed=[],
    base_paths=[],
    trusts_named=True,
    most_upload_bytes=2 * 1024**3,
    version="0",
    now=datetime.now(timezone.utc),
)
SEEN = Seen(
    site="https://example.org/x",
    sent_origin="https://example.org",
    uploads=[Upload(1024, 200)],
    silence=Silence(30, 30, 200),
    events=Events(5, False, 200),
    clock_ahead_s=0.0,
    certificate_days=90.0,
)


def noticed(arrived: dict[str, Any] | None = None, **seen: Any) -> list[Check]:
    """What is not well where all is but this."""
    came = msgspec.structs.replace(WELL, **(arrived or {}))
    checks = judge(msgspec.structs.replace(SEEN, **{"arrived": came, **seen}))
    return [check for check in checks if check.state != "well"]


def test_nothing_is_said_where_all_is_well() -> None:
    assert noticed() == []
    assert noticed({"host": "example.org:443"}) == []
    assert noticed({"host": "EXAMPLE.org"}) == []


_DISTRUSTED = {"is_trusted": False, "client": "10.0.0.7"}
CASES: tuple[tuple[dict[str, Any], dict[str, Any], set[str], str], ...] = (
    (
        {**_DISTRUSTED, "host": "inside:8080", "said": {"x-forwarded-host": "example.org"}},
        {},
        {"proxy-not-trusted", "client-lost"},
        "add this to TREADLE_TRUSTED_PROXIES",
    ),
    (
        {**_DISTRUSTED, "scheme": "http", "is_scheme_told": False},
        {},
        {"proxy-not-trusted", "client-not-believed"},
        "lines=',10.0.0.7'",
    ),
    ({"trusts_named": False}, {}, {"client-not-believed"}, "TREADLE_TRUSTED_PROXIES=10.0.0.7"),
    ({"prefix": "/y"}, {}, {"prefix-wrong"}, "X-Forwarded-Prefix: /x"),
    ({"is_own_host": False}, {}, {"host-foreign"}, "TREADLE_PLATFORM_DOMAIN"),
    ({}, {"clock_ahead_s": -90.0}, {"clock-differs"}, "set-ntp"),
    ({}, {"events": Events(5, False, 0)}, {"stream-cut"}, "proxy_read_timeout"),
    ({}, {"silence": Silence(30, 10, 0)}, {"read-time-out"}, "proxy_read_timeout"),
    ({}, {"uploads": [Upload(512, 200), Upload(2048, 0)]}, {"body-limit"}, "client_max_body_size"),
    (
        {},
        {"uploads": [Upload(512, 200), Upload(10**9, 413, True)]},
        {"body-limit"},
        "TREADLE_MAX_UPLOAD_BYTES=512",
    ),
    ({}, {"certificate_days": -1.0}, {"certificate-ends"}, "Renew"),
    ({}, {"trouble": Trouble("made-up", "?")}, {"not-treadle"}, "sub-path"),
)


@pytest.mark.parametrize(
    ("arrived", "seen", "codes", "line"), CASES, ids=[" ".join(sorted(each[2])) for each in CASES]
)
def test_what_is_wrong_is_named(
    arrived: dict[str, Any], seen: dict[str, Any], codes: set[str], line: str
) -> None:
    found = noticed(arrived, **seen)
    assert {check.code for check in found} == codes
    assert line in str([check.fixes for check in found])


def test_a_server_that_had_no_place_for_the_question_is_no_time_out() -> None:
    (check,) = noticed(silence=Silence(30, 0.1, 503))
    assert check.state == "untried"


@pytest.mark.parametrize("proxy", ["nginx", "ingress-nginx", "Apache", "Traefik", "Caddy", ""])
def test_there_is_something_to_write_for_every_proxy_and_no_brace_is_left_over(proxy: str) -> None:
    for wrong in get_args(Wrong):
        fixes = fixes_for(wrong, proxy, prefix="/x", host="example.org", scheme="https")
        text = " ".join(fix.lines for fix in fixes)
        assert text.strip()
        assert "{prefix}" not in text
        assert "{{" not in text
        assert text.count("{") == text.count("}")


def test_a_proxy_is_known_by_what_it_says() -> None:
    assert recognise("nginx/1.25.3", []) == "nginx"
    assert recognise("", ["x-scheme", "x-real-ip"]) == "ingress-nginx"
    assert recognise("Apache/2.4.62 (Debian)", ["x-forwarded-server"]) == "Apache"
    assert recognise("", ["x-forwarded-server"]) == "Traefik"
    assert recognise("Caddy", []) == "Caddy"
    assert recognise("uvicorn", []) == ""

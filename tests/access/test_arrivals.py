"""Where a request came from, and to which address its client sent it."""

from __future__ import annotations

from typing import Any

import pytest

from treadle.access import arrivals
from treadle.access.arrivals import Arrival, Trust, arrival_of, arrive, read_prefix, read_trust
from treadle.access.credentials import check_same_site, read_cookies, session_secrets
from treadle.access.forwarded import Hop, read_forwarded
from treadle.errors import Forbidden, Invalid
from treadle.settings import Settings

OWN = frozenset({"api", "data", "projects"})
CLIENT, EDGE, NEAR, STRANGER = "203.0.113.9", "10.0.0.1", "10.0.0.2", "198.51.100.7"


def trust(**settings: Any) -> Trust:
    return read_trust(Settings(**settings), OWN)


BOTH = trust(trusted_proxies="10.0.0.0/30, ::1")
HERE = trust()


def scope_of(peer: str, path: str = "/projects", host: str = "inside:8080", **said: str) -> dict[str, Any]:
    headers = [(b"host", host.encode())]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in said.items()]
    return {"type": "http", "scheme": "http", "path": path, "client": (peer, 1), "headers": headers}


def arrived(peer: str, trusted: Trust, **said: str) -> Arrival:
    return arrive(scope_of(peer, **said), trusted)


# Who asks


@pytest.mark.parametrize(
    ("peer", "said", "trusted", "client"),
    [
        (EDGE, CLIENT, "", EDGE),
        (EDGE, CLIENT, "10.0.0.1", CLIENT),
        (EDGE, f"{STRANGER}, {CLIENT}", "10.0.0.1", CLIENT),
        (NEAR, f"{CLIENT}, {EDGE}", "10.0.0.0/30", CLIENT),
        (STRANGER, CLIENT, "10.0.0.1", STRANGER),
        (EDGE, "", "10.0.0.1", EDGE),
        ("", CLIENT, "0.0.0.0/0", ""),
        (EDGE, f"{CLIENT}:5123", "10.0.0.1", CLIENT),
        (EDGE, "unknown", "10.0.0.1", EDGE),
        ("::ffff:10.0.0.1", "2001:db8::7", "10.0.0.1", "2001:db8::7"),
        ("127.0.0.1", CLIENT, "", "127.0.0.1"),
        (NEAR, EDGE, "10.0.0.0/30", EDGE),
    ],
)
def test_only_a_trusted_proxy_says_who_its_client_is(peer: str, said: str, trusted: str, client: str) -> None:
    assert arrived(peer, trust(trusted_proxies=trusted), x_forwarded_for=said).client == client


def test_a_proxy_that_nobody_named_is_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_told_of", [])
    arrived(EDGE, HERE)
    arrived(EDGE, BOTH, x_forwarded_for=CLIENT)
    assert caplog.text == ""
    for _ in range(3):
        arrived(EDGE, HERE, x_forwarded_for=CLIENT)
    assert [f"TREADLE_TRUSTED_PROXIES={EDGE}" in one.getMessage() for one in caplog.records] == [True]


@pytest.mark.parametrize(
    ("variable", "settings"),
    [
        ("TREADLE_TRUSTED_PROXIES", {"trusted_proxies": "proxy.example.com"}),
        ("TREADLE_BASE_PATH", {"base_path": "no-slash"}),
        ("TREADLE_BASE_PATH", {"base_path": "/a/../b"}),
        ("TREADLE_BASE_PATH", {"base_path": '/"><script>'}),
        ("X-Forwarded-Prefix: /data/x", {"base_path": "/data/x"}),
    ],
)
def test_a_wrong_setting_is_told(variable: str, settings: dict[str, str]) -> None:
    with pytest.raises(Invalid, match=variable):
        trust(**settings)


# Where to


@pytest.mark.parametrize(
    ("peer", "trusted", "said", "origin"),
    [
        ("127.0.0.1", HERE, {}, "http://inside:8080"),
        ("127.0.0.1", HERE, {"x_forwarded_proto": "https"}, "https://inside:8080"),
        ("127.0.0.1", HERE, {"x_forwarded_host": "out.example"}, "http://out.example"),
        (
            STRANGER,
            HERE,
            {"x_forwarded_proto": "https", "x_forwarded_host": "e.example"},
            "http://inside:8080",
        ),
        (STRANGER, BOTH, {"forwarded": "proto=https;host=evil.example"}, "http://inside:8080"),
        ("127.0.0.1", BOTH, {"x_forwarded_proto": "https"}, "http://inside:8080"),
        (EDGE, BOTH, {"x_forwarded_proto": "wss", "x_forwarded_host": "o.example:443"}, "https://o.example"),
        (EDGE, BOTH, {"x_forwarded_host": "o.example", "x_forwarded_port": "8443"}, "http://o.example:8443"),
        (EDGE, BOTH, {"x_forwarded_host": "o.example", "x_forwarded_port": "80"}, "http://o.example"),
        (EDGE, BOTH, {"x_forwarded_host": "o.example:1", "x_forwarded_port": "2"}, "http://o.example:1"),
        (EDGE, BOTH, {"x_forwarded_host": 'a"><b'}, "http://inside:8080"),
        (EDGE, BOTH, {"x_forwarded_proto": "gopher"}, "http://inside:8080"),
        # What a client made up stands before what the trusted ones added.
        (EDGE, BOTH, {"x_forwarded_proto": "http, https"}, "https://inside:8080"),
        (
            NEAR,
            BOTH,
            {"x_forwarded_for": f"{CLIENT}, {EDGE}", "x_forwarded_proto": "x, https, http"},
            "https://inside:8080",
        ),
        (
            EDGE,
            BOTH,
            {"forwarded": 'for="[2001:db8::1]:47";proto=HTTPS;host="o.example:8443"'},
            "https://o.example:8443",
        ),
        (
            NEAR,
            BOTH,
            {"forwarded": f"host=e.example, for={CLIENT};proto=https;host=o.example, for={EDGE};proto=http"},
            "https://o.example",
        ),
        # A proxy that knows the one family lets through what its client says in the other.
        (
            EDGE,
            BOTH,
            {"x_forwarded_for": CLIENT, "forwarded": "proto=https;host=evil.example"},
            "http://inside:8080",
        ),
    ],
)
def test_the_address_is_what_the_farthest_trusted_proxy_was_asked_by(
    peer: str, trusted: Trust, said: dict[str, str], origin: str
) -> None:
    scope = scope_of(peer, **said)
    assert arrive(scope, trusted).origin == origin
    assert (scope["scheme"], dict(scope["headers"])[b"host"].decode()) == tuple(origin.split("://"))


def test_forwarded_is_read_as_its_rfc_has_it() -> None:
    text = 'For="[2001:db8:cafe::17]:4711"; Proto=https, for="_a,b;\\"c" ;host="h;x", ,by=1'
    assert read_forwarded(text) == [
        Hop("[2001:db8:cafe::17]:4711", "", "https"),
        Hop('_a,b;"c', "h;x", ""),
        Hop(),
    ]
    assert read_forwarded('"' * 1999) == [Hop()]
    assert read_forwarded("for=a," * 1000) == []


# Below which sub-path


@pytest.mark.parametrize(
    ("path", "said", "base_path", "prefix", "inner"),
    [
        ("/projects", {}, "", "", "/projects"),
        ("/projects", {"x_forwarded_prefix": "/x/"}, "", "/x", "/projects"),
        ("/projects", {"x_script_name": "/x/y"}, "", "/x/y", "/projects"),
        (
            "/projects",
            {"x_forwarded_context": "/user/ada/proxy/8080"},
            "",
            "/user/ada/proxy/8080",
            "/projects",
        ),
        # A header alone takes nothing away: a proxy may hand on its client's.
        ("/x/metrics", {"x_forwarded_prefix": "/x"}, "", "/x", "/x/metrics"),
        ("/x", {"x_script_name": "/x"}, "", "/x", "/x"),
        # A sub-path that is called as one of ours.
        ("/data/upload/1", {"x_forwarded_prefix": "/data"}, "", "/data", "/data/upload/1"),
        ("/projects", {"x_forwarded_prefix": "/a, /b"}, "", "/a/b", "/projects"),
        ("/projects", {"x_forwarded_prefix": "/a, /a"}, "", "/a", "/projects"),
        ("/projects", {"x_forwarded_prefix": "//evil.example"}, "", "", "/projects"),
        ("/projects", {"x_forwarded_prefix": "/a/../b"}, "", "", "/projects"),
        ("/projects", {"x_forwarded_prefix": '/"><script>'}, "", "", "/projects"),
        ("/x/y/projects", {}, "/x, /x/y", "/x/y", "/projects"),
        ("/x/y/", {}, "/x/y", "/x/y", "/"),
        ("/x/projects", {"x_forwarded_prefix": "/x"}, "/x", "/x", "/projects"),
        ("/xy/projects", {}, "/x", "", "/xy/projects"),
        ("/x/projects", {"x_forwarded_prefix": "/team"}, "/x", "/team/x", "/projects"),
        # By the address of the machine itself nothing was stripped; through a proxy it was.
        ("/projects", {}, "/x", "", "/projects"),
        ("/projects", {"x_forwarded_proto": "https"}, "/x", "/x", "/projects"),
        ("/projects", {"x_forwarded_proto": "https"}, "/x, /y", "", "/projects"),
    ],
)
def test_a_prefix_is_known_whether_it_is_stripped_or_not(
    path: str, said: dict[str, str], base_path: str, prefix: str, inner: str
) -> None:
    scope = scope_of("127.0.0.1", path, **said)
    arrival = arrive(scope, trust(base_path=base_path))
    assert (arrival.prefix, scope["path"]) == (prefix, inner)
    assert arrival.site == f"{arrival.origin}{prefix}"
    assert arrival_of(scope) is arrival


def test_no_stranger_says_a_prefix_and_none_is_guessed() -> None:
    scope = scope_of(STRANGER, "/x/api/version", x_forwarded_prefix="/x")
    assert (arrive(scope, BOTH).prefix, scope["path"]) == ("", "/x/api/version")


def test_the_path_as_it_was_sent_loses_what_the_decoded_one_does() -> None:
    settings = trust(base_path="/x")
    scope = {**scope_of(STRANGER, "/x/s3/b/a b"), "raw_path": b"/x/s3/b/a%20b"}
    arrive(scope, settings)
    assert (scope["path"], scope["raw_path"]) == ("/s3/b/a b", b"/s3/b/a%20b")
    written_otherwise = {**scope_of(STRANGER, "/x/s3"), "raw_path": b"/%78/s3"}
    assert not arrive(written_otherwise, settings).was_kept
    assert written_otherwise["path"] == "/x/s3"


def test_a_page_tells_its_path_only_as_one() -> None:
    assert [read_prefix(text) for text in ("/x/", "/", "", "/x; Path=/", "x", "/" + "a" * 300)] == [
        "/x",
        "",
        "",
        "",
        "",
        "",
    ]


# Origins


def check(origin: str, arrival: Arrival, **headers: str) -> None:
    check_same_site("POST", {"origin": origin, **headers}, arrival, "https://friend.example")


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("http://inside:8080", {}),
        ("https://friend.example", {}),
        ("https://INSIDE:8080", {}),  # a scheme that nobody told is no reason to refuse
        ("https://o.example", {"x_forwarded_host": "o.example:443"}),
        ("https://o.example:8443", {"x_forwarded_host": "o.example:8443", "x_forwarded_proto": "https"}),
    ],
)
def test_our_own_origin_may_write(origin: str, said: dict[str, str]) -> None:
    check(origin, arrived("127.0.0.1", HERE, **said))


@pytest.mark.parametrize(
    ("origin", "peer", "said", "told"),
    [
        (
            "https://e.example",
            STRANGER,
            {},
            ["http://inside:8080", "Host header", "ORIGINS=https://e.example"],
        ),
        ("https://e.example", EDGE, {"x_forwarded_host": "e.example"}, ["X-Forwarded-Host", "PROXIES=10."]),
        ("https://inside:8080", "127.0.0.1", {"x_forwarded_proto": "http"}, ["X-Forwarded-Proto: https"]),
        ("http://inside:8081", "127.0.0.1", {}, ["http://inside:8081"]),
        ("null", "127.0.0.1", {}, ["Origin: null"]),
    ],
)
def test_another_origin_is_told_both_and_what_to_set(
    origin: str, peer: str, said: dict[str, str], told: list[str]
) -> None:
    with pytest.raises(Forbidden) as caught:
        check(origin, arrived(peer, HERE, **said))
    assert [part for part in told if part not in caught.value.message] == []


def test_of_a_platform_only_the_host_below_its_domain_is_our_own() -> None:
    of_platform = trust(platform_domain="ml.example", trusted_proxies="127.0.0.1")
    ours = arrive(scope_of("127.0.0.1", host="treadle.ml.example"), of_platform)
    check("https://treadle.ml.example", ours)
    assert ours.scheme == "https"
    for foreign in ("https://other.ml.example", "http://treadle.ml.example", "https://ml.example"):
        with pytest.raises(Forbidden, match=f"{foreign}, and this server is https://treadle.ml.example"):
            check(foreign, ours)
    elsewhere = arrive(scope_of("127.0.0.1", host="treadle-ml.example"), of_platform)
    with pytest.raises(Forbidden, match="TREADLE_PLATFORM_DOMAIN"):
        check("http://treadle-ml.example", elsewhere, **{"sec-fetch-site": "same-origin"})


# Cookies


def test_of_two_cookies_the_one_of_the_longest_path_counts() -> None:
    header = 'sessionid=ours; csrftoken=a; sessionid=of the root; empty=; =x; sessionid="q"'
    assert read_cookies(header) == {"sessionid": "ours", "csrftoken": "a", "empty": ""}
    assert session_secrets(header) == ["ours", "of the root", "q"]

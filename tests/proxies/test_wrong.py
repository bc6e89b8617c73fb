"""Proxies that say too little, something else, or are not to be believed; and servers that move."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.proxies.street import Street, Way
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN


def sign_in(client: httpx.Client, **headers: str) -> httpx.Response:
    """As a page that sends these headers does."""
    token = client.get("/api/session", headers=headers).cookies["csrftoken"]
    fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": token}
    return client.post("/user/login/", data=fields, headers={"Accept": "application/json", **headers})


def refused(way: Way, origin: str = "") -> dict[str, Any]:
    """What a browser without Sec-Fetch-Site is told."""
    with way.client() as client:
        answer = sign_in(client, Origin=origin or way.origin)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "cross-site"), answer.text
    assert isinstance(body, dict)
    return body


def test_a_lost_host_is_refused_with_both_origins_and_the_way_out(street: Street) -> None:
    way = street.way("host_lost")
    told = refused(way)["detail"]
    for part in (way.origin, street.servers.open.url, "Host", f"TREADLE_TRUSTED_ORIGINS={way.origin}"):
        assert part in told
    with way.client() as client:  # a browser that says by itself that the page is of this site
        assert sign_in(client, Origin=way.origin, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_scheme_that_is_told_wrongly_is_refused_with_both_origins(street: Street) -> None:
    way = street.way("scheme_wrong")
    told = refused(way)["detail"]
    for part in (way.origin, way.origin.replace("https", "http"), "X-Forwarded-Proto: https"):
        assert part in told


def test_a_neighbour_and_a_stranger_are_refused_whatever_the_proxy(street: Street) -> None:
    for way in (street.way("tls"), street.way("scheme_lost"), street.way("hub", "/services/treadle")):
        for origin in ("https://evil.example", f"{way.origin}0", "null"):
            assert way.origin.partition("://")[2] in refused(way, origin)["detail"]


def test_a_proxy_that_is_not_trusted_is_not_heard_and_the_error_says_how_to_trust_it(street: Street) -> None:
    way = street.way("untrusted", server=street.servers.strict)
    told = refused(way, "https://elsewhere.example")["detail"]
    for part in ("https://elsewhere.example", "X-Forwarded-Host", "TREADLE_TRUSTED_PROXIES=127.0.0.1"):
        assert part in told
    with way.client(ADMIN_TOKEN) as client:
        for title in ("first", "second"):
            client.post("/api/projects/", json={"title": title, "label_config": "<View/>"})
        page = client.get("/api/projects/", params={"page_size": 1}).json()["next"]
        assert page.startswith(f"http://{way.origin.partition('://')[2]}/api/projects/?")
        assert '<base href="./">' in client.get("/projects", headers={"Accept": "text/html"}).text
    with way.client() as client:  # what it does not know, the page of its own site knows
        entered = sign_in(client, Origin=way.origin, **{"X-Treadle-Base": "/"})
        assert entered.status_code == 200
        cookies = entered.headers.get_list("set-cookie")
        assert all("; Path=/;" in cookie and "; Secure" in cookie for cookie in cookies)


def test_a_server_moves_to_another_path_with_all_that_it_keeps(street: Street) -> None:
    config = '<View><Image name="i" value="$image"/></View>'
    old, new = street.way("plain", "/x"), street.way("plain", "/z")
    wanted = {"title": "moves", "label_config": config}
    with old.client(ADMIN_TOKEN) as client:
        project_id = client.post("/api/projects/", json=wanted).json()["id"]
        client.post(f"/api/projects/{project_id}/import", files={"file": ("a.png", PNG)})
    with new.client(ADMIN_TOKEN) as client:
        [task] = client.get("/api/tasks/", params={"project": project_id}).json()["tasks"]
        assert client.get(task["data"]["image"]).content == PNG


def test_the_sub_path_without_its_slash_is_a_page_whose_files_are_found(street: Street) -> None:
    way = street.way("plain", "/z")
    page = httpx.get(way.site, headers={"Accept": "text/html"}, trust_env=False)
    assert (page.status_code, '<base href="/z/">' in page.text) == (200, True)


def test_a_sub_path_that_nobody_told_is_answered_with_what_to_set(street: Street) -> None:
    answer = httpx.get(f"{street.servers.open.url}/what/ever/api/version", trust_env=False)
    assert answer.status_code == 404
    assert "TREADLE_BASE_PATH=/what/ever" in answer.json()["detail"]


def test_a_client_cannot_take_a_path_past_the_rules_of_a_proxy_by_a_header(street: Street) -> None:
    """nginx hands on what it does not set itself."""
    for name in ("X-Forwarded-Prefix", "X-Script-Name", "X-Forwarded-Context", "X-ProxyContextPath"):
        with street.way("tls").client(ADMIN_TOKEN, **{name: "/any"}) as client:
            assert client.get("/any/metrics").status_code == 404, name
            assert client.get("/metrics").status_code == 200


def test_two_servers_on_one_host_do_not_sign_each_other_out(street: Street) -> None:
    first, second = street.way("ingress", "/x"), street.way("ingress", "/z", street.servers.beside)
    with httpx.Client(verify=first.verify, trust_env=False) as client:
        for way in (first, second):
            client.base_url = httpx.URL(way.site)
            base = {"X-Treadle-Base": f"{way.prefix}/"}
            assert sign_in(client, Origin=way.origin, **base).status_code == 200
        for way in (first, second):
            client.base_url = httpx.URL(way.site)
            assert client.get("/api/current-user/whoami").status_code == 200
        leaving = {"X-CSRFToken": "", "X-Treadle-Base": "/z/"}
        assert client.post("/logout", headers=leaving).status_code == 302
        assert client.get("/api/current-user/whoami").status_code == 401
        client.base_url = httpx.URL(first.site)
        assert client.get("/api/current-user/whoami").status_code == 200


@pytest.mark.parametrize("path", ["/x/../api/version", "/x/%2e%2e/api/version", "/kept/%2e%2e/metrics"])
def test_no_path_climbs_out_of_its_sub_path(street: Street, path: str) -> None:
    with street.way("plain").client() as client:
        answer = client.get(path)
    assert answer.status_code == 404, answer.text


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)

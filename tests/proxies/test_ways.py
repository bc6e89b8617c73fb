"""A person's way through Treadle behind each proxy: from signing up to a saved annotation and back out."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.browser.pictures import photograph
from tests.proxies.street import Street, Way
from tests.serving import ADMIN_TOKEN, PASSWORD

CONFIG = """<View><Image name="image" value="$image"/>
  <Choices name="light" toName="image"><Choice value="day"/><Choice value="night"/></Choices></View>"""
ANSWER = {"from_name": "light", "to_name": "image", "type": "choices", "value": {"choices": ["day"]}}

#: By name: the port of the proxy, and the sub-path.
WAYS = {
    "stripped": ("plain", "/x"),
    "not stripped": ("plain", "/kept"),
    "TLS ended": ("tls", ""),
    "two segments, stripped": ("tls", "/team/label"),
    "two segments, not stripped": ("tls", "/team/kept"),
    "rewritten by an ingress that tells no prefix": ("ingress", "/x"),
    "the words of RFC 7239": ("standard", ""),
    "another proxy, not stripped": ("hub", "/services/treadle"),
    "the scheme is lost": ("scheme_lost", ""),
}
#: Where the server cannot know a part of its own address, and pages work nevertheless.
UNTOLD = {"rewritten by an ingress that tells no prefix", "the scheme is lost"}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, street: Street) -> Way:
    return street.way(*WAYS[request.param])


def test_a_person_signs_up_labels_and_leaves(way: Way, request: pytest.FixtureRequest) -> None:
    is_told = not any(name in request.node.name for name in UNTOLD)
    name = re.sub(r"[^a-z]+", "-", request.node.name)
    with way.client(**as_a_page(way)) as client:
        look_at_a_page(client, way, "/user/login")
        sign_up(client, way, f"{name}@example.com")
        project_id = make_project(client)
        look_at_a_page(client, way, f"/projects/{project_id}/label")
        picture = photograph(40, 30, seed=1)
        task = upload(client, project_id, picture)
        assert client.get(task["data"]["image"]).content == picture
        save(client, task["id"])
        next_page = client.get("/api/projects/", params={"page_size": 1}).json()["next"]
        hook = client.post("/api/learning/rules/hook/", json={"project": project_id}).json()["url"]
        if is_told:
            assert next_page.startswith(f"{way.site}/api/projects/?")
            assert hook.startswith(f"{way.site}/api/learning/hooks/")
            assert client.get(next_page).status_code == 200
        sign_out_and_in(client, way, f"{name}@example.com")


def as_a_page(way: Way) -> dict[str, str]:
    """What a browser and our own script send with each request."""
    return {"Origin": way.origin, "X-Treadle-Base": f"{way.prefix}/", "Accept": "application/json"}


def look_at_a_page(client: httpx.Client, way: Way, path: str) -> None:
    """Its base is the site's root, and all that it loads is there."""
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    base = urljoin(str(page.url), re.findall(r'<base href="([^"]*)">', page.text)[0])
    assert base == f"{way.site}/"
    for source in re.findall(r'(?:src|href)="(\./[^"]+)"', page.text):
        assert client.get(urljoin(base, source)).status_code == 200, source


def sign_up(client: httpx.Client, way: Way, email: str) -> None:
    """With the role of a manager, so that they can make projects."""
    client.get("/api/session")
    answer = client.post("/user/signup/", data=form(client, email))
    assert answer.status_code == 200, answer.text
    for cookie in answer.headers.get_list("set-cookie"):
        assert f"; Path={way.prefix or '/'};" in cookie
        assert ("; Secure" in cookie) is way.site.startswith("https")
    client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
    me = client.get("/api/current-user/whoami").json()
    with way.client(ADMIN_TOKEN) as admin:
        added = admin.post("/api/workspaces/1/members", json={"user": me["id"], "role": "manager"})
    assert added.status_code == 201, added.text


def form(client: httpx.Client, email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}


def make_project(client: httpx.Client) -> int:
    """Two, so that a list of projects has a second page."""
    for title in ("first", "second"):
        made = client.post("/api/projects/", json={"title": title, "label_config": CONFIG})
        assert made.status_code == 201, made.text
    project_id = made.json()["id"]
    assert isinstance(project_id, int)
    return project_id


def upload(client: httpx.Client, project_id: int, picture: bytes) -> dict[str, Any]:
    answer = client.post(f"/api/projects/{project_id}/import", files={"file": ("a b.jpg", picture)})
    assert answer.status_code == 201, answer.text
    [task] = client.get("/api/tasks/", params={"project": project_id}).json()["tasks"]
    assert task["data"]["image"].startswith("/data/upload/")  # of no host, and of no sub-path
    assert isinstance(task, dict)
    return task


def save(client: httpx.Client, task_id: int) -> None:
    saved = client.post(f"/api/tasks/{task_id}/annotations/", json={"result": [ANSWER]})
    assert saved.status_code == 201, saved.text


def sign_out_and_in(client: httpx.Client, way: Way, email: str) -> None:
    """As a form without a script does it: by redirects, which lead to this site."""
    out = client.post("/logout", headers={"Accept": "text/html"})
    assert urljoin(str(out.url), out.headers["location"]) == f"{way.site}/user/login"
    assert client.get("/api/current-user/whoami").status_code == 401
    fields = {**form(client, email), "next": "/projects"}
    entered = client.post("/user/login/", data=fields, headers={"Accept": "text/html"})
    assert entered.status_code == 302, entered.text
    assert urljoin(str(entered.url), entered.headers["location"]) == f"{way.site}/projects"
    assert client.get("/api/current-user/whoami").json()["email"] == email

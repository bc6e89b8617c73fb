"""What every kind of answer tells a browser: pages of ours run our scripts alone, all else runs nothing.

Whatever a person has put in, as a file, an artifact, an object or a text, is inert in our origin.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import httpx
import pytest
from PIL import Image

from tests.security.in_process import Answer, InnerServer, Request, serve_inside
from tests.security.s3_cases import Draft, Key, sign
from tests.serving import ADMIN_TOKEN
from tests.web.operations.table import CONFIG
from tests.working import working

EVIL = b'<svg xmlns="http://www.w3.org/2000/svg"><script>parent.pwned = 1</script></svg>'
_TOKEN = (b"authorization", f"Token {ADMIN_TOKEN}".encode())
_HTML = (b"accept", b"text/html")


@dataclass(frozen=True)
class Ground:
    """A server, and where on it lie things that mean harm."""

    server: InnerServer
    key: Key
    project: int
    repo: int
    uploads: tuple[str, ...]

    def get(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
        """Ask as the administrator."""
        at, _, query = path.encode().partition(b"?")
        told = ((b"host", b"treadle.test"), _TOKEN, *headers)
        return self.server.inside.ask(Request(method, at, query, told))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("headers") / "data"
    with serve_inside("", folder) as server, working(server), server.client() as admin:
        body = {"title": "Evil", "label_config": CONFIG}
        project = admin.post("/api/projects/", json=body).json()["id"]
        repo = admin.post("/api/repos/", json={"name": "evil", "workspace": 1}).json()["id"]
        for name in ("page.html", "drawing.svg", "program.js", "sheet.css"):
            put(admin, f"/api/repos/{repo}/files/{name}?branch=master", EVIL)
        made = admin.post("/api/s3-keys", json={"name": "evil"}).json()
        key = Key(made["access_key_id"], made["secret_access_key"], b"master.evil", b"")
        admin.post("/api/users/1/avatar/", files={"avatar": ("a.png", picture(), "image/png")})
        put(admin, "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/page.html", EVIL)
        put(admin, "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/drawing.svg", EVIL)
        put(admin, "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/program.js", EVIL)
        yield Ground(server, key, project, repo, tuple(upload(admin, project)))


def put(admin: httpx.Client, path: str, content: bytes) -> None:
    answer = admin.put(path, content=content)
    assert answer.is_success, answer.text


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def upload(admin: httpx.Client, project: int) -> Iterator[str]:
    """The addresses of uploaded files, as tasks hold them."""
    for name in ("page.html", "drawing.svg", "photograph.png"):
        content = picture() if name.endswith(".png") else EVIL
        files = {"file": (name, content, "text/html")}
        answer = admin.post(f"/api/projects/{project}/import?commit_to_project=false", files=files)
        assert answer.is_success, answer.text
    for each in admin.get(f"/api/projects/{project}/file-uploads").json():
        yield f"/data/{each['file']}" if not each["file"].startswith("/") else each["file"]


def policy(answer: Answer) -> dict[str, list[str]]:
    """The directives of the one policy."""
    told = [value for name, value in answer.headers if name == b"content-security-policy"]
    assert len(told) == 1, told
    parts = [part.split() for part in told[0].decode().split(";") if part.strip()]
    return {name: values for name, *values in parts}


def check_is_ours(answer: Answer) -> None:
    """A page: scripts and frames of our own alone, nothing of it in the frames of others."""
    told = policy(answer)
    assert told["script-src"] == ["'self'"]
    assert told["object-src"] == ["'none'"]
    assert told["base-uri"] == ["'self'"]
    assert told["form-action"] == ["'self'"]
    assert told["frame-ancestors"] == ["'self'"]
    assert told["connect-src"] == ["'self'"]
    assert told["default-src"] == ["'self'"]
    assert "sandbox" not in told


def check_is_inert(answer: Answer) -> None:
    """Not a page of ours: opened by itself it is in no origin and runs nothing."""
    told = policy(answer)
    assert told["default-src"] == ["'none'"]
    assert told["sandbox"] == []
    assert "script-src" not in told
    kind = answer.header("content-type").lower()
    assert "javascript" not in kind
    assert "ecmascript" not in kind


PAGES = ("/", "/user/login/", "/projects", "/projects/1/label", "/no-such-page", "/docs/api/")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_our_scripts_alone(ground: Ground, path: str) -> None:
    answer = ground.get(path, _HTML)
    assert answer.status == 200
    check_is_ours(answer)
    check_every(answer)


MACHINES = (
    "/health/",
    "/version",
    "/metrics",
    "/docs/api/schema/json/",
    "/api/session",
    "/api/projects/",
    "/api/projects/987654321/",
    "/api/no/such/route",
    "/api/audit-log/export?format=csv",
    "/api/tasks/?project=x",
    "/api/2.0/mlflow/no/such/route",
    "/api/2.0/mlflow/server-info",
    "/api/2.0/mlflow-artifacts/artifacts?path=evil",
    "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/page.html",
    "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/drawing.svg",
    "/api/2.0/mlflow-artifacts/artifacts/1/evil/artifacts/program.js",
    "/s3/",
    "/s3/master.evil/page.html",
    "/data/upload/1/no-such-file",
    "/assets/no-such-file.js",
)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", MACHINES)
def test_what_is_for_machines_runs_nothing(ground: Ground, path: str, method: str) -> None:
    if method == "DELETE" and "artifacts" in path:
        path += "-another"
    answer = ground.get(path, _HTML, method=method)
    assert answer.status < 500 or answer.status == 501, answer.body
    check_is_inert(answer)
    check_every(answer)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "program.js", "sheet.css"])
def test_a_file_of_a_repo_is_inert_by_either_door(ground: Ground, name: str) -> None:
    api = ground.get(f"/api/repos/{ground.repo}/files/{name}", _HTML)
    draft = Draft("GET", f"/s3/master.evil/{name}".encode())
    s3 = ground.server.inside.ask(sign(ground.key, draft, datetime.now(timezone.utc)))
    assert (api.status, s3.status) == (200, 200)
    assert (api.body, s3.body) == (EVIL, EVIL)
    check_is_inert(api)
    assert policy(s3)["sandbox"] == []
    for answer in (api, s3):
        check_every(answer)


def test_an_uploaded_file_is_inert(ground: Ground) -> None:
    assert len(ground.uploads) == 3
    for path in ground.uploads:
        answer = ground.get(path, _HTML)
        assert answer.status == 200, path
        check_is_inert(answer)
        check_every(answer)


@pytest.mark.parametrize("wanted", [b"script", b"worker", b"serviceworker"])
def test_no_page_can_be_made_to_run_an_object(ground: Ground, wanted: bytes) -> None:
    draft = Draft("GET", b"/s3/master.evil/program.js", headers={b"sec-fetch-dest": wanted})
    answer = ground.server.inside.ask(sign(ground.key, draft, datetime.now(timezone.utc)))
    assert (answer.status, EVIL in answer.body) == (403, False)


def test_an_answer_cannot_be_given_another_policy_by_what_was_stored(ground: Ground) -> None:
    """By names and values of metadata and of overrides that would end one header and begin another."""
    for text in (b"text%2Fhtml%0d%0aContent-Security-Policy:%20x", b"text/html%3B%20charset=x%0aX-Evil:1"):
        draft = Draft("GET", b"/s3/master.evil/page.html", b"response-content-type=" + text)
        answer = ground.server.inside.ask(sign(ground.key, draft, datetime.now(timezone.utc)))
        assert policy(answer)["sandbox"] == []
        assert [name for name, value in answer.headers if b"\n" in value or b"\r" in value] == []


def check_every(answer: Answer) -> None:
    """What holds for each answer."""
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("server") == ""
    assert answer.header("x-powered-by") == ""
    allowed = answer.header("access-control-allow-origin")
    assert answer.header("access-control-allow-credentials") == ""
    assert allowed in ("", "*")

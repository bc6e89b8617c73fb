"""What is secret is in no log, no answer but the one that hands it out, no line of the audit log and,
unsealed, in no file of the data folder.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.security.in_process import InnerServer, serve_inside
from tests.security.s3_cases import Draft, Key, sign
from tests.serving import post_form
from tests.web.operations.table import CONFIG
from tests.working import working
from treadle.ids import new_secret
from treadle.launch.logs import JsonFormatter, LineFormatter
from treadle.settings import Secret

_LABEL = "what-was-written-into-a-label-7f31"


@dataclass
class Told:
    """All that came out of the server, and what must not have."""

    #: By what they are.
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def secret(self, name: str, value: str = "") -> str:
        """A new secret, or one that the server made."""
        self.secrets[name] = value or f"hush-{new_secret(12)}"
        return self.secrets[name]

    def found_in(self, texts: list[str], *but: str) -> list[str]:
        """The names of the secrets that stand in one of ``texts``."""
        whole = "\n".join(texts)
        return [name for name, value in self.secrets.items() if value in whole and name not in but]

    def note(self, answer: httpx.Response) -> httpx.Response:
        """An answer that is to hold none of them."""
        self.answers.append(f"{answer.text} {dict(answer.headers)}")
        return answer


class _Keeper(logging.Handler):
    """Keeps each record as both kinds of log would have it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines
        self._formatters = (LineFormatter("web"), JsonFormatter("web"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines += [each.format(record) for each in self._formatters]


@contextmanager
def logging_all(lines: list[str]) -> Iterator[None]:
    """Everything that is logged, however small, but what the server never logs."""
    root, keeper = logging.getLogger(), _Keeper(lines)
    before = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    for noisy in ("httpcore", "httpx", "asyncio", "botocore", "dbos", "PIL", "urllib3", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(keeper)
        root.setLevel(before)


@contextmanager
def opened(kind: str, folder: Path, request: pytest.FixtureRequest, told: Told) -> Iterator[InnerServer]:
    """A server that logs every request."""
    given: dict[str, Any] = {
        "log_requests": True,
        "metrics_token": Secret(told.secret("metrics token")),
        "admin_password": Secret(told.secret("administrator's password")),
    }
    if kind == "sqlite":
        with serve_inside("", folder, **given) as server, working(server):
            yield server
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve_inside(url, folder, **given) as server, working(server):
        yield server


@pytest.mark.parametrize("kind", DATABASES)
def test_no_secret_comes_out_anywhere(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    data_dir = tmp_path / "data"
    with opened(kind, data_dir, request, told) as server, logging_all(told.lines):
        sign_in_and_out(server, told)
        with server.client() as admin:
            make_tokens(server, admin, told)
            ask_by_s3(server, admin, told)
            reach_storages(admin, told)
            tell_others(admin, told)
            label(admin, told)
            send_nonsense(server, admin, told)
            stumble(admin, told, monkeypatch)
            audit = told.note(admin.get("/api/audit-log/export"))
            assert audit.status_code == 200
        with server.database.read() as tx:
            rows = [str(row) for row in tx.execute(text("SELECT * FROM audit_log"))]
    assert len(told.secrets) > 15
    assert len(told.lines) > 100
    assert told.found_in(told.lines) == []
    assert told.found_in(rows) == []
    assert told.found_in(told.answers) == []
    kept = [path.read_bytes().decode("latin-1") for path in data_dir.rglob("*") if path.is_file()]
    assert told.found_in(kept, *KEPT_AS_THEY_ARE) == []


#: Label Studio's own clients read tokens again, and an import keeps what it was asked for: docs/security.md.
KEPT_AS_THEY_ARE = ("legacy token", "refresh token", "what a label says", "password in an address")


def sign_in_and_out(server: InnerServer, told: Told) -> None:
    """A person signs up, in, wrongly, and changes the password."""
    password, wrong, newer = (told.secret(name) for name in ("password", "wrong password", "newer password"))
    with server.browser() as client:
        fields = {"email": "hush@example.com", "password": password}
        told.note(post_form(client, "/user/signup/", fields))
        told.secret("session", client.cookies["sessionid"])
        told.answers.pop()  # the one that hands it out
        told.secret("legacy token", client.get("/api/current-user/token").json()["token"])
        told.note(post_form(client, "/user/login/", {**fields, "password": wrong}))
        told.note(post_form(client, "/user/signup/", fields))
        headers = {"X-CSRFToken": client.cookies["csrftoken"]}
        body = {"current_password": wrong, "password": newer}
        told.note(client.post("/api/current-user/password/", json=body, headers=headers))
        body["current_password"] = password
        told.note(client.post("/api/current-user/password/", json=body, headers=headers))
        told.answers.pop()
    with server.client(None) as client:
        for secret in (password, newer):
            told.note(client.get("/api/projects/", auth=("hush@example.com", secret)))


def make_tokens(server: InnerServer, admin: httpx.Client, told: Told) -> None:
    """Tokens of every kind, right and wrong, by every header."""
    personal = told.secret("personal token", admin.post("/api/tokens", json={"name": "n"}).json()["token"])
    refresh = told.secret("refresh token", admin.post("/api/token/").json()["token"])
    access = admin.post("/api/token/refresh/", json={"refresh": refresh}).json()["access"]
    wrong = told.secret("wrong token", f"tdl_{new_secret(24)}")
    told.secret("access token", access)
    with server.client(None) as client:
        for token in (personal, access, wrong):
            told.note(client.get("/api/projects/", headers={"Authorization": f"Bearer {token}"}))
            told.note(client.get("/api/projects/", headers={"X-Treadle-Token": token}))
            told.note(client.get("/api/projects/", headers={"Authorization": f"Weird {token}"}))
        told.note(client.get(f"/api/projects/?token={personal}", headers={"Authorization": f"Token {wrong}"}))
        metrics = told.secrets["metrics token"]
        assert client.get("/metrics", headers={"Authorization": f"Bearer {metrics}"}).status_code == 200
    told.note(admin.get("/api/tokens"))
    told.note(admin.get("/api/admin/tokens/"))
    link = admin.post("/api/admin/people/2/password-link/").json()
    told.secret("password link", link["url"].rpartition("=")[2])
    invited = admin.post("/api/workspaces/1/invitations", json={"role": "viewer"}).json()
    told.secret("invitation", invited["token"])
    told.note(admin.get("/api/workspaces/1/invitations"))


def ask_by_s3(server: InnerServer, admin: httpx.Client, told: Told) -> None:
    """A key, a right signature and a wrong one."""
    made = admin.post("/api/s3-keys", json={"name": "n"}).json()
    secret = told.secret("secret access key", made["secret_access_key"])
    for text_ in (secret, "x" * 40):
        key = Key(made["access_key_id"], text_, b"master.none", b"")
        asked = sign(key, Draft("GET", b"/s3/master.none"), datetime.now(timezone.utc))
        told.answers.append(server.inside.ask(asked).body.decode())
    told.note(admin.get("/api/s3-keys"))


def reach_storages(admin: httpx.Client, told: Told) -> None:
    """Every kind of storage with credentials that lead nowhere."""
    body = {"title": "Hush", "label_config": CONFIG}
    project = admin.post("/api/projects/", json=body).json()["id"]
    for direction in ("", "export/"):
        for kind in admin.get(f"/api/storages/{direction}types/").json():
            name = kind["name"]
            rows = admin.get(f"/api/storages/{direction}{name}/form/").json()
            given: dict[str, Any] = {"project": project}
            for each in (field_ for row in rows for field_ in row["fields"]):
                is_secret = each["type"] == "password"
                given[each["name"]] = told.secret(f"{name}: {each['name']}") if is_secret else _plain(each)
            for path in ("", "validate/"):
                told.note(admin.post(f"/api/storages/{direction}{name}/{path}", json=given))
    assert len([name for name in told.secrets if ": " in name]) >= 4


def _plain(field_: dict[str, Any]) -> Any:
    name = field_["name"]
    if "endpoint" in name or "url" in name or name == "host":
        return "http://127.0.0.1:1"
    return {"number": 1, "toggle": False, "bool": False}.get(field_["type"], "nothing")


def tell_others(admin: httpx.Client, told: Told) -> None:
    """A webhook with a header, a model backend with a password, an import from an address with one."""
    header, password, other = (
        told.secret(name) for name in ("header", "backend password", "password in an address")
    )
    hook = {"workspace": 1, "url": "http://nobody.invalid/x", "headers": {"Authorization": header}}
    made = admin.post("/api/webhooks/", json=hook)
    assert made.status_code == 201, made.text
    if made.json().get("secret"):
        told.secret("webhook secret", made.json()["secret"])
    # Who may change a webhook reads its headers again, as in Label Studio.
    assert header in admin.get("/api/webhooks/").text
    told.note(admin.post(f"/api/webhooks/{made.json()['id']}/test/"))
    backend = {"project": 1, "url": "http://127.0.0.1:1", "auth_method": "BASIC_AUTH"}
    backend |= {"basic_auth_user": "u", "basic_auth_pass": password}
    told.note(admin.post("/api/ml/", json=backend))
    told.note(admin.post("/api/projects/1/import", json=[{"url": f"http://u:{other}@127.0.0.1:1/a.json"}]))
    told.note(admin.post("/api/projects/1/import", data={"url": f"http://u:{other}@127.0.0.1:1/a.json"}))


def label(admin: httpx.Client, told: Told) -> None:
    """What people label is theirs: in answers to them, and in no log."""
    told.secrets["what a label says"] = _LABEL
    made = admin.post("/api/tasks/", json={"project": 1, "data": {"image": f"http://{_LABEL}.invalid/"}})
    result = [{"from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": {"text": _LABEL}}]
    answer = admin.post(f"/api/tasks/{made.json()['id']}/annotations/", json={"result": result})
    assert answer.status_code in (201, 400), answer.text
    assert admin.get(f"/api/tasks/?project=1&query={_LABEL}").status_code == 400


def send_nonsense(server: InnerServer, admin: httpx.Client, told: Told) -> None:
    """Bodies that are refused, with secrets where they do not belong."""
    secret = told.secret("secret in a malformed body")
    for body in (f'{{"password": "{secret}"', f'{{"password": {{"x": "{secret}"}}}}', f'["{secret}"]'):
        for path in ("/api/users/", "/api/tokens", "/api/current-user/password/", "/api/token/refresh/"):
            headers = {"Content-Type": "application/json"}
            told.note(admin.post(path, content=body, headers=headers))
    told.note(admin.post(f"/api/learning/hooks/{secret}/"))
    with server.client(None) as client:
        told.note(client.get("/api/projects/", headers={"Cookie": f"sessionid={secret}"}))
        told.note(client.get("/data/upload/1/x", headers={"Authorization": f"Basic {secret}"}))


def stumble(admin: httpx.Client, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours, with a secret in its words; and a row that the database refuses."""
    secret = told.secret("secret in a fault")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"could not use password={secret}")

    monkeypatch.setattr("treadle.web.routes_users.list_users", fail, raising=False)
    answer = admin.get("/api/users/")
    assert answer.status_code in (200, 500)
    told.answers.append(answer.text if answer.status_code == 500 else "")

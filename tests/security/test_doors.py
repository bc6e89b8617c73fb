"""Who may what behind every door that is no route of the API: the API's own is in
`tests/web/operations/test_role_matrix.py`, MLflow's in `tests/tracking/door/test_matrix.py`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Send

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.security.in_process import Answer, InnerServer, Request, serve_inside
from tests.security.s3_cases import Draft, Key, drafts, sign
from tests.web.operations.world import add_outsider
from treadle.gateways.s3.asked import read_request
from treadle.gateways.s3.operations import OPERATIONS, Operation, find_operation
from treadle.launch import application
from treadle.permissions import ROLE_PERMISSIONS, Role

ROLES = tuple(role.value for role in Role)
_NOT_THERE = ("NoSuchBucket", "AccessDenied")


@dataclass(frozen=True)
class Town:
    """A server with a bucket in its first workspace, and keys of all kinds of people."""

    server: InnerServer
    keys: dict[str, Key]

    def ask(self, who: str, draft: Draft) -> Answer:
        """A right signature of theirs."""
        return self.server.inside.ask(sign(self.keys[who], draft, datetime.now(timezone.utc)))

    def picture(self) -> list[bytes]:
        """What is in the bucket, as its owner sees it."""
        at = b"/s3/" + self.keys["admin"].bucket
        asked = (Draft("GET", at, b"list-type=2"), Draft("GET", at, b"uploads"), Draft("GET", b"/s3/"))
        return [without_ids(self.ask("admin", each).body) for each in asked]


def without_ids(body: bytes) -> bytes:
    """A listing without the times in it, which are of the one who asks."""
    return b"".join(part for part in body.split(b"<") if not part.startswith((b"LastModified", b"Initiated")))


@pytest.fixture(scope="module", params=DATABASES)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town") / "data"
    if request.param == "sqlite":
        with serve_inside("", folder) as server:
            yield settle(server)
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve_inside(url, folder) as server:
        yield settle(server)


def settle(server: InnerServer) -> Town:
    """People of every role, and the bucket with two objects and an upload."""
    people = {role: server.member(f"{role}@example.com", role).token for role in ROLES}
    people["outsider"] = add_outsider(server).token
    with server.client() as admin:
        repo = admin.post("/api/repos/", json={"name": "town", "workspace": 1}).json()["id"]
        for path in ("a.txt", "folder/b.bin"):
            answer = admin.put(f"/api/repos/{repo}/files/{path}?branch=master", content=path.encode())
            assert answer.status_code == 201, answer.text
        elsewhere = admin.post("/api/workspaces", json={"name": "held-elsewhere"}).json()["id"]
    keys = {who: key_of(server, token) for who, token in people.items()}
    with server.client() as admin:
        token = admin.post("/api/tokens", json={"name": "all"}).json()["token"]
    keys["admin"] = key_of(server, token)
    keys["reads"] = key_of(server, token, role="viewer")
    keys["held"] = key_of(server, token, workspace=elsewhere)
    keys["revoked"] = key_of(server, token)
    with server.client() as admin:
        mine = admin.get("/api/s3-keys").json()["results"]
        spent = next(each for each in mine if each["access_key_id"] == keys["revoked"].id)
        assert admin.delete(f"/api/s3-keys/{spent['id']}").status_code == 204
    keys["forger"] = replace(keys["admin"], secret="x" * 40)
    keys["nobody"] = replace(keys["admin"], id="TDLNOBODY")
    return Town(server, keys)


def key_of(server: InnerServer, token: str, **fields: Any) -> Key:
    """A key of whoever has the token."""
    with server.client(token) as client:
        answer = client.post("/api/s3-keys", json={"name": "key", **fields})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Key(made["access_key_id"], made["secret_access_key"], b"master.town", b"none")


def operation_of(draft: Draft) -> Operation:
    asked = read_request(draft.method, draft.path, draft.query, list(draft.headers.items()))
    return find_operation(asked)


def code_of(answer: Answer) -> str:
    return answer.body.partition(b"<Code>")[2].partition(b"<")[0].decode()


def may(role: str, operation: Operation) -> bool:
    return operation.permission in ROLE_PERMISSIONS[Role(role)]


def test_every_operation_of_s3_is_asked() -> None:
    key = Key("k", "s", b"master.town", b"u")
    asked = {operation_of(each).name for each in drafts(key)}
    assert asked == {each.name for each in OPERATIONS}


def test_who_is_not_known_gets_nothing_by_s3(town: Town) -> None:
    before = town.picture()
    wanted = {
        "forger": "SignatureDoesNotMatch",
        "nobody": "InvalidAccessKeyId",
        "revoked": "InvalidAccessKeyId",
    }
    for draft in drafts(town.keys["admin"]):
        for who, code in wanted.items():
            answer = town.ask(who, draft)
            assert answer.status == 403, (who, draft)
            assert draft.method == "HEAD" or code_of(answer) == code, (who, draft, answer.body)
        unsigned = Request(draft.method, draft.path, draft.query, ((b"host", b"treadle.test"),))
        assert town.server.inside.ask(unsigned).status == 403, draft
    assert town.picture() == before


@pytest.mark.parametrize("who", [*ROLES, "outsider", "reads", "held"])
def test_who_may_not_changes_nothing_by_s3_and_who_may_is_answered(town: Town, who: str) -> None:
    before = town.picture()
    allowed = []
    for draft in drafts(town.keys["admin"]):
        operation = operation_of(draft)
        is_stranger = who in ("outsider", "held")
        role = {"reads": "viewer", "held": "owner", "outsider": "owner"}.get(who, who)
        if operation.name == "ListBuckets":
            answer = town.ask(who, draft)
            sees = not is_stranger and may(role, operation)
            assert (b"master.town" in answer.body) == sees, answer.body
        elif operation.name == "CreateBucket" and is_stranger:
            continue  # they may, in a workspace of their own
        elif is_stranger or not may(role, operation):
            check_is_refused(town.ask(who, draft), draft, is_stranger=is_stranger)
        else:
            allowed.append(draft)
    assert town.picture() == before
    for draft in allowed:
        answer = town.ask(who, draft)
        assert code_of(answer) != "AccessDenied", (draft, answer.body)
        assert answer.status != 403, (draft, answer.body)


def check_is_refused(answer: Answer, draft: Draft, *, is_stranger: bool) -> None:
    """Told no more than that it is not there, or, to a member, that it is not theirs."""
    assert answer.status in (403, 404), (draft, answer.status, answer.body)
    if draft.method == "HEAD":
        return
    assert code_of(answer) in (("NoSuchBucket",) if is_stranger else _NOT_THERE)
    assert b"folder/b.bin" not in answer.body


def test_a_connection_that_is_no_request_is_closed(town: Town) -> None:
    """What servers of ASGI may bring beside HTTP."""
    told: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        told.append(message)

    app = application.create_application(town.server.parts)
    for path in ("/", "/api/projects/", "/s3/master.town", "/api/2.0/mlflow/runs/get"):
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "headers": [],
            "query_string": b"",
        }
        asyncio.run(opened(app, scope, receive, send))
    assert {each["type"] for each in told} == {"websocket.close"}


async def opened(app: ASGIApp, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def test_the_application_has_the_doors_that_are_looked_at() -> None:
    """A fourth one needs a matrix of its own."""
    source = inspect.getsource(application.create_application)
    assert source.count("return gateway") == source.count("return door") == 1
    assert source.count("return web") == 2
    assert source.count("_Late(") == 2

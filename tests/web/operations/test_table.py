"""Each operation that clients depend on: its keys, who may, and what others are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.serving import Person, RunningServer
from tests.web.operations.shapes import misfits
from tests.web.operations.table import ADMIN, LATER, MUST, PAGES, SHOULD, Operation
from tests.web.operations.test_replay import RECORDED
from tests.web.operations.world import World, add_outsider, build_world, nowhere
from treadle.ids import new_uuid

_ANSWERS = {step["what"]: step["body"] for step in RECORDED}
_ERROR_KEYS = {"id", "status_code", "version", "detail", "exc_info"}
OPERATIONS = (*MUST, *SHOULD)
_GUARDED = [operation for operation in OPERATIONS if not operation.is_public]
_HIDDEN = [
    operation
    for operation in _GUARDED
    if operation.is_about_an_id and not operation.is_for_admins and not operation.is_personal
]
_REFUSALS = [(operation, role) for operation in OPERATIONS for role in operation.refused]


@pytest.fixture(scope="module")
def admin(studio: RunningServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture(scope="module")
def clients(studio: RunningServer, people: dict[str, Person]) -> Iterator[dict[str, httpx.Client]]:
    """Of each role, the ``outsider``; the ``stranger`` has no credentials, the ``forger`` wrong ones."""
    tokens: dict[str, str | None] = {name: person.token for name, person in people.items()}
    tokens |= {"stranger": None, "forger": "f" * 40}
    with ExitStack() as stack:
        yield {name: stack.enter_context(studio.client(token)) for name, token in tokens.items()}


@pytest.fixture(scope="module")
def world(admin: httpx.Client, people: dict[str, Person]) -> World:
    """A world that no test changes; its ``user`` is known to its workspace alone."""
    built = build_world(admin, *(name for each in OPERATIONS for name in re.findall(r"{(\w+)}", str(each))))
    return World({**built.ids, "user": str(people["viewer"].id)})


@pytest.fixture(scope="module")
def people(studio: RunningServer) -> dict[str, Person]:
    """Somebody of each role in the world's workspace, and an ``outsider``."""
    roles = ("viewer", "annotator", "editor")
    members = {role: studio.member(f"{role}@example.com", role) for role in roles}
    return {**members, "outsider": add_outsider(studio)}


def by_name(operation: Operation) -> str:
    return operation.name


def other_form(path: str) -> str:
    return path[:-1] if path.endswith("/") else f"{path}/"


def world_for(operation: Operation, admin: httpx.Client, world: World) -> World:
    """The shared world, or one to spend."""
    if not operation.is_change:
        return world
    built = build_world(admin, *re.findall(r"{(\w+)}", f"{operation.path} {operation.body}"))
    return World({**built.ids, "user": world.ids["user"]})


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
def test_an_operation_answers_with_the_documented_keys_and_either_slash(
    operation: Operation, studio: RunningServer, admin: httpx.Client, world: World
) -> None:
    for path in (operation.path, other_form(operation.path)):
        answer = send_once(operation, path, studio, admin, world)
        assert answer.status_code == operation.status, answer.text
        if operation.like is not None:
            assert list(misfits(_ANSWERS[operation.like], answer.json())) == []


def send_once(
    operation: Operation, path: str, studio: RunningServer, admin: httpx.Client, world: World
) -> httpx.Response:
    """Ask as the administrator; for what one does with oneself, as somebody new."""
    if not operation.is_personal:
        return world_for(operation, admin, world).send(admin, operation, path)
    person = studio.sign_up(f"{new_uuid()}@example.com")
    with studio.client(person.token) as client:
        own = {"refresh": client.post("/api/token/").json()["token"], "user": str(person.id)}
        return World(own).send(client, operation, path)


@pytest.mark.parametrize("operation", _GUARDED, ids=by_name)
def test_a_stranger_is_told_401(operation: Operation, clients: dict[str, httpx.Client], world: World) -> None:
    clients["forger"].headers["Authorization"] = f"Token {new_uuid()}"  # the same one would be told to wait
    answers = [
        world.send(clients["stranger"], operation),
        world.send(clients["stranger"], operation, other_form(operation.path)),
        world.send(clients["forger"], operation),
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert all(answer.json().keys() >= _ERROR_KEYS for answer in answers)


@pytest.mark.parametrize("operation", _HIDDEN, ids=by_name)
def test_what_is_elsewhere_and_what_is_nowhere_are_told_alike(
    operation: Operation, clients: dict[str, httpx.Client], world: World
) -> None:
    elsewhere = world.send(clients["outsider"], operation)
    absent = nowhere().send(clients["outsider"], operation)
    assert (elsewhere.status_code, absent.status_code) == (404, 404), elsewhere.text
    assert elsewhere.json().keys() >= _ERROR_KEYS
    assert told(elsewhere, world) == told(absent, nowhere())


def told(answer: httpx.Response, world: World) -> dict[str, object]:
    """What the body says, with names for ids."""
    body = answer.json()
    text = str(body["detail"])
    for id_text in sorted(world.ids.values(), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(id_text)}(?!\w)", "ID", text)
    return {**body, "id": "", "detail": text}


@pytest.mark.parametrize(
    ("operation", "role"), _REFUSALS, ids=[f"{role} {each.name}" for each, role in _REFUSALS]
)
def test_a_role_without_the_permission_is_told_403(
    operation: Operation, role: str, clients: dict[str, httpx.Client], world: World
) -> None:
    answer = world.send(clients[role], operation)
    assert answer.status_code == 403, answer.text
    assert answer.json().keys() >= _ERROR_KEYS


def test_who_is_refused_changes_nothing(
    admin: httpx.Client, clients: dict[str, httpx.Client], world: World
) -> None:
    before = world.picture(admin)
    for operation in _GUARDED:
        for name in refused_at(operation):
            answer = world.send(clients[name], operation)
            assert answer.is_client_error, f"{name} {operation.name}"
    assert world.picture(admin) == before


def refused_at(operation: Operation) -> list[str]:
    """Who may not: strangers, outsiders where it is about something, roles without the permission."""
    outsiders = ["outsider"] if operation.is_about_an_id else []
    return ["stranger", *outsiders, *operation.refused]


_READS = [each for each in OPERATIONS if not each.is_change and each.refused != ADMIN]


@pytest.mark.parametrize("operation", _READS, ids=by_name)
def test_a_role_with_the_permission_is_let_in(
    operation: Operation, clients: dict[str, httpx.Client], world: World
) -> None:
    role = "viewer" if "viewer" not in operation.refused else "editor"
    answer = world.send(clients[role], operation)
    # A draft is its person's alone.
    assert answer.status_code == (404 if "{draft}" in operation.path else operation.status), answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_browser_is_one_document(
    path: str, clients: dict[str, httpx.Client], world: World
) -> None:
    answer = clients["stranger"].get(str(world.fill(path)), headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_leaving_goes_back_to_the_sign_in(clients: dict[str, httpx.Client]) -> None:
    answers = [clients["stranger"].get("/logout"), clients["stranger"].get("/logout/")]
    assert [answer.status_code for answer in answers] == [302, 302]


@pytest.mark.parametrize(("method", "path"), LATER)
def test_what_comes_later_is_not_there(method: str, path: str, admin: httpx.Client, world: World) -> None:
    answer = admin.request(method, str(world.fill(path)))
    assert answer.status_code == 404
    assert answer.json().keys() >= _ERROR_KEYS

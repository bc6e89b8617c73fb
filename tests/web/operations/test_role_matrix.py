"""Every route, asked by every role: who may not is refused, learns nothing and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.serving import Person, RunningServer
from tests.web.operations.own_table import OWN, UNASKED
from tests.web.operations.table import MUST, SHOULD, Operation
from tests.web.operations.world import World, add_outsider, build_world
from treadle.permissions import ADMINS_ALONE, READING, ROLE_PERMISSIONS, Permission, Role
from treadle.web.routes import all_routes
from treadle.web.routing import OWN_ACCOUNT, Access, Route, RouteTree

OPERATIONS = (*MUST, *SHOULD, *OWN)
ROUTES = all_routes()
ROLES = tuple(role.value for role in Role)
#: Roles that are not told of what was not handed to them.
_NARROW = ("annotator",)
_TREE = RouteTree(ROUTES)
#: What nobody outside of the workspace may read anywhere in an answer.
_SECRETS = ("World", "example.com/0.jpg", "n > 0", "viewer@example.com")


@pytest.fixture(scope="module")
def admin(studio: RunningServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture(scope="module")
def people(studio: RunningServer) -> dict[str, Person]:
    members = {role: studio.member(f"{role}@example.com", role) for role in ROLES}
    return {**members, "outsider": add_outsider(studio)}


@pytest.fixture(scope="module")
def clients(studio: RunningServer, people: dict[str, Person]) -> Iterator[dict[str, httpx.Client]]:
    tokens: dict[str, str | None] = {name: person.token for name, person in people.items()}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(studio.client(token))
            for name, token in {**tokens, "stranger": None}.items()
        }


@pytest.fixture(scope="module")
def world(admin: httpx.Client, clients: dict[str, httpx.Client], people: dict[str, Person]) -> World:
    """A world with something of everything, that only refused requests reach."""
    names = {name for operation in OPERATIONS for name in names_in(operation)}
    return handed(build_world(admin, *names), clients, people)


def names_in(operation: Operation) -> list[str]:
    """What a world must hold for the operation."""
    return re.findall(r"{(\w+)}", f"{operation.path} {operation.query} {operation.body}")


def handed(built: World, clients: dict[str, httpx.Client], people: dict[str, Person]) -> World:
    """The world, its task in the annotator's hands."""
    answer = clients["annotator"].post(f"/api/tasks/{built.ids['task']}/open/")
    assert answer.is_success or answer.status_code == 404, answer.text
    return World({**built.ids, "user": str(people["viewer"].id)})


def route_of(operation: Operation) -> Route:
    found = _TREE.find(operation.path.replace("{", "").replace("}", ""))
    assert found is not None, operation.name
    return found.routes[operation.method]


def may(role: str, operation: Operation) -> bool:
    """Whether the role holds what the operation asks for."""
    access = access_of(operation)
    return not isinstance(access, Permission) or access in ROLE_PERMISSIONS[Role(role)]


def access_of(operation: Operation) -> Access:
    """What the route declares; a bulk action changes tasks, and restoring what others deleted the project."""
    is_bulk = operation.path == "/api/dm/actions/" and operation.method == "POST"
    if is_bulk and operation.query["id"] != "next_task":
        return Permission.TASK_WRITE
    if operation.path == "/api/deletions/{deletion}/restore/":
        return Permission.PROJECT_WRITE
    if operation.path == "/metrics/":  # for administrators, where it is not for the token of the setting
        return Permission.ORGANIZATION_READ
    return route_of(operation).access


def by_name(operation: Operation) -> str:
    return operation.name


def test_every_route_is_asked() -> None:
    asked = {(operation.method, route_of(operation).path) for operation in OPERATIONS}
    unasked = {(route.method, route.path) for route in ROUTES} - asked - UNASKED
    assert sorted(unasked) == []


_GUARDED = [each for each in OPERATIONS if not each.is_public]


@pytest.mark.parametrize("operation", _GUARDED, ids=by_name)
def test_who_may_not_is_refused_and_learns_nothing(
    operation: Operation, clients: dict[str, httpx.Client], world: World
) -> None:
    told = {name: world.send(clients[name], operation) for name in refused_at(operation)}
    statuses = {name: answer.status_code for name, answer in told.items()}
    assert statuses == {name: refusal(name, operation) for name in told}
    outside = [told[name].text for name in ("stranger", "outsider") if name in told]
    assert [secret for secret in _SECRETS for text in outside if secret in text] == []


def refused_at(operation: Operation) -> list[str]:
    is_elsewhere = operation.is_about_an_id and not operation.is_personal
    outsiders = ["outsider"] if is_elsewhere or access_of(operation) in ADMINS_ALONE else []
    return ["stranger", *outsiders, *(role for role in ROLES if not may(role, operation))]


def refusal(name: str, operation: Operation) -> int:
    """Strangers are asked who they are; to an outsider nothing of others is there; a role is too little."""
    if name == "outsider" and access_of(operation) not in ADMINS_ALONE:
        return 404
    return 401 if name == "stranger" else 403


def test_who_was_refused_changed_nothing(
    admin: httpx.Client, clients: dict[str, httpx.Client], world: World
) -> None:
    before = world.picture(admin)
    for operation in _GUARDED:
        for name in refused_at(operation):
            world.send(clients[name], operation)
    assert world.picture(admin) == before


@pytest.mark.parametrize("operation", [each for each in _GUARDED if not each.is_personal], ids=by_name)
def test_who_may_is_answered(
    studio: RunningServer,
    operation: Operation,
    admin: httpx.Client,
    clients: dict[str, httpx.Client],
    people: dict[str, Person],
    world: World,
) -> None:
    allowed = [role for role in ROLES if may(role, operation)]
    if operation.is_change and studio.database.dialect == "postgresql":
        allowed = allowed[-1:]  # Who may what is decided above the database; each role spends a world.
    for role in allowed:
        there = world
        if operation.is_change:
            there = handed(build_world(admin, *names_in(operation)), clients, people)
        answer = there.send(clients[role], operation)
        assert answer.status_code in answers(role, operation), f"{role}: {answer.text}"


def answers(role: str, operation: Operation) -> set[int]:
    """What may be answered: others' drafts are nobody's, an annotator knows what was handed to them."""
    if "{draft}" in operation.path:
        return {404}
    return {operation.status, 404} if role in _NARROW else {operation.status}


@pytest.mark.parametrize(
    "path", ["/data/upload/{project}/{file}", "/data/thumbnail/{project}/{file}", "/api/exports/files/{job}/"]
)
def test_files_of_another_workspace_are_not_there(
    path: str, admin: httpx.Client, clients: dict[str, httpx.Client], world: World
) -> None:
    address = str(world.fill(path))
    assert admin.get(address).status_code == 200
    assert [clients[name].get(address).status_code for name in ("outsider", "stranger")] == [404, 401]


def token_of(client: httpx.Client, **fields: object) -> str:
    """The text of a new personal token of the client's person."""
    answer = client.post("/api/tokens", json={"name": "held", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_a_token_that_only_reads_reads_all_and_changes_nothing(
    studio: RunningServer, admin: httpx.Client, clients: dict[str, httpx.Client], world: World
) -> None:
    before = world.picture(admin)
    with studio.client(token_of(clients["owner"], scope="read")) as reading:
        found = {each.name: world.send(reading, each) for each in _GUARDED}
    wrong = [
        (each.name, found[each.name].status_code, found[each.name].text[:200])
        for each in _GUARDED
        if found[each.name].status_code not in answers_to_reading(each)
    ]
    assert wrong == []
    assert world.picture(admin) == before


def answers_to_reading(operation: Operation) -> set[int]:
    access, route = access_of(operation), route_of(operation)
    is_change = route.method != "GET" and not route.only_reads
    if is_change or access is OWN_ACCOUNT or access in ADMINS_ALONE:
        return {403}
    if isinstance(access, Permission) and access not in READING:
        return {403}
    # Others' jobs are seen by who may change the project.
    hidden = "{draft}" in operation.path or operation.path.startswith("/api/jobs/{job}")
    return {404} if hidden else {operation.status}


def test_a_token_held_to_a_workspace_is_a_strangers_in_another(
    studio: RunningServer, admin: httpx.Client, clients: dict[str, httpx.Client], world: World
) -> None:
    """Of the organisation's admin, who may all: what the token does not reach is not there."""
    elsewhere = admin.post("/api/workspaces", json={"name": "held-elsewhere"}).json()["id"]
    before = world.picture(admin)
    with studio.client(token_of(admin, workspace=elsewhere)) as held:
        found = {each.name: world.send(held, each) for each in _GUARDED}
    wrong = [
        (each.name, found[each.name].status_code, found[each.name].text[:200])
        for each in _GUARDED
        if found[each.name].status_code not in answers_to_held(each)
    ]
    assert wrong == []
    told = [each.text for each in found.values()]
    assert [secret for secret in _SECRETS for text in told if secret in text] == []
    assert world.picture(admin) == before


def answers_to_held(operation: Operation) -> set[int]:
    access = access_of(operation)
    is_account = (operation.method, operation.path) == ("PATCH", "/api/users/{user}/")
    if access is OWN_ACCOUNT or access in ADMINS_ALONE or is_account:
        return {403}
    if operation.is_about_an_id and not operation.is_personal:
        return {404}
    return {operation.status, 404}

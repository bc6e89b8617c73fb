"""Administration from a terminal and from Python, against a server and a folder that nobody serves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_repos import Terminal
from tests.serving import ADMIN_EMAIL, ADMIN_TOKEN, RunningServer, serve
from treadle.cli.admin_commands import ADMIN_COMMANDS
from treadle.cli.admin_verbs import VERBS
from treadle.client import AuditFilter, connect
from treadle.errors import Conflict, Forbidden, NotFound, Unauthenticated


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serve("", tmp_path_factory.mktemp("admin")) as running:
        yield running


@pytest.fixture
def terminal(server: RunningServer, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, TREADLE_URL=server.url, TREADLE_TOKEN=ADMIN_TOKEN)


def test_every_command_does_something() -> None:
    assert [each.name.removeprefix("admin ") for each in ADMIN_COMMANDS] == list(VERBS)


def test_a_service_account_is_made_and_ended_from_a_terminal(
    terminal: Terminal, server: RunningServer
) -> None:
    terminal.type("admin workspace create robots --title Robots")
    made = terminal.type("admin service-account create robots nightly --role editor --description Trains")
    assert made.startswith("nightly is editor in robots, as nightly@ws-")
    token = terminal.type("admin service-account create-token robots nightly --name cron --read-only").strip()
    with connect(server.url, token) as robot:
        assert robot.list_repos() == []
        with pytest.raises(Forbidden):
            robot.create_repo("images")
    (shown,) = terminal.read("admin token list cron")
    assert (shown["scope"], shown["owner"]["is_service_account"]) == ("read", True)
    terminal.type("admin service-account disable robots nightly")
    with connect(server.url, token) as robot, pytest.raises(Unauthenticated):
        robot.list_repos()
    refused = terminal.fails(
        "admin service-account create robots boss --role editor --url http://127.0.0.1:9"
    )
    assert "does not answer" in refused
    (gone,) = terminal.read("admin service-account list robots")
    assert (gone["is_active"], gone["tokens"]) == (False, 0)
    lines = terminal.read("admin audit list --workspace robots --outcome refused")
    assert [each["detail"]["code"] for each in lines] == ["token-read-only"]


def test_people_and_roles_are_kept_from_python(server: RunningServer) -> None:
    with connect(server.url, ADMIN_TOKEN) as client:
        admin = client.admin
        made = admin.invite("ida@example.com", first_name="Ida", workspace="main", role="editor")
        assert made.link.url.startswith("/user/reset-password/?token=")
        assert [each.role for each in admin.person("IDA@example.com").roles] == ["editor"]
        assert admin.give_role("main", "ida@example.com", "manager").role == "manager"
        admin.take_role("main", "ida@example.com")
        assert admin.change_person("ida@example.com", is_admin=True).is_admin
        assert not admin.change_person("ida@example.com", is_admin=False, is_active=False).is_active
        assert [each.email for each in admin.list_people("ida", "deactivated")] == ["ida@example.com"]
        with pytest.raises(Conflict) as caught:
            admin.change_person(ADMIN_EMAIL, is_admin=False)
        assert caught.value.code == "last-admin"
        held = admin.create_token("notebook", scope="read", workspace="main", days=1)
        assert held.workspace is not None
        found = [each.action for each in admin.audit(AuditFilter(action="role.removed"))]
        assert found == ["role.removed"]
        admin.revoke_token(held.id)
        assert held.id not in [each.id for each in admin.list_tokens("notebook")]


def test_a_leaked_s3_key_is_found_by_its_id_and_ended(terminal: Terminal, server: RunningServer) -> None:
    with server.client() as client:
        made = client.post("/api/s3-keys", json={"name": "laptop", "workspace": "main"}).json()
    leaked = made["access_key_id"]
    assert terminal.type(f"admin token list {leaked}").startswith(f"{leaked}  all ")
    assert "The S3 key" in terminal.type(f"admin token revoke {leaked}")
    assert terminal.read(f"admin token list {leaked}") == []
    assert "still works" in terminal.fails(f"admin token revoke {leaked}")
    with connect(server.url, ADMIN_TOKEN) as remote, pytest.raises(NotFound):
        remote.admin.revoke_s3_key("../tokens")


def test_the_log_is_written_to_a_file(terminal: Terminal) -> None:
    terminal.type("admin token create --name once --days 1")
    terminal.type("admin audit export --action token.created -o log.csv")
    with (terminal.folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {each["action"] for each in rows} == {"token.created"}
    assert any("once" in each["detail"] for each in rows)


def test_a_folder_that_nobody_serves_is_administered_as_its_owner(tmp_path: Path) -> None:
    with serve("", tmp_path / "data"):
        pass
    terminal = Terminal(tmp_path, "--data-dir", str(tmp_path / "data"))
    terminal.type("admin person invite ida@example.com")
    people = terminal.read("admin person list")
    assert [each["email"] for each in people] == [ADMIN_EMAIL, "ida@example.com"]
    assert "last organisation admin" in terminal.fails(f"admin person demote {ADMIN_EMAIL}")

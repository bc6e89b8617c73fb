"""A purge asked for over HTTP, from Python and from a terminal, and done by a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.cli.test_repos import Terminal
from tests.serving import ADMIN_TOKEN, RunningServer
from tests.tracking.purging.house import Place, open_house
from tests.waiting import wait_until
from tests.working import serve_with_worker
from treadle.access import Actor
from treadle.client import connect
from treadle.db.schema import users
from treadle.errors import Conflict


@contextmanager
def tracked(server: RunningServer) -> Iterator[Place]:
    """The server's first workspace, filled by MLflow's own store."""
    settings = server.parts.settings
    with server.database.read() as tx:
        admin = tx.rows(select(users))[0]
    with open_house(server.database.url, settings.data_dir) as house:
        yield Place(house, 1, Actor(admin["id"], admin["email"], is_admin=True))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with serve_with_worker("", tmp_path / "data") as running:
        yield running


def test_a_purge_is_looked_at_first_and_then_done(server: RunningServer, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, TREADLE_URL=server.url, TREADLE_TOKEN=ADMIN_TOKEN)
    with connect(server.url, ADMIN_TOKEN) as client:
        assert client.admin.find_purgeable(1, 0).runs == 0, "nobody has tracked anything"
        job = client.admin.start_purge("main", 0)
        wait_until(lambda: client.job(job).state == "done")
        with tracked(server) as place:
            experiment = place.experiment("one")
            runs = [place.run(experiment) for _ in range(2)]
            for run in runs:
                place.delete_run(run)
            found = client.admin.find_purgeable("main", 30)
            assert (found.runs, found.size_bytes, found.is_whole, found.job) == (2, 2048, True, None)
            looked = terminal.type("admin workspace purge main --older-than 30")
            assert "2 runs and 2.0 KB of files" in looked
            with server.client() as http:
                quick = http.get("/api/tracking/purge/", params={"workspace": 1, "with_sizes": 0}).json()
                assert (quick["runs"], quick["size_bytes"], quick["is_whole"]) == (2, 0, False)
                asked: dict[str, str | int] = {
                    "workspace": 1,
                    "of": f"{experiment}/{runs[0]},{experiment},{experiment}/none",
                }
                sizes = http.get("/api/tracking/deleted/sizes/", params=asked).json()["results"]
                assert [each["size_bytes"] for each in sizes] == [1024, 2068, 0]
                asked["of"] = "../../etc"
                assert http.get("/api/tracking/deleted/sizes/", params=asked).status_code == 400
            assert "Freed 0 experiments, 2 runs and 2.0 KB" in terminal.type(
                "admin workspace purge main --older-than 30 --yes"
            )
            assert client.admin.find_purgeable("main", 0).runs == 0


def test_a_workspace_with_deleted_runs_is_not_ended_over_http(server: RunningServer) -> None:
    with connect(server.url, ADMIN_TOKEN) as client, tracked(server) as place:
        place.delete_experiment(place.experiment("gone"))
        with pytest.raises(Conflict, match="1 deleted experiments"):
            client.admin.delete_workspace("main")
        job = client.admin.start_purge("main", 0)
        wait_until(lambda: client.job(job).state == "done")
        client.admin.delete_workspace("main")
        assert client.admin.list_workspaces() == []

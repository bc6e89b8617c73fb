"""A Label Studio brought here, by a kept conversation with a real one (tests/peers/README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.conversation import Conversation, replayed
from tests.peers.moving import CONVERSATION
from tests.peers.moving_facts import differences, ours, theirs
from tests.serving import RunningServer, serve
from treadle.access.identities import identify_owner
from treadle.access.tokens import set_legacy_token
from treadle.errors import NotFound, Unavailable
from treadle.moving.bringing import Place, Report, bring_all, list_pairs
from treadle.moving.peer import Peer
from treadle.objects.local import LocalObjects
from treadle.settings import Secret

KEPT: Conversation = json.loads(CONVERSATION.read_text("utf-8"))


def test_everything_comes_with_its_id_author_and_times(database_url: str, tmp_path: Path) -> None:
    with serve(database_url, tmp_path / "data", admin_email="") as server, replayed(CONVERSATION) as (url, _):
        report = bring(server, url)
        assert report.keeps_ids
        assert report.failed == {}
        assert compare(server, report) == []
        assert report.counts.came == {
            "users": 3,
            "projects": 2,
            "files": 2,
            "tasks": 208,
            "annotations": 9,
            "predictions": 2,
            "drafts": 3,
        }
        with server.client(token_of_owner(server)) as admin:
            for project in admin.get("/api/projects/").json()["results"]:
                said = answer(f"/api/projects/{project['id']}/")
                assert different(said, project) == DIFFERENT
            assert admin.get("/api/users/").json()[1]["last_name"] == "Ó Tator"
            picture = admin.get("/api/tasks/1/").json()["data"]["image"]
            assert admin.get(picture).content.startswith(b"\x89PNG")
            # What is made from now on has ids behind those that came.
            made = admin.post("/api/projects/", json={"title": "Next", "label_config": "<View/>"}).json()
            assert made["id"] == 3


def test_twice_is_once_and_what_is_here_stays(database_url: str, tmp_path: Path) -> None:
    with serve(database_url, tmp_path / "data") as server, replayed(CONVERSATION) as (url, _):
        with server.client() as admin:
            admin.post("/api/projects/", json={"title": "Ours", "label_config": "<View/>"})
        first, again = bring(server, url), bring(server, url)
        assert not first.keeps_ids
        assert compare(server, first) == []
        assert again.counts.came == {}
        assert again.counts.there["tasks"] == first.counts.came["tasks"]
        assert compare(server, again) == []
        with server.client() as admin:
            titles = [each["title"] for each in admin.get("/api/projects/").json()["results"]]
        assert sorted(titles) == ["Ours", "Pictures", "Texts"]


def test_old_ids_that_were_given_here_meanwhile_are_passed_by(database_url: str, tmp_path: Path) -> None:
    name = "GET /api/projects/1/exports/5/download?exportType=JSON"
    before = json.loads(KEPT[name][0]["text"])
    mark = {**before[0]["annotations"][0], "id": 10, "unique_id": "later", "parent_prediction": None}
    bare: dict[str, Any] = {"annotations": [], "drafts": [], "predictions": []}
    later = [{**before[0], **bare, "id": 209, "annotations": [mark]}, {**before[0], **bare, "id": 210}]
    told = [{"status": 200, "text": json.dumps(tasks)} for tasks in (before, [*before, *later])]
    path = rewritten(tmp_path, {name: told})
    with serve(database_url, tmp_path / "data", admin_email="") as server, replayed(path) as (url, _):
        assert bring(server, url).keeps_ids
        with server.client(token_of_owner(server)) as admin:
            ours = admin.post("/api/tasks/", json={"project": 1, "data": {"image": "ours"}}).json()
            made = admin.post("/api/tasks/209/annotations/", json={"result": []})
            assert (ours["id"], made.json()["id"]) == (209, 10)
            again = bring(server, url)
            assert (again.failed, again.counts.came) == ({}, {"tasks": 2, "annotations": 1})
            assert again.renumbered == {"annotation": 1, "task": 1}
            ids = {(kind, old): new for kind, old, new in list_pairs(server.database, again.source)}
            assert ids["task", 210] == 210
            assert admin.get("/api/tasks/209/").json()["data"] == {"image": "ours"}
            [came] = admin.get(f"/api/tasks/{ids['task', 209]}/").json()["annotations"]
            assert (came["id"], came["lead_time"]) == (ids["annotation", 10], mark["lead_time"])


def test_what_was_cut_off_goes_on(sqlite_url: str, tmp_path: Path) -> None:
    class Cut(Exception):
        pass

    def cut(what: str, done: int, _total: int) -> None:
        if what == "Texts" and done == 200:
            raise Cut

    with serve(sqlite_url, tmp_path / "data") as server, replayed(CONVERSATION) as (url, asked):
        with pytest.raises(Cut):
            bring(server, url, told=cut)
        assert asked[-1].startswith("DELETE")
        with server.client() as admin:
            shown = {each["title"]: each["task_number"] for each in listed(admin)}
        assert shown == {"Pictures": 3, "Texts": 0}
        report = bring(server, url)
        assert report.counts.came["tasks"] == 5
        assert report.counts.there["tasks"] == 203
        assert compare(server, report) == []
        with server.client() as admin:
            shown = {each["title"]: each["task_number"] for each in listed(admin)}
        assert shown == {"Pictures": 3, "Texts": 205}


def test_what_does_not_fit_is_told_and_keeps_nothing_else(sqlite_url: str, tmp_path: Path) -> None:
    changed = json.loads(json.dumps(KEPT))
    told = changed["GET /api/projects/1/"][0]
    told["text"] = json.dumps({**json.loads(told["text"]), "label_config": "<View><Nothing/></View"})
    changed["GET /data/upload/1/gone"] = []
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(changed))
    with serve(sqlite_url, tmp_path / "data") as server, replayed(path) as (url, _):
        report = bring(server, url)
        assert list(report.failed) == ["1 (Pictures)"]
        assert report.counts.came["projects"] == 1
        with server.client() as admin:
            assert [each["title"] for each in listed(admin)] == ["Texts"]


def test_what_cannot_be_had_is_told_and_the_others_come(sqlite_url: str, tmp_path: Path) -> None:
    exporting = "POST /api/projects/2/exports/"
    refused, failed = {"status": 403, "text": "{}"}, {"status": 500, "text": "{}"}
    told = {"GET /data/upload/1/57433797-b.png": [refused], exporting: [failed, KEPT[exporting][0]]}
    path = rewritten(tmp_path, told)
    with serve(sqlite_url, tmp_path / "data") as server, replayed(path) as (url, asked):
        report = bring(server, url)
        assert list(report.failed) == ["2 (Texts)"]
        assert report.counts.left["files that are not given"] == 1
        assert report.counts.came["tasks"] == 3
        # What makes something there is not asked for twice.
        assert asked.count(exporting) == 1
        with server.client() as admin:
            assert admin.delete("/api/projects/1/").status_code == 204
            again = bring(server, url)
            assert again.failed == {}
            assert again.counts.left["projects that were deleted here since"] == 1
            assert {each["title"]: each["task_number"] for each in listed(admin)} == {"Texts": 205}


def test_another_server_and_none_are_told(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.moving.peer._PAUSE_S", 0.0)
    path = tmp_path / "empty.json"
    path.write_text("{}")
    with serve(sqlite_url, tmp_path / "data") as server:
        with replayed(path) as (url, _), pytest.raises(NotFound, match="answered GET /api/version with 404"):
            bring(server, url)
        with pytest.raises(Unavailable, match="does not answer"):
            bring(server, "http://127.0.0.1:1")


def rewritten(folder: Path, told: Mapping[str, Any]) -> Path:
    """The conversation with other answers in it."""
    path = folder / "rewritten.json"
    path.write_text(json.dumps({**KEPT, **told}))
    return path


def bring(server: RunningServer, url: str, *, told: Any = lambda *_: None) -> Report:
    folder = server.parts.settings.data_dir
    place = Place(server.database, LocalObjects(folder / "objects"), folder)
    return bring_all(place, Peer(url, Secret("any")), told)


def compare(server: RunningServer, report: Report) -> list[str]:
    """Every field that is another than it was."""
    pairs = list(list_pairs(server.database, report.source))
    assert not report.keeps_ids or all(old == new for _kind, old, new in pairs)
    ids = {(kind, new): old for kind, old, new in pairs}
    users = {user["id"]: user["email"] for user in answer("/api/users/")}
    found: list[str] = []
    for (kind, new), old in ids.items():
        if kind == "project":
            found += differences(theirs(exported(old), users), ours(server.database, new, ids))
    return found


def answer(target: str) -> Any:
    return json.loads(KEPT[f"GET {target}"][0]["text"])


def exported(project: int) -> list[dict[str, Any]]:
    [name] = [
        each for each in KEPT if each.startswith(f"GET /api/projects/{project}/exports/") and "?" in each
    ]
    told: list[dict[str, Any]] = json.loads(KEPT[name][0]["text"])
    return told


def token_of_owner(server: RunningServer) -> str:
    """Nobody who came has a password; whose token it was owns the place."""
    with server.database.write() as tx:
        owner = identify_owner(tx)
        assert owner is not None
        return set_legacy_token(tx, owner.actor)


def listed(admin: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get("/api/projects/").json()["results"]
    return found


#: Of a project: whose it is, what the asking person has still to do, and what is no setting.
DIFFERENT = frozenset({"workspace", "queue_total", "queue_done", "config_suitable_for_bulk_annotation"})


def different(said: Mapping[str, Any], held: Mapping[str, Any]) -> frozenset[str]:
    names = {name for name in {*said, *held} if said.get(name) != held.get(name)}
    return frozenset(names) | {"config_suitable_for_bulk_annotation", "queue_total", "queue_done"}

"""Repos and branches as they are made over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.serving import RunningServer, serve
from tests.web.repos.conftest import Images


def test_a_repo_without_a_workspace_stands_in_the_first_or_the_answer_says_what_to_type(
    tmp_path: Path,
) -> None:
    with serve("", tmp_path / "data") as server, server.client() as admin:
        ids = [_workspace(server, name) for name in ("ants", "samples")]
        made = admin.post("/api/repos/", json={"name": "images"})
        assert (made.status_code, made.json()["workspace"]["name"]) == (201, "main")
        person = server.member("ed@example.com", "editor", ids[0])
        for workspace_id, role in ((ids[1], "editor"), (1, "viewer")):
            body = {"user": person.id, "role": role}
            admin.post(f"/api/workspaces/{workspace_id}/members", json=body)
        with server.client(person.token) as editor:
            refused = editor.post("/api/repos/", json={"name": "images"})
        assert refused.status_code == 400
        assert "treadle repo create ants/images" in refused.json()["detail"]


def test_a_branch_at_one_without_a_commit_is_empty_as_well(images: Images) -> None:
    made = images.post("branches", {"name": "tidy", "at": "master"})
    assert (made.status_code, made.json()["head"]) == (201, None)
    assert images.post("branches", {"name": "other", "at": "nowhere"}).status_code == 404


def _workspace(server: RunningServer, name: str) -> int:
    with server.client() as admin:
        made = admin.post("/api/workspaces", json={"name": name})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

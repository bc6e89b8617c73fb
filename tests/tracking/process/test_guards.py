"""The guards below MLflow's handlers: names and bytes of one workspace and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from io import BytesIO
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import _get_latest_schema_revision
from mlflow.version import VERSION

from treadle.objects import LocalObjects, MemoryObjects, ObjectStore
from treadle.tracking.child.artifacts import Artifacts
from treadle.tracking.child.guards import Memberships
from treadle.tracking.child.inside import PINNED, PINNED_SCHEMA
from treadle.tracking.child.visiting import answer_for
from treadle.tracking.names import internal_name, shown_name, workspace_id_of
from treadle.tracking.process import Visitor

OURS, THEIRS = "workspaces/ws-1/7/run/artifacts", "workspaces/ws-2/7/run/artifacts"
THEIR_KEY = f"tracking/{THEIRS}/page.txt"
#: How another workspace's place may be spelled, from the root of all.
ASTRAY = (
    THEIRS,
    f"workspaces/ws-1/../ws-2/{THEIRS.removeprefix('workspaces/ws-2/')}",
    f"workspaces/ws-1/../../{THEIRS}",
    f"/{THEIRS}",
    f"//{THEIRS}",
    f"./{THEIRS}",
    "workspaces/ws-10/7",
    "workspaces/ws-1 /7",
    "workspaces/WS-1/7",
    "workspaces",
    "",
    "..",
    "../objects",
    f"workspaces/ws-1\\..\\..\\{THEIRS}",
)


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Something of ours and something of theirs, in files or elsewhere."""
    store: ObjectStore = LocalObjects(tmp_path / "objects") if request.param == "folder" else MemoryObjects()
    store.put(f"tracking/{OURS}/pages/page.txt", [b"paper"])
    store.put(THEIR_KEY, [b"secret"])
    return store


@pytest.fixture(autouse=True)
def at_ours() -> Iterator[None]:
    """Whoever asks is let into workspace 1."""
    answer_for(Visitor(1, "a@example.com", 1, "edit", ((1, "main"), (3, "Räume"), (4, "ws-1"))))
    yield
    answer_for(Visitor(0, "", None, "read", ()))


def calls(artifacts: Artifacts, path: str, tmp_path: Path) -> dict[str, Callable[[], object]]:
    """Every way to reach a path."""
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True, exist_ok=True)
    (here / "folder" / "page.txt").write_text("ink")
    page = str(here / "folder" / "page.txt")
    return {
        "log_artifact": lambda: artifacts.log_artifact(page, path),
        "log_artifacts": lambda: artifacts.log_artifacts(str(here), path),
        "log_artifact_from_stream": lambda: artifacts.log_artifact_from_stream(BytesIO(b"ink"), "p", path),
        "log_artifact_from_async_stream": lambda: asyncio.run(
            artifacts.log_artifact_from_async_stream(_ink(), "p", path)
        ),
        "list_artifacts": lambda: artifacts.list_artifacts(path),
        "get_local_path": lambda: artifacts.get_local_path(path),
        "download_artifacts": lambda: artifacts.download_artifacts(path, str(here)),
        "_download_file": lambda: artifacts._download_file(path, here / "taken"),
        "download_trace_data_to_file": lambda: artifacts.download_trace_data_to_file(here / "trace"),
        "delete_artifacts": lambda: artifacts.delete_artifacts(path),
    }


async def _ink() -> AsyncIterator[bytes]:
    yield b"ink"


def stored(objects: ObjectStore) -> dict[str, bytes]:
    return {one.key: b"".join(objects.read(one.key)) for one in objects.list()}


@pytest.mark.parametrize("path", ASTRAY)
def test_no_method_leaves_the_workspace(objects: ObjectStore, path: str, tmp_path: Path) -> None:
    before = stored(objects)
    artifacts = Artifacts(objects, "treadle:/")
    for name, call in calls(artifacts, path, tmp_path).items():
        with pytest.raises(MlflowException) as refused:
            print(name, call())
        assert "ws-2" not in str(refused.value), name
    assert stored(objects) == before


@pytest.mark.parametrize(
    "uri",
    [
        f"treadle:/{THEIRS}",
        f"mlflow-artifacts:/{THEIRS}",
        f"treadle:/workspaces/ws-1/../../{THEIRS}",
        "treadle://host/workspaces/ws-1/7",
        "mlflow-artifacts://[/workspaces/ws-1/7",
        "treadle:/workspaces/ws-1/7?x=1",
        "treadle:/workspaces/ws-1/7#x",
        "file:///etc/passwd",
        "s3://bucket/workspaces/ws-1/7",
        "/workspaces/ws-1/7",
    ],
)
def test_no_place_outside_the_workspace_is_opened(objects: ObjectStore, uri: str) -> None:
    with pytest.raises(MlflowException, match="No such artifact"):
        Artifacts(objects, uri)


def test_an_opened_place_is_of_no_use_to_the_next_visitor(objects: ObjectStore, tmp_path: Path) -> None:
    artifacts = Artifacts(objects, f"treadle:/{OURS}")
    answer_for(Visitor(2, "b@example.com", 2, "manage", ()))
    for call in calls(artifacts, "pages", tmp_path).values():
        with pytest.raises(MlflowException):
            call()


def test_nobody_is_let_in_without_a_visitor(objects: ObjectStore) -> None:
    answer_for(Visitor(1, "a@example.com", None, "manage", ((1, "main"),)))
    with pytest.raises(MlflowException, match="No such artifact"):
        Artifacts(objects, "treadle:/").list_artifacts("workspaces/None")


def test_ones_own_artifacts_are_listed_taken_and_deleted(objects: ObjectStore, tmp_path: Path) -> None:
    artifacts = Artifacts(objects, f"mlflow-artifacts:/{OURS}")
    artifacts.log_artifact_from_stream(BytesIO(b"ink"), "drop.bin", "pages/deep")
    assert [(one.path, one.is_dir, one.file_size) for one in artifacts.list_artifacts("pages")] == [
        ("pages/deep", True, None),
        ("pages/page.txt", False, 5),
    ]
    assert artifacts.list_artifacts("pages/page.txt") == []
    taken = Path(artifacts.download_artifacts("pages", str(tmp_path)))
    assert (taken / "deep" / "drop.bin").read_bytes() == b"ink"
    artifacts.delete_artifacts("pages/deep")
    assert [one.path for one in artifacts.list_artifacts()] == ["pages"]
    with pytest.raises(MlflowException, match="All artifacts"):
        Artifacts(objects, "treadle:/").delete_artifacts("workspaces/ws-1")
    with pytest.raises(MlflowException):
        artifacts.download_artifacts("pages/none.txt", str(tmp_path))


def test_an_upload_that_fails_leaves_what_was_there(objects: ObjectStore) -> None:
    class Torn(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError("torn")

    before = stored(objects)
    with pytest.raises(OSError, match="torn"):
        Artifacts(objects, f"treadle:/{OURS}").log_artifact_from_stream(Torn(), "page.txt", "pages")
    assert stored(objects) == before


def test_workspaces_are_those_that_the_door_told_of() -> None:
    members = Memberships()
    assert {(one.name, one.description) for one in members.list_workspaces()} == {
        ("main", "main"),
        ("ws-3", "Räume"),
        ("ws-4", "ws-1"),
    }
    assert members.get_workspace("ws-1").name == "ws-1"
    for unknown in ("ws-2", "default", "other"):
        with pytest.raises(MlflowException, match=f"Workspace '{unknown}' not found"):
            members.get_workspace(unknown)
    with pytest.raises(NotImplementedError):
        members.get_default_workspace()


def test_outside_of_a_request_there_is_no_workspace() -> None:
    def listed() -> object:
        answer_for(Visitor(0, "", None, "read", ()))
        return Memberships().list_workspaces()

    assert copy_context().run(listed) == []


def test_names_of_workspaces() -> None:
    assert (internal_name(17), workspace_id_of("ws-17")) == ("ws-17", 17)
    assert [workspace_id_of(name) for name in ("ws-0", "ws-017", "ws-", "main", "ws-1\n")] == [None] * 5
    shown = [shown_name(5, name) for name in ("team-a", "default", "workspaces", "ws-9", "a", "Räume")]
    assert shown == ["team-a", *["ws-5"] * 5]


def test_the_pinned_tables_are_those_of_the_installed_mlflow() -> None:
    assert (VERSION, _get_latest_schema_revision()) == (PINNED, PINNED_SCHEMA)

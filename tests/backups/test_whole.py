"""Objects in a bucket and runs of MLflow: what a backup holds of them, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from tests.objects.clouds import BUCKET, serve_s3
from tests.serving import ADMIN_TOKEN, RunningServer, serve
from treadle.backups.making import make_backup
from treadle.backups.restoring import restore_backup
from treadle.errors import Invalid
from treadle.objects import open_store
from treadle.settings import Settings


@pytest.fixture(autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bucket that the variables of the surroundings lead to."""
    with serve_s3() as cloud:
        for name, text in (
            ("AWS_ENDPOINT_URL", cloud.url),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("MLFLOW_TRACKING_TOKEN", ADMIN_TOKEN),
            ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ):
            monkeypatch.setenv(name, text)
        yield


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.long)])
def places(
    request: pytest.FixtureRequest, tmp_path: Path, _bucket: None
) -> Iterator[tuple[Settings, Settings]]:
    """A server's settings with objects in a bucket, and those of an empty place of its kind."""
    here, there = (f"s3://{BUCKET}/{name}" for name in ("here", "there"))
    if request.param == "sqlite":
        yield (
            Settings(data_dir=tmp_path / "here", objects_url=here),
            Settings(data_dir=tmp_path / "there", objects_url=there),
        )
        return
    server = request.getfixturevalue("postgresql")
    with server.fresh_database() as source, server.empty_database() as target:
        yield (
            Settings(data_dir=tmp_path / "here", database_url=source, objects_url=here),
            Settings(data_dir=tmp_path / "there", database_url=target, objects_url=there),
        )


def test_a_bucket_and_runs_come_back_to_mlflows_client(
    places: tuple[Settings, Settings], tmp_path: Path
) -> None:
    here, there = places
    with serve(here.database_url, here.data_dir, objects_url=here.objects_url) as server:
        run_id = track(server, tmp_path)
        repo = commit_file(server)
    made = make_backup(here, tmp_path / "backup", told=nobody)
    keys = sorted(each.key for each in open_store(here).list())
    assert (made.objects.count, made.objects.are_copied, made.missing) == (len(keys), True, [])
    assert any(key.startswith("tracking/") for key in keys)
    if here.database_url:
        assert {"mlflow.runs.copy", "mlflow.metrics.copy"} <= {Path(file.name).name for file in made.files}
    there.data_dir.mkdir()
    restore_backup(there, tmp_path / "backup", nobody)
    # Nothing of it is asked of the bucket that it was in.
    for key in keys:
        open_store(here).delete(key)
    assert sorted(each.key for each in open_store(there).list()) == keys
    with serve(there.database_url, there.data_dir, objects_url=there.objects_url) as restored:
        check_run(restored, run_id, tmp_path)
        with restored.client() as admin:
            assert admin.get(f"/api/repos/{repo}/files/a.txt?ref=master").text == "of a commit"


def test_a_list_of_a_bucket_names_what_is_not_in_its_place(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path / "here", objects_url=f"s3://{BUCKET}/kept")
    with serve("", here.data_dir, objects_url=here.objects_url) as server:
        commit_file(server)
    made = make_backup(here, tmp_path / "listed.tar", copies_objects=False, told=nobody)
    assert (made.objects.count > 0, made.objects.content_count, made.objects.are_copied) == (True, 0, False)
    for name, url in (("there", here.objects_url), ("elsewhere", f"s3://{BUCKET}/another")):
        (tmp_path / name).mkdir()
        settings = Settings(data_dir=tmp_path / name, objects_url=url)
        if url == here.objects_url:
            restore_backup(settings, tmp_path / "listed.tar", nobody)
        else:
            with pytest.raises(Invalid, match=r"is not where objects are"):
                restore_backup(settings, tmp_path / "listed.tar", nobody)


def track(server: RunningServer, folder: Path) -> str:
    """A run with figures and a file, as a notebook logs it; a version of a model that is made of it."""
    client = MlflowClient(server.url, server.url)
    run_id = str(client.create_run(client.create_experiment("before")).info.run_id)
    client.log_batch(run_id, [Metric("loss", 0.5, 1, 7)], [Param("lr", "0.1")])
    (folder / "page.txt").write_text("paper")
    client.log_artifact(run_id, str(folder / "page.txt"))
    client.create_registered_model("digits")
    client.create_model_version("digits", client.get_run(run_id).info.artifact_uri, run_id)
    return run_id


def check_run(server: RunningServer, run_id: str, folder: Path) -> None:
    """It is there with all of that, and what is logged now goes on behind it."""
    client = MlflowClient(server.url, server.url)
    run = client.get_run(run_id)
    assert (run.data.metrics, run.data.params) == ({"loss": 0.5}, {"lr": "0.1"})
    (folder / "got").mkdir()
    assert Path(client.download_artifacts(run_id, "page.txt", str(folder / "got"))).read_text() == "paper"
    assert client.get_model_version("digits", "1").run_id == run_id
    again = client.create_experiment("after")
    assert int(again) > int(run.info.experiment_id)
    assert client.create_run(again).info.run_id


def commit_file(server: RunningServer) -> int:
    """A repo with a file."""
    with server.client() as admin:
        repo = admin.post("/api/repos", json={"workspace": 1, "name": "things"}).json()["id"]
        sent = admin.put(f"/api/repos/{repo}/files/a.txt", content=b"of a commit")
        assert sent.status_code in (200, 201), sent.text
        return int(repo)


def nobody(_count: int, _size_bytes: int) -> None:
    """Nobody is told."""

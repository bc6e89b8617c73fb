"""Imports: checked first, written in small batches, shown all at once, or nothing at all."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from tests.labeling.studio import LEASE_S, Studio, box
from treadle import jobs
from treadle.db.schema import file_uploads, imports
from treadle.db.schema import tasks as task_table
from treadle.errors import Invalid, NotFound
from treadle.jobs import JobParts, JobRun, JobState
from treadle.labeling import projects, queue, tasks, trash, uploads
from treadle.labeling.imports import IMPORT_JOB, import_inline, import_predictions, start_import, writing
from treadle.labeling.imports.blocks import Block
from treadle.labeling.imports.job import undo_import
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings

TURNED = 6  # EXIF: shown a quarter turned


def picture(width_px: int = 64, height_px: int = 48, orientation: int = 1, kind: str = "JPEG") -> bytes:
    image = Image.effect_noise((width_px, height_px), 60).convert("RGB")
    exif = image.getexif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif)
    return buffer.getvalue()


def import_files(studio: Studio, tmp_path: Path, **files: bytes) -> jobs.Job:
    """Run an import job over files (named with ``__`` for the dot) to its end."""
    objects = LocalObjects(tmp_path / "objects")
    kept = [
        uploads.store(objects, studio.project_id, name.replace("__", "."), [content])
        for name, content in files.items()
    ]
    with studio.database.write() as tx:
        job, _import_id = start_import(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), kept)
    parts = JobParts(studio.database, objects, Settings(data_dir=tmp_path))
    return jobs.run_in_place(parts, IMPORT_JOB, job.id)


def import_json(studio: Studio, rows: Any) -> dict[str, Any]:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    return import_inline(studio.database, grant, json.dumps(rows).encode())


def list_data(studio: Studio) -> list[dict[str, Any]]:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        rows = tasks.list_of_project(tx, grant, limit=10_000, offset=0)
    return [json.loads(row["data"]) for row in rows]


def counted(studio: Studio) -> tuple[int, int, int]:
    project = studio.project()
    return project["task_number"], project["total_annotations"], project["total_predictions"]


def error_of(job: jobs.Job) -> str:
    assert job.state is JobState.FAILED
    return str(json.loads(job.error or "{}")["message"])


@contextmanager
def nothing_left(studio: Studio, tmp_path: Path) -> Iterator[None]:
    yield
    assert counted(studio) == (0, 0, 0)
    with studio.database.read() as tx:
        assert tx.execute(task_table.select()).first() is None
        assert tx.execute(file_uploads.select()).first() is None
    assert list(LocalObjects(tmp_path / "objects").list()) == []


def test_tasks_come_in_with_annotations_and_predictions(studio: Studio) -> None:
    row = {
        "data": {"image": "/a.jpg"},
        "annotations": [{"result": [box()]}, {"result": [], "was_cancelled": True}],
        "predictions": [{"result": [box("Dög")], "score": 0.5, "model_version": "m1"}],
    }
    answer = import_json(studio, [row, {"image": "/b.jpg"}])
    assert (answer["task_count"], answer["annotation_count"], answer["prediction_count"]) == (2, 2, 1)
    assert counted(studio) == (2, 1, 1)
    assert studio.project()["finished_task_number"] == 1


def test_imported_annotations_are_ground_truth_unless_they_say_otherwise(studio: Studio) -> None:
    said = {"image": "/a.jpg"}
    import_json(studio, [{"data": said, "annotations": [{"result": []}]}])
    import_json(studio, [{"data": said, "annotations": [{"result": [], "ground_truth": False}]}])
    assert studio.project()["ground_truth_annotations"] == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"nope": 1}, '"image" key is expected'),
        ("text", "Expected an object"),
        ({"data": {"image": "/a"}, "annotations": [{"result": "x"}]}, "annotations[0].result"),
        ({"data": {"image": "/a"}, "predictions": [{"result": [box("Horse")]}]}, "predictions[0]"),
        ({"data": {"image": "/a"}, "annotations": [{"result": [], "lead_time": "long"}]}, "lead_time"),
    ],
)
def test_a_bad_row_names_row_and_field_and_nothing_is_written(studio: Studio, row: Any, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        import_json(studio, [{"image": "/a.jpg"}, row])
    (sentence,) = caught.value.fields["non_field_errors"]
    assert "item 1" in sentence
    assert words in sentence
    assert counted(studio) == (0, 0, 0)


def test_a_table_gives_numbers_where_a_whole_column_is_numbers(studio: Studio, tmp_path: Path) -> None:
    table = "image,n,code,share\n/a.jpg,1,007,0.5\n/b.jpg,2,x,1\n".encode("utf-8-sig")
    job = import_files(studio, tmp_path, tasks__csv=table)
    assert job.state is JobState.DONE
    assert list_data(studio) == [
        {"image": "/a.jpg", "n": 1, "code": "007", "share": 0.5},
        {"image": "/b.jpg", "n": 2, "code": "x", "share": 1.0},
    ]


def test_a_tab_separated_table_and_json_come_in_together(studio: Studio, tmp_path: Path) -> None:
    rows = json.dumps([{"image": "/b.jpg"}]).encode()
    job = import_files(studio, tmp_path, a__tsv=b"image\tn\n/a.jpg\t1\n", b__json=rows)
    found = json.loads(job.result or "{}")
    assert (found["task_count"], found["found_formats"]) == (2, {".tsv": 1, ".json": 1})


def test_files_can_be_added_to_a_project_that_has_some(studio: Studio, tmp_path: Path) -> None:
    for name in ("a__jpg", "b__png"):
        content = picture(kind="JPEG" if name.endswith("jpg") else "PNG")
        assert import_files(studio, tmp_path, **{name: content}).state is JobState.DONE
    assert counted(studio) == (2, 0, 0)
    with studio.database.read() as tx:
        places = [row.inner_id for row in tx.execute(task_table.select().order_by(task_table.c.id))]
    assert places == [1, 2]


def test_a_picture_is_measured_as_it_is_shown_and_made_small(studio: Studio, tmp_path: Path) -> None:
    job = import_files(studio, tmp_path, a__jpg=picture(1200, 400, TURNED))
    assert job.state is JobState.DONE
    with studio.database.read() as tx:
        row = tx.execute(file_uploads.select()).one()
    assert (row.width_px, row.height_px) == (400, 1200)
    small = b"".join(
        LocalObjects(tmp_path / "objects").read(uploads.thumbnail_key(studio.project_id, row.file_name))
    )
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (107, 320)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a__jpg", picture(600, 600)[:4000], "cannot be read to its end"),
        ("a__jpg", b"<html>no picture</html>", "is no picture"),
        ("a__tif", picture(kind="TIFF"), "is TIFF"),
        ("a__csv", "image\n/ä.jpg".encode("latin-1"), "is not UTF-8"),
        ("a__csv", b'image,n\n/a.jpg,"1\n', "a.csv: line"),
        ("a__csv", b"image,n\n/a.jpg\n", "line 2 has 1 fields"),
        ("a__json", b'[{"image": ', "is no JSON"),
        ("a__json", b"[" * 10_000, "is no JSON"),
        ("a__json", b"[]", "no task"),
    ],
)
def test_a_broken_file_is_named_and_nothing_is_left(
    studio: Studio, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    with nothing_left(studio, tmp_path):
        job = import_files(studio, tmp_path, good__jpg=picture(), **{name: content})
        assert words in error_of(job)


def test_rows_are_invisible_until_the_import_is_done(studio: Studio) -> None:
    studio.add_tasks(1)
    import_id = begin_import(studio)
    blocks = [Block("data", 3, b"[" + b",".join([b'{"image":"/x.jpg"}'] * 3) + b"]")]
    writing.write_all(studio.database, import_id, blocks, lambda _written: None)
    assert len(list_data(studio)) == 1
    with studio.database.write() as tx:
        writing.finish(tx, import_id)
    assert len(list_data(studio)) == 4
    assert counted(studio) == (4, 0, 0)


def test_an_interrupted_import_goes_on_behind_what_it_wrote(studio: Studio) -> None:
    import_id = begin_import(studio)
    count = 2 * writing.BATCH + 50
    tasks = [b'{"data":{"image":"/%d.jpg"}}' % n for n in range(count)]
    blocks = [Block("plain", len(some), b"[" + b",".join(some) + b"]") for some in (tasks[:700], tasks[700:])]

    def interrupted() -> Iterator[Block]:
        yield blocks[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writing.write_all(studio.database, import_id, interrupted(), lambda _written: None)
    writing.write_all(studio.database, import_id, blocks, lambda _written: None)
    with studio.database.write() as tx:
        writing.finish(tx, import_id)
        writing.finish(tx, import_id)
    assert [row["image"] for row in list_data(studio)] == [f"/{n}.jpg" for n in range(count)]
    assert counted(studio)[0] == count


def begin_import(studio: Studio) -> int:
    with studio.database.write() as tx:
        return int(
            tx.execute(
                imports.insert().returning(imports.c.id),
                {
                    "project_id": studio.project_id,
                    "user_id": studio.people["editor"].user_id,
                    "state": "running",
                    "created_at": tx.now,
                },
            ).scalar_one()
        )


def test_an_import_that_shows_already_is_not_undone(studio: Studio, tmp_path: Path) -> None:
    job = import_files(studio, tmp_path, a__jpg=picture())
    parts = JobParts(studio.database, LocalObjects(tmp_path / "objects"), Settings(data_dir=tmp_path))
    undo_import(JobRun(job, parts, lambda _name, call: call(), held_grant=None))
    assert len(list_data(studio)) == 1
    with studio.database.read() as tx:
        (file,) = uploads.list_of_project(tx, studio.grant(tx, "editor", Permission.TASK_READ))
    assert parts.objects.stat(file["object_key"]).size_bytes > 0


def test_an_annotator_sees_the_files_of_the_tasks_handed_to_them(studio: Studio, tmp_path: Path) -> None:
    import_files(studio, tmp_path, a__jpg=picture(), b__jpg=picture())
    with studio.database.write() as tx:
        labelling = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        queue.next_task(tx, labelling, lease_s=LEASE_S)
    with studio.database.read() as tx:
        mine, everybody_s = (
            uploads.list_of_project(tx, studio.grant(tx, who, Permission.TASK_READ))
            for who in ("annotator", "viewer")
        )
        assert [len(mine), len(everybody_s)] == [1, 2]
        reading = studio.grant(tx, "annotator", Permission.TASK_READ)
        assert uploads.find(tx, reading, mine[0]["file_name"]) == mine[0]
        hidden = next(row["file_name"] for row in everybody_s if row not in mine)
        with pytest.raises(NotFound):
            uploads.find(tx, reading, hidden)


def test_a_deleted_project_keeps_its_files_until_it_is_freed(studio: Studio, tmp_path: Path) -> None:
    import_files(studio, tmp_path, a__jpg=picture(), b__csv=b"image\n/c.jpg\n")
    objects = LocalObjects(tmp_path / "objects")
    kept = list(objects.list())
    with studio.database.write() as tx:
        projects.remove(tx, studio.grant(tx, "manager", Permission.PROJECT_DELETE))
    assert trash.free_projects(studio.database, objects) == 0
    assert list(objects.list()) == kept
    assert trash.free_projects(studio.database, objects, older_than=timedelta(0)) == 1
    assert list(objects.list()) == []
    with studio.database.read() as tx:
        assert tx.execute(select(task_table.c.id)).all() == []


def test_predictions_wait_until_the_tasks_of_an_import_show(studio: Studio) -> None:
    import_json(studio, [{"image": "/a.jpg"}])
    (row,) = all_tasks(studio)
    with studio.database.write() as tx:
        tx.execute(imports.update().values(state="running"))
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
    with pytest.raises(Invalid, match="has no task"):
        import_predictions(studio.database, grant, b'[{"task": %d, "result": []}]' % row)


def all_tasks(studio: Studio) -> list[int]:
    with studio.database.read() as tx:
        return list(tx.execute(select(task_table.c.id)).scalars())


def test_a_line_of_a_text_file_ends_where_its_editor_says(studio: Studio, tmp_path: Path) -> None:
    content = "one\u2028still one\r\ntwo\x0cstill two\n\n".encode()
    assert import_files(studio, tmp_path, a__txt=content).state is JobState.DONE
    assert [row["image"] for row in list_data(studio)] == ["one\u2028still one", "two\x0cstill two"]


def test_a_field_of_a_table_may_be_long(studio: Studio, tmp_path: Path) -> None:
    job = import_files(studio, tmp_path, a__csv=b"image,text\n/a.jpg," + b"x" * 200_000 + b"\n")
    assert (job.state, job.error) == (JobState.DONE, None)

"""The same with the client of version 1, which many scripts still use."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from label_studio_sdk._legacy import Client
from label_studio_sdk._legacy.client import ClientCredentials
from label_studio_sdk._legacy.project import Project, ProjectSampling
from requests import HTTPError

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from tests.web.operations.table import BOX, CONFIG
from tests.web.operations.world import picture_file


@pytest.fixture
def project(legacy: Client) -> Project:
    """A project with five tasks, n from 0 to 4, each with a prediction of m1."""
    made = legacy.start_project(title="Legacy", label_config=CONFIG)
    made.import_tasks(
        [
            {
                "data": {"image": f"https://example.com/{n}.jpg", "n": n},
                "predictions": [{"model_version": "m1", "score": n / 10, "result": [BOX]}],
            }
            for n in range(5)
        ]
    )
    return made


def over(n: int) -> dict[str, object]:
    item = {"filter": "filter:tasks:data.n", "operator": "greater", "type": "Number", "value": n}
    return {"conjunction": "and", "items": [item]}


def test_a_token_and_a_password_both_come_in(legacy: Client, server_url: str) -> None:
    assert legacy.check_connection() == {"status": "UP"}
    assert not legacy.is_enterprise
    assert legacy.get_organization()["id"] == 1
    credentials = ClientCredentials(email=ADMIN_EMAIL, password=ADMIN_PASSWORD)
    assert Client(url=server_url, credentials=credentials).api_key == ADMIN_TOKEN


def test_a_project_is_found_changed_and_deleted(legacy: Client, project: Project) -> None:
    assert project.id in [each.id for each in legacy.list_projects()]
    project.set_params(title="Renamed", maximum_annotations=2)
    project.set_sampling(ProjectSampling.RANDOM)
    project.set_published(True)
    project.set_model_version("m1")
    params = legacy.get_project(project.id).get_params()
    expected = {
        "title": "Renamed",
        "maximum_annotations": 2,
        "sampling": "Uniform sampling",
        "is_published": True,
        "model_version": "m1",
    }
    assert params.items() >= expected.items()
    assert project.parsed_label_config["box"]["labels"] == ["Cat", "Dog"]
    assert legacy.delete_project(project.id).status_code == 204
    with pytest.raises(HTTPError):
        legacy.get_project(project.id)


def test_tasks_are_imported_from_json_tables_and_pictures(project: Project, tmp_path: Path) -> None:
    table, picture, lines = tmp_path / "a.csv", tmp_path / "b.png", tmp_path / "c.json"
    table.write_text("image,n\nhttps://example.com/c.jpg,9\nhttps://example.com/d.jpg,8\n")
    picture.write_bytes(picture_file())
    lines.write_text(json.dumps([{"image": "https://example.com/e.jpg"}]))
    made = [len(project.import_tasks(str(path))) for path in (table, picture, lines)]
    assert made == [2, 1, 1]
    assert [task["data"].get("n") for task in project.get_tasks()] == [0, 1, 2, 3, 4, 9, 8, None, None]


def test_tasks_are_read_by_page_filter_selection_and_view(project: Project) -> None:
    ids = project.get_tasks_ids()
    assert [task["id"] for task in project.get_paginated_tasks(page=2, page_size=2)["tasks"]] == ids[2:4]
    assert project.get_paginated_tasks(page=9, page_size=2) == {"tasks": [], "end_pagination": True}
    assert project.get_tasks_ids(filters=over(2)) == ids[3:]
    assert project.get_tasks_ids(filters=over(2), ordering=["-tasks:id"]) == ids[:2:-1]
    assert project.get_tasks_ids(selected_ids=ids[1:3]) == ids[1:3]
    view = project.create_view(filters=over(3), title="n > 3")
    assert project.get_tasks_ids(view_id=view["id"]) == ids[4:]
    project.delete_view(view["id"])
    assert project.get_views() == []


def test_labelled_and_unlabelled_tasks_are_told_apart(project: Project) -> None:
    ids = project.get_tasks_ids()
    made = project.create_annotation(ids[0], result=[BOX], completed_by=1)
    assert project.get_labeled_tasks_ids() == ids[:1]
    assert [task["annotations"][0]["id"] for task in project.get_labeled_tasks()] == [made["id"]]
    assert project.get_unlabeled_tasks_ids() == ids[1:]


def test_an_annotation_is_made_changed_and_deleted(project: Project) -> None:
    (task, *_) = project.get_tasks_ids()
    made = project.create_annotation(task, result=[BOX], lead_time=2.0)
    assert project.update_annotation(made["id"], ground_truth=True)["ground_truth"] is True
    assert project.get_annotation(made["id"])["lead_time"] == 2.0
    assert [each["id"] for each in project.list_annotations(task)] == [made["id"]]
    assert project.delete_annotation(made["id"]) == 204
    assert project.list_annotations(task) == []


def test_predictions_are_made_counted_and_turned_into_annotations(project: Project) -> None:
    ids = project.get_tasks_ids()
    assert project.create_prediction(ids[0], result=[BOX], score=0.9, model_version="m2")["score"] == 0.9
    short = {"x": 1, "y": 2, "width": 3, "height": 4, "rectanglelabels": ["Cat"]}
    assert project.create_prediction(ids[1], result=short, model_version="m2")["result"][0]["value"] == short
    rows = [{"task": task, "result": [BOX], "model_version": "m3"} for task in ids]
    assert project.create_predictions(rows) == {"created": 5}
    assert project.get_model_versions() == {"m1": 5, "m2": 2, "m3": 5}
    assert project.create_annotations_from_predictions()["detail"] == "Created 5 annotations"
    assert project.get_labeled_tasks_ids() == ids


def test_labels_are_exported(project: Project, tmp_path: Path) -> None:
    ids = project.get_tasks_ids()
    project.create_annotation(ids[0], result=[BOX])
    assert [task["id"] for task in project.export_tasks()] == ids[:1]
    assert [task["id"] for task in project.export_tasks(download_all_tasks=True)] == ids
    chosen = project.export_tasks(download_all_tasks=True, ids=ids[1:3])
    assert [task["id"] for task in chosen] == ids[1:3]
    (flat,) = project.export_tasks(export_type="JSON_MIN")
    assert flat["box"][0]["rectanglelabels"] == ["Cat"]
    for kind in ("YOLO", "COCO"):
        path = project.export_tasks(export_type=kind, export_location=str(tmp_path / kind))
        assert path.read_bytes().startswith(b"PK")
    path = project.export_tasks(export_type="CSV", export_location=str(tmp_path / "csv"))
    assert path.read_text().count("\n") == 2


def test_a_snapshot_is_made_fetched_and_deleted(project: Project, tmp_path: Path) -> None:
    made = project.export_snapshot_create(title="first")
    assert project.export_snapshot_status(made["id"]).is_completed()
    status, name = project.export_snapshot_download(made["id"], export_type="JSON", path=str(tmp_path))
    assert status == 200
    assert len(json.loads((tmp_path / name).read_text())) == 5
    assert [each["title"] for each in project.export_snapshot_list()] == ["first"]
    assert project.export_snapshot_delete(made["id"]) == 204
    assert project.export_snapshot_list() == []


def test_a_filtered_export_holds_what_the_filters_name(project: Project, tmp_path: Path) -> None:
    ids = project.get_tasks_ids()
    told = project.export(filters=over(2), title="n > 2", export_type="JSON", output_dir=str(tmp_path))
    assert told["status"] == 200
    kept = json.loads((tmp_path / told["filename"]).read_text())
    assert [task["id"] for task in kept] == ids[3:]
    assert project.get_views() == []


def test_a_snapshot_chooses_tasks_and_annotations(project: Project, tmp_path: Path) -> None:
    usual, true, skipped, _, _ = project.get_tasks_ids()
    project.create_annotation(usual, result=[BOX])
    project.create_annotation(true, result=[BOX], ground_truth=True)
    project.create_annotation(skipped, result=[], was_cancelled=True)

    def holds(**options: object) -> dict[int, int]:
        made = project.export_snapshot_create(title="chosen", **options)
        _, name = project.export_snapshot_download(made["id"], path=str(tmp_path))
        tasks = json.loads((tmp_path / name).read_text())
        return {task["id"]: len(task["annotations"]) for task in tasks}

    assert holds(task_filter_options={"annotated": "only"}) == {usual: 1, true: 1}
    assert holds(task_filter_options={"skipped": "only"}) == {skipped: 1}
    assert len(holds(task_filter_options={"finished": "exclude"})) == 3
    assert sum(holds(annotation_filter_options_skipped=False).values()) == 2
    assert sum(holds(annotation_filter_options_usual=False).values()) == 2


def test_a_snapshot_spells_out_predictions(project: Project, tmp_path: Path) -> None:
    task_id = project.get_tasks_ids()[0]
    project.create_prediction(task_id, result=[BOX], score=0.5)
    made = project.export_snapshot_create(title="in full", serialization_options_predictions=False)
    _, name = project.export_snapshot_download(made["id"], path=str(tmp_path))
    tasks = json.loads((tmp_path / name).read_text())
    assert [each["score"] for each in tasks[0]["predictions"]][-1:] == [0.5]
    (listed,) = project.export_snapshot_list()
    assert listed["serialization_options"]["predictions"] == {"only_id": False}


def test_tasks_are_changed_and_deleted(legacy: Client, project: Project) -> None:
    ids = project.get_tasks_ids()
    assert project.update_task(ids[0], meta={"a": 1})["meta"] == {"a": 1}
    assert project.get_task(ids[0])["meta"] == {"a": 1}
    assert project.delete_task(ids[0]).status_code == 204
    project.delete_tasks(ids[1:3])
    assert project.get_tasks_ids() == ids[3:]
    project.delete_all_tasks(excluded_ids=ids[4:])
    assert project.get_tasks_ids() == ids[4:]


def test_people_are_made_once_and_listed(legacy: Client) -> None:
    address = f"legacy-{datetime.now(timezone.utc).timestamp()}@example.com"
    person = {"username": "z", "email": address, "first_name": "Z", "last_name": "Y"}
    assert legacy.create_user(person).email == address
    assert legacy.create_user(person) is None
    assert address in [user.email for user in legacy.get_users()]

"""Scripts with the unmodified client of version 2, from an empty project to exports and its end."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from label_studio_sdk._legacy import Client
from label_studio_sdk.client import AsyncLabelStudio, LabelStudio
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.data_manager import Column, Filters, Operator, Type

from tests.serving import ADMIN_EMAIL, ADMIN_TOKEN
from tests.waiting import run_coroutine
from tests.web.operations.table import BOX, CONFIG
from tests.web.operations.world import picture_file


@pytest.fixture
def project(label_studio: LabelStudio) -> int:
    """A project with five tasks, n from 0 to 4, each with a prediction of m1."""
    made = label_studio.projects.create(title="Shapes", label_config=CONFIG)
    label_studio.projects.import_tasks(
        id=made.id,
        request=[
            {
                "data": {"image": f"https://example.com/{n}.jpg", "n": n},
                "predictions": [{"model_version": "m1", "score": n / 10, "result": [BOX]}],
            }
            for n in range(5)
        ],
    )
    return int(made.id)


@pytest.fixture
def tasks(label_studio: LabelStudio, project: int) -> list[int]:
    """Its tasks."""
    return [task.id for task in label_studio.tasks.list(project=project)]


def query(*filters: object, **more: object) -> str:
    return json.dumps({"filters": {"conjunction": "and", "items": list(filters)}, **more})


def over(n: int) -> dict[str, object]:
    return {"filter": "filter:tasks:data.n", "operator": "greater", "type": "Number", "value": n}


def test_a_project_is_made_read_changed_listed_and_deleted(label_studio: LabelStudio) -> None:
    made = label_studio.projects.create(title="First", description="d", label_config=CONFIG)
    read = label_studio.projects.get(id=made.id)
    assert (read.title, read.description, read.created_by.email) == ("First", "d", ADMIN_EMAIL)
    assert read.get_label_interface().get_control("box").labels == ["Cat", "Dog"]
    changed = label_studio.projects.update(id=made.id, title="Second", sampling="Uniform sampling")
    assert (changed.title, changed.sampling) == ("Second", "Uniform sampling")
    assert made.id in [project.id for project in label_studio.projects.list()]
    label_studio.projects.delete(id=made.id)
    with pytest.raises(ApiError) as error:
        label_studio.projects.get(id=made.id)
    assert error.value.status_code == 404


def test_a_wrong_config_is_refused_with_its_field(label_studio: LabelStudio, project: int) -> None:
    with pytest.raises(ApiError) as error:
        label_studio.projects.create(title="Wrong", label_config="<View><Imag")
    assert error.value.status_code == 400
    assert "label_config" in error.value.body["validation_errors"]
    label_studio.projects.validate_label_config(id=project, label_config=CONFIG)
    with pytest.raises(ApiError):
        label_studio.projects.validate_label_config(id=project, label_config="<View><Choices/></View>")


def test_projects_are_paged(label_studio: LabelStudio) -> None:
    made = {label_studio.projects.create(title=f"Page {n}", label_config=CONFIG).id for n in range(3)}
    assert made <= {project.id for project in label_studio.projects.list(page_size=2)}


def test_tasks_with_predictions_are_imported_and_counted(label_studio: LabelStudio, project: int) -> None:
    counted = label_studio.projects.get(id=project)
    assert (counted.task_number, counted.total_predictions_number) == (5, 5)
    answer = label_studio.projects.import_tasks(
        id=project, request=[{"image": "https://example.com/flat.jpg"}], return_task_ids=True
    )
    (task,) = answer.task_ids
    assert label_studio.tasks.get(id=str(task)).data == {"image": "https://example.com/flat.jpg"}


def test_tasks_are_listed_whole_and_by_pages(
    label_studio: LabelStudio, project: int, tasks: list[int]
) -> None:
    listed = list(label_studio.tasks.list(project=project, page_size=2))
    assert [task.id for task in listed] == tasks
    assert [task.predictions[0].model_version for task in listed] == ["m1"] * 5


def test_tasks_are_listed_by_view_with_its_filters_and_order(label_studio: LabelStudio, project: int) -> None:
    filters = Filters.create(
        Filters.AND,
        [Filters.item(Column.data("n"), Operator.GREATER, Type.Number, Filters.value(2))],
    )
    view = label_studio.views.create(
        project=project, data={"title": "n > 2", "filters": filters, "ordering": ["-tasks:data.n"]}
    )
    assert [task.data["n"] for task in label_studio.tasks.list(view=view.id)] == [4, 3]
    assert [each.id for each in label_studio.views.list(project=project)] == [view.id]
    label_studio.views.update(id=str(view.id), data={"title": "all", "filters": None})
    assert label_studio.views.get(id=str(view.id)).data["title"] == "all"
    label_studio.views.delete(id=str(view.id))
    assert label_studio.views.list(project=project) == []


def test_tasks_are_listed_by_a_query_of_the_moment(label_studio: LabelStudio, project: int) -> None:
    listed = label_studio.tasks.list(project=project, query=query(over(0), over(1), ordering=["-tasks:id"]))
    assert [task.data["n"] for task in listed] == [4, 3, 2]


def test_a_task_is_made_changed_and_deleted(label_studio: LabelStudio, project: int) -> None:
    task = label_studio.tasks.create(project=project, data={"image": "https://example.com/a.jpg"})
    changed = label_studio.tasks.update(id=str(task.id), data={"image": "https://example.com/b.jpg"})
    assert changed.data == {"image": "https://example.com/b.jpg"}
    label_studio.tasks.delete(id=str(task.id))
    with pytest.raises(ApiError) as error:
        label_studio.tasks.get(id=str(task.id))
    assert error.value.status_code == 404


def test_an_annotation_is_made_changed_and_deleted(label_studio: LabelStudio, tasks: list[int]) -> None:
    made = label_studio.annotations.create(id=tasks[0], result=[BOX], lead_time=3.5, ground_truth=True)
    assert (made.task, made.lead_time, made.ground_truth) == (tasks[0], 3.5, True)
    dog = {**BOX, "value": {**BOX["value"], "rectanglelabels": ["Dog"]}}
    changed = label_studio.annotations.update(id=made.id, result=[dog], was_cancelled=False)
    assert changed.result == [dog]
    assert label_studio.annotations.get(id=made.id).result == [dog]
    assert [each.id for each in label_studio.annotations.list(id=tasks[0])] == [made.id]
    assert label_studio.tasks.get(id=str(tasks[0])).is_labeled
    label_studio.annotations.delete(id=made.id)
    assert label_studio.annotations.list(id=tasks[0]) == []


def test_a_person_may_annotate_a_task_several_times(
    label_studio: LabelStudio, project: int, tasks: list[int]
) -> None:
    assert label_studio.projects.list_unique_annotators(id=project) == []
    for _ in range(3):
        label_studio.annotations.create(id=tasks[1], result=[BOX])
    (annotator,) = label_studio.projects.list_unique_annotators(id=project)
    assert annotator.email == ADMIN_EMAIL
    assert len(label_studio.annotations.list(id=tasks[1])) == 3


def test_predictions_are_made_listed_changed_and_deleted(
    label_studio: LabelStudio, project: int, tasks: list[int]
) -> None:
    made = label_studio.predictions.create(task=tasks[0], result=[BOX], score=0.7, model_version="m2")
    assert label_studio.predictions.update(id=made.id, score=0.9).score == 0.9
    assert label_studio.predictions.get(id=made.id).model_version == "m2"
    assert [each.model_version for each in label_studio.predictions.list(task=tasks[0])] == ["m1", "m2"]
    assert len(label_studio.predictions.list(project=project)) == 6
    rows = [{"task": task, "result": [BOX], "score": 0.1} for task in tasks]
    assert label_studio.projects.import_predictions(id=project, request=rows).created == 5
    label_studio.predictions.delete(id=made.id)
    assert label_studio.projects.get(id=project).total_predictions_number == 10


def test_actions_make_annotations_of_predictions_and_delete_tasks(
    label_studio: LabelStudio, project: int, tasks: list[int]
) -> None:
    assert "delete_tasks" in [action.id for action in label_studio.actions.list(project=project)]
    some = {"all": False, "included": tasks[:2]}
    label_studio.actions.create(id="predictions_to_annotations", project=project, selected_items=some)
    assert label_studio.projects.get(id=project).total_annotations_number == 2
    label_studio.actions.create(
        id="delete_tasks", project=project, selected_items={"all": True, "excluded": tasks[:1]}
    )
    assert [task.id for task in label_studio.tasks.list(project=project)] == tasks[:1]


def test_a_file_is_uploaded_labelled_and_fetched(
    label_studio: LabelStudio, legacy: Client, project: int, tmp_path: Path
) -> None:
    path = tmp_path / "small.png"
    path.write_bytes(picture_file(64, 48))
    (task,) = legacy.get_project(project).import_tasks(str(path))
    read = label_studio.tasks.get(id=str(task))
    assert read.data["image"].startswith(f"/data/upload/{project}/")
    (upload,) = label_studio.files.list(id=project)
    assert upload.file.endswith("-small.png")
    assert legacy.make_request("GET", read.data["image"]).content == path.read_bytes()


def test_labels_leave_in_every_format(label_studio: LabelStudio, project: int, tasks: list[int]) -> None:
    label_studio.annotations.create(id=tasks[0], result=[BOX])
    exports = label_studio.projects.exports
    assert [task["id"] for task in exports.as_json(project)] == tasks
    annotated = b"".join(exports.download_sync(id=project, export_type="JSON"))
    assert [task["id"] for task in json.loads(annotated)] == tasks[:1]
    table = exports.as_pandas(project)
    assert json.loads(table.loc[0, "box"])[0]["rectanglelabels"] == ["Cat"]
    coco = unzip(exports.as_binary(project, export_type="COCO"))
    (found,) = json.loads(coco["result.json"])["annotations"]
    assert found["bbox"] == [64.0, 48.0, 160.0, 240.0]
    yolo = unzip(exports.as_binary(project, export_type="YOLO"))
    assert yolo["classes.txt"].split() == [b"Cat", b"Dog"]
    (label,) = [content for name, content in yolo.items() if name.startswith("labels/")]
    assert [float(part) for part in label.split()] == pytest.approx([0, 0.225, 0.35, 0.25, 0.5])


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_snapshot_is_made_converted_fetched_and_deleted(
    label_studio: LabelStudio, project: int, tasks: list[int]
) -> None:
    label_studio.annotations.create(id=tasks[0], result=[BOX])
    exports = label_studio.projects.exports
    assert "YOLO" in [each["name"] for each in exports.list_formats(id=project)]
    made = exports.create(id=project, title="first")
    assert (made.title, made.status) == ("first", "completed")
    assert [each.id for each in exports.list(id=project)] == [made.id]
    whole = b"".join(exports.download(id=project, export_pk=made.id))
    assert [task["id"] for task in json.loads(whole)] == tasks
    converted = exports.convert(id=project, export_pk=made.id, export_type="CSV")
    read = exports.get(id=project, export_pk=made.id)
    assert [(each.id, each.status) for each in read.converted_formats] == [
        (converted.converted_format, "completed")
    ]
    assert b"rectanglelabels" in b"".join(exports.download(id=project, export_pk=made.id, export_type="CSV"))
    exports.delete(id=project, export_pk=made.id)
    assert exports.list(id=project) == []


def test_people_are_made_listed_renamed_and_removed(label_studio: LabelStudio) -> None:
    address = f"{datetime.now(timezone.utc).timestamp()}@example.com"
    made = label_studio.users.create(email=address, username="ann", first_name="Ann", last_name="A")
    assert label_studio.users.get(id=made.id).initials == "AA"
    assert label_studio.users.update(id=made.id, first_name="Bo").first_name == "Bo"
    assert made.id in [user.id for user in label_studio.users.list()]
    label_studio.users.delete(id=made.id)
    assert label_studio.users.whoami().email == ADMIN_EMAIL
    assert label_studio.users.get_token().token == ADMIN_TOKEN


def test_all_tasks_and_all_views_are_deleted(label_studio: LabelStudio, project: int) -> None:
    label_studio.views.create(project=project, data={"title": "one"})
    label_studio.views.delete_all(project=project)
    label_studio.tasks.delete_all_tasks(id=project)
    assert label_studio.views.list(project=project) == []
    assert list(label_studio.tasks.list(project=project)) == []


def test_an_unknown_key_is_told_401(server_url: str) -> None:
    with pytest.raises(ApiError) as error:
        LabelStudio(base_url=server_url, api_key="f" * 40).users.whoami()
    assert error.value.status_code == 401


@pytest.fixture
def personal_token(label_studio: LabelStudio) -> Iterator[str]:
    """The administrator's refresh token, which is revoked afterwards."""
    token = str(label_studio.tokens.create().token)
    yield token
    if token_works(label_studio, token):
        label_studio.tokens.blacklist(refresh=token)


def token_works(label_studio: LabelStudio, token: str) -> bool:
    try:
        label_studio.tokens.refresh(refresh=token)
    except ApiError as error:
        if error.status_code != 401:
            raise
        return False
    return True


def test_a_personal_access_token_is_refreshed_by_itself(
    server_url: str, personal_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = LabelStudio(base_url=server_url, api_key=personal_token)
    tokens = client._client_wrapper._tokens_client
    assert client.users.whoami().email == ADMIN_EMAIL
    first = tokens._access_token
    assert client.users.whoami().email == ADMIN_EMAIL
    assert tokens._access_token == first
    # Six minutes on, as its clock has it, the client asks for another.
    later = _Clock.at(datetime.now(timezone.utc) + timedelta(minutes=6))
    with monkeypatch.context() as patch:
        patch.setattr("label_studio_sdk.tokens.client_ext.datetime", later)
        assert client.users.whoami().email == ADMIN_EMAIL
    assert tokens._access_token != first


class _Clock(datetime):
    """The client's clock, put to another time."""

    _now: datetime

    @classmethod
    def at(cls, now: datetime) -> type[_Clock]:
        return type("Clock", (cls,), {"_now": now})

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls._now


def test_a_revoked_personal_access_token_ends_at_once(
    server_url: str, label_studio: LabelStudio, personal_token: str
) -> None:
    client = LabelStudio(base_url=server_url, api_key=personal_token)
    assert client.users.whoami().email == ADMIN_EMAIL
    label_studio.tokens.blacklist(refresh=personal_token)
    with pytest.raises(ApiError) as error:
        client.users.whoami()
    assert error.value.status_code == 401
    assert not token_works(label_studio, personal_token)


def test_a_rotated_personal_access_token_gives_way_to_the_new(
    server_url: str, label_studio: LabelStudio, personal_token: str
) -> None:
    new = label_studio.tokens.rotate(refresh=personal_token).refresh
    assert not token_works(label_studio, personal_token)
    assert LabelStudio(base_url=server_url, api_key=new).users.whoami().email == ADMIN_EMAIL
    label_studio.tokens.blacklist(refresh=new)


def test_an_access_token_and_x_api_key_come_in_too(
    server_url: str, label_studio: LabelStudio, personal_token: str
) -> None:
    access = label_studio.tokens.refresh(refresh=personal_token).access
    assert LabelStudio(base_url=server_url, api_key=access)._client_wrapper is not None
    for headers in ({"Authorization": f"Bearer {access}"}, {"X-API-Key": access}, {"X-API-Key": ADMIN_TOKEN}):
        answer = httpx.get(f"{server_url}/api/current-user/whoami", headers=headers, trust_env=False)
        assert answer.status_code == 200


def test_the_asynchronous_client_lists_and_annotates(server_url: str, project: int, tasks: list[int]) -> None:
    async def label() -> None:
        client = AsyncLabelStudio(base_url=server_url, api_key=ADMIN_TOKEN)
        assert [task.id async for task in await client.tasks.list(project=project)] == tasks
        made = await client.annotations.create(id=tasks[0], result=[BOX])
        assert made.task == tasks[0]

    run_coroutine(label())

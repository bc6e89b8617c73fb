"""Files that are broken, mislabelled or hold a bad row: told by name, row and field, and nothing is left."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.serving import RunningServer
from tests.waiting import wait_until
from tests.web.operations.table import BOX, CONFIG
from tests.web.operations.world import picture_file

Part = tuple[str, bytes]


@pytest.fixture(scope="module")
def admin(studio: RunningServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture
def project(admin: httpx.Client) -> int:
    made = admin.post("/api/projects/", json={"title": "Uploads", "label_config": CONFIG})
    return int(made.json()["id"])


def upload(admin: httpx.Client, project: int, *files: Part) -> httpx.Response:
    parts = [("file", (name, content)) for name, content in files]
    return admin.post(f"/api/projects/{project}/import?return_task_ids=1", files=parts)


def check_nothing_is_left(studio: RunningServer, admin: httpx.Client, project: int) -> None:
    assert admin.get(f"/api/projects/{project}/").json()["task_number"] == 0
    assert admin.get(f"/api/projects/{project}/tasks/").json() == []
    assert admin.get(f"/api/projects/{project}/file-uploads").json() == []
    assert kept_files(studio, project) == []


def kept_files(studio: RunningServer, project: int) -> list[Path]:
    data_dir = studio.parts.settings.data_dir
    of_project = [path for path in data_dir.rglob(f"**/{project}/**/*") if path.is_file()]
    half_written = (path for path in (data_dir / "tmp").rglob("*") if path.name != "worker-alive")
    return of_project + [path for path in half_written if path.is_file()]


def jpeg(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((120, 90), 60).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.jpg", jpeg()[:-600]),
        ("cut.png", jpeg("PNG")[:-600]),
        ("head.jpg", jpeg()[:20]),
        ("empty.jpg", b""),
        ("page.jpg", b"<html><body>not found</body></html>"),
        ("table.png", b"image,n\na,1\n"),
        ("scan.jpg", jpeg("TIFF")),
    ],
)
def test_a_broken_or_mislabelled_picture_is_named_and_leaves_nothing(
    name: str, content: bytes, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    answer = upload(admin, project, ("good.png", picture_file()), (name, content))
    assert answer.status_code == 400, answer.text
    assert list(answer.json()["validation_errors"]) == [name]
    assert name in answer.json()["detail"]
    check_nothing_is_left(studio, admin, project)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "image,n\nçà.jpg,1\n".encode("latin-1"), "UTF-8"),
        ("a.csv", "image,n\na.jpg,1\n".encode("utf-16"), "UTF-8"),
        ("a.csv", b"image,n\na\0.jpg,1\n", "NUL"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"image,n\n", "task"),
        ("a.csv", b"image,n\na.jpg,1\nb.jpg\n", "line 3"),
        ("a.csv", b'image,n\n"a.jpg,1\n', "line"),
        ("a.csv", b"image,image\na.jpg,1\n", "line 1"),
        ("a.csv", b"image;n\na.jpg;1\n", '"image"'),
        ("a.tsv", "image\tn\nç\t1\n".encode("latin-1"), "UTF-8"),
        ("a.json", b'[{"image": "a.jpg"}', "JSON"),
        ("a.json", b"[" * 10_000 + b"]" * 10_000, "JSON"),
        ("a.json", b'{"image": "\xe7"}', "JSON"),
        ("a.json", b'[{"image": "a\\u0000.jpg"}]', "NUL"),
        ("a.json", b"[3]", "item 0"),
        ("a.json", b'[{"image": "a.jpg"}, {"image": 3}]', "item 1"),
        ("a.txt", "ç".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_and_leaves_nothing(
    name: str, content: bytes, says: str, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    answer = upload(admin, project, ("good.png", picture_file()), (name, content))
    assert answer.status_code == 400, answer.text
    assert name in answer.json()["detail"]
    assert says in answer.json()["detail"]
    check_nothing_is_left(studio, admin, project)


def test_a_table_with_a_byte_order_mark_and_windows_lines_is_read(admin: httpx.Client, project: int) -> None:
    content = b"\xef\xbb\xbf" + "image,n\r\nçà.jpg,1\r\n".encode()
    answer = upload(admin, project, ("a.csv", content))
    assert answer.status_code == 201, answer.text
    (task,) = admin.get(f"/api/projects/{project}/tasks/").json()
    assert task["data"] == {"image": "çà.jpg", "n": 1}


def rows(count: int, **bad: Any) -> list[dict[str, Any]]:
    """Good rows, the last but one with ``bad`` in it."""
    made: list[dict[str, Any]] = [{"data": {"image": f"{n}.jpg"}} for n in range(count)]
    made[-2] = {**made[-2], **bad}
    return made


_WIDE = {**BOX, "value": {**BOX["value"], "width": "wide"}}
_BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"data": {"picture": "a.jpg"}}, '"image" key is expected'),
    ({"data": {"image": 3}}, 'data["image"]'),
    ({"predictions": 3}, "predictions: "),
    ({"predictions": [3]}, "predictions[0]"),
    ({"predictions": [{"result": [BOX, _WIDE]}]}, "predictions[0].result[1].value.width"),
    ({"predictions": [{"result": [], "score": "high"}]}, "predictions[0].score"),
    ({"annotations": [{"result": [BOX]}, {"result": [_WIDE]}]}, "annotations[1].result[0].value.width"),
    ({"annotations": [{"result": [], "was_cancelled": 3}]}, "annotations[0].was_cancelled"),
    ({"annotations": [{"result": [], "lead_time": "x"}]}, "annotations[0].lead_time"),
    ({"meta": 3}, "meta: "),
]


@pytest.mark.parametrize(("bad", "says"), _BAD_ROWS, ids=[says for _, says in _BAD_ROWS])
def test_a_bad_row_is_named_with_its_field_and_nothing_is_written(
    bad: dict[str, Any], says: str, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    answer = admin.post(f"/api/projects/{project}/import", json=rows(450, **bad))
    assert answer.status_code == 400, answer.text
    (told,) = answer.json()["validation_errors"]["non_field_errors"]
    assert told.startswith("Error at item 448: ")
    assert says in told
    check_nothing_is_left(studio, admin, project)


def test_a_bad_row_of_a_body_that_waits_for_the_worker_is_named_too(
    admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    long = {"image": "a.jpg", "padding": "x" * 2_000_000}
    answer = admin.post(f"/api/projects/{project}/import", json=[{"data": long}, *rows(2, meta=3)])
    assert answer.status_code == 400, answer.text
    (told,) = answer.json()["validation_errors"]["non_field_errors"]
    assert told.startswith("Error at item 1: meta")
    check_nothing_is_left(studio, admin, project)


def test_an_import_that_is_not_waited_for_can_be_asked_after(admin: httpx.Client, project: int) -> None:
    asynchronous = {"Prefer": "respond-async"}

    def order(sent: list[dict[str, Any]]) -> dict[str, Any]:
        started = admin.post(f"/api/projects/{project}/import", json=sent, headers=asynchronous)
        assert started.status_code == 202
        asked = f"/api/projects/{project}/imports/{started.json()['import']}/"

        def ended() -> dict[str, Any] | None:
            told: dict[str, Any] = admin.get(asked).json()
            return None if told["status"] == "in_progress" else told

        return wait_until(ended) or {}

    done, failed = order([{"data": {"image": "a.jpg"}}, {"data": {"image": "b.jpg"}}]), order(rows(2, meta=3))
    assert (done["status"], done["task_count"], len(done["task_ids"])) == ("completed", 2, 2)
    assert (failed["status"], failed["task_ids"]) == ("failed", None)
    assert failed["error"].startswith("Error at item 0: meta")
    assert admin.get(f"/api/projects/{project}/imports/987654321/").status_code == 404


def test_a_bad_row_of_a_file_is_named_with_the_file(
    admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    answer = upload(admin, project, ("rows.json", json.dumps(rows(3, meta=3)).encode()))
    (told,) = answer.json()["validation_errors"]["non_field_errors"]
    assert told.startswith("Error at item 1 of rows.json: meta")
    check_nothing_is_left(studio, admin, project)


def test_a_bad_prediction_of_many_writes_none(admin: httpx.Client, project: int) -> None:
    answer = admin.post(f"/api/projects/{project}/import?return_task_ids=1", json=rows(3))
    first, *_ = answer.json()["task_ids"]
    for bad, says in (
        ({"task": first, "result": [_WIDE]}, "result[0].value.width"),
        ({"task": 987654321, "result": []}, "task"),
    ):
        sent = [{"task": first, "result": [BOX]}, bad]
        answer = admin.post(f"/api/projects/{project}/import/predictions", json=sent)
        assert answer.status_code == 400
        (told,) = answer.json()["validation_errors"]["non_field_errors"]
        assert told.startswith("Error at item 1: ")
        assert says in told
    assert admin.get(f"/api/projects/{project}/").json()["total_predictions_number"] == 0


def test_predictions_are_made_of_fields_of_the_data(admin: httpx.Client) -> None:
    config = (
        '<View><Text name="t" value="$text"/><Choices name="mood" toName="t"><Choice value="good"/>'
        '<Choice value="bad"/></Choices></View>'
    )
    project = admin.post("/api/projects/", json={"title": "Moods", "label_config": config}).json()["id"]
    url = f"/api/projects/{project}/import?preannotated_from_fields=guess"
    sent = [{"text": "x", "guess": "good"}, {"data": {"text": "y", "guess": {"choices": ["bad"]}}}]
    assert admin.post(url, json=sent).json()["prediction_count"] == 2
    table = {"file": ("a.csv", b"text,guess\nz,bad\n")}
    assert admin.post(url, files=table).json()["prediction_count"] == 1
    made = admin.get("/api/predictions/", params={"project": project}).json()
    assert [each["result"][0]["value"]["choices"] for each in made] == [["good"], ["bad"], ["bad"]]
    for wrong, says in (({"text": "x"}, "guess: there is no"), ({"text": "x", "guess": "odd"}, "'odd'")):
        (told,) = admin.post(url, json=[wrong]).json()["validation_errors"]["non_field_errors"]
        assert told.startswith("Error at item 0: guess: ")
        assert says in told


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nabc',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nno file\r\n--b--\r\n',
        ),
        ("multipart/form-data; boundary=" + "b" * 10_000, b"--b\r\n"),
    ],
    ids=["no boundary", "empty", "nonsense", "no part", "broken off", "no file", "long boundary"],
)
def test_a_malformed_form_is_told_400_and_leaves_nothing(
    kind: str, content: bytes, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    headers = {"Content-Type": kind}
    answer = admin.post(f"/api/projects/{project}/import", content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]
    check_nothing_is_left(studio, admin, project)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.png",
        "C:\\pictures\\a.png",
        ".png",
        "..",
        "ä ö/ü.png",
        "x" * 500 + ".png",
        "a\nb.png",
    ],
)
def test_no_file_name_leads_out_of_the_project_s_folder(
    name: str, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    answer = upload(admin, project, (name, picture_file()))
    assert answer.status_code == 201, answer.text
    (task,) = admin.get(f"/api/projects/{project}/tasks/").json()
    url = task["data"]["image"]
    assert url.startswith(f"/data/upload/{project}/")
    assert url.count("/") == 4
    assert admin.get(url).content == picture_file()
    assert all(f"/{project}/" in str(path) for path in kept_files(studio, project))


@pytest.mark.parametrize("content", [b"", b"[]", b"  ", b"3", b"null", b'"x"', b"[[]]", b"{}"])
def test_a_body_without_a_task_is_told_400(
    content: bytes, admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = admin.post(f"/api/projects/{project}/import", content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    check_nothing_is_left(studio, admin, project)


def test_files_are_kept_first_and_become_tasks_later(admin: httpx.Client, project: int) -> None:
    """The two steps of Label Studio's import page."""
    table = {"file": ("a.csv", b"image,n\na.jpg,1\nb.jpg,2\n")}
    kept = admin.post(f"/api/projects/{project}/import?commit_to_project=false", files=table).json()
    assert (kept["task_count"], kept["annotation_count"], kept["could_be_tasks_list"]) == (2, None, True)
    assert (kept["data_columns"], kept["found_formats"]) == (["image", "n"], {".csv": 1})
    assert admin.get(f"/api/projects/{project}/").json()["task_number"] == 0
    url, wanted = f"/api/projects/{project}/reimport", {"file_upload_ids": kept["file_upload_ids"]}
    assert admin.post(url, json=wanted).json()["task_count"] == 2
    whole = admin.post(url, json={**wanted, "files_as_tasks_list": False}).json()
    assert (whole["task_count"], whole["file_upload_ids"]) == (1, kept["file_upload_ids"])
    assert admin.post(url, json={"file_upload_ids": [987654321]}).status_code == 404
    # JSON in the body is no file to keep.
    assert (
        admin.post(f"/api/projects/{project}/import?commit_to_project=false", json=rows(2)).status_code == 400
    )


def test_an_address_of_this_machine_is_not_fetched(admin: httpx.Client, project: int) -> None:
    for body in ({"url": f"{admin.base_url}/api/users/"}, {"urls": ["http://169.254.169.254/latest/"]}):
        answer = admin.post(f"/api/projects/{project}/import", json=body)
        assert (answer.status_code, answer.json()["detail"].count("TREADLE_OUTBOUND_ALLOW")) == (403, 1)
    form = {"url": "file:///etc/passwd"}
    assert admin.post(f"/api/projects/{project}/import", data=form).status_code == 400


def test_a_file_of_another_project_or_of_nobody_is_not_found(
    admin: httpx.Client, project: int, studio: RunningServer
) -> None:
    upload(admin, project, ("a.png", picture_file()))
    (task,) = admin.get(f"/api/projects/{project}/tasks/").json()
    other = admin.post("/api/projects/", json={"title": "Other", "label_config": CONFIG}).json()["id"]
    url = str(task["data"]["image"])
    assert admin.get(url).status_code == 200
    for wrong in (
        url.replace(f"/{project}/", f"/{other}/"),
        f"{url}x",
        f"/data/upload/{project}/..%2Fsecret.key",
    ):
        assert admin.get(wrong).status_code == 404
    assert admin.get(url, headers={"Range": "bytes=999999-"}).status_code == 416

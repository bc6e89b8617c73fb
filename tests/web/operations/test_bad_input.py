"""What is malformed, too large, too late or twice: a clear 4xx that names the field, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import RunningServer
from tests.web.operations.table import BOX, CONFIG, MUST, Operation
from tests.web.operations.world import World, build_world

_TAKES_JSON = [each for each in MUST if each.method != "GET" and each.body]
_HUGE = 2**70
_DEEP = b"[" * 10_000 + b"]" * 10_000


@pytest.fixture(scope="module")
def admin(studio: RunningServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture(scope="module")
def world(admin: httpx.Client) -> World:
    """A world that no test changes."""
    return build_world(admin, "export", "refresh")


def send(client: httpx.Client, world: World, operation: Operation, content: bytes) -> httpx.Response:
    return client.request(
        operation.method,
        str(world.fill(operation.path)),
        params=world.fill(dict(operation.query)),
        content=content,
        headers={"Content-Type": "application/json"},
    )


def errors_of(answer: httpx.Response) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.text
    found: dict[str, list[str]] = answer.json()["validation_errors"]
    return found


@pytest.mark.parametrize("operation", _TAKES_JSON, ids=lambda each: each.name)
@pytest.mark.parametrize(
    "content",
    [b'{"a":', b"nope", b'"text"', b"3", b"\xff\xfe{", b'{"a": NaN}', _DEEP, b'{"a":' + _DEEP + b"}"],
    ids=["broken off", "no JSON", "a text", "a number", "no UTF-8", "NaN", "deep", "deep inside"],
)
def test_a_body_that_is_no_json_object_is_told_400(
    operation: Operation, content: bytes, admin: httpx.Client, world: World
) -> None:
    answer = send(admin, world, operation, content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", ["result", "neighbors", "meta", "data"])
def test_json_nested_ten_thousand_deep_is_refused_in_every_free_field(
    name: str, admin: httpx.Client, world: World
) -> None:
    content = b'{"project": %s, "task": %s, "%s": %s}' % (
        world.ids["project"].encode(),
        world.ids["task"].encode(),
        name.encode(),
        _DEEP,
    )
    headers = {"Content-Type": "application/json"}
    for method, path in (
        ("POST", "/api/tasks/{task}/annotations/"),
        ("POST", "/api/tasks/{task}/drafts"),
        ("PATCH", "/api/annotations/{annotation}/"),
        ("PATCH", "/api/drafts/{draft}/"),
        ("POST", "/api/predictions/"),
        ("POST", "/api/tasks/"),
        ("PATCH", "/api/tasks/{task}/"),
        ("POST", "/api/dm/views/"),
        ("POST", "/api/projects/{project}/import"),
    ):
        answer = admin.request(method, str(world.fill(path)), content=content, headers=headers)
        assert answer.status_code == 400, f"{method} {path} {answer.text}"


#: Method and path, and of each field what is no value of it.
_WRONG: dict[tuple[str, str], dict[str, list[Any]]] = {
    ("POST", "/api/tasks/{task}/annotations/"): {
        "result": ["nope", None, {}, 3, ["x"], [None]],
        "was_cancelled": ["maybe", 3, []],
        "ground_truth": ["x", 1],
        "lead_time": ["long", []],
        "draft_id": ["x", 1.5, _HUGE],
        "parent_prediction": ["x", _HUGE, 987654321],
        "parent_annotation": ["x", _HUGE],
        "unique_id": [5, {}],
    },
    ("PATCH", "/api/annotations/{annotation}/"): {
        "result": ["nope", None, {}],
        "was_cancelled": ["maybe"],
        "ground_truth": [2],
        "lead_time": ["long"],
        "last_action": [5],
    },
    ("POST", "/api/tasks/{task}/drafts"): {
        "result": ["nope", None, {}, [1]],
        "lead_time": ["long"],
        "was_postponed": ["x"],
        "annotation": ["x", _HUGE],
    },
    ("PATCH", "/api/drafts/{draft}/"): {"result": ["nope", {}], "lead_time": [[]], "was_postponed": [1]},
    ("POST", "/api/predictions/"): {
        "task": ["x", None, [], _HUGE],
        "result": ["nope", None, 3],
        "score": ["high", []],
        "model_version": [3, []],
        "cluster": ["x", _HUGE],
        "mislabeling": ["x", None],
    },
    ("POST", "/api/projects/"): {
        "title": [3, None, "ab", "x" * 51],
        "description": [3],
        "label_config": [3, "<View><Imag", '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>'],
        "expert_instruction": [[]],
        "show_instruction": ["x"],
        "color": [5],
        "maximum_annotations": ["x", 0, -1, _HUGE],
        "sampling": [3, "Sometimes"],
        "skip_queue": [None, "NEVER"],
        "model_version": [1],
        "is_published": ["x", {}],
        "min_annotations_to_start_training": ["x"],
        "overlap_cohort_percentage": ["x"],
        "task_data_login": [3],
        "workspace": ["x", _HUGE],
    },
    ("POST", "/api/tasks/"): {
        "data": [None, 3, "x", [], {}],
        "meta": ["x", [], 3],
        "project": ["x", None, _HUGE],
    },
    ("POST", "/api/dm/views/"): {"data": [3, [], "x"], "project": ["x", _HUGE]},
    ("POST", "/api/dm/views/order/"): {"ids": [3, ["x"], [_HUGE]], "project": ["x"]},
    ("POST", "/api/projects/{project}/exports/"): {
        "title": [3, []],
        "task_filter_options": [3, {"annotated": "some"}, {"view": "x"}, {"view": _HUGE}],
        "annotation_filter_options": [3, {"usual": "x"}],
    },
    ("POST", "/api/projects/{project}/exports/{export}/convert"): {"export_type": [3, None, "NOPE"]},
    ("POST", "/api/projects/validate/"): {"label_config": [3, None]},
}
_REST: dict[str, dict[str, Any]] = {
    "/api/predictions/": {"task": "{task}", "result": [BOX]},
    "/api/projects/": {"title": "Right", "label_config": CONFIG},
    "/api/tasks/": {"project": "{project}", "data": {"image": "a.jpg"}},
    "/api/dm/views/": {"project": "{project}", "data": {}},
    "/api/dm/views/order/": {"project": "{project}", "ids": []},
}
_FIELDS = [(method, path, name) for (method, path), fields in _WRONG.items() for name in fields]


@pytest.mark.parametrize(("method", "path", "name"), _FIELDS, ids=lambda text: str(text))
def test_a_field_of_a_wrong_type_is_named(
    method: str, path: str, name: str, admin: httpx.Client, world: World
) -> None:
    before = world.picture(admin)
    for wrong in _WRONG[method, path][name]:
        body = {**_REST.get(path, {}), name: wrong}
        answer = admin.request(method, str(world.fill(path)), json=world.fill(body))
        assert name in errors_of(answer), f"{wrong} {answer.text}"
    assert world.picture(admin) == before


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "x", "1.5", "9" * 5_000])
@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/{}/",
        "/api/tasks/{}/",
        "/api/annotations/{}/",
        "/api/drafts/{}/",
        "/api/predictions/{}/",
        "/api/dm/views/{}/",
        "/api/projects/{}/export",
        "/data/upload/{}/a.png",
    ],
)
def test_an_id_that_cannot_be_is_not_found(path: str, number: str, admin: httpx.Client) -> None:
    assert admin.get(path.format(number)).status_code == 404


@pytest.mark.parametrize(
    ("path", "name", "values"),
    [
        ("/api/tasks/?project={project}", "page", ["0", "-1", "x", "1.5", "9" * 30]),
        ("/api/tasks/?project={project}", "page_size", ["0", "-2", "x"]),
        ("/api/tasks/?project={project}", "view", ["x"]),
        ("/api/tasks/?project={project}", "query", ["x", "[]", '{"filters":3}', '{"filters":{"items":3}}']),
        ("/api/projects/?a=b", "page", ["0", "-1", "x"]),
        ("/api/projects/?a=b", "page_size", ["0", "x"]),
        ("/api/projects/{project}/tasks/?a=b", "page", ["0", "-1", "x"]),
        ("/api/tasks/?a=b", "project", ["x", "1.5", "9" * 30]),
        ("/api/dm/views/?a=b", "project", ["x"]),
        ("/api/dm/columns/?a=b", "project", ["x", ""]),
        ("/api/predictions/?a=b", "task", ["x"]),
        ("/api/projects/{project}/export?a=b", "ids", ["x", "1,y"]),
        ("/api/projects/{project}/export?a=b", "exportType", ["NOPE"]),
        ("/api/projects/{project}/export?a=b", "download_all_tasks", ["maybe"]),
    ],
)
def test_a_wrong_query_is_told_400(
    path: str, name: str, values: list[str], admin: httpx.Client, world: World
) -> None:
    url = httpx.URL(str(world.fill(path)))
    for value in values:
        answer = admin.get(url.copy_merge_params({name: value}))
        assert answer.status_code == 400, f"{value} {answer.text}"
        assert answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/tasks/?project={project}", "/api/projects/?", "{tasks}?"])
@pytest.mark.parametrize("page", [99, 10**15, 10**18 - 1])
def test_a_page_past_the_end_is_not_found(path: str, page: int, admin: httpx.Client, world: World) -> None:
    url = str(world.fill(path.replace("{tasks}", "/api/projects/{project}/tasks/")))
    answer = admin.get(f"{url}&page={page}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Invalid page."


@pytest.mark.parametrize(
    "item",
    [
        3,
        {},
        {"filter": 3},
        {"filter": "filter:tasks:nope", "operator": "equal", "value": 1},
        {"filter": "filter:tasks:id", "operator": "nope", "value": 1},
        {"filter": "filter:tasks:id", "operator": "equal", "value": "x"},
        {"filter": "filter:tasks:id", "operator": "equal", "value": None},
        {"filter": "filter:tasks:id", "operator": "equal", "value": _HUGE},
        {"filter": "filter:tasks:id", "operator": "equal", "value": "nan"},
        {"filter": "filter:tasks:id", "operator": "in", "value": 3},
        {"filter": "filter:tasks:id", "operator": "in_list", "value": {"a": 1}},
        {"filter": "filter:tasks:created_at", "operator": "less", "value": "yesterday"},
        {"filter": "filter:tasks:annotators", "operator": "contains", "value": "1e400"},
        {"filter": "filter:tasks:annotators", "operator": "contains", "value": _HUGE},
        {"filter": "filter:tasks:updated_by", "operator": "contains", "value": ["x"]},
        {"filter": "filter:tasks:data.n", "operator": "regex", "value": "("},
        {"filter": "filter:tasks:data.n", "operator": "regex", "value": "x" * 300},
        {"filter": 'filter:tasks:data.n" OR 1=1', "operator": "equal", "value": "x"},
        {"filter": "filter:tasks:data.n", "operator": "contains", "value": "a\u0000b"},
    ],
    ids=str,
)
def test_a_wrong_filter_is_told_and_never_a_fault(item: Any, admin: httpx.Client, world: World) -> None:
    query = json.dumps({"filters": {"conjunction": "and", "items": [item]}})
    answer = admin.get("/api/tasks/", params={"project": world.ids["project"], "query": query})
    harmless = isinstance(item, dict) and answer.status_code == 200 and answer.json()["total"] == 0
    assert harmless or (answer.status_code == 400 and answer.json()["detail"]), answer.text


@pytest.mark.parametrize(
    "selected",
    [None, 3, "x", {}, {"all": False, "included": "x"}, {"all": False, "included": [_HUGE]}, [_HUGE], ["x"]],
    ids=str,
)
def test_a_selection_that_names_nothing_deletes_nothing(
    selected: Any, admin: httpx.Client, world: World
) -> None:
    before = world.picture(admin)
    answer = admin.post(
        f"/api/dm/actions/?id=delete_tasks&project={world.ids['project']}", json={"selectedItems": selected}
    )
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 400 or answer.json()["processed_items"] == 0
    assert world.picture(admin) == before


def test_people_with_impossible_ids_are_refused(admin: httpx.Client, world: World) -> None:
    sent = {"selectedItems": {"all": True}, "users": [_HUGE]}
    path = f"/api/dm/actions/?id=unassign_annotators&project={world.ids['project']}"
    assert admin.post(path, json=sent).json()["code"] == "users-malformed"


def test_a_result_names_the_place_that_is_wrong(admin: httpx.Client, world: World) -> None:
    def wrong(**value: Any) -> list[dict[str, Any]]:
        return [BOX, BOX, BOX, {**BOX, "value": {**BOX["value"], **value}}]

    path = str(world.fill("/api/tasks/{task}/annotations/"))
    for value, place in (
        ({"width": "wide"}, "result[3].value.width"),
        ({"x": None}, "result[3].value.x"),
        ({"rectanglelabels": ["Bird"]}, "result[3].value.rectanglelabels"),
        ({"rectanglelabels": "Cat"}, "result[3].value.rectanglelabels"),
    ):
        (told,) = errors_of(admin.post(path, json={"result": wrong(**value)}))["result"]
        assert told.startswith(place)
    (told,) = errors_of(admin.post(path, json={"result": [BOX, {**BOX, "from_name": "nope"}]}))["result"]
    assert told.startswith("result[1].from_name")


@pytest.mark.parametrize(
    ("method", "path", "changed"),
    [
        ("POST", "/api/tasks/{task}/annotations/", {"result": [], "lead_time": 9}),
        ("PATCH", "/api/annotations/{annotation}/", {"lead_time": 9}),
        ("POST", "/api/tasks/{task}/drafts", {"result": [], "lead_time": 9}),
        ("PATCH", "/api/drafts/{draft}/", {"lead_time": 9}),
    ],
)
def test_a_save_sent_twice_is_done_once(
    method: str, path: str, changed: dict[str, Any], admin: httpx.Client
) -> None:
    world = build_world(admin)
    url, body, headers = str(world.fill(path)), {"result": [BOX]}, {"Idempotency-Key": "k1"}
    first = admin.request(method, url, json=body, headers=headers)
    after = world.picture(admin)
    again = admin.request(method, url, json=body, headers=headers)
    slashed = admin.request(method, url.rstrip("/"), json=body, headers=headers)
    assert [again.text, slashed.text] == [first.text] * 2
    assert [again.status_code, slashed.status_code] == [first.status_code] * 2
    assert again.headers["etag"] == first.headers["etag"]
    other = admin.request(method, url, json=changed, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert world.picture(admin) == after


def test_an_idempotency_key_is_of_one_person_and_one_route(
    studio: RunningServer, admin: httpx.Client
) -> None:
    world = build_world(admin)
    headers = {"Idempotency-Key": "k1"}
    editor = studio.member("another@example.com", "editor")
    path = str(world.fill("/api/tasks/{task}/annotations/"))
    with studio.client(editor.token) as client:
        answers = [
            admin.post(path, json={"result": [BOX]}, headers=headers),
            client.post(path, json={"result": []}, headers=headers),
            admin.post(str(world.fill("/api/tasks/{task}/drafts")), json={"result": []}, headers=headers),
        ]
    assert [answer.status_code for answer in answers] == [201] * 3
    refused = admin.post(path, json={"result": []}, headers={"Idempotency-Key": "k" * 201})
    assert list(errors_of(refused)) == ["Idempotency-Key"]


def test_a_refused_save_keeps_its_idempotency_key_free(admin: httpx.Client) -> None:
    world = build_world(admin)
    path, headers = str(world.fill("/api/tasks/{task}/annotations/")), {"Idempotency-Key": "k1"}
    assert admin.post(path, json={"result": "nope"}, headers=headers).status_code == 400
    assert admin.post(path, json={"result": [BOX]}, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/api/annotations/{annotation}/", "/api/drafts/{draft}/"])
def test_a_save_over_an_unseen_change_is_told_409_with_the_current_object(
    path: str, admin: httpx.Client
) -> None:
    url = str(build_world(admin).fill(path))
    seen = admin.get(url).headers["etag"]
    changed = admin.patch(url, json={"lead_time": 5}, headers={"If-Match": seen})
    assert changed.status_code == 200
    stale = admin.patch(url, json={"lead_time": 6}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert stale.json()["current"]["lead_time"] == 5
    assert admin.get(url).json()["lead_time"] == 5
    newest = changed.headers["etag"]
    assert admin.patch(url, json={"lead_time": 7}, headers={"If-Match": newest}).status_code == 200
    assert admin.patch(url, json={"lead_time": 8}).status_code == 200
    assert admin.patch(url, json={"lead_time": 9}, headers={"If-Match": "*"}).json()["lead_time"] == 9


def test_a_task_deleted_while_somebody_labels_it_is_not_found(admin: httpx.Client) -> None:
    world = build_world(admin)
    task = admin.get(str(world.fill("/api/projects/{project}/next"))).json()["id"]
    draft = admin.post(f"/api/tasks/{task}/drafts", json={"result": [BOX]}).json()["id"]
    assert admin.delete(f"/api/tasks/{task}/").status_code == 204
    answers = [
        admin.post(f"/api/tasks/{task}/annotations/", json={"result": [BOX], "draft_id": draft}),
        admin.post(f"/api/tasks/{task}/drafts", json={"result": [BOX]}),
        admin.patch(f"/api/drafts/{draft}/", json={"result": []}),
        admin.post(f"/api/tasks/{task}/release"),
        admin.get(f"/api/tasks/{task}/"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert admin.get(str(world.fill("/api/projects/{project}/next"))).json()["id"] != task


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/projects/", {"title": "a\0b"}),
        ("PATCH", "/api/projects/{project}/", {"expert_instruction": "a\0b"}),
        ("POST", "/api/tasks/", {"project": "{project}", "data": {"image": "a\0b"}}),
        ("PATCH", "/api/tasks/{task}/", {"meta": {"a\0b": 1}}),
        ("POST", "/api/tasks/{task}/drafts", {"result": [{"value": "\0"}]}),
        ("POST", "/api/predictions/", {"task": "{task}", "result": [], "model_version": "\0"}),
        ("POST", "/api/projects/{project}/import", [{"data": {"image": "a\0b"}}]),
        ("POST", "/api/projects/{project}/exports/", {"title": "a\0b"}),
        ("POST", "/api/dm/views/", {"project": "{project}", "data": {"title": "\0"}}),
    ],
)
def test_the_character_nul_which_no_text_column_keeps_is_refused(
    method: str, path: str, body: Any, admin: httpx.Client, world: World
) -> None:
    answer = admin.request(method, str(world.fill(path)), json=world.fill(body))
    assert answer.status_code == 400, answer.text
    assert "NUL" in answer.json()["detail"]


def test_a_backslash_before_u0000_is_only_text(admin: httpx.Client) -> None:
    world = build_world(admin)
    data = {"image": "https://example.com/a.jpg", "path": "C:\\u0000"}
    made = admin.post("/api/tasks/", json={"project": int(world.ids["project"]), "data": data})
    assert made.status_code == 201
    assert made.json()["data"] == data


@pytest.mark.parametrize(
    "path",
    [
        "/data/upload/{project}/a%00b.png",
        "/data/thumbnail/{project}/a%00b.png",
        "/api/exports/files/a%00b",
        "/api/jobs/a%00b",
        "/api/projects/?search=a%00b",
    ],
)
def test_nul_in_an_address_is_never_a_fault(path: str, admin: httpx.Client, world: World) -> None:
    answer = admin.get(str(world.fill(path)))
    assert answer.is_client_error or answer.json()["results"] == [], answer.text

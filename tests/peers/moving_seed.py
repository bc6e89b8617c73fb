"""A Label Studio with something of everything that `treadle import-label-studio` is to bring along."""

from __future__ import annotations

import io
from typing import Any

import httpx
from PIL import Image

from tests.peers.stock import ok

CONFIG = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="Cat"/>'
    '<Label value="Dög"/></RectangleLabels><Choices name="q" toName="img"><Choice value="good"/></Choices>'
    "</View>"
)
TEXT_CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/>'
    '<Choice value="b"/></Choices></View>'
)
PASSWORD = "eight-or-more-1"
PEOPLE = (("ann@example.com", "Ann", "Ó Tator"), ("rev@example.com", "Rev", "Iewer"))


def box(label: str, **value: float) -> dict[str, Any]:
    """A rectangle on a picture of 40 × 30."""
    shape = {"x": 10, "y": 10, "width": 25, "height": 50, "rotation": 0, **value}
    return {
        "id": f"r-{label}",
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 40,
        "original_height": 30,
        "image_rotation": 0,
        "value": {**shape, "rectanglelabels": [label]},
    }


def choice(word: str) -> dict[str, Any]:
    """An answer about a text."""
    return {
        "id": f"c-{word}",
        "from_name": "c",
        "to_name": "t",
        "type": "choices",
        "value": {"choices": [word]},
    }


def fill(admin: httpx.Client) -> None:
    """People, a project of uploaded pictures, and one of texts, with work by three people."""
    people = [_sign_up(admin, *each) for each in PEOPLE]
    _fill_pictures(admin, *people)
    _fill_texts(admin, *people)
    for person in people:
        person.close()


def _sign_up(admin: httpx.Client, email: str, first_name: str, last_name: str) -> httpx.Client:
    token = ok(admin.get("/api/invite"))["token"]
    with httpx.Client(base_url=admin.base_url, trust_env=False, timeout=60) as browser:
        browser.get("/user/signup/", params={"token": token})
        form = {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/user/signup/", params={"token": token}, data=form)
        assert answer.status_code == 302, answer.text[:500]
        who = ok(browser.get("/api/current-user/whoami"))
        legacy = ok(browser.get("/api/current-user/token"))["token"]
    ok(admin.patch(f"/api/users/{who['id']}/", json={"first_name": first_name, "last_name": last_name}))
    headers = {"Authorization": f"Token {legacy}"}
    return httpx.Client(base_url=admin.base_url, headers=headers, trust_env=False, timeout=60)


def _fill_pictures(admin: httpx.Client, ann: httpx.Client, rev: httpx.Client) -> None:
    settings = {
        "title": "Pictures",
        "description": "Of cats",
        "label_config": CONFIG,
        "expert_instruction": "<b>Draw</b> tightly",
        "show_instruction": True,
        "maximum_annotations": 2,
        "color": "#FF7557",
        "sampling": "Uniform sampling",
        "skip_queue": "REQUEUE_FOR_ME",
        "enable_empty_annotation": False,
        "show_skip_button": True,
        "reveal_preannotations_interactively": True,
    }
    project = ok(admin.post("/api/projects/", json=settings))["id"]
    files = {
        name: (name, _picture(color), "image/png") for name, color in (("a 1.png", "red"), ("b.png", "blue"))
    }
    ok(admin.post(f"/api/projects/{project}/import", files=files))
    ok(admin.post(f"/api/projects/{project}/import", json=[{"data": {"image": "/x.png"}, "meta": {"n": 1}}]))
    first, second, third = (task["id"] for task in _tasks(admin, project))
    guess = {"task": first, "result": [box("Cat", x=11)], "model_version": "m1", "score": 0.75}
    prediction = ok(admin.post("/api/predictions/", json=guess))["id"]
    ok(admin.post("/api/predictions/", json={**guess, "task": second, "score": None, "model_version": "m2"}))
    saved = {"result": [box("Cat")], "lead_time": 3.25, "parent_prediction": prediction}
    parent = ok(ann.post(f"/api/tasks/{first}/annotations/", json=saved))["id"]
    later = {"result": [box("Dög")], "lead_time": 8, "parent_annotation": parent}
    ok(rev.post(f"/api/tasks/{first}/annotations/", json=later))
    ok(rev.patch(f"/api/annotations/{parent}/", json={"result": [box("Cat", x=12)], "ground_truth": True}))
    ok(
        ann.post(
            f"/api/tasks/{second}/annotations/", json={"result": [], "was_cancelled": True, "lead_time": 1}
        )
    )
    ok(ann.post(f"/api/tasks/{third}/drafts", json={"result": [box("Dög", x=1)], "lead_time": 4.5}))
    ok(admin.post(f"/api/tasks/{third}/drafts", json={"result": [box("Cat", x=2)], "lead_time": 2}))
    ok(rev.post(f"/api/tasks/{first}/annotations/{parent}/drafts", json={"result": [box("Cat", x=3)]}))


def _fill_texts(admin: httpx.Client, ann: httpx.Client, rev: httpx.Client) -> None:
    project = ok(admin.post("/api/projects/", json={"title": "Texts", "label_config": TEXT_CONFIG}))["id"]
    rows = [{"data": {"text": f"text {n} é😀", "n": n}} for n in range(205)]
    ok(admin.post(f"/api/projects/{project}/import", json=rows))
    for number, task in enumerate(_tasks(admin, project)[:6]):
        who = (admin, ann, rev)[number % 3]
        saved = {"result": [choice("ab"[number % 2])], "lead_time": number + 0.5}
        ok(who.post(f"/api/tasks/{task['id']}/annotations/", json=saved))


def _tasks(client: httpx.Client, project: int) -> list[dict[str, Any]]:
    asked = {"project": project, "page_size": 300}
    listed: list[dict[str, Any]] = ok(client.get("/api/tasks/", params=asked))["tasks"]
    return sorted(listed, key=lambda task: int(task["id"]))


def _picture(color: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(written, "png")
    return written.getvalue()

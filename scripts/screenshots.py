"""Take the pictures in docs/screenshots from a real server with the sample projects.

Labels the motorcycle and two more tasks over HTTP first, so that the pages show work. Needs a built
front end: ``make screenshots`` sees to that. ``python -m scripts.screenshots traces trace`` takes those
alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.admin_scenes import Administrator
from scripts.learning_scenes import ASKED, Teacher, ask_with_the_first, serving_model
from scripts.repo_scenes import Painter
from scripts.tracking_scenes import Tracker

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
PORT = 18765
URL = f"http://127.0.0.1:{PORT}"
EMAIL, PASSWORD, TOKEN = "mina@example.com", "a pass for pictures", "ab" * 20
WIDE, PHONE = (1440, 900), (390, 844)
START_S = 120.0
SETTLE_MS = 1500

#: The motorcycle's parts in pixels of a picture of 741 × 500: label, x, y, width, height.
BOXES = (("motorcycle", 90, 80, 597, 375), ("wheel", 122, 232, 158, 172), ("wheel", 512, 272, 172, 184))
COLLEAGUES = (("Jun", "Tan", "annotator"), ("Sara", "Okafor", "reviewer"), ("Lee", "Moreau", "editor"))
TANK = ((388, 168), (462, 178), (492, 214), (470, 238), (408, 242), (382, 206))
LAMP = (541, 152, 27, 32)
SIZE = (741, 500)


@dataclass(frozen=True)
class Scene:
    """A page, and what is done on it before the picture."""

    name: str
    path: str
    act: Callable[[Page], None] = lambda _page: None


def press(name: str) -> Callable[[Page], None]:
    """Press the first button of that name."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def export_as(title: str) -> Callable[[Page], None]:
    """Have an export written in the dialog that is open."""

    def act(page: Page) -> None:
        page.get_by_role("radio", name=title).first.check()
        page.get_by_role("button", name=f"Export {title}", exact=True).click()
        page.get_by_text("on its way to your downloads").wait_for()

    return act


def look_back(page: Page) -> None:
    """Open the versions of an annotation."""
    page.get_by_test_id("history").click()
    page.get_by_role("dialog").wait_for()


def main() -> None:
    """Serve, label a little, look at every page in both themes and sizes."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(folder),
        serving_model() as model,
        sync_playwright() as playwright,
    ):
        garage, words = wait_for_samples()
        changed = label_some(garage)
        workspace = bring_people(garage)
        work_a_little(garage, words)
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        motorcycle = ask("GET", f"/api/tasks?project={garage}&page_size=1")["tasks"][0]["id"]
        tasks = f"/projects/{garage}/data"
        painted = {**Painter(URL, TOKEN, ask).paint(), **Tracker(ask).log()}
        painted |= Administrator(ask, PASSWORD).hand_out(workspace)
        learning = Teacher(ask, URL, TOKEN).teach(model, workspace)
        painted |= {name: path for name, path in learning.items() if name != ASKED}
        scenes = (
            Scene("projects", "/projects"),
            Scene("tasks", tasks),
            Scene("tasks-grid", tasks, press("Grid")),
            Scene("task-preview", f"{tasks}?task={motorcycle}"),
            Scene("label", f"/projects/{garage}/label?task={motorcycle}"),
            Scene("history", f"/projects/{garage}/label?task={changed}", look_back),
            Scene("text", f"/projects/{words}/label"),
            Scene("new-project", "/projects/new"),
            Scene("import", f"{tasks}?open=import"),
            Scene("export", f"{tasks}?open=export", export_as("YOLO")),
            Scene("progress", f"/projects/{garage}/progress"),
            Scene("project-members", f"/projects/{garage}/members"),
            Scene("settings", f"/projects/{garage}/settings"),
            Scene("jobs", "/jobs"),
            Scene("job", "/jobs", press("Import")),
            Scene("members", "/members"),
            Scene("people", "/people"),
            Scene("audit-log", "/audit-log"),
            Scene("deleted", "/deleted"),
            Scene("train", f"{learning['learning']}?do=train"),
            Scene(ASKED, learning[ASKED], ask_with_the_first),
            Scene("model-settings", learning["learning"], press("Settings…")),
            *(Scene(name, path) for name, path in painted.items()),
        )
        if chosen := sys.argv[1:]:
            scenes = tuple(scene for scene in scenes if scene.name in chosen)
        for theme in ("light", "dark"):
            for suffix, size in (("", WIDE), ("-phone", PHONE)):
                take_all(browser, scenes, theme, suffix, size)
        browser.close()


@contextmanager
def serving(folder: str) -> Iterator[None]:
    """A server with the samples, until the block ends."""
    options = ["--admin-email", EMAIL, "--admin-password", PASSWORD, "--admin-token", TOKEN]
    command = ["treadle", "serve", "--port", str(PORT), "--data-dir", folder, "--with-samples", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for_samples() -> tuple[int, int]:
    """The ids of the photographs' and the texts' projects, once all three are there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        found = {each["title"]: each["id"] for each in list_projects() if each["task_number"]}
        if {"Garage and things", "Python topics"} <= found.keys():
            return found["Garage and things"], found["Python topics"]
        time.sleep(0.5)
    sys.exit("The sample projects did not appear.")


def list_projects() -> list[dict[str, Any]]:
    """The projects, or none while the server starts."""
    try:
        return list(ask("GET", "/api/projects/?page_size=100")["results"])
    except (urllib.error.URLError, ConnectionError):
        return []


def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The JSON answer of the server, or nothing where it answers something else."""
    request = urllib.request.Request(URL + path, method=method, headers=headers)
    request.headers.setdefault("Authorization", f"Token {TOKEN}")
    content = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        content = json.dumps(body).encode()
    with urllib.request.urlopen(request, content, timeout=60) as answer:
        text, kind = answer.read(), answer.headers.get_content_type()
    return json.loads(text) if text and kind == "application/json" else None


def label_some(project_id: int) -> int:
    """A draft on the motorcycle, and two tasks done; the id of the one that was changed after."""
    tasks = ask("GET", f"/api/tasks?project={project_id}&page_size=10&fields=all")["tasks"]
    ask("POST", f"/api/tasks/{tasks[0]['id']}/drafts", {"result": motorcycle()})
    for task in tasks[1:3]:
        result = [item for prediction in task["predictions"] for item in prediction["result"]]
        answer = {"result": result, "lead_time": 21.5, "parent_prediction": task["predictions"][0]["id"]}
        ask("POST", f"/api/tasks/{task['id']}/annotations/", answer)
    (changed,) = ask("GET", f"/api/tasks/{tasks[1]['id']}/annotations/")
    ask("PATCH", f"/api/annotations/{changed['id']}/", {"result": changed["result"][:-3]})
    return int(tasks[1]["id"])


def bring_people(project_id: int) -> int:
    """Colleagues in the samples' workspace, one with a role of her own in the project, and an invitation.

    Returns the id of the workspace.
    """
    workspace = ask("GET", f"/api/projects/{project_id}/")["workspace"]
    ids = []
    for name, surname, role in COLLEAGUES:
        account = {"email": f"{name.lower()}@example.com", "first_name": name, "last_name": surname}
        account["password"] = PASSWORD
        user_id = ask("POST", "/api/users/", account)["id"]
        ask("POST", f"/api/workspaces/{workspace}/members", {"user": user_id, "role": role})
        ids.append(user_id)
    ask("POST", f"/api/projects/{project_id}/members", {"user": ids[0], "role": "reviewer"})
    ask("POST", f"/api/workspaces/{workspace}/invitations", {"role": "annotator", "email": "new@example.com"})
    me = ask("GET", "/api/current-user/whoami")["id"]
    ask("PATCH", f"/api/users/{me}/", {"first_name": "Mina", "last_name": "Kern"})
    return int(workspace)


def work_a_little(garage: int, words: int) -> None:
    """An import that fails, exports, deleted tasks, and a deleted project."""
    workspace = ask("GET", f"/api/projects/{garage}/")["workspace"]
    config = '<View><Text name="text" value="$text"/></View>'
    again = ask(
        "POST", "/api/projects/", {"title": "First try", "label_config": config, "workspace": workspace}
    )
    job = ask("POST", f"/api/projects/{again['id']}/import", [{"words": "one"}], Prefer="respond-async")[
        "job"
    ]
    while ask("GET", f"/api/jobs/{job}/")["state"] in ("queued", "running"):
        time.sleep(0.2)
    ask("POST", f"/api/projects/{again['id']}/import", [{"text": "one"}, {"text": "two"}])
    ask("DELETE", f"/api/projects/{again['id']}/")
    for kind in ("JSON", "COCO"):
        ask("GET", f"/api/projects/{garage}/export?exportType={kind}")
    last = ask("GET", f"/api/tasks?project={words}&page_size=100")["tasks"][-2:]
    chosen = {"selectedItems": {"all": False, "included": [task["id"] for task in last]}}
    ask("POST", f"/api/dm/actions/?id=delete_tasks&project={words}", chosen)


def motorcycle() -> list[dict[str, Any]]:
    """Boxes, an outline and an ellipse on the motorcycle."""
    width, height = SIZE
    items = [
        part("box", "rectanglelabels", label, box(x, y, w, h), f"box-{number}")
        for number, (label, x, y, w, h) in enumerate(BOXES)
    ]
    points = [[100 * x / width, 100 * y / height] for x, y in TANK]
    items.append(part("outline", "polygonlabels", "tank", {"points": points, "closed": True}, "tank"))
    x, y, radius_x, radius_y = LAMP
    ellipse = {
        "x": 100 * x / width,
        "y": 100 * y / height,
        "radiusX": 100 * radius_x / width,
        "radiusY": 100 * radius_y / height,
        "rotation": 0,
    }
    return [*items, part("ellipse", "ellipselabels", "lamp", ellipse, "lamp")]


def box(x: float, y: float, w: float, h: float) -> dict[str, float]:
    """A rectangle in percent of the picture."""
    width, height = SIZE
    place = {"x": 100 * x / width, "y": 100 * y / height}
    return {**place, "width": 100 * w / width, "height": 100 * h / height, "rotation": 0}


def part(control: str, kind: str, label: str, value: dict[str, Any], name: str) -> dict[str, Any]:
    """One result on the picture."""
    return {
        "id": name,
        "from_name": control,
        "to_name": "image",
        "type": kind,
        "original_width": SIZE[0],
        "original_height": SIZE[1],
        "image_rotation": 0,
        "value": {**value, kind: [label]},
    }


def take_all(
    browser: Browser, scenes: Sequence[Scene], theme: str, suffix: str, size: tuple[int, int]
) -> None:
    """Every page in one theme at one size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=bool(suffix),
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page)
    for scene in scenes:
        page.goto(URL + scene.path)
        page.wait_for_load_state("networkidle")
        scene.act(page)
        page.wait_for_timeout(SETTLE_MS)
        target = TARGET / f"{scene.name}{suffix}-{theme}.jpg"
        page.screenshot(path=target, type="jpeg", quality=82)
    context.close()


def sign_in(page: Page) -> None:
    """Sign in as the person in the pictures."""
    page.goto(f"{URL}/user/login/")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def chromium() -> str:
    """The Chromium that the tests use."""
    found = subprocess.run(
        [sys.executable, ROOT / "scripts" / "find_chromium.py"], capture_output=True, text=True, check=True
    )
    return os.fspath(found.stdout.strip())


if __name__ == "__main__":
    main()

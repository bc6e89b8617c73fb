"""Take the pictures in docs/screenshots from a real server with the sample projects.

Labels the motorcycle and two more tasks over HTTP first, so that the pages show work. Needs a built
front end: ``make screenshots`` sees to that.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

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
TANK = ((388, 168), (462, 178), (492, 214), (470, 238), (408, 242), (382, 206))
LAMP = (541, 152, 27, 32)
SIZE = (741, 500)


def main() -> None:
    """Serve, label a little, look at every page in both themes and sizes."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(folder), sync_playwright() as playwright:
        garage, words = wait_for_samples()
        label_some(garage)
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        motorcycle = ask("GET", f"/api/tasks?project={garage}&page_size=1")["tasks"][0]["id"]
        pages = {
            "projects": "/projects",
            "tasks": f"/projects/{garage}/data",
            "label": f"/projects/{garage}/label?task={motorcycle}",
            "text": f"/projects/{words}/label",
            "new-project": "/projects/new",
        }
        for theme in ("light", "dark"):
            for suffix, size in (("", WIDE), ("-phone", PHONE)):
                take_all(browser, pages, theme, suffix, size)
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


def ask(method: str, path: str, body: Any = None) -> Any:
    """The JSON answer of the server."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", f"Token {TOKEN}")
    content = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        content = json.dumps(body).encode()
    with urllib.request.urlopen(request, content, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def label_some(project_id: int) -> None:
    """A draft on the motorcycle, and two tasks done."""
    tasks = ask("GET", f"/api/tasks?project={project_id}&page_size=10&fields=all")["tasks"]
    ask("POST", f"/api/tasks/{tasks[0]['id']}/drafts", {"result": motorcycle()})
    for task in tasks[1:3]:
        result = [item for prediction in task["predictions"] for item in prediction["result"]]
        answer = {"result": result, "lead_time": 21.5, "parent_prediction": task["predictions"][0]["id"]}
        ask("POST", f"/api/tasks/{task['id']}/annotations/", answer)


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


def take_all(browser: Browser, pages: dict[str, str], theme: str, suffix: str, size: tuple[int, int]) -> None:
    """Every page in one theme at one size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=bool(suffix),
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page)
    for name, path in pages.items():
        page.goto(URL + path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLE_MS)
        target = TARGET / f"{name}{suffix}-{theme}.jpg"
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

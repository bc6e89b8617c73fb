"""Repos with photographs and labels on the server that is to be pictured, and the pages that show them."""

from __future__ import annotations

import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treadle.samples.sources import scikit_image_picture, scikit_learn_picture

CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">
<Label value="cup"/><Label value="eye"/><Label value="rocket"/></RectangleLabels></View>"""
NOTES = """# Garage

Taken in May, with two cameras.
Coffee: {coffee}
"""
PRICES = "item,price,stars\n" + "".join(f'"Lamp, size {i}",{i * 7},{i % 5}\n' for i in range(1, 13))


@dataclass
class Painter:
    """Makes what the pages show. ``ask``: sends JSON and gives the answer."""

    url: str
    token: str
    ask: Callable[..., Any]

    def paint(self) -> dict[str, str]:
        """The address of each page by its name."""
        workspace = self.ask("GET", "/api/workspaces")[0]["id"]
        images = self._repo("images", workspace, "Photographs of the garage, as they come off the camera")
        labels = self._repo("labels", workspace, "What people drew on them")
        self._fill(images)
        project = self._project(workspace)
        first = self._label(project, labels)
        log = self.ask("GET", f"/api/repos/{labels}/commits/?ref=master")["results"]
        self._stage(images)
        return {
            "repos": "/repos",
            "repo": f"/repos/{images}",
            "repo-file": f"/repos/{images}?file=coffee.png",
            "repo-labels": f"/repos/{labels}?file={first}.json",
            "repo-commits": f"/repos/{images}/commits",
            "repo-branches": f"/repos/{images}/branches",
            "repo-commit": f"/repos/{labels}/commits/{log[0]['id']}",
            "lineage": f"/lineage?node=task:{first}",
            "storages": f"/projects/{project}/storages",
            "versions": f"/projects/{project}/versions",
            "as-of": f"/projects/{project}/versions?at=labels@v1",
        }

    def _repo(self, name: str, workspace: int, description: str) -> int:
        body = {"name": name, "workspace": workspace, "description": description}
        return int(self.ask("POST", "/api/repos/", body)["id"])

    def _fill(self, repo: int) -> None:
        """Four commits and a branch."""
        found = [
            *(scikit_image_picture(name) for name in ("coffee.png", "chelsea.png", "rocket.jpg")),
            scikit_learn_picture("flower.jpg"),
        ]
        for path in found[:3]:
            self.put(repo, path.name, path.read_bytes(), f"Add {path.name}")
        self.put(repo, "notes.md", NOTES.format(coffee="blurry").encode(), "Notes on the day")
        self.ask("POST", f"/api/repos/{repo}/branches/", {"name": "strict", "at": "master"})
        self.put(repo, "night/flower.jpg", found[3].read_bytes(), "A flower of the night")
        self.put(repo, "prices.csv", PRICES.encode(), "What the things cost")
        self.put(repo, "notes.md", NOTES.format(coffee="sharp").encode(), "The coffee was taken again")
        self.ask("POST", f"/api/repos/{repo}/tags/", {"name": "may", "at": "master", "message": "All of May"})

    def put(self, repo: int, path: str, content: bytes, message: str, **query: object) -> None:
        """One file, as a commit of its own."""
        asked = urllib.parse.urlencode({"branch": "master", "message": message, **query})
        request = urllib.request.Request(
            f"{self.url}/api/repos/{repo}/files/{path}?{asked}", content, method="PUT"
        )
        request.add_header("Authorization", f"Token {self.token}")
        urllib.request.urlopen(request, timeout=60).close()

    def _stage(self, repo: int) -> None:
        for number in range(12):
            self.put(repo, f"camera-2/{number}.txt", b"seen\n", "", stage=1)

    def _project(self, workspace: int) -> int:
        body = {"title": "Garage from a repo", "label_config": CONFIG, "workspace": workspace}
        project = int(self.ask("POST", "/api/projects/", body)["id"])
        pictures = {"repo": "images@master", "regex_filter": ".*(png|jpg)"}
        source = self.ask(
            "POST", "/api/storages/repo", {"project": project, "title": "Photographs", **pictures}
        )["id"]
        self.ask("POST", f"/api/storages/repo/{source}/sync")
        self.ask("PATCH", f"/api/storages/repo/{source}", {"follow": True})
        return project

    def _label(self, project: int, labels: int) -> int:
        """Two commits of labels, the first with a tag; the id of the task that both tell of."""
        body = {"project": project, "repo": "labels@master"}
        target = self.ask("POST", "/api/storages/export/repo", body)["id"]
        tasks = self.ask("GET", f"/api/tasks?project={project}&page_size=10")["tasks"]
        by_name = {task["data"]["image"].rpartition("/")[2]: task["id"] for task in tasks}
        cup, cat = by_name["coffee.png"], by_name["chelsea.png"]
        made = self.ask("POST", f"/api/tasks/{cup}/annotations/", {"result": [box("cup", 28, 8, 45, 60)]})
        self._commit(target, "The first cups")
        self.ask("POST", f"/api/repos/{labels}/tags/", {"name": "v1", "at": "master"})
        mended = [box("cup", 24, 4, 52, 72), box("rocket", 72, 38, 20, 28)]
        self.ask("PATCH", f"/api/annotations/{made['id']}/", {"result": mended})
        eyes = [box("eye", 32, 28, 12, 16), box("eye", 58, 30, 12, 16, name="other eye")]
        self.ask("POST", f"/api/tasks/{cat}/annotations/", {"result": eyes})
        self._commit(target, "Cups drawn wider, and the cat's eyes")
        self.ask(
            "POST",
            f"/api/tasks/{by_name['rocket.jpg']}/annotations/",
            {"result": [box("rocket", 48, 20, 8, 50)]},
        )
        return int(cup)

    def _commit(self, target: int, message: str) -> None:
        job = self.ask("POST", f"/api/storages/export/repo/{target}/commit/", {"message": message})["job"]
        while self.ask("GET", f"/api/jobs/{job}/")["state"] in ("queued", "running"):
            time.sleep(0.2)


def box(label: str, x: float, y: float, width: float, height: float, *, name: str = "") -> dict[str, Any]:
    """A rectangle in percent of the picture."""
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    names = {"id": name or label, "from_name": "box", "to_name": "image", "type": "rectanglelabels"}
    return {**names, "original_width": 600, "original_height": 400, "value": value}

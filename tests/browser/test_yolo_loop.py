"""YOLO from nothing to pre-labels: connected, trained and promoted in the browser, without a network."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.house import ADA, House, NamedFile
from tests.browser.labelling import LabelPage
from tests.waiting import wait_until
from treadle.learning.connections.builtin import find_builtin

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(
        not find_builtin("yolo").is_installed, reason="torch and ultralytics stand outside the hashed lock"
    ),
]

CONFIG = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Lemon"/><Label value="Brick"/></RectangleLabels>
</View>"""
LEARNT, HELD_OUT, UNSEEN = 200, 50, 10
SIDE_PX = 160
#: So many files in a request.
AT_ONCE = 50
FORM = {"Epochs": "30", "Image size": "128", "Batch": "8", "Device": "cpu", "Held out, percent": "20"}
TRAINING_MS, PREDICTING_S = 1_800_000, 180.0

#: A label, and the left, upper, right and lower edge in pixels.
Thing = tuple[str, tuple[float, float, float, float]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server from which no way leads out."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        running = House(tmp_path_factory.mktemp("house"), *ADA)
    yield running
    running.close()


def test_yolo_learns_from_nothing_and_finds_what_nobody_labelled(house: House, page: Page) -> None:
    project = house.make_project("Lemons and bricks", CONFIG)
    truth = import_pictures(house, project)
    unseen = dict(list(truth.items())[LEARNT + HELD_OUT :])
    annotate(house, {task: things for task, things in truth.items() if task not in unseen})

    page.goto(f"/projects/{project}/learning")
    page.get_by_role("button", name="Use YOLO").click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    seed, held_out = seed_that_holds_out(HELD_OUT, house, project)
    train(page, seed, LEARNT + HELD_OUT - held_out)
    expect(page.get_by_text(re.compile(r"^mAP50 \d\.\d\d on"))).to_be_visible()
    (training,) = house.ask("GET", "/api/learning/trainings/", params={"project": project})
    measured = training["evaluation"]
    assert (measured["metric"], measured["task_count"], measured["seen"]) == ("mAP50", held_out, False)
    assert measured["value"] >= 0.8, measured

    page.get_by_role("button", name="Let version 1 serve").click()
    expect(page.get_by_text("version 1 serves", exact=True)).to_be_visible()
    page.get_by_role("button", name=f"Predict {len(truth)} tasks").click()
    said = wait_until(lambda: predictions_of(house, unseen), PREDICTING_S)
    assert {one["model_version"] for one in said.values()} == {training["version"]["name"]}
    things = [(task, thing) for task, drawn in unseen.items() for thing in drawn]
    found = sum(is_found(thing, said[task]["result"]) for task, thing in things)
    assert found >= 0.9 * len(things), f"{found} of {len(things)}"

    task = next(iter(unseen))
    label = LabelPage(page)
    label.open(project, task)
    label.expect_regions(len(said[task]["result"]))


def import_pictures(house: House, project: int) -> dict[int, list[Thing]]:
    """What is in each, by its task: those to label first, then those that nobody labels."""
    chance = random.Random(7)
    drawn = [draw(chance) for _ in range(LEARNT + HELD_OUT + UNSEEN)]
    files: list[NamedFile] = [(f"{at:03}.png", picture) for at, (picture, _) in enumerate(drawn)]
    tasks: list[int] = []
    for at in range(0, len(files), AT_ONCE):
        tasks = house.import_files(project, *files[at : at + AT_ONCE])
    return {task: things for task, (_, things) in zip(tasks, drawn, strict=True)}


def annotate(house: House, truth: Mapping[int, list[Thing]]) -> None:
    for task, things in truth.items():
        house.annotate(task, [region(thing) for thing in things])


def seed_that_holds_out(least: int, house: House, project: int) -> tuple[int, int]:
    """The first seed that holds out so many tasks or a few more, and how many: each task falls by chance."""
    [backend] = house.ask("GET", "/api/ml/", params={"project": project})
    for seed in range(100):
        spec = {"held_out": 0.2, "seed": seed}
        asked = {"project": project, "backend": backend["id"], "spec": spec}
        found = house.ask("POST", "/api/learning/trainings/gate/", json=asked)["held_out_count"]
        if least <= found <= least + 10:
            return seed, found
    raise AssertionError("No seed holds out a fifth of the tasks.")


def train(page: Page, seed: int, learnt: int) -> None:
    """By the form, in sight: the curve grows, the log tells where it began, and it ends."""
    page.get_by_role("button", name="Train T").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Train "))
    for label, value in {**FORM, "Seed": str(seed)}.items():
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.get_by_label("Start from").select_option("nothing")
    dialog.get_by_role("button", name=f"Train on {learnt} tasks").click()
    expect(page.get_by_role("img", name=re.compile(r"mAP50 .* at step"))).to_be_visible(timeout=TRAINING_MS)
    page.get_by_role("button", name="Log", exact=True).click()
    log = page.get_by_label("Log")
    expect(log).to_contain_text(f"{learnt} pictures to learn from, at 128 pixels, on cpu")
    expect(log).to_contain_text("it begins with nothing learnt")
    expect(page.get_by_role("button", name="Stop…")).to_have_count(0, timeout=TRAINING_MS)


def predictions_of(house: House, tasks: Mapping[int, object]) -> dict[int, Any] | None:
    """One of each task, once all have come."""
    found = {}
    for task in tasks:
        told = house.ask("GET", "/api/predictions/", params={"task": task})
        if not told:
            return None
        (found[task],) = told
    return found


def region(thing: Thing) -> dict[str, Any]:
    """As somebody draws it."""
    label, edges = thing
    left, upper, right, lower = (100 * edge / SIDE_PX for edge in edges)
    value = {"x": left, "y": upper, "width": right - left, "height": lower - upper, "rotation": 0}
    return {
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": SIDE_PX,
        "original_height": SIDE_PX,
        "value": {**value, "rectanglelabels": [label]},
    }


def is_found(thing: Thing, result: list[dict[str, Any]]) -> bool:
    """Whether a region of its label covers it, with at least half of overlap over union."""
    label, edges = thing
    return any(
        each["value"].get("rectanglelabels") == [label] and overlap(edges, edges_of(each["value"])) >= 0.5
        for each in result
    )


def edges_of(value: Mapping[str, float]) -> tuple[float, float, float, float]:
    scale = SIDE_PX / 100
    left, upper = value["x"] * scale, value["y"] * scale
    return (left, upper, left + value["width"] * scale, upper + value["height"] * scale)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0.0) * max(down, 0.0)
    areas = [(edges[2] - edges[0]) * (edges[3] - edges[1]) for edges in (one, other)]
    return shared / (sum(areas) - shared)


def draw(chance: random.Random) -> tuple[bytes, list[Thing]]:
    """A picture with one to three things on grey stones that are nothing, and what they are."""
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), tinted(chance, (120, 120, 120)))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, radius = chance.uniform(0, SIDE_PX), chance.uniform(0, SIDE_PX), chance.uniform(4, 20)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tinted(chance, (110, 115, 110)))
    things: list[Thing] = []
    for _ in range(chance.randint(1, 3)):
        edges = free_place(chance, [taken for _, taken in things])
        label = chance.choice(("Lemon", "Brick"))
        if label == "Lemon":
            pen.ellipse(edges, fill=tinted(chance, (215, 200, 60)))
        else:
            pen.rectangle(edges, fill=tinted(chance, (170, 65, 50)))
        things.append((label, edges))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue(), things


def free_place(
    chance: random.Random, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    """A box in the picture that touches no other."""
    while True:
        width, height = chance.uniform(28, 56), chance.uniform(28, 56)
        left, upper = chance.uniform(0, SIDE_PX - width), chance.uniform(0, SIDE_PX - height)
        edges = (left, upper, left + width, upper + height)
        if all(overlap(edges, other) == 0.0 for other in taken):
            return edges


def tinted(chance: random.Random, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (part + chance.randint(-35, 35) for part in colour)
    return (red, green, blue)

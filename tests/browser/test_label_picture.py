"""Labelling photographs, from signing up to the exported numbers."""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, no_page_load
from tests.browser.house import House
from tests.browser.labelling import LabelPage, Spot
from tests.browser.pictures import Place, find_mark, photograph, turned_photograph

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Person"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="Road"/></PolygonLabels>
  <EllipseLabels name="ellipse" toName="image"><Label value="Wheel"/></EllipseLabels>
  <KeyPointLabels name="point" toName="image"><Label value="Lamp"/></KeyPointLabels>
  <Choices name="light" toName="image" choice="single"><Choice value="day"/><Choice value="night"/></Choices>
</View>"""
#: Of the photograph that is stored on its side, as it is seen.
WIDTH, HEIGHT = 600, 900
MARKS: tuple[Place, ...] = ((210.0, 330.0), (330.0, 410.0))
PREDICTED = {"x": 55.0, "y": 45.0, "width": 10.0, "height": 6.0, "rotation": 0}
#: How far the rotation knob stands off a box, CSS px.
KNOB_PX = 24


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that nobody owns yet."""
    running = House(tmp_path_factory.mktemp("house"))
    yield running
    running.close()


def test_from_sign_up_to_the_exports_every_place_is_right_to_a_pixel(
    house: House, open_window: OpenWindow, tmp_path: Path
) -> None:
    page = open_window(signed_in=False)
    sign_up(page, house)
    project_id = make_project(page)
    first, second, _ = house.task_ids(project_id)
    predict_a_box(house, first)
    page.get_by_role("link", name="Label next").click()
    expect(page).to_have_url(re.compile(rf"/label\?task={first}$"))
    label = LabelPage(page)
    label.open(project_id, first)
    assert label.picture_size() == (WIDTH, HEIGHT)

    label.zoom_at(300, 400, to=1.6)
    label.pan(-40, 30)
    expect_marks_where_the_page_has_them(label)
    drawn = draw_everything(label)
    with no_page_load(page):
        label.submit_and_wait_for(second)
    house.wait_for_annotation(first)

    results = export_json(page, project_id, tmp_path)
    expect_results(results, drawn)
    expect_yolo(export_yolo(page, project_id, tmp_path), drawn)


# How a newcomer gets to a project


def sign_up(page: Page, house: House) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Set up Treadle")).to_be_visible()
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Create the first account").click()
    expect(page.get_by_role("heading", name="Start your first project")).to_be_visible()
    token = page.request.get("/api/current-user/token").json()["token"]
    house.api.headers["Authorization"] = f"Token {token}"


def make_project(page: Page) -> int:
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Files").set_input_files(
        [
            jpeg("side.jpg", turned_photograph(WIDTH, HEIGHT, marks=MARKS)),
            jpeg("street.jpg", photograph(800, 600, seed=2)),
            jpeg("square.jpg", photograph(500, 500, seed=3)),
        ]
    )
    page.get_by_role("button", name="Own config").click()
    editor = page.get_by_role("textbox", name="Label config")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(CONFIG)
    page.get_by_label("Title").fill("Garage")
    page.get_by_role("button", name="Create project").click()
    expect(page).to_have_url(re.compile(r"/projects/\d+/data$"))
    expect(page.locator("[data-task]")).to_have_count(3)
    found = re.search(r"/projects/(\d+)/", page.url)
    assert found
    return int(found.group(1))


def jpeg(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def predict_a_box(house: House, task_id: int) -> None:
    region = {
        "id": "predicted",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "value": {**PREDICTED, "rectanglelabels": ["Person"]},
    }
    house.predict(task_id, [region], model_version="first", score=0.87)


# What is drawn: shapes in pixels of the picture, from where the pointer went

Drawn = dict[str, Any]


def expect_marks_where_the_page_has_them(label: LabelPage) -> None:
    """The marks in the photograph stand on the screen where the page says that their pixels are."""
    screenshot = label.page.screenshot()
    box, zoom = label.picture_box(), label.zoom
    for x, y in MARKS:
        told = (box["x"] + x * zoom, box["y"] + y * zoom)
        seen = find_mark(screenshot, told, reach_px=12 * zoom)
        assert math.dist(seen, told) <= zoom, f"{told} is not where the mark is seen: {seen}"


def draw_everything(label: LabelPage) -> Drawn:
    drawn: Drawn = {}
    expect(label.page.get_by_test_id("suggestions")).to_contain_text("1 suggestion from first")
    label.take_up("Car")
    corners = label.spot(*MARKS[0]), label.spot(*MARKS[1])
    label.draw(*corners)
    label.expect_regions(2)
    drawn["turned"] = turn_selected_box(label, *corners)
    label.take_up("Person")
    drawn["box"] = label.spot(150, 450), label.spot(270, 520)
    label.draw(*drawn["box"])
    drawn["polygon"] = draw_polygon(label, [(340, 470), (420, 460), (430, 530), (360, 540)])
    label.take_up("Wheel")
    drawn["ellipse"] = label.spot(380, 330), label.spot(440, 370)
    label.draw(*drawn["ellipse"])
    label.take_up("Lamp")
    drawn["point"] = label.spot(301, 466)
    label.click(drawn["point"])
    label.expect_regions(6)
    label.page.get_by_test_id("accept-all").click()
    expect(label.page.get_by_test_id("suggestions")).to_have_count(0)
    label.choose("night")
    label.expect_saved()
    return drawn


def draw_polygon(label: LabelPage, places: list[Place]) -> list[Spot]:
    """Corner by corner; a click on the first one closes it."""
    label.take_up("Road")
    spots = [label.spot(*place) for place in places]
    for spot in [*spots, spots[0]]:
        label.click(spot)
    return spots


def turn_selected_box(label: LabelPage, start: Spot, end: Spot) -> dict[str, float]:
    """Takes the new box's rotation knob a quarter of a right angle round; the box as it must be then."""
    label.page.keyboard.press("v")
    middle = tuple((a + b) / 2 for a, b in zip(start.screen, end.screen, strict=True))
    label.page.mouse.click(*start.screen)
    reach = (end.screen[1] - start.screen[1]) / 2 + KNOB_PX
    knob = (middle[0], middle[1] - reach)
    angle = math.radians(30)
    to = (round(middle[0] + reach * math.sin(angle)), round(middle[1] - reach * math.cos(angle)))
    label.drag(knob, (float(to[0]), float(to[1])))
    label.page.keyboard.press("Escape")  # or the next label would be for this box
    turned_by = math.atan2(to[0] - middle[0], middle[1] - to[1])
    (x1, y1), (x2, y2) = start.picture, end.picture
    return {
        "cx": (x1 + x2) / 2,
        "cy": (y1 + y2) / 2,
        "width": x2 - x1,
        "height": y2 - y1,
        "degrees": math.degrees(turned_by),
    }


# What the exports say


def export(page: Page, title: str, into: Path) -> Path:
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile(rf"^{title}")).first.check()
    with page.expect_download() as download:
        dialog.get_by_role("button", name=f"Export {title}").click()
    path = into / download.value.suggested_filename
    download.value.save_as(path)
    dialog.get_by_role("button", name="Close").last.click()
    return path


def export_json(page: Page, project_id: int, into: Path) -> dict[str, dict[str, Any]]:
    """The submitted results by label, the choice under its own name."""
    page.goto(f"/projects/{project_id}/data")
    tasks = json.loads(export(page, "JSON", into).read_text())
    results = [result for task in tasks for one in task["annotations"] for result in one["result"]]
    named = {}
    for result in results:
        named[result["value"][result["type"]][0] + ("*" if result["id"] == "predicted" else "")] = result
    assert len(named) == len(results) == 7
    return named


def export_yolo(page: Page, project_id: int, into: Path) -> dict[str, list[float]]:
    """The numbers of each class of the first task, in pixels; the predicted box comes first: with a star."""
    with zipfile.ZipFile(export(page, "YOLO", into)) as archive:
        classes = archive.read("classes.txt").decode().split()
        (name,) = [name for name in archive.namelist() if name.startswith("labels/")]
        assert name.endswith("side.txt")
        rows = [row.split() for row in archive.read(name).decode().splitlines()]
    found: dict[str, list[float]] = {}
    for number, *fractions in reversed(rows):
        pixels = [float(part) * (HEIGHT if i % 2 else WIDTH) for i, part in enumerate(fractions)]
        name = classes[int(number)]
        found[f"{name}*" if name in found else name] = pixels
    return found


def pixels(result: dict[str, Any], *names: str) -> list[float]:
    """Values of a result, in pixels of the picture."""
    assert (result["original_width"], result["original_height"]) == (WIDTH, HEIGHT)
    across = {"x", "width", "radiusX"}
    return [result["value"][name] / 100 * (WIDTH if name in across else HEIGHT) for name in names]


def expect_near(found: list[float], expected: list[float]) -> None:
    """Every number within one pixel of the picture."""
    assert len(found) == len(expected)
    apart = [abs(a - b) for a, b in zip(found, expected, strict=True)]
    assert max(apart) <= 1, f"{found} is not {expected}"


def box_of(start: Spot, end: Spot) -> list[float]:
    (x1, y1), (x2, y2) = start.picture, end.picture
    return [x1, y1, x2 - x1, y2 - y1]


def ellipse_of(start: Spot, end: Spot) -> list[float]:
    (x1, y1), (x2, y2) = start.picture, end.picture
    return [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2]


def expect_results(results: dict[str, dict[str, Any]], drawn: Drawn) -> None:
    expect_turned(results["Car"], drawn["turned"])
    expect_near(pixels(results["Person"], "x", "y", "width", "height"), box_of(*drawn["box"]))
    assert results["Person"]["value"]["rotation"] == 0
    corners = [(x / 100 * WIDTH, y / 100 * HEIGHT) for x, y in results["Road"]["value"]["points"]]
    expect_near(flat(corners), flat(spot.picture for spot in drawn["polygon"]))
    assert results["Road"]["value"]["closed"] is True
    ellipse = pixels(results["Wheel"], "x", "y", "radiusX", "radiusY")
    expect_near(ellipse, ellipse_of(*drawn["ellipse"]))
    expect_near(pixels(results["Lamp"], "x", "y"), list(drawn["point"].picture))
    accepted = results["Person*"]
    assert accepted["value"] == {**PREDICTED, "rectanglelabels": ["Person"]}
    assert accepted["origin"] == "prediction"
    assert results["night"]["value"] == {"choices": ["night"]}


def expect_turned(result: dict[str, Any], drawn: dict[str, float]) -> None:
    x, y, width, height = pixels(result, "x", "y", "width", "height")
    radians = math.radians(result["value"]["rotation"])
    cx = x + width / 2 * math.cos(radians) - height / 2 * math.sin(radians)
    cy = y + width / 2 * math.sin(radians) + height / 2 * math.cos(radians)
    expected = [drawn["cx"], drawn["cy"], drawn["width"], drawn["height"]]
    expect_near([cx, cy, width, height], expected)
    assert result["value"]["rotation"] == pytest.approx(drawn["degrees"], abs=0.5)


def expect_yolo(found: dict[str, list[float]], drawn: Drawn) -> None:
    x, y, width, height = box_of(*drawn["box"])
    expect_near(found["Person"], [x + width / 2, y + height / 2, width, height])
    expect_near(found["Road"], flat(spot.picture for spot in drawn["polygon"]))
    cx, cy, rx, ry = ellipse_of(*drawn["ellipse"])
    outline = list(zip(found["Wheel"][::2], found["Wheel"][1::2], strict=True))
    for px, py in outline:
        off = abs(math.hypot((px - cx) / rx, (py - cy) / ry) - 1) * min(rx, ry)
        assert off <= 1, f"{(px, py)} is not on the ellipse"
    expect_near(found["Lamp"][:2], list(drawn["point"].picture))
    expect_near(found["Car"], upright_box_around(drawn["turned"]))
    x, y, width, height = (
        PREDICTED[name] / 100 * size
        for name, size in zip(("x", "y", "width", "height"), (WIDTH, HEIGHT, WIDTH, HEIGHT), strict=True)
    )
    expect_near(found["Person*"], [x + width / 2, y + height / 2, width, height])


def upright_box_around(box: dict[str, float]) -> list[float]:
    """Middle and sides of the box around a turned one."""
    sine, cosine = (abs(of(math.radians(box["degrees"]))) for of in (math.sin, math.cos))
    width = box["width"] * cosine + box["height"] * sine
    height = box["width"] * sine + box["height"] * cosine
    return [box["cx"], box["cy"], width, height]


def flat(places: Any) -> list[float]:
    return [number for place in places for number in place]

"""Labelling with fingers on a phone of 390 px."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import Place, photograph
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Person"/></RectangleLabels>
  <Choices name="light" toName="image"><Choice value="day"/><Choice value="night"/></Choices>
</View>"""
WIDTH, HEIGHT = 900, 1200


class Fingers:
    """Touches of one or more fingers, as the screen reports them."""

    def __init__(self, label: LabelPage) -> None:
        self._session: CDPSession = label.page.context.new_cdp_session(label.page)

    def move(self, *paths: Sequence[Place]) -> None:
        """All fingers go down, along their paths step by step, and up."""
        first, *rest = zip(*paths, strict=True)
        self._send("touchStart", first)
        for places in rest:
            self._send("touchMove", places)
        self._send("touchEnd", ())

    def _send(self, kind: str, places: Sequence[Place]) -> None:
        points: list[dict[str, Any]] = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture
def label(open_window: OpenWindow) -> LabelPage:
    return LabelPage(open_window(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=3))


def steps(start: Place, end: Place, count: int = 6) -> list[Place]:
    """Places from one to the other."""
    (x1, y1), (x2, y2) = start, end
    return [(x1 + (x2 - x1) * i / count, y1 + (y2 - y1) * i / count) for i in range(count + 1)]


def test_a_box_is_drawn_with_a_finger_and_submitted(house: House, label: LabelPage) -> None:
    project_id = house.make_project("Phone", CONFIG)
    first, second = house.import_files(
        project_id, ("a.jpg", photograph(WIDTH, HEIGHT)), ("b.jpg", photograph(WIDTH, HEIGHT, seed=2))
    )
    label.open(project_id, first)
    label.page.locator("[data-label=Car]").tap()
    start, end = label.spot(200, 300), label.spot(600, 700)
    Fingers(label).move(steps(start.screen, end.screen))
    # The browser takes a tap right after a quick drag for the second one of a double tap.
    wait_until(lambda: house.drafts(first))
    label.page.get_by_test_id("sheet").tap()
    label.expect_regions(1)
    label.page.locator("[data-choice=day]").tap()
    label.page.get_by_role("button", name="Close regions").tap()
    label.page.get_by_test_id("submit").tap()
    label.wait_until_ready(second)

    box, answer = house.wait_for_annotation(first)["result"]
    pixels = [
        box["value"][name] / 100 * size
        for name, size in (("x", WIDTH), ("y", HEIGHT), ("width", WIDTH), ("height", HEIGHT))
    ]
    (x1, y1), (x2, y2) = start.picture, end.picture
    assert pixels == pytest.approx([x1, y1, x2 - x1, y2 - y1], abs=1 / label.zoom)
    assert answer["value"] == {"choices": ["day"]}


def test_two_fingers_zoom_and_move_the_picture_and_draw_nothing(house: House, label: LabelPage) -> None:
    project_id = house.make_project("Pinch", CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(WIDTH, HEIGHT)))
    label.open(project_id, task_id)
    label.page.locator("[data-label=Car]").tap()
    zoom = label.zoom
    middle_x, middle_y = label.spot(450, 600).screen
    Fingers(label).move(
        steps((middle_x - 30, middle_y), (middle_x - 90, middle_y)),
        steps((middle_x + 30, middle_y), (middle_x + 90, middle_y)),
    )
    label.page.wait_for_function(
        "([zoom, width]) => window.__bench.surface().w / width > 2.8 * zoom", arg=[zoom, WIDTH]
    )
    assert label.zoom == pytest.approx(3 * zoom, rel=0.05)
    # What lay between the fingers still does.
    assert label.spot(450, 600).screen == pytest.approx((middle_x, middle_y), abs=6)
    expect(label.page.get_by_test_id("sheet")).to_contain_text("0")


def test_nothing_is_wider_than_the_phone(house: House, label: LabelPage) -> None:
    project_id = house.make_project("Narrow", CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(WIDTH, HEIGHT)))
    label.open(project_id, task_id)
    width = label.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]

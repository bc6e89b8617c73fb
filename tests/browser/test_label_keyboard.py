"""Everything with the keyboard alone: no press of a mouse in this module."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import EMAIL, PASSWORD, House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Person"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="Road"/></PolygonLabels>
  <Choices name="light" toName="image"><Choice value="day"/><Choice value="night"/></Choices>
</View>"""
WIDTH, HEIGHT = 800, 600


def test_a_task_is_labelled_from_sign_in_to_the_next_one_and_back(
    house: House, open_window: OpenWindow
) -> None:
    project_id = house.make_project("By hand", CONFIG)
    pictures = [(f"{i}.jpg", photograph(WIDTH, HEIGHT, seed=i)) for i in range(2)]
    first, second = house.import_files(project_id, *pictures)
    page = open_window(signed_in=False)
    sign_in_by_keyboard(page)
    open_project_by_keyboard(page, "By hand")
    page.keyboard.press("l")
    label = LabelPage(page)
    expect(page).to_have_url(re.compile(rf"/label\?task={first}$"))
    label.open(project_id, first)

    draw_box_by_keyboard(label)
    expect(page.get_by_test_id("selected")).to_contain_text("Car")
    before = numbers(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect(page.get_by_test_id("number-width")).to_have_value(f"{before['width'] + 10:g}")
    moved = {**before, "x": before["x"] + 1, "y": before["y"] + 10, "width": before["width"] + 10}
    assert numbers(page) == moved
    page.keyboard.press("2")
    expect(page.get_by_test_id("region-row")).to_contain_text("Person")
    answer_by_keyboard(page, "night")
    page.keyboard.press("Control+Enter")  # Enter alone would press the answer
    label.wait_until_ready(second)

    box, answer = house.wait_for_annotation(first)["result"]
    assert box["value"]["rectanglelabels"] == ["Person"]
    assert box["value"]["x"] == pytest.approx(moved["x"] / WIDTH * 100, abs=0.05)
    assert box["value"]["width"] == pytest.approx(moved["width"] / WIDTH * 100, abs=0.05)
    assert answer["value"] == {"choices": ["night"]}

    page.keyboard.press("[")
    label.wait_until_ready(first)
    label.expect_regions(1)
    expect(page.get_by_test_id("submit")).to_contain_text("Update")
    page.keyboard.press("]")
    label.wait_until_ready(second)
    page.keyboard.press("s")
    expect(page.get_by_test_id("done")).to_be_visible()


def test_tab_leads_through_the_whole_label_page_and_out_of_it(house: House, page: Page) -> None:
    """The focus is caught nowhere, with shapes on the picture or without."""
    project_id = house.make_project("No trap", CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(WIDTH, HEIGHT)))
    label = LabelPage(page)
    label.open(project_id, task_id)
    draw_box_by_keyboard(label)
    page.keyboard.press("Escape")
    for key in ("Tab", "Shift+Tab"):
        tab_to(page, "body", key=key)
        tab_to(page, "[data-testid=submit]", key=key)


def test_a_key_counts_from_the_first_frame_of_a_task(house: House, page: Page) -> None:
    """Pressed as soon as the task stands there, before the browser has painted it."""
    project_id = house.make_project("Quick", CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(WIDTH, HEIGHT)))
    page.add_init_script(
        """const seen = new MutationObserver(() => {
          if (!document.querySelector('[data-choice=night]')) return;
          seen.disconnect();
          dispatchEvent(new KeyboardEvent('keydown', { key: '5', code: 'Digit5', cancelable: true }));
        });
        seen.observe(document, { childList: true, subtree: true });"""
    )
    LabelPage(page).open(project_id, task_id)
    expect(page.locator("[data-choice=night]")).to_have_attribute("aria-checked", "true")


def sign_in_by_keyboard(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def open_project_by_keyboard(page: Page, title: str) -> None:
    """Through Ctrl K: find anything, do anything."""
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find or do")).to_be_focused()
    page.keyboard.type(title)
    expect(page.get_by_role("option").first).to_contain_text(title)
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid", name="Tasks")).to_be_visible()


def draw_box_by_keyboard(label: LabelPage) -> None:
    """Takes a label up, goes to the picture and has a box of default size put into its middle."""
    page = label.page
    page.keyboard.press("1")
    tab_to(page, "[role=application]")
    page.keyboard.press("Enter")
    label.expect_regions(1)


def answer_by_keyboard(page: Page, choice: str) -> None:
    tab_to(page, "[data-testid=choice]")
    if choice != "day":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(f"[data-choice={choice}]")).to_have_attribute("aria-checked", "true")


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Tab, until the focus is there; a person would look."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement?.matches(selector) === true", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {selector}")


def numbers(page: Page) -> dict[str, float]:
    """What the panel says of the selected box, in picture pixels."""
    names = ("x", "y", "width", "height")
    return {name: float(page.get_by_test_id(f"number-{name}").input_value()) for name in names}

"""Which tasks, and how they are shown: views, filters, pictures side by side, the preview, bulk actions."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.pictures import photograph
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image">
    <Label value="Car" background="#ff0000"/><Label value="Person" background="#0000ff"/>
  </RectangleLabels>
</View>"""


@pytest.fixture
def street(house: House) -> tuple[int, list[int]]:
    """Four pictures: a car is annotated in the first, a person predicted in the second."""
    project_id = house.make_project("Street", CONFIG)
    tasks = house.import_files(project_id, *((f"{i}.jpg", photograph(400, 300, seed=i)) for i in range(4)))
    house.annotate(tasks[0], [box("made", "Car")])
    house.predict(tasks[1], [box("suggested", "Person")], model_version="first", score=0.4)
    return project_id, tasks


def box(region_id: str, label: str, x: float = 20) -> dict[str, Any]:
    return {
        "id": region_id,
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 400,
        "original_height": 300,
        "image_rotation": 0,
        "value": {"x": x, "y": 20, "width": 20, "height": 30, "rotation": 0, "rectanglelabels": [label]},
    }


def rows(page: Page) -> Locator:
    return page.locator("[data-task]")


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Selections").get_by_role("button", name=name)


def heads(page: Page) -> list[str]:
    return page.get_by_role("columnheader").all_inner_texts()[1:]


def open_tasks(page: Page, project_id: int, count: int, search: str = "") -> None:
    page.goto(f"/projects/{project_id}/data{search}")
    expect(rows(page)).to_have_count(count)


# Views


def test_a_view_keeps_its_filters_columns_and_order_until_changes_are_saved_or_discarded(
    page: Page, street: tuple[int, list[int]], open_window: OpenWindow
) -> None:
    project_id, _ = street
    open_tasks(page, project_id, 1, "?where=predictions_score:less:0.5&sort=-tasks:id")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Unclear")
    page.get_by_role("checkbox", name="Only for me").check()
    page.get_by_role("button", name="Save view").click()
    expect(tab(page, "Unclear")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Columns").click()
    columns = page.get_by_role("dialog", name="Columns")
    columns.get_by_role("checkbox", name="Labels").uncheck()
    columns.get_by_role("checkbox", name="Status").press("Alt+ArrowUp")
    page.keyboard.press("Escape")
    expect(tab(page, "Unclear (changed)")).to_be_visible()
    assert heads(page)[:4] == ["Task", "Picture", "Status", "File"]
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)

    # Shared, it looks the same in another window; what is changed there stays there until it is discarded.
    page.get_by_role("button", name="The view Unclear").click()
    page.get_by_role("menuitem", name="Share with everybody in the project").click()
    expect(page.get_by_title("Only you see this view")).to_have_count(0)
    other = open_window()
    other.goto(page.url)
    expect(rows(other)).to_have_count(1)
    assert heads(other)[:4] == ["Task", "Picture", "Status", "File"]
    assert "Labels" not in heads(other)
    other.get_by_role("button", name="Remove the filter Score below 0.5").click()
    expect(rows(other)).to_have_count(4)
    other.get_by_role("button", name="Discard").click()
    expect(rows(other)).to_have_count(1)


def test_a_view_is_renamed_copied_moved_and_its_deletion_undone(
    house: House, page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, _ = street
    view: dict[str, Any] = {"filters": {"conjunction": "and", "items": []}, "gridFitImagesToWidth": True}
    for title in ("One", "Two"):
        house.ask("POST", "/api/dm/views/", json={"project": project_id, "data": {**view, "title": title}})
    open_tasks(page, project_id, 4)
    tab(page, "Two").click()
    menu = page.get_by_role("button", name="The view Two")
    menu.click()
    page.get_by_role("menuitem", name="Move left").click()
    wait_for_titles(house, project_id, ["Two", "One"])
    menu.click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Second")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="The view Second").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    wait_for_titles(house, project_id, ["Second", "One", "Second (copy)"])
    kept = house.ask("GET", "/api/dm/views/", params={"project": project_id})[0]["data"]
    assert kept["gridFitImagesToWidth"] is True  # what others wrote stays
    tab(page, "One").click()
    page.get_by_role("button", name="The view One").click()
    page.get_by_role("menuitem", name="Delete this view").click()
    wait_for_titles(house, project_id, ["Second", "Second (copy)"])
    page.get_by_role("button", name="Undo").click()
    wait_for_titles(house, project_id, ["Second", "One", "Second (copy)"])


def wait_for_titles(house: House, project_id: int, titles: list[str]) -> None:
    def shown() -> bool:
        found = house.ask("GET", "/api/dm/views/", params={"project": project_id})
        return [view["data"]["title"] for view in found] == titles

    wait_until(shown)


# Filters


def test_a_filter_is_changed_in_place_joined_by_or_and_told_where_it_is_wrong(
    page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 1, f"?where=labels:contains:Car;id:in:{tasks[0]},{tasks[2]}")
    page.get_by_role("button", name="and: press for or").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name=re.compile("Change the filter Task between")).click()
    form = page.get_by_role("dialog", name="Change a filter")
    form.get_by_label("To").fill(str(tasks[1]))
    form.get_by_role("button", name="Change filter").click()
    expect(rows(page)).to_have_count(2)
    assert "match=or" in page.url
    page.get_by_role("button", name=re.compile("Change the filter Task between")).click()
    form.get_by_label("Column").select_option(label="File")
    form.get_by_label("Condition").select_option(label="matches")
    form.get_by_label("Value").fill("(")
    form.get_by_role("button", name="Change filter").click()
    wrong = page.locator(".chip", has_text="File matches (")
    expect(wrong.get_by_role("alert")).to_be_visible()
    expect(page.locator(".chip", has_text="Label has Car").get_by_role("alert")).to_have_count(0)
    assert "file_upload:regex:(" in unquote(page.url)


def test_quick_fields_are_listed_and_can_be_let_go(
    house: House, page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, _ = street
    indexes = f"/api/projects/{project_id}/field-indexes/"
    house.ask("POST", indexes, json={"path": "image"})
    open_tasks(page, project_id, 4)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Let image be slow again").click()
    expect(page.get_by_role("region", name="Quick fields")).to_have_count(0)
    wait_until(lambda: house.ask("GET", indexes) == [])


# Pictures side by side


def test_pictures_stand_side_by_side_with_their_regions_dashed_where_predicted(
    page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 4)
    page.get_by_role("button", name="Grid").click()
    made, predicted = (page.locator(f"[data-task='{task}'] svg rect") for task in tasks[:2])
    expect(made).to_have_css("stroke", "rgb(255, 0, 0)")
    expect(made).to_have_css("stroke-dasharray", "none")
    expect(predicted).to_have_css("stroke", "rgb(0, 0, 255)")
    expect(predicted).to_have_css("stroke-dasharray", re.compile(r"5px, 3px"))
    picture, region = (
        page.locator(f"[data-task='{tasks[0]}'] {part}").bounding_box() for part in ("img", "svg rect")
    )
    assert picture
    assert region
    # The tile is 10 : 7 and the picture 4 : 3, so its height is cut; the region stays where it was drawn.
    assert region["x"] - picture["x"] == pytest.approx(0.2 * picture["width"], abs=2)
    assert region["height"] == pytest.approx(0.3 * picture["width"] * 3 / 4, abs=3)
    slider = page.get_by_role("slider", name="Size of the pictures")
    slider.press("End")
    expect(page.get_by_role("grid", name="Tasks")).to_have_attribute("aria-colcount", "2")


# Beside the table


def test_a_task_is_looked_at_beside_the_table_walked_on_deleted_and_brought_back(
    page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 4)
    page.get_by_role("grid", name="Tasks").focus()
    page.keyboard.press("Space")
    beside = page.get_by_role("complementary", name=f"Task {tasks[0]}")
    expect(beside.get_by_role("button", name="ada@example.com").first).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(beside.locator("svg rect")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    second = page.get_by_role("complementary", name=f"Task {tasks[1]}")
    expect(second).to_contain_text("first")
    expect(second.locator("svg.predicted rect")).to_have_count(1)
    page.reload()
    expect(second).to_contain_text("first")
    second.get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_role("complementary")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(4)


# Bulk actions


def test_predictions_of_selected_tasks_are_accepted_and_their_annotations_deleted_and_restored(
    house: House, page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 4)
    grid = page.get_by_role("grid", name="Tasks")
    grid.press("Control+a")
    bar = page.get_by_role("region", name="Selected tasks")
    bar.get_by_role("button", name="Accept predictions").click()
    expect(page.get_by_text("The predictions of 4 tasks are annotations now.")).to_be_visible()
    assert len(house.annotations(tasks[1])) == 1
    grid.press("Control+a")
    bar.get_by_role("button", name="More to do with them").click()
    page.get_by_role("menuitem", name="Delete their annotations…").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("2 annotations by everybody go")
    dialog.get_by_role("button", name="Delete annotations").click()
    expect(page.get_by_text("The annotations of 4 tasks are deleted.")).to_be_visible()
    assert house.annotations(tasks[0]) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The annotations are back.")).to_be_visible()
    assert len(house.annotations(tasks[0])) == 1


def test_selected_tasks_are_assigned_and_stand_under_assigned_to_me(
    page: Page, street: tuple[int, list[int]]
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 4)
    page.get_by_role("checkbox", name=f"Select task {tasks[2]}", exact=True).click()
    page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog", name="Assign 1 task")
    dialog.get_by_role("checkbox", name="ada@example.com").check()
    dialog.get_by_role("button", name="Assign 1 task").click()
    expect(page.get_by_text("1 task assigned to ada@example.com.")).to_be_visible()
    tab(page, "Assigned to me").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_have_attribute("data-task", str(tasks[2]))


def test_all_but_one_of_what_a_filter_finds_are_exported(
    page: Page, street: tuple[int, list[int]], house: House
) -> None:
    project_id, tasks = street
    open_tasks(page, project_id, 3, f"?where=id:less:{tasks[3]}")
    page.get_by_role("grid", name="Tasks").press("Control+a")
    page.get_by_role("checkbox", name=f"Select task {tasks[1]}", exact=True).click()
    page.get_by_role("button", name="Export…").click()
    dialog = page.get_by_role("dialog")
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name=re.compile("^Export")).click()
    exported = json.loads(waiting.value.path().read_text())
    assert [task["id"] for task in exported] == [tasks[0], tasks[2]]
    dialog.get_by_role("button", name="Close").first.click()
    wait_for_titles(house, project_id, [])

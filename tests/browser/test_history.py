"""What an annotation was before, on the label page and beside the task table."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.browser.test_task_views import CONFIG, box

pytestmark = pytest.mark.browser


@pytest.fixture
def changed(house: House) -> tuple[int, int, int]:
    """A project, its task, and an annotation of it: at first one car, then two people."""
    project_id = house.make_project("Changed", CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(400, 300)))
    annotation_id = house.annotate(task_id, [box("a", "Car")])
    people = [box("b", "Person"), box("c", "Person", x=60)]
    house.ask("PATCH", f"/api/annotations/{annotation_id}/", json={"result": people})
    return project_id, task_id, annotation_id


def labels_of(house: House, task_id: int) -> list[Any]:
    (annotation,) = house.annotations(task_id)
    return [each["value"]["rectanglelabels"] for each in annotation["result"]]


def test_an_older_version_is_compared_and_restored_on_the_label_page(
    house: House, page: Page, changed: tuple[int, int, int]
) -> None:
    project_id, task_id, _ = changed
    label = LabelPage(page)
    label.open(project_id, task_id)
    label.expect_regions(2)
    page.keyboard.press("Shift+V")
    dialog = page.get_by_role("dialog", name="History of this annotation")
    expect(dialog.get_by_role("listitem").filter(has_text="Now")).to_contain_text("2 added, 1 removed")
    expect(dialog.get_by_role("region", name="Version 1").locator("rect")).to_have_count(1)
    dialog.get_by_role("button", name="Restore the version").click()
    label.expect_regions(1)
    assert labels_of(house, task_id) == [["Car"]]
    page.get_by_test_id("history").click()
    expect(dialog.get_by_role("listitem").filter(has_text="Now")).to_contain_text("Brought back")


def test_what_was_not_submitted_is_not_lost_to_an_older_version(
    page: Page, changed: tuple[int, int, int]
) -> None:
    project_id, task_id, _ = changed
    label = LabelPage(page)
    label.open(project_id, task_id)
    label.take_up("Car")
    label.draw(label.spot(100, 200), label.spot(180, 280))
    page.get_by_test_id("history").click()
    dialog = page.get_by_role("dialog", name="History of this annotation")
    expect(dialog).to_contain_text("You have changes here that are not submitted")
    expect(dialog.get_by_role("button", name="Restore")).to_have_count(0)


def test_an_older_version_is_looked_at_and_restored_beside_the_task_table(
    house: House, page: Page, changed: tuple[int, int, int]
) -> None:
    project_id, task_id, _ = changed
    page.goto(f"/projects/{project_id}/data?task={task_id}")
    beside = page.get_by_role("complementary", name=f"Task {task_id}")
    expect(beside.locator("svg rect")).to_have_count(2)
    beside.get_by_role("button", name="History of the annotation").click()
    beside.get_by_role("button", name="Submitted").click()
    expect(beside.locator("svg rect")).to_have_count(1)
    beside.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The older version is back.")).to_be_visible()
    assert labels_of(house, task_id) == [["Car"]]

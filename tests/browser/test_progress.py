"""The progress page: how far, how fast, who did what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, sign_in
from tests.browser.house import House
from tests.browser.test_people import SECRET, add_person

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Labels name="part" toName="text"><Label value="Name"/><Label value="Place"/></Labels>
</View>"""


def span(label: str) -> dict[str, Any]:
    value = {"start": 0, "end": 3, "text": "Zoe", "labels": [label]}
    return {"id": "a", "from_name": "part", "to_name": "text", "type": "labels", "value": value}


@pytest.fixture(scope="module")
def project(house: House) -> int:
    """Five texts, two of them annotated by Ada."""
    project_id = house.make_project("Stories", CONFIG)
    tasks = house.import_tasks(project_id, [{"text": f"Zoe, {number}"} for number in range(5)])
    for task_id in tasks[:2]:
        house.annotate(task_id, [span("Name")])
    return project_id


def test_the_curve_stands_in_words_and_as_a_table_too(page: Page, project: int) -> None:
    page.goto(f"/projects/{project}/data")
    page.get_by_role("link", name="Progress").click()
    chart = page.get_by_role("img", name=re.compile("Annotations submitted up to each day: 2 by"))
    expect(chart).to_be_visible()
    expect(page.get_by_text("3 tasks to go. At 2 a day")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Work by day").get_by_role("row").nth(1)).to_contain_text("2")


def test_a_count_leads_to_the_tasks_that_it_counts(page: Page, project: int) -> None:
    page.goto(f"/projects/{project}/progress")
    by_label = page.get_by_role("region", name="By label")
    expect(by_label.get_by_role("listitem").filter(has_text="Place")).to_contain_text("0")
    by_label.get_by_role("link", name="2 of Name").click()
    expect(page.locator("[data-task]")).to_have_count(2)
    page.go_back()
    page.get_by_role("link", name="2 annotations by ada@example.com").click()
    expect(page.locator("[data-task]")).to_have_count(2)


def test_an_annotator_sees_their_own_work_alone(house: House, open_window: OpenWindow, project: int) -> None:
    add_person(house, "Kim", "annotator")
    page = open_window(signed_in=False)
    sign_in(page.context, "kim@example.com", SECRET)
    page.goto(f"/projects/{project}/progress")
    expect(page.get_by_role("heading", name="Nothing is labelled yet")).to_be_visible()
    expect(page.get_by_text("ada@example.com")).to_have_count(0)

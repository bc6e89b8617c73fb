"""A project of a million tasks, worked as any other."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House

pytestmark = pytest.mark.browser

MILLION = 1_000_000
#: Amounts go round from 0 to 999, so that one in a thousand tasks has each.
AMOUNTS = 1000
#: For a job that looks at each of a million tasks while the machine does much else.
JOB_MS = 120_000
CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text"><Choice value="bill"/><Choice value="note"/></Choices>
</View>"""
_SEED = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO tasks (project_id, inner_id, data, created_at, updated_at)
SELECT :project, i, json_object('text', 'Paper number ' || i, 'amount', i % :amounts), :now, :now FROM n"""
_COUNT = "UPDATE project_counters SET task_number = :many, last_inner_id = :many WHERE project_id = :project"


@pytest.fixture(scope="module")
def papers(house: House) -> int:
    """A project of a million texts, written past the import that other tests are about."""
    project_id = house.make_project("Papers", CONFIG)
    with closing(sqlite3.connect(house.database, timeout=60)) as database:
        (now,) = database.execute("SELECT created_at FROM projects WHERE id = ?", (project_id,)).fetchone()
        database.execute("PRAGMA synchronous = OFF")
        values = {"project": project_id, "many": MILLION, "amounts": AMOUNTS, "now": now}
        with database:
            database.execute(_SEED, values)
            database.execute(_COUNT, values)
    return project_id


def rows(page: Page) -> Locator:
    return page.locator("[data-task]")


def row(page: Page, number: int) -> Locator:
    """The row of the task with this text."""
    return rows(page).filter(has_text=re.compile(rf"Paper number {number}(?!\d)"))


def test_a_million_tasks_are_scrolled_filtered_selected_but_for_two_and_labelled(
    house: House, page: Page, papers: int
) -> None:
    page.goto(f"/projects/{papers}/data")
    grid = page.get_by_role("grid", name="Tasks")
    expect(grid).to_have_attribute("aria-rowcount", str(MILLION + 1))
    expect(row(page, 1)).to_be_in_viewport()

    # Scrolls anywhere: to the end by key, to the middle by the bar.
    grid.press("End")
    expect(row(page, MILLION)).to_be_in_viewport()
    assert rows(page).count() < 100
    grid.evaluate("element => { element.scrollTop = element.scrollHeight / 2 }")
    middle = rows(page).filter(has_text=re.compile(r"Paper number (49|50)\d{4}(?!\d)"))
    expect(middle.nth(10)).to_be_in_viewport()  # some rows more are drawn above those in sight
    heights = rows(page).evaluate_all("all => [...new Set(all.map((each) => each.offsetHeight))]")
    assert len(heights) == 1

    # All but two of everything.
    grid.press("Control+a")
    grid.press("Home")
    for number in (1, 2):
        row(page, number).get_by_role("checkbox").click()
    expect(page.get_by_text("999,998 selected")).to_be_visible()

    # All but two of those that a filter finds are deleted, and taken back.
    page.get_by_role("button", name="+ Filter").click()
    form = page.get_by_role("dialog", name="Add a filter")
    form.get_by_label("Column").select_option(label="amount")
    form.get_by_label("Condition").select_option(label="at least")
    form.get_by_label("Value").fill("999")
    form.get_by_role("button", name="Add filter").click()
    expect(grid).to_have_attribute("aria-rowcount", "1001")
    expect(page.get_by_text("999,998 selected")).to_have_count(0)
    expect(page.get_by_role("button", name="Make amount quick")).to_be_visible()
    grid.press("Control+a")
    for number in (AMOUNTS - 1, 2 * AMOUNTS - 1):
        row(page, number).get_by_role("checkbox").click()
    grid.press("Delete")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Delete 998 tasks?")
    dialog.get_by_role("button", name="Delete 998 tasks").click()
    expect(grid).to_have_attribute("aria-rowcount", "3", timeout=JOB_MS)
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(grid).to_have_attribute("aria-rowcount", "1001")

    # And the next task is labelled.
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile(r"/label\?task=\d+$"))
    task_id = int(page.url.rpartition("=")[2])
    bill = page.get_by_role("radio", name="bill")
    bill.click()
    expect(bill).to_be_checked()
    page.get_by_test_id("submit").click()
    assert house.wait_for_annotation(task_id)["result"][0]["value"] == {"choices": ["bill"]}

"""What was deleted comes back: a project, tasks, from the message and from where they are kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House

pytestmark = pytest.mark.browser

CONFIG = '<View><Text name="text" value="$text"/></View>'


def make(house: House, title: str) -> tuple[int, list[int]]:
    project_id = house.make_project(title, CONFIG)
    return project_id, house.import_tasks(project_id, [{"text": text} for text in "abc"])


def delete_from_settings(page: Page, project_id: int, title: str) -> None:
    page.goto(f"/projects/{project_id}/settings")
    page.get_by_role("button", name="Delete project…").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_role("textbox").fill(title)
    dialog.get_by_role("button", name="Delete project").click()
    expect(page.get_by_text(f"“{title}” is deleted.")).to_be_visible()


def test_a_deleted_project_is_taken_back_from_the_message(house: House, page: Page) -> None:
    project_id, tasks = make(house, "Hasty")
    delete_from_settings(page, project_id, "Hasty")
    expect(page.get_by_role("heading", name="Hasty")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Hasty")).to_be_visible()
    assert house.task_ids(project_id) == tasks


def test_a_deleted_project_is_restored_from_where_it_is_kept(house: House, page: Page) -> None:
    project_id, tasks = make(house, "Regretted")
    house.ask("DELETE", f"/api/projects/{project_id}/")
    page.goto("/deleted")
    page.get_by_role("button", name="Restore Regretted").click()
    expect(page.get_by_text("“Regretted” is back.")).to_be_visible()
    expect(page.get_by_role("heading", name="No deleted projects")).to_be_visible()
    assert house.task_ids(project_id) == tasks


def test_deleted_tasks_are_restored_from_the_settings(house: House, page: Page) -> None:
    project_id, tasks = make(house, "Thinned")
    chosen = {"selectedItems": {"all": False, "included": tasks[:2]}}
    house.ask("POST", f"/api/dm/actions/?id=delete_tasks&project={project_id}", json=chosen)
    page.goto(f"/projects/{project_id}/settings")
    page.get_by_role("button", name="Restore 2 tasks").click()
    expect(page.get_by_text("2 tasks restored.")).to_be_visible()
    expect(page.get_by_role("button", name="Restore 2 tasks")).to_have_count(0)
    assert house.task_ids(project_id) == tasks

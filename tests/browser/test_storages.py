"""Sources and targets of a project: added by a form, checked, synced, followed, removed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.pictures import photograph
from tests.browser.test_repos import make_repo, put

pytestmark = pytest.mark.browser

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels></View>"""


def make_source(house: House, project_id: int, repo: str, **more: Any) -> int:
    body = {"project": project_id, "repo": f"{repo}@master", "title": "Photographs", **more}
    source_id = house.ask("POST", "/api/storages/repo", json=body)["id"]
    assert isinstance(source_id, int)
    return source_id


def make_target(house: House, project_id: int, repo: str) -> int:
    body = {"project": project_id, "repo": f"{repo}@master"}
    target_id = house.ask("POST", "/api/storages/export/repo", json=body)["id"]
    assert isinstance(target_id, int)
    return target_id


def test_a_source_is_added_by_its_form_which_says_what_is_wrong(house: House, page: Page) -> None:
    make_repo(house, "pictures", {"a.jpg": photograph(200, 150), "b.jpg": photograph(200, 150, seed=2)})
    project_id = house.make_project("From a repo", CONFIG)
    page.goto(f"/projects/{project_id}/data")
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("button", name="Add a source").click()
    page.get_by_role("button", name=re.compile("^Repo")).click()
    page.get_by_label("Repo and branch").fill("pictuers@master")
    page.get_by_role("button", name="Check connection").click()
    expect(page.get_by_role("alert").filter(has_text="pictuers").first).to_be_visible()
    page.get_by_label("Repo and branch").fill("pictures@master")
    page.get_by_role("button", name="Check connection").click()
    expect(page.get_by_text("It answers.")).to_be_visible()
    page.get_by_role("button", name="Add and sync").click()
    expect(page.get_by_text("2 files: 2 new")).to_be_visible()
    expect(page.get_by_text("in step")).to_be_visible()
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(page.locator("[data-task]")).to_have_count(2)
    shown = page.locator("[data-task] img").first
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("img => img.naturalWidth") > 0


def test_a_sync_tells_what_changed_and_the_tasks_say_so(house: House, page: Page) -> None:
    repo_id = make_repo(
        house,
        "moving",
        {"a.jpg": photograph(200, 150), "b.jpg": photograph(200, 150, seed=2)},
    )
    project_id = house.make_project("Moving", CONFIG)
    source_id = make_source(house, project_id, "moving")
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    put(house, repo_id, {"a.jpg": photograph(200, 150, seed=3), "c.jpg": photograph(200, 150, seed=4)})
    house.ask("DELETE", f"/api/repos/{repo_id}/files/b.jpg", params={"branch": "master", "message": "Gone"})
    page.goto(f"/projects/{project_id}/storages")
    page.get_by_role("button", name="Sync Photographs").click()
    expect(page.get_by_text("2 files: 1 new, 1 changed; 1 retired")).to_be_visible()
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="a.jpg")).to_contain_text("File changed")
    expect(page.get_by_role("row").filter(has_text="b.jpg")).to_contain_text("Retired")


def test_a_source_that_follows_reads_a_commit_by_itself(house: House, page: Page) -> None:
    repo_id = make_repo(house, "followed", {"a.jpg": photograph(200, 150)})
    project_id = house.make_project("Following", CONFIG)
    source_id = make_source(house, project_id, "followed")
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    page.goto(f"/projects/{project_id}/storages")
    page.get_by_role("checkbox", name="Follow").click()
    expect(page.get_by_role("checkbox", name="Follow")).to_be_checked()
    put(house, repo_id, {"b.jpg": photograph(200, 150, seed=2)})
    expect(page.get_by_text("2 files: 1 new")).to_be_visible()


def test_a_removed_source_leaves_its_tasks(house: House, page: Page) -> None:
    make_repo(house, "left", {"a.jpg": photograph(200, 150)})
    project_id = house.make_project("Left", CONFIG)
    source_id = make_source(house, project_id, "left")
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    page.goto(f"/projects/{project_id}/storages")
    page.get_by_role("button", name="More about Photographs").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("button", name="Remove source").click()
    expect(page.get_by_text("Tasks come in by Import so far.")).to_be_visible()
    assert len(house.task_ids(project_id)) == 1

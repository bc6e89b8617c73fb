"""Sources and targets of a project: added by a form, checked, synced, followed, removed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.browser.test_repos import make_repo, put
from tests.waiting import wait_until

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


def test_a_project_is_made_from_a_folder_of_a_repo(house: House, page: Page) -> None:
    pictures = {f"birds/{name}.jpg": photograph(200, 150) for name in ("heron", "wren")}
    repo_id = make_repo(
        house, "nature", {**pictures, "birds/list.txt": b"heron, wren", "c.jpg": photograph(9, 9)}
    )
    page.goto(f"/repos/{repo_id}")
    expect(page.get_by_role("link", name="c.jpg")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find or do").fill("project from")
    page.keyboard.press("Enter")
    page.get_by_label("Folder").fill("birds/")
    expect(page.get_by_text("1 of them becomes no task")).to_contain_text("birds/list.txt")
    page.get_by_label("Title").fill("Birds")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_text("in step")).to_be_visible()
    expect(page.get_by_text("2 files: 2 new")).to_be_visible()
    expect(page.get_by_text("nature@master/birds/")).to_be_visible()


BOX = {"x": 20, "y": 20, "width": 30, "height": 35, "rotation": 0, "rectanglelabels": ["Car"]}
RESULT = [{"id": "a", "from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": BOX}]


def test_labels_of_a_picture_that_was_replaced_say_so_until_they_are_saved_again(
    house: House, page: Page, open_window: OpenWindow
) -> None:
    repo_id = make_repo(house, "replaced", {"a.jpg": photograph(200, 150), "b.jpg": photograph(200, 150)})
    project_id = house.make_project("Replaced", CONFIG)
    source_id = make_source(house, project_id, "replaced")
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    first, _ = house.task_ids(project_id)
    house.annotate(first, RESULT)
    put(house, repo_id, {"a.jpg": photograph(300, 100, seed=7)})
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    page.goto(f"/projects/{project_id}/data")
    row = page.get_by_role("row").filter(has_text="a.jpg")
    expect(row).to_contain_text("Check again")
    label = LabelPage(page)
    label.open(project_id, first)
    notice = page.get_by_test_id("notice").filter(has_text="This picture changed since it was labelled")
    expect(notice).to_contain_text("press Update to confirm")
    page.keyboard.press("Shift+P")
    pictures = page.get_by_role("dialog").locator("img")
    expect(pictures).to_have_count(2)
    for picture, width in zip(pictures.all(), (200, 300), strict=True):
        expect(picture).to_have_js_property("naturalWidth", width)
    page.keyboard.press("Escape")
    phone = open_window(viewport=PHONE, has_touch=True)
    LabelPage(phone).open(project_id, first)
    button, put_away = phone.get_by_role("button", name="See the old one"), phone.get_by_label("Put away")
    boxes = [each.bounding_box() for each in (button, put_away)]
    assert all(box and box["height"] >= 44 and box["x"] + box["width"] <= 390 for box in boxes), boxes
    label.submit()
    wait_until(lambda: house.annotations(first)[0]["updated_at"] > house.annotations(first)[0]["created_at"])
    label.open(project_id, first)
    expect(label.rows).to_have_count(1)
    expect(notice).to_have_count(0)
    page.goto(f"/projects/{project_id}/data")
    expect(row).to_contain_text("Labelled")

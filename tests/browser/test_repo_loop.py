"""From photographs in a repo to one commit of labels, in the browser; then back to it later."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.test_repos import drop, log, make_repo
from tests.browser.test_storages import CONFIG, make_source, make_target
from treadle.samples.sources import scikit_image_picture, scikit_learn_picture

pytestmark = pytest.mark.browser

SAVES = 500


def photographs() -> dict[str, bytes]:
    """Real ones, out of installed packages."""
    found = [scikit_image_picture("coffee.png"), scikit_learn_picture("flower.jpg")]
    return {path.name: path.read_bytes() for path in found}


def listed(house: House, place: str) -> list[str]:
    """What ``treadle ls`` says to whoever owns the data folder."""
    command = ["treadle", "ls", place, "--data-dir", str(house.database.parent)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return told.stdout.split()


def test_photographs_become_tasks_and_their_labels_one_commit(house: House, page: Page) -> None:
    page.goto("/repos")
    page.get_by_role("button", name="New repo").first.click()
    page.get_by_label("Name").fill("images")
    page.get_by_role("button", name="Create repo").click()
    expect(page.get_by_role("heading", name="Drop the first files here")).to_be_visible()
    drop(page.locator(".repo-page"), photographs())
    page.get_by_role("button", name="Commit 2 files").click()
    expect(page.get_by_role("link", name="coffee.png")).to_be_visible()

    labels_id = make_repo(house, "labels")
    project_id = house.make_project("Garage", CONFIG)
    page.goto(f"/projects/{project_id}/storages")
    add(page, "source", "images@master", "Add and sync")
    expect(page.get_by_text("2 files: 2 new")).to_be_visible()
    add(page, "target", "labels@master", "Add target")
    expect(page.get_by_text("all committed")).to_be_visible()

    label = LabelPage(page)
    first, _ = house.task_ids(project_id)
    label.open(project_id, first)
    label.take_up("Car")
    label.draw(label.spot(60, 60), label.spot(260, 220))
    label.submit()
    house.wait_for_annotation(first)

    page.goto(f"/projects/{project_id}/storages")
    expect(page.get_by_text("1 task to commit")).to_be_visible()
    page.get_by_role("button", name="Commit labels to labels@master").click()
    page.get_by_label("What changed").fill("The first label")
    page.get_by_role("button", name="Commit labels", exact=True).click()
    page.get_by_role("region", name="Versions").get_by_role("link", name="The first label").click()
    expect(page.get_by_role("region", name=f"Task {first}").locator("svg rect")).to_have_count(1)

    assert any(f"{first}.json" in line for line in listed(house, "labels@master"))
    (commit,) = log(house, labels_id)
    assert [source["repo_name"] for source in commit["provenance"]] == ["images"]
    page.goto(f"/repos/{labels_id}/commits/{commit['id']}")
    expect(page.get_by_role("link", name=re.compile("^images@"))).to_be_visible()
    change = page.get_by_role("region", name=f"{first}.json")
    expect(change.locator("svg rect")).to_have_count(1)
    width = "img => img.naturalWidth"
    expect(change.get_by_role("img")).to_have_js_property("complete", True)
    assert change.get_by_role("img").evaluate(width) > 0


def add(page: Page, direction: str, repo: str, act: str) -> None:
    page.get_by_role("button", name=f"Add a {direction}").click()
    page.get_by_role("button", name=re.compile("^Repo")).click()
    page.get_by_label("Repo and branch").fill(repo)
    page.get_by_role("button", name=act).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_many_saves_are_one_commit_that_stays_as_it_was(house: House, page: Page, tmp_path: Path) -> None:
    labels_id = make_repo(house, "many-labels")
    project_id = house.make_project("Many", CONFIG)
    make_target(house, project_id, "many-labels")
    tasks = house.import_tasks(project_id, [{"image": f"https://example.com/{i}.jpg"} for i in range(SAVES)])
    for task in tasks:
        house.annotate(task, [])
    page.goto(f"/projects/{project_id}/storages")
    expect(page.get_by_text(f"{SAVES} tasks to commit")).to_be_visible()
    page.get_by_role("button", name="Commit labels to many-labels@master").click()
    page.get_by_label("What changed").fill("All of today")
    page.get_by_role("button", name="Commit labels", exact=True).click()
    expect(page.get_by_text("all committed")).to_be_visible()
    (commit,) = log(house, labels_id)
    assert (commit["message"], commit["file_count"]) == ("All of today", SAVES)
    house.ask("POST", f"/api/repos/{labels_id}/tags/", json={"name": "v1", "at": commit["id"]})

    page.goto(f"/projects/{project_id}/versions?at=many-labels@v1")
    expect(page.get_by_text(f"{SAVES} tasks, committed")).to_be_visible()
    before = export_then(page, tmp_path / "before")
    for task in tasks[:20]:
        house.annotate(task, [])
    house.ask("PATCH", f"/api/projects/{project_id}/", json={"title": "Renamed since"})
    page.reload()
    expect(page.get_by_text("Many as of many-labels@v1")).to_be_visible()
    assert export_then(page, tmp_path / "after") == before


def export_then(page: Page, to: Path) -> bytes:
    page.get_by_role("button", name="Export as it was").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export JSON").click()
    download.value.save_as(to)
    page.get_by_role("button", name="Close", exact=True).last.click()
    return to.read_bytes()


def test_lineage_leads_from_the_photograph_to_the_commit_of_its_label(house: House, page: Page) -> None:
    images_id = make_repo(house, "lineage-images", photographs())
    labels_id = make_repo(house, "lineage-labels")
    project_id = house.make_project("Traced", CONFIG)
    source_id = make_source(house, project_id, "lineage-images")
    house.ask("POST", f"/api/storages/repo/{source_id}/sync")
    target_id = make_target(house, project_id, "lineage-labels")
    task, _ = house.task_ids(project_id)
    annotation = house.annotate(task, [])
    house.ask("POST", f"/api/storages/export/repo/{target_id}/sync")
    (labels,) = log(house, labels_id)
    (images, *_) = log(house, images_id)

    page.goto(f"/projects/{project_id}/data?task={task}")
    page.get_by_role("complementary").get_by_role("link", name="Lineage", exact=True).click()
    graph = page.get_by_role("region", name="Graph")
    node = graph.locator(f"[data-node='task:{task}']")
    expect(node).to_have_attribute("aria-current", "page")
    node.focus()
    page.keyboard.press("ArrowRight")
    expect(graph.locator(f"[data-node='annotation:{annotation}']")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(graph.locator(f"[data-node='commit:{labels['id']}']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"commit%3A{labels['id']}"))
    expect(graph.locator(f"[data-node='commit:{images['id']}']")).to_be_visible()
    page.get_by_role("button", name="What came of this").click()
    expect(graph.locator("[data-node]")).to_have_count(1)
    page.get_by_role("link", name="Open the commit").click()
    expect(page).to_have_url(re.compile(rf"/repos/{labels_id}/commits/{labels['id']}$"))

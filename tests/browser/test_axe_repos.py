"""axe-core finds nothing serious on the pages of repos, storages, versions and lineage."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.browser.test_axe import box, expect_nothing_serious
from tests.browser.test_repos import annotation, log, make_repo, put
from tests.browser.test_storages import CONFIG, make_source, make_target

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class World:
    """What the pages show."""

    images: int
    empty: int
    commit: str
    project: int
    task: int
    version: str
    #: A project, and a task of it whose picture was replaced under its labels.
    changed: tuple[int, int]


@pytest.fixture(scope="module")
def world(house: House) -> World:
    images = make_repo(house, "images", {"a.jpg": photograph(300, 200), "notes.txt": b"One\nTwo\n"})
    shown = f"/api/repos/{images}/files/a.jpg"
    commit = house.ask("POST", f"/api/repos/{images}/commits/", json={"branch": "master"})["id"]
    files = {"notes.txt": b"One\n2\n", "7.json": annotation(shown, 20), "night/b.jpg": photograph(90, 60)}
    for path, content in files.items():
        house.ask("PUT", f"/api/repos/{images}/files/{path}", content=content, params={"commit": commit})
    house.ask("POST", f"/api/repos/{images}/commits/{commit}/finish/", json={"message": "More"})
    house.ask("POST", f"/api/repos/{images}/tags/", json={"name": "v1", "at": commit, "message": "First"})
    house.ask("POST", f"/api/repos/{images}/branches/", json={"name": "strict", "at": "master"})
    put(house, images, {"notes.txt": b"One\nours\n"})
    put(house, images, {"notes.txt": b"One\ntheirs\n"}, branch="strict")
    staged = {"branch": "master", "stage": 1}
    house.ask("PUT", f"/api/repos/{images}/files/staged.txt", content=b"x", params=staged)
    labels = make_repo(house, "labels")
    project = house.make_project("Street", CONFIG)
    source = make_source(house, project, "images", regex_filter=r".*\.jpg")
    house.ask("POST", f"/api/storages/repo/{source}/sync")
    target = make_target(house, project, "labels")
    task, *_ = house.task_ids(project)
    house.annotate(task, [box("made", 20, "Car")])
    house.ask("POST", f"/api/storages/export/repo/{target}/sync")
    version = log(house, labels)[0]["id"]
    house.annotate(task, [box("again", 30, "Car")])
    changed = make_changed(house)
    return World(images, make_repo(house, "nothing"), commit, project, task, version, changed)


def make_changed(house: House) -> tuple[int, int]:
    repo = make_repo(house, "changing", {"a.jpg": photograph(300, 200)})
    project = house.make_project("Changing", CONFIG)
    source = make_source(house, project, "changing")
    house.ask("POST", f"/api/storages/repo/{source}/sync")
    (task,) = house.task_ids(project)
    house.annotate(task, [box("made", 20, "Car")])
    put(house, repo, {"a.jpg": photograph(300, 200, seed=5)})
    house.ask("POST", f"/api/storages/repo/{source}/sync")
    return project, task


Scene = Callable[[Page, World], None]


def repos(page: Page, world: World) -> None:
    page.goto("/repos")
    expect(page.get_by_role("link", name="images", exact=True)).to_be_visible()


def empty_repo(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.empty}")
    expect(page.get_by_role("heading", name="Drop the first files here")).to_be_visible()


def files(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.images}")
    expect(page.get_by_text("1 file staged")).to_be_visible()
    expect(page.get_by_role("link", name="a.jpg")).to_be_visible()


def file_of_labels(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.images}?file=7.json")
    expect(page.locator(".file-preview svg rect")).to_be_visible()


def files_to_add(page: Page, world: World) -> None:
    files(page, world)
    page.keyboard.press("u")
    page.get_by_label("Files", exact=True).set_input_files("pyproject.toml")
    expect(page.get_by_role("button", name="Commit 1 file")).to_be_visible()


def refs_to_choose(page: Page, world: World) -> None:
    files(page, world)
    page.get_by_role("button", name=re.compile("Branch master")).click()
    expect(page.get_by_role("menuitem", name="strict")).to_be_visible()


def commits(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.images}/commits")
    expect(page.get_by_role("link", name="More", exact=True)).to_be_visible()


def commit(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.images}/commits/{world.commit}")
    expect(page.locator(".change svg rect")).to_be_visible()
    expect(page.locator(".diff .added")).to_be_visible()


def branches(page: Page, world: World) -> None:
    page.goto(f"/repos/{world.images}/branches")
    expect(page.get_by_role("link", name="v1", exact=True)).to_be_visible()


def merge(page: Page, world: World) -> None:
    branches(page, world)
    page.get_by_role("button", name="Merge strict into").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge", exact=True).click()
    page.get_by_role("button", name="Take strict").click()


def branch_to_move(page: Page, world: World) -> None:
    branches(page, world)
    page.get_by_role("button", name="Move master to").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()


def storages(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.project}/storages")
    expect(page.get_by_text("1 task to commit")).to_be_visible()
    expect(page.get_by_role("button", name="Sync Photographs")).to_be_enabled()


def new_source(page: Page, world: World) -> None:
    storages(page, world)
    page.get_by_role("button", name="Add a source").click()
    expect(page.get_by_role("button", name=re.compile("^Amazon S3"))).to_be_visible()


def source_form(page: Page, world: World) -> None:
    new_source(page, world)
    page.get_by_role("button", name=re.compile("^Repo")).click()
    page.get_by_label("Repo and branch").fill("nowhere@master")
    page.get_by_role("button", name="Check connection").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def labels_to_commit(page: Page, world: World) -> None:
    storages(page, world)
    page.get_by_role("button", name="Commit labels to").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def versions(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.project}/versions")
    expect(page.get_by_role("link", name=re.compile("^Open labels"))).to_be_visible()


def as_of(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.project}/versions?at=labels@{world.version}")
    expect(page.get_by_role("region", name=f"Task {world.task}").locator("svg rect")).to_be_visible()


def lineage(page: Page, world: World) -> None:
    page.goto(f"/lineage?node=task:{world.task}")
    expect(page.locator("[data-node^='commit:']").first).to_be_visible()


def project_of_repo(page: Page, world: World) -> None:
    page.goto(f"/projects/new?repo={world.images}")
    expect(page.get_by_text("become no tasks").or_(page.get_by_text("becomes no task"))).to_be_visible()


def found_in_repo(page: Page, world: World) -> None:
    files(page, world)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find or do").fill("b.jpg")
    expect(page.get_by_role("option", name="night/b.jpg")).to_be_visible()


def changed_picture(page: Page, world: World) -> None:
    project, task = world.changed
    LabelPage(page).open(project, task)
    expect(page.get_by_text("This picture changed since it was labelled")).to_be_visible()


def picture_of_then(page: Page, world: World) -> None:
    changed_picture(page, world)
    page.keyboard.press("Shift+P")
    expect(page.get_by_role("dialog").locator("img")).to_have_count(2)


def new_s3_key(page: Page, world: World) -> None:
    page.goto("/account")
    page.get_by_role("button", name="New S3 key").click()
    page.get_by_label("Name", exact=True).fill("Camera")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("shown this once")).to_be_visible()


SCENES: tuple[Scene, ...] = (
    repos,
    empty_repo,
    files,
    file_of_labels,
    files_to_add,
    refs_to_choose,
    commits,
    commit,
    branches,
    merge,
    branch_to_move,
    storages,
    source_form,
    labels_to_commit,
    versions,
    as_of,
    lineage,
    new_s3_key,
    project_of_repo,
    found_in_repo,
    changed_picture,
    picture_of_then,
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_axe_finds_nothing_serious(open_window: OpenWindow, world: World, scene: Scene) -> None:
    page = open_window(reduced_motion="reduce")
    scene(page, world)
    expect_nothing_serious(page)

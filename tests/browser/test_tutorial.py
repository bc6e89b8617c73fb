"""docs/tutorial.md, step by step: from a repo of pictures to a model that reads what nobody labelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import ADA, House
from tests.browser.labelling import LabelPage
from tests.waiting import wait_until
from treadle.samples.digits import read_digits

pytest.importorskip("skimage", reason="the sample projects need treadle[samples]")
pytestmark = pytest.mark.browser

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
PICTURES, LABELLED = 300, 60
#: So many are labelled by hand; a person labels all sixty.
BY_HAND = 6
#: A training gives way to everything else that the machine does.
TRAINING_MS = 300_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server as ``make run`` starts it."""
    running = House(tmp_path_factory.mktemp("house"), *ADA, "--with-samples")
    yield running
    running.close()


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """Without motion: what turns while a training runs would take the processor from it."""
    return open_window(reduced_motion="reduce")


def test_the_tutorial_ends_with_better_pre_labels(house: House, page: Page) -> None:
    wait_until(
        lambda: "digit-labels" in {each["name"] for each in house.ask("GET", "/api/repos/")["results"]}
    )
    project = make_project_of_repo(page)
    wait_until(lambda: len(house.task_ids(project)) == PICTURES)
    truth = truth_of(house, project)
    label_by_hand(page, project, truth)
    label_the_rest(house, truth)
    commit_labels(page, project)

    page.get_by_role("link", name="Learning").click()
    page.get_by_role("button", name="Use Image classification").click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    expect(page.get_by_text("It answers nothing before it has learnt")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Train")).first.click()
    dialog = page.get_by_role("dialog", name=re.compile("^Train "))
    expect(dialog).to_contain_text("60 labelled tasks")
    dialog.get_by_role("button", name=re.compile(r"^Train on \d\d tasks$")).click()
    expect(page.get_by_text(re.compile(r"^accuracy 0\.\d\d on"))).to_be_visible(timeout=TRAINING_MS)
    expect(page.get_by_role("region", name="Version 1 beside untrained")).to_contain_text("0.00")
    page.get_by_role("button", name="Let version 1 serve").click()
    expect(page.get_by_text("version 1 serves", exact=True)).to_be_visible()
    after = predict(house, page, project)

    unseen = dict(list(truth.items())[LABELLED:])
    assert share_right(after, unseen) >= 0.8
    take_a_suggestion(house, page, project)


def make_project_of_repo(page: Page) -> int:
    page.goto("/projects")
    page.get_by_role("button", name="Workspace").click()
    page.get_by_role("menuitem", name="Samples").click()
    expect(page.get_by_role("link", name="Handwritten digits").first).to_be_visible()
    page.get_by_role("link", name="Repos", exact=True).click()
    page.get_by_role("link", name="digits", exact=True).click()
    page.get_by_role("button", name="More about digits").click()
    page.get_by_role("menuitem", name="New project from it").click()
    page.get_by_role("button", name="Own config").click()
    page.get_by_role("textbox", name="Label config").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(config_of_tutorial())
    page.get_by_label("Title").fill("My digits")
    page.get_by_role("button", name="Create project").click()
    expect(page).to_have_url(re.compile(r"/projects/\d+/storages$"))
    found = re.search(r"/projects/(\d+)/", page.url)
    assert found
    return int(found.group(1))


def config_of_tutorial() -> str:
    """The label config as it stands there, to be pasted."""
    found = re.search(r"```xml\n(.*?)```", TUTORIAL.read_text("utf-8"), re.DOTALL)
    assert found
    return found.group(1)


def truth_of(house: House, project: int) -> dict[int, str]:
    """What was written, by task, as the queue has them."""
    written = {digit.file_name: digit.written for digit in read_digits(PICTURES)}
    query = {"project": project, "page_size": PICTURES}
    told = house.ask("GET", "/api/tasks/", params=query)["tasks"]
    names = {task["id"]: re.search(r"digit-\d{4}\.png", task["data"]["image"]) for task in told}
    return {task: written[name.group()] for task, name in sorted(names.items()) if name}


def label_by_hand(page: Page, project: int, truth: dict[int, str]) -> None:
    """The key of each digit, then Enter."""
    label = LabelPage(page)
    label.open(project)
    for task, digit in list(truth.items())[:BY_HAND]:
        label.wait_until_ready(task)
        page.keyboard.press(digit)
        expect(page.locator(f"[data-choice='{digit}']")).to_have_attribute("aria-checked", "true")
        page.keyboard.press("Enter")
    label.wait_until_ready(list(truth)[BY_HAND])


def label_the_rest(house: House, truth: dict[int, str]) -> None:
    for task, digit in list(truth.items())[BY_HAND:LABELLED]:
        region = {"from_name": "digit", "to_name": "image", "type": "choices"}
        house.annotate(task, [{**region, "value": {"choices": [digit]}}])


def commit_labels(page: Page, project: int) -> None:
    page.goto(f"/projects/{project}/storages")
    page.get_by_role("button", name="Add a target").click()
    page.get_by_role("button", name=re.compile("^Repo")).click()
    page.get_by_label("Repo and branch").fill("samples/digit-labels@master")
    page.get_by_role("button", name="Add target").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("60 tasks to commit")).to_be_visible()
    page.get_by_role("button", name="Commit labels to samples/digit-labels@master").click()
    page.get_by_label("What changed").fill("Sixty digits")
    page.get_by_role("button", name="Commit labels", exact=True).click()
    expect(page.get_by_text("all committed")).to_be_visible()


def predict(house: House, page: Page, project: int) -> dict[int, Any]:
    """Every task by the version that serves; what it said."""
    page.get_by_role("button", name="Predict 300 tasks").click()
    expect(page.get_by_role("region", name="Predictions").locator("dd").last).to_have_text("0")
    told = house.ask("GET", "/api/predictions/", params={"project": project})
    return {one["task"]: one["result"] for one in sorted(told, key=lambda one: int(one["id"]))}


def take_a_suggestion(house: House, page: Page, project: int) -> None:
    label = LabelPage(page)
    label.open(project)
    task = label.task_id
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    assert house.wait_for_annotation(task)["parent_prediction"] is not None
    page.goto(f"/projects/{project}/learning")
    people = page.get_by_role("region", name="What people did with its suggestions")
    expect(people.get_by_role("button", name=re.compile("^kept 1,"))).to_be_visible()


def share_right(said: dict[int, Any], truth: dict[int, str]) -> float:
    answers = {task: result[0]["value"]["choices"] if result else [] for task, result in said.items()}
    right = [task for task, digit in truth.items() if answers.get(task) == [digit]]
    return len(right) / len(truth)

"""The learning page: connect a model, let it predict, train it in sight, and let the better one serve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, sign_in
from tests.browser.house import House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.test_people import SECRET, add_person
from tests.waiting import wait_until
from treadle.ml.trying import backend

pytestmark = pytest.mark.browser

LEARNER = Path(__file__).with_name("learner.py")
CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text"><Choice value="Fruit"/><Choice value="Tool"/></Choices>
</View>"""
FRUITS = ("apple pear", "pear plum", "plum apple", "apple plum", "pear apple", "plum pear")
TOOLS = ("hammer saw", "saw drill", "drill hammer", "hammer drill", "saw hammer", "drill saw")
UNLABELLED = ("plum drill saw", "broken")


@dataclass(frozen=True)
class Learner:
    """A served model, and the file that lets its trainings go on."""

    url: str
    gate: Path


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """Without motion: axe would look at colours that are on their way."""
    return open_window(reduced_motion="reduce")


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    folder = tmp_path_factory.mktemp("learner")
    gate = folder / "gate"
    with backend(LEARNER, folder / "models", environment={"LEARNER_GATE": str(gate)}) as url:
        yield Learner(url, gate)


def choice(label: str) -> dict[str, Any]:
    return {"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def make_project(house: House, title: str) -> int:
    """Twelve labelled texts, and two that are not."""
    project = house.make_project(title, CONFIG)
    tasks = house.import_tasks(project, [{"text": text} for text in (*FRUITS, *TOOLS, *UNLABELLED)])
    for number, task_id in enumerate(tasks[: len(FRUITS) + len(TOOLS)]):
        house.annotate(task_id, [choice("Fruit" if number < len(FRUITS) else "Tool")])
    return project


def test_a_model_is_connected_trained_and_serves_from_one_page(
    page: Page, house: House, learner: Learner
) -> None:
    project = make_project(house, "Words")
    page.goto(f"/projects/{project}/data")
    page.get_by_role("link", name="Learning").click()
    expect(page.get_by_role("heading", name="No model yet")).to_be_visible()
    page.get_by_role("textbox", name="Address").fill(learner.url)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()

    expect(page.get_by_role("button", name="Predict 14 tasks")).to_be_visible()
    page.keyboard.press("p")
    page.get_by_role("button", name="1 task failed: see why").click()
    failed = page.get_by_role("list", name="Failed tasks")
    expect(failed).to_contain_text("this text is broken")
    expect(failed.get_by_role("link")).to_have_attribute("href", re.compile(r"/label\?task=\d+$"))
    page.keyboard.press("Escape")

    page.keyboard.press("t")
    dialog = page.get_by_role("dialog", name=re.compile("^Train "))
    expect(dialog).to_contain_text("12 labelled tasks")
    dialog.get_by_role("button", name=re.compile("^Train on ")).click()
    expect(page.get_by_role("img", name=re.compile("accuracy 0.50 at step 2"))).to_be_visible()
    expect(page.get_by_text("2 of 4")).to_be_visible()
    page.get_by_role("button", name="Log").click()
    expect(page.get_by_label("Log")).to_contain_text("round 2")
    learner.gate.touch()
    expect(page.get_by_text(re.compile(r"^accuracy 1\.00 on"))).to_be_visible()

    page.get_by_role("button", name="Let version 1 serve").click()
    expect(page.get_by_text("version 1 serves", exact=True)).to_be_visible()
    (connected,) = house.ask("GET", f"/api/ml/?project={project}")
    assert connected["serving_version"]["number"] == 1
    expect(page.get_by_role("region", name=re.compile("^Version 1"))).to_contain_text("Fruit")
    page.get_by_role("button", name="Serve again: the untrained model").click()
    expect(page.get_by_role("button", name="Serve again: version 1")).to_be_visible()

    page.get_by_role("checkbox", name="Train after").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    rules = house.ask("GET", f"/api/learning/rules/?project={project}")
    assert (rules["train_after"], rules["backend"]) == (100, connected["id"])
    expect_nothing_serious(page)


def test_a_model_that_does_not_answer_says_why_and_who_only_looks_gets_no_buttons(
    page: Page, house: House, open_window: OpenWindow, tmp_path: Path
) -> None:
    project = make_project(house, "Nobody there")
    with backend(LEARNER, tmp_path) as address:
        house.ask("POST", "/api/ml/", json={"project": project, "url": address, "title": "Away"})
    page.goto(f"/projects/{project}/learning")
    page.get_by_role("button", name="More about Away").click()
    page.get_by_role("menuitem", name="Check now").click()
    expect(page.get_by_role("alert")).to_contain_text("Labelling goes on without it.")
    page.get_by_role("button", name="Settings…").click()
    page.get_by_label("Decide for each class").check()
    page.get_by_label("Class 1 of the model").fill("Berry")
    page.get_by_label("What Berry becomes").select_option("Fruit")
    expect_nothing_serious(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (kept,) = house.ask("GET", f"/api/ml/?project={project}")
    assert kept["settings"]["unknown_labels"] == {"Berry": "Fruit"}

    add_person(house, "Noa", "viewer")
    viewer = open_window(signed_in=False)
    sign_in(viewer.context, "noa@example.com", SECRET)
    viewer.goto(f"/projects/{project}/learning")
    expect(viewer.get_by_role("alert")).to_be_visible()
    acts = re.compile("Train|Settings…|Check now|Predict")
    expect(viewer.get_by_role("button", name=acts)).to_have_count(0)


def test_a_built_in_model_is_one_press_away_where_it_fits(page: Page, house: House) -> None:
    project = house.make_project("Bare", CONFIG)
    page.goto(f"/projects/{project}/learning")
    ours = page.get_by_role("region", name="Run by this server")
    expect(ours).to_contain_text("Text classification")
    page.get_by_text(re.compile("do(es)? not fit this label config")).click()
    expect(ours).to_contain_text("a question about a whole picture")
    expect_nothing_serious(page)
    use = page.get_by_role("button", name="Use Text classification")
    use.click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    wait_until(lambda: house.ask("GET", f"/api/ml/?project={project}")[0]["state"] == "CO")

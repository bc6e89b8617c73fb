"""Annotations that Label Studio made are opened, changed and saved as Label Studio would write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

_FILE = Path(__file__).parents[1] / "golden" / "editor-results.json"
PICTURES = ("rectanglelabels", "polygonlabels", "ellipselabels", "keypointlabels")
REGIONS = (*PICTURES, "text_labels")
CASES = (*REGIONS, "choices_single")

Case = dict[str, Any]
Result = dict[str, Any]
Open = Callable[[str], tuple[LabelPage, Case, int]]


@cache
def golden(name: str) -> Case:
    case = json.loads(_FILE.read_text())[name]
    assert isinstance(case, dict)
    return case


@cache
def picture() -> bytes:
    """Of the size that the cases give their pictures."""
    (result,) = golden(PICTURES[0])["imported"]
    return photograph(result["original_width"], result["original_height"])


@pytest.fixture
def open_case(house: House, page: Page) -> Open:
    """Imports a case's annotation by API and opens it; answers page, case and task."""

    def open_one(name: str) -> tuple[LabelPage, Case, int]:
        case = golden(name)
        project_id = house.make_project(name, case["config"])
        if name in PICTURES:
            (task_id,) = house.import_files(project_id, ("picture.jpg", picture()))
        else:
            (task_id,) = house.import_tasks(project_id, [case["data"]])
        house.annotate(task_id, case["imported"])
        label = LabelPage(page)
        label.open(project_id, task_id)
        expect(page.get_by_test_id("submit")).to_contain_text("Update")
        return label, case, task_id

    return open_one


def update(house: House, label: LabelPage, task_id: int) -> list[Result]:
    """The results that the server has after a press on Update."""
    with label.page.expect_response(lambda response: response.request.method == "PATCH") as answer:
        label.submit()
    assert answer.value.ok
    results = house.wait_for_annotation(task_id)["result"]
    assert isinstance(results, list)
    return results


def select_last_region(label: LabelPage) -> None:
    label.rows.last.click()
    expect(label.page.get_by_test_id("selected")).to_be_visible()


def expect_undone(label: LabelPage) -> None:
    """Takes the last step back; there was one, and no other."""
    undo = label.page.get_by_test_id("undo")
    undo.click()
    expect(undo).to_be_disabled()


@pytest.mark.parametrize("name", CASES)
def test_an_annotation_saved_unchanged_is_what_label_studio_serialised(
    house: House, open_case: Open, name: str
) -> None:
    label, case, task_id = open_case(name)
    if name in REGIONS:
        label.expect_regions(len(case["imported"]))
    else:
        expect(label.page.locator("[data-choice=n]")).to_have_attribute("aria-checked", "true")
    assert update(house, label, task_id) == case["serialised"]


@pytest.mark.parametrize("name", PICTURES)
def test_a_nudge_and_its_undo_leave_no_trace(house: House, open_case: Open, name: str) -> None:
    label, case, task_id = open_case(name)
    label.page.get_by_role("application").focus()
    label.page.keyboard.press("Tab")
    expect(label.page.get_by_test_id("selected")).to_be_visible()
    label.page.keyboard.press("Shift+ArrowRight")
    expect_undone(label)
    assert update(house, label, task_id) == case["serialised"]


def test_a_moved_edge_of_a_span_and_its_undo_leave_no_trace(house: House, open_case: Open) -> None:
    label, case, task_id = open_case("text_labels")
    label.page.get_by_role("textbox", name="Text t").focus()
    label.page.keyboard.press("Tab")
    label.page.keyboard.press("Alt+ArrowRight")
    expect_undone(label)
    assert update(house, label, task_id) == case["serialised"]


def test_another_answer_and_its_undo_leave_no_trace(house: House, open_case: Open) -> None:
    label, case, task_id = open_case("choices_single")
    label.choose("Yes")
    expect_undone(label)
    assert update(house, label, task_id) == case["serialised"]


@pytest.mark.parametrize("name", REGIONS)
def test_after_relabelling_only_that_region_differs(house: House, open_case: Open, name: str) -> None:
    label, case, task_id = open_case(name)
    *others, last = case["serialised"]
    new = "A" if last["value"][last["type"]] == ["B"] else "B"
    select_last_region(label)
    label.page.get_by_test_id("relabel").select_option(label=new)
    changed = {**last, "value": {**last["value"], last["type"]: [new]}}
    assert update(house, label, task_id) == [*others, changed]

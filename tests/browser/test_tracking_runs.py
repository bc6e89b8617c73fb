"""Experiments and the table of their runs, as a person works with them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import PHONE, OpenWindow, no_page_load
from tests.browser.house import House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.tracked import LEARNING_RATES, log_run, make_experiment, multiply_runs

pytestmark = pytest.mark.browser

LOGGED = 20
COPIES = 499
ALL = LOGGED * (COPIES + 1)


@pytest.fixture(scope="module")
def garage(house: House) -> str:
    """The experiment with 10,000 runs."""
    experiment = make_experiment(house, "garage")
    for index in range(LOGGED):
        log_run(house, experiment, index)
    multiply_runs(house, COPIES)
    return experiment


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A window in which nothing moves, so that its colours can be judged at once."""
    return open_window(reduced_motion="reduce")


def grid(page: Page) -> Locator:
    return page.get_by_role("grid", name="Runs")


def row(page: Page, name: str) -> Locator:
    return grid(page).get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def open_runs(page: Page, experiment: str, query: str = "") -> None:
    page.goto(f"/experiments/{experiment}{query}")
    expect(grid(page).get_by_role("link").first).to_be_visible()


def search(page: Page, text: str) -> None:
    page.get_by_role("combobox", name="Find runs").fill(text)
    page.get_by_role("combobox", name="Find runs").press("Escape")
    page.get_by_role("combobox", name="Find runs").press("Enter")


def test_nothing_logged_yet_tells_how_to_connect_a_notebook(page: Page, house: House) -> None:
    page.goto("/experiments")
    expect(page.get_by_role("heading", name="Log the first run")).to_be_visible()
    expect(page.get_by_text(f"MLFLOW_TRACKING_URI={house.url}")).to_be_visible()
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name", exact=True).fill("Notebook")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("textbox", name="The token")).to_be_visible()


def test_an_experiment_is_made_renamed_deleted_and_brought_back(page: Page, house: House) -> None:
    page.goto("/experiments")
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill("street")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="street")).to_be_visible()

    page.get_by_role("button", name="More to do with street").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("road")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More to do with road").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete experiment").click()
    expect(page.get_by_role("link", name="road")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="road")).to_be_visible()
    expect_nothing_serious(page)


def test_ten_thousand_runs_scroll_by_keyboard_and_are_searched(page: Page, garage: str) -> None:
    open_runs(page, garage)
    expect(page.get_by_text(f"{ALL:,} runs")).to_be_visible()
    grid(page).focus()
    page.keyboard.press("End")
    expect(row(page, f"loom-0-{COPIES}")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"loom-0-{COPIES}")).to_be_visible()
    page.go_back()

    field = page.get_by_role("combobox", name="Find runs")
    field.click()
    page.keyboard.type("los")
    expect(page.get_by_role("option", name="metrics.loss metric")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(field).to_have_value("metrics.loss ")
    page.keyboard.type(f"< 4 and params.lr = '{LEARNING_RATES[0]}'")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{2 * (COPIES + 1):,} runs")).to_be_visible()
    expect(page).to_have_url(re.compile("filter="))


def test_a_search_that_is_not_understood_is_marked_at_its_place(page: Page, garage: str) -> None:
    open_runs(page, garage)
    search(page, "metrics.loss <> 3")
    expect(page.get_by_role("alert")).to_contain_text("15")
    expect(page.locator(".run-search-marks u")).to_have_text(">")
    expect_nothing_serious(page)
    search(page, "loom-7-3")
    expect(row(page, "loom-7-3")).to_be_visible()


def test_a_column_sorts_and_groups_lead_to_their_runs(page: Page, garage: str) -> None:
    open_runs(page, garage)
    with no_page_load(page):
        loss = grid(page).get_by_role("columnheader", name="loss")
        loss.get_by_role("button").click()
        expect(loss).to_have_attribute("aria-sort", "ascending")
        expect(grid(page).get_by_role("row").nth(1)).to_contain_text(re.compile("loom-0"))
        page.get_by_label("Group by").select_option("params.optimizer")
        region = page.get_by_role("region", name="Runs by optimizer")
        expect(region.get_by_role("row")).to_have_count(4)
        region.get_by_role("button", name=re.compile("where optimizer is sgd")).click()
        expect(page.get_by_text(f"{7 * (COPIES + 1):,} runs")).to_be_visible()
        expect(page.get_by_role("combobox", name="Find runs")).to_have_value("params.optimizer = 'sgd'")


def test_columns_are_chosen_and_a_view_keeps_them(page: Page, garage: str) -> None:
    open_runs(page, garage)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("group", name="More columns").get_by_role("checkbox", name="By").click()
    page.get_by_role("list", name="Shown").get_by_role("checkbox", name="Took").click()
    page.keyboard.press("Escape")
    search(page, "metrics.loss < 3")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_label("Name", exact=True).fill("Best")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("button", name="Best", exact=True)).to_have_attribute("aria-pressed", "true")

    page.goto(f"/experiments/{garage}")
    page.get_by_role("button", name="Best", exact=True).click()
    expect(page.get_by_role("combobox", name="Find runs")).to_have_value("metrics.loss < 3")
    expect(grid(page).get_by_role("columnheader", name="By", exact=True)).to_be_visible()
    expect(grid(page).get_by_role("columnheader", name="Took")).to_be_hidden()


def test_selected_runs_are_tagged_deleted_and_brought_back(page: Page, house: House) -> None:
    experiment = make_experiment(house, "few")
    for index in range(6):
        log_run(house, experiment, index)
    open_runs(page, experiment)
    grid(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("x")
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar).to_contain_text("5 selected all but 1")
    bar.get_by_role("button", name="Tag").click()
    page.get_by_label("Tag", exact=True).fill("team")
    page.get_by_label("Value").fill("vision")
    page.get_by_role("button", name="Tag 5 runs").click()
    expect(page.get_by_text("5 runs tagged.")).to_be_visible()

    search(page, "tags.team = 'vision'")
    expect(page.get_by_text("5 runs", exact=True)).to_be_visible()
    grid(page).focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete 2 runs").click()
    expect(page.get_by_text("3 runs", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("5 runs", exact=True)).to_be_visible()

    page.route("**/api/tracking/runs/actions/", do_half)
    grid(page).focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete 2 runs").click()
    expect(page.get_by_text("1 of 2 runs were deleted. The process ended.")).to_be_visible()
    expect(bar).to_contain_text("1 selected")
    expect(page.get_by_text("4 runs", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("5 runs", exact=True)).to_be_visible()


def do_half(route: Route) -> None:
    """Change the first of the runs, and answer as a server does that could not go on."""
    asked = json.loads(route.request.post_data or "")
    first, *left = asked["run_ids"]
    told = route.fetch(post_data=json.dumps({**asked, "run_ids": [first]})).json()
    why = "The process ended." if left else ""
    route.fulfill(json={**told, "unchanged": left, "left": len(left), "why": why})


def test_a_run_is_looked_at_beside_the_table_and_on_a_phone(
    page: Page, open_window: OpenWindow, garage: str
) -> None:
    open_runs(page, garage)
    grid(page).focus()
    page.keyboard.press("Space")
    beside = page.get_by_role("complementary", name=re.compile("Run loom"))
    expect(beside).to_contain_text("optimizer")
    expect_nothing_serious(page)

    phone = open_window(viewport=PHONE, has_touch=True)
    open_runs(phone, garage)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.get_by_role("button", name=re.compile("Look at run")).first.click()
    expect(phone.get_by_role("dialog")).to_contain_text("optimizer")

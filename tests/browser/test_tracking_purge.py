"""Deleted runs as a person restores them, or frees them for good."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import EMAIL, House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.tracked import log_run, make_experiment, tell

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A window in which nothing moves, so that its colours can be judged at once."""
    return open_window(reduced_motion="reduce")


@pytest.fixture(scope="module")
def street(house: House) -> tuple[str, list[str]]:
    """An experiment that lives, and its runs, of which two are deleted; another one is deleted whole."""
    street, closed = make_experiment(house, "street"), make_experiment(house, "closed")
    runs = [log_run(house, street, index) for index in range(3)]
    log_run(house, closed, 3)
    place = f"workspaces/ws-1/{street}/{runs[0]}/artifacts/weights.bin"
    house.api.put(f"/api/2.0/mlflow-artifacts/artifacts/{place}", content=b"w" * 2_500).raise_for_status()
    for run in runs[:2]:
        tell(house, "runs/delete", {"run_id": run})
    tell(house, "experiments/delete", {"experiment_id": closed})
    return street, runs


def open_deleted(page: Page) -> None:
    page.goto("/experiments/deleted")
    expect(page.get_by_role("checkbox", name="Choose closed")).to_be_visible()


def test_what_lies_deleted_is_listed_and_restored_by_the_keyboard_alone(
    page: Page, house: House, street: tuple[str, list[str]]
) -> None:
    open_deleted(page)
    line = page.get_by_role("row").filter(has_text="loom-0")
    expect(line).to_contain_text("run of street")
    expect(line).to_contain_text("2.5 kB")
    closed = page.get_by_role("row").filter(has_text="closed")
    expect(closed).to_contain_text("experiment with 1 run")
    for each in (line, closed):
        expect(each.get_by_role("cell", name=EMAIL)).to_be_visible()
    box = page.get_by_role("checkbox", name="Choose loom-1")
    box.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("region", name="What is chosen")).to_contain_text("1 run chosen")
    page.get_by_role("button", name="Restore", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 run is back.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Choose loom-1")).to_have_count(0)
    back = house.ask("GET", "/api/2.0/mlflow/runs/get", params={"run_id": street[1][1]})
    assert back["run"]["info"]["lifecycle_stage"] == "active"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_a_phone_and_says_itself_to_everybody(
    open_window: OpenWindow, street: tuple[str, list[str]], theme: str
) -> None:
    phone = open_window(viewport=PHONE, has_touch=True, reduced_motion="reduce", color_scheme=theme)
    open_deleted(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect_nothing_serious(phone)
    phone.get_by_role("button", name="Free for good").click()
    expect(phone.get_by_role("alertdialog")).to_contain_text("Nothing was deleted 30 days ago")
    expect_nothing_serious(phone)


def test_a_purge_says_what_goes_for_ever_and_tells_what_went(
    page: Page, house: House, street: tuple[str, list[str]]
) -> None:
    open_deleted(page)
    page.keyboard.press("f")
    asking = page.get_by_role("alertdialog")
    days = asking.get_by_label("Deleted at least so many days ago")
    expect(days).to_be_focused()
    expect(asking.get_by_role("button", name="Free for good")).to_be_disabled()
    days.fill("-1")
    expect(asking.get_by_role("alert")).to_contain_text("Give a number")
    days.fill("0")
    expect(asking).to_contain_text(re.compile(r"1 experiment and 2 runs, with 2\.5 kB of files"))
    page.keyboard.press("Enter")
    told = page.get_by_role("status").filter(has_text="Freed 2 runs, 1 experiment and 2.5 kB of files.")
    expect(told).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="Nothing lies deleted")).to_be_visible()
    runs = house.ask("POST", "/api/tracking/runs/", json={"workspace": 1})
    assert {row["name"] for row in runs["results"]} == {"loom-1", "loom-2"}
    log = house.ask("GET", "/api/audit-log/", params={"action": "tracking.purged"})
    assert log["results"][0]["detail"]["size_bytes"] == 2_500

"""The pages of runs and models on ten thousand runs that were logged, one request after the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from scripts.many_runs import MLFLOW, STEPS, log_runs
from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.tracked import make_experiment, tell

pytestmark = [pytest.mark.browser, pytest.mark.long]

RUNS = 10_000
MODEL = "garage-detector"


def test_ten_thousand_logged_runs_are_walked_found_compared_and_promoted(
    house: House, open_window: OpenWindow
) -> None:
    experiment = make_experiment(house, "garage")
    runs = log_runs(lambda method, path, body: house.ask(method, path, json=body), experiment, RUNS)
    tell(house, "registered-models/create", {"name": MODEL})
    for run in runs[-3:]:
        source = {"name": MODEL, "source": f"runs:/{run}/model", "run_id": run}
        house.ask("POST", f"{MLFLOW}/model-versions/create", json=source)
    page = open_window(reduced_motion="reduce")
    walk_the_table(page, experiment)
    look_at_a_run(page, runs[0])
    compare(page, runs[:: RUNS // 5])
    promote(page)
    phone = open_window(viewport=PHONE, has_touch=True)
    phone.goto(f"/experiments/{experiment}")
    expect(phone.get_by_role("grid", name="Runs").get_by_role("link").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def look_for_faults(page: Page) -> None:
    """As axe does, which leaves the window as a phone's."""
    size = page.viewport_size
    assert size is not None
    expect_nothing_serious(page)
    page.set_viewport_size(size)


def walk_the_table(page: Page, experiment: str) -> None:
    page.goto(f"/experiments/{experiment}")
    grid = page.get_by_role("grid", name="Runs")
    expect(page.get_by_text(f"{RUNS:,} runs")).to_be_visible()
    expect(grid.get_by_role("link").first).to_contain_text(f"-{RUNS - 1}")
    grid.focus()
    page.keyboard.press("End")
    expect(grid.get_by_role("link", name="bold-loom-0", exact=True)).to_be_visible()
    assert grid.get_by_role("row").count() < 200, "rows out of sight are not there"
    page.keyboard.press("Home")
    look_for_faults(page)
    field = page.get_by_role("combobox", name="Find runs")
    field.fill("metrics.loss < 1.02 and params.optimizer = 'adam' and status = 'FINISHED'")
    field.press("Escape")
    field.press("Enter")
    expect(page.get_by_text(re.compile(r"^[\d,]+ runs$"))).not_to_have_text(f"{RUNS:,} runs")
    loss = grid.get_by_role("columnheader", name=re.compile("^loss"))
    loss.get_by_role("button").click()
    expect(loss).to_have_attribute("aria-sort", "ascending")
    page.get_by_label("Group by").select_option("params.lr")
    expect(page.get_by_role("region", name="Runs by lr").get_by_role("row")).not_to_have_count(0)


def look_at_a_run(page: Page, run: str) -> None:
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("region", name="Parameters", exact=True)).to_contain_text("optimizer")
    page.goto(f"/runs/{run}?tab=metrics")
    expect(page.get_by_text(f"{STEPS} points").first).to_be_visible()
    look_for_faults(page)


def compare(page: Page, runs: list[str]) -> None:
    page.goto(f"/compare?runs={','.join(runs)}")
    expect(page.get_by_role("region", name="loss", exact=True)).to_contain_text(f"{len(runs) * STEPS} points")
    page.goto(f"/compare?tab=parallel&runs={','.join(runs)}")
    expect(page.get_by_role("img", name=re.compile("Runs across"))).to_be_visible()
    look_for_faults(page)


def promote(page: Page) -> None:
    page.goto("/models")
    page.get_by_role("link", name=MODEL).click()
    expect(page.get_by_role("button", name="Aliases of version 3")).to_be_visible()
    look_for_faults(page)

"""A run, runs side by side, and registered models, with runs that were logged as MLflow's client does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.tracked import MLFLOW, STEPS, log_batch, log_run, make_experiment, tell

pytestmark = pytest.mark.browser

EVIL = b"<script>window.ran = true</script><h1>Report</h1>"
MODEL = "garage-detector"


@dataclass(frozen=True)
class World:
    """What the pages show."""

    experiment: str
    runs: tuple[str, ...]


@pytest.fixture(scope="module")
def world(house: House) -> World:
    experiment = make_experiment(house, "garage")
    runs = tuple(log_run(house, experiment, index) for index in range(4))
    root = house.ask("GET", f"{MLFLOW}/artifacts/list", params={"run_id": runs[0]})["root_uri"]
    place = root.removeprefix("mlflow-artifacts:/")
    files = {"report/page.html": EVIL, "report/scores.csv": b"label,score\ncar,0.9\n", "plot.svg": _PLOT}
    for path, content in files.items():
        address = f"/api/2.0/mlflow-artifacts/artifacts/{place}/{path}"
        house.ask("PUT", address, content=content)
    tell(house, "registered-models/create", {"name": MODEL})
    for run in runs[:2]:
        source = f"runs:/{run}/model"
        tell(house, "model-versions/create", {"name": MODEL, "source": source, "run_id": run})
    return World(experiment, runs)


_PLOT = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 30L40 0" stroke="red"/></svg>'

Scene = Callable[[Page, World], None]


def run_page(page: Page, world: World) -> None:
    page.goto(f"/runs/{world.runs[0]}")
    expect(page.get_by_role("region", name="Parameters", exact=True)).to_contain_text("optimizer")


def curves_of_run(page: Page, world: World) -> None:
    page.goto(f"/runs/{world.runs[0]}?tab=metrics")
    expect(page.get_by_text(f"{STEPS} points")).to_be_visible()


def files_of_run(page: Page, world: World) -> None:
    page.goto(f"/runs/{world.runs[0]}?tab=artifacts&path=report/scores.csv")
    expect(page.get_by_role("region", name="scores.csv")).to_contain_text("car")


def compared(page: Page, world: World) -> None:
    page.goto(f"/compare?runs={','.join(world.runs)}")
    expect(page.get_by_role("region", name="loss")).to_contain_text(f"{4 * STEPS} points")


def differences(page: Page, world: World) -> None:
    page.goto(f"/compare?tab=differences&runs={','.join(world.runs)}")
    expect(page.get_by_role("row", name=re.compile("^optimizer"))).to_contain_text("sgd")


def parallel(page: Page, world: World) -> None:
    page.goto(f"/compare?tab=parallel&runs={','.join(world.runs)}")
    expect(page.get_by_role("img", name=re.compile("Runs across"))).to_be_visible()


def scatter(page: Page, world: World) -> None:
    page.goto(f"/compare?tab=scatter&runs={','.join(world.runs)}")
    expect(page.get_by_role("slider", name="loss over batch size")).to_be_visible()


def models(page: Page, world: World) -> None:
    page.goto("/models")
    expect(page.get_by_role("link", name=MODEL)).to_be_visible()


def model_page(page: Page, world: World) -> None:
    page.goto(f"/models/{MODEL}")
    expect(page.get_by_role("button", name="Aliases of version 2")).to_be_visible()


SCENES: tuple[Scene, ...] = (
    run_page,
    curves_of_run,
    files_of_run,
    compared,
    differences,
    parallel,
    scatter,
    models,
    model_page,
)


def test_axe_finds_nothing_serious_on_these_pages(open_window: OpenWindow, world: World) -> None:
    page = open_window(reduced_motion="reduce")
    for scene in SCENES:
        scene(page, world)
        expect_nothing_serious(page)


def test_a_link_that_mlflows_client_prints_opens_our_page(page: Page, world: World) -> None:
    page.goto(f"/#/experiments/{world.experiment}/runs/{world.runs[0]}?workspace=main")
    expect(page).to_have_url(re.compile(rf"/runs/{world.runs[0]}(\?w=\d+)?$"))
    expect(
        page.get_by_role("tab", name="Metrics").or_(page.get_by_role("link", name="Metrics"))
    ).to_be_visible()


def test_notes_and_tags_of_a_run_are_kept(page: Page, world: World) -> None:
    run_page(page, world)
    page.get_by_role("button", name="Write the notes").click()
    page.get_by_role("textbox", name="Notes").fill("Good at night.\n<b>not</b> markup")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_label("Tag", exact=True).fill("team")
    page.get_by_label("Value", exact=True).fill("vision")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Tags")).to_contain_text("vision")
    page.reload()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("<b>not</b> markup")
    expect(page.get_by_role("region", name="Tags")).to_contain_text("vision")


def test_curves_grow_while_the_run_goes_on(page: Page, house: House, world: World) -> None:
    run = log_run(house, world.experiment, 9, ends=False)
    page.goto(f"/runs/{run}?tab=metrics")
    expect(page.get_by_text(f"{STEPS} points")).to_be_visible()
    log_batch(house, run, loss=[0.5, 0.4, 0.3], since=STEPS)
    expect(page.get_by_text(f"{STEPS + 3} points")).to_be_visible()


def test_a_chart_is_walked_zoomed_and_read_by_keyboard(page: Page, world: World) -> None:
    curves_of_run(page, world)
    chart = page.get_by_role("slider", name="loss")
    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(f"^step {STEPS - 1}, loom-0"))
    page.keyboard.press("+")
    expect(page.get_by_text("7 points")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_text(f"{STEPS} points")).to_be_visible()
    page.get_by_role("button", name="loss as a table").click()
    expect(page.get_by_role("dialog").get_by_role("row")).to_have_count(STEPS + 1)


def test_files_of_a_run_are_shown_and_none_is_run(page: Page, world: World) -> None:
    page.goto(f"/runs/{world.runs[0]}?tab=artifacts")
    page.get_by_role("button", name=re.compile("plot.svg")).click()
    expect(page.get_by_role("img", name="plot.svg")).to_be_visible()
    page.get_by_role("button", name="report").click()
    page.get_by_role("button", name=re.compile("page.html")).click()
    expect(page.get_by_role("region", name="page.html")).to_contain_text("<h1>Report</h1>")
    assert page.evaluate("window.ran") is None
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes() == EVIL


def test_runs_are_compared_and_one_is_left_out(page: Page, world: World) -> None:
    page.goto(f"/experiments/{world.experiment}")
    for index in (0, 1, 2):
        page.get_by_role("checkbox", name=f"Select run loom-{index}", exact=True).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()
    page.get_by_role("button", name="Leave out loom-2").click()
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(page.get_by_role("region", name="loss")).to_contain_text(f"{2 * STEPS} points")
    page.get_by_role("link", name="Scatter").click()
    dots = page.get_by_role("slider", name="loss over batch size")
    dots.focus()
    page.keyboard.press("ArrowRight")
    expect(dots).to_have_attribute("aria-valuetext", re.compile("^loom-0"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="loom-0")).to_be_visible()


def test_a_version_is_promoted_and_the_history_tells_who_did_it(page: Page, world: World) -> None:
    model_page(page, world)
    for version in (1, 2):
        page.get_by_role("button", name=f"Aliases of version {version}").click()
        page.get_by_label("Alias", exact=True).fill("champion")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_hidden()
    history = page.get_by_role("region", name="Who promoted what")
    expect(history).to_contain_text("champion is 2, before 1 by ada@example.com")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator(".top")).to_contain_text("champion is 1")

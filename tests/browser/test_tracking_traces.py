"""Traces: their table and the spans of each, as a person works with them."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import TOKEN, House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.tracked import make_experiment

pytestmark = pytest.mark.browser

PROGRAM = Path(__file__).with_name("traced_program.py")
TRACES = "/api/3.0/mlflow/traces"
MANY = 10_000
#: One more than the table asks for at once.
A_PAGE_AND_ONE = 101


@dataclass(frozen=True)
class Traced:
    """Ids of what was made."""

    experiment: str
    run: str
    answered: str
    torn: str
    large: str
    broken: str


@pytest.fixture(scope="module")
def traced(house: House, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """An experiment with traces of the stock client, a very large one, and one whose spans are cut off."""
    experiment = make_experiment(house, "weaving")
    large = write_trace(house, experiment, "large", {"spans": many_spans()}, spans=MANY)
    broken = write_trace(house, experiment, "broken", "{not whole", spans=2)
    env = {**os.environ, "MLFLOW_TRACKING_URI": house.url, "MLFLOW_TRACKING_TOKEN": TOKEN}
    home = str(tmp_path_factory.mktemp("home"))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "weaving"],
        env={**env, "HOME": home},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads(done.stdout.splitlines()[-1])
    return Traced(experiment=experiment, large=large, broken=broken, **made)


def write_trace(house: House, experiment: str, name: str, content: Any, *, spans: int) -> str:
    """Id of a trace, written as a client does: what is known of it, then its spans, if it has any."""
    trace_id = f"tr-{secrets.token_hex(16)}"
    info = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600)),
        "execution_duration": "10s",
        "state": "OK",
        "trace_metadata": {"mlflow.trace.sizeStats": json.dumps({"num_spans": spans})},
        "tags": {"mlflow.traceName": name},
    }
    kept = house.ask("POST", TRACES, json={"trace": {"trace_info": info}})["trace"]["trace_info"]
    if content is None:
        return trace_id
    place = kept["tags"]["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
    body = content if isinstance(content, str) else json.dumps(content)
    address = f"/api/2.0/mlflow-artifacts/artifacts/{place}/traces.json"
    house.ask("PUT", address, content=body.encode())
    return trace_id


def many_spans() -> list[dict[str, Any]]:
    """A root, a hundred steps in it, and up to ninety-nine calls in each step."""
    start = int(time.time()) * 10**9
    spans = [_span(0, None, "root", start, 10**10)]
    for step in range(1, 101):
        begun = start + step * 9 * 10**7
        spans.append(_span(step * 1000, 0, f"step {step}", begun, 9 * 10**7))
        calls = range(1, min(100, MANY - len(spans) + 1))
        spans += [
            _span(step * 1000 + call, step * 1000, f"call {step}.{call}", begun + call * 10**5, 10**5)
            for call in calls
        ]
    return spans


def _span(number: int, parent: int | None, name: str, start: int, took: int) -> dict[str, Any]:
    return {
        "trace_id": base64.b64encode(bytes(16)).decode(),
        "span_id": _id(number),
        "parent_span_id": None if parent is None else _id(parent),
        "name": name,
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + took,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": json.dumps({"number": number})},
    }


def _id(number: int) -> str:
    return base64.b64encode((number + 1).to_bytes(8, "big")).decode()


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A window in which nothing moves, so that its colours can be judged at once."""
    return open_window(reduced_motion="reduce")


def grid(page: Page) -> Locator:
    return page.get_by_role("grid", name="Traces")


def rows(page: Page) -> Locator:
    return grid(page).get_by_role("row").filter(has=page.get_by_role("link"))


def tree(page: Page) -> Locator:
    return page.get_by_role("tree", name="Spans")


def at(page: Page) -> Locator:
    """The span that has the keys."""
    return tree(page).get_by_role("treeitem", selected=True)


def search(page: Page, text: str) -> None:
    field = page.get_by_role("combobox", name="Find traces")
    field.fill(text)
    field.press("Escape")
    field.press("Enter")


def test_traces_are_found_and_opened_by_the_keyboard_alone(page: Page, traced: Traced) -> None:
    page.goto(f"/experiments/{traced.experiment}")
    page.get_by_role("navigation", name="Experiment").get_by_role("link", name="Traces").press("Enter")
    expect(rows(page).filter(has_text="answer")).to_have_count(3)

    page.keyboard.press("/")
    page.keyboard.type("stat")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("= 'ERROR'")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    grid(page).focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("complementary", name="Trace weave")).to_contain_text("Error")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="weave", level=1)).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(1)
    expect_nothing_serious(page)


def test_a_search_that_is_not_understood_is_marked_at_its_place(page: Page, traced: Traced) -> None:
    page.goto(f"/experiments/{traced.experiment}/traces")
    search(page, "status = 'OK' AND colour = 'red'")
    expect(page.get_by_role("alert")).to_contain_text("colour")
    expect(page.locator(".run-search-marks u")).to_have_text("colour")
    search(page, "What is a weft?")
    expect(rows(page)).to_have_count(1)
    search(page, "tags.team = 'weaving' AND metadata.`mlflow.trace.session` = 's-1'")
    expect(rows(page)).to_have_count(3)


def test_the_spans_of_a_trace_are_walked_and_read_by_keys(page: Page, traced: Traced) -> None:
    page.goto(f"/traces/{traced.answered}")
    tree(page).focus()
    expect(at(page)).to_have_accessible_name(re.compile("answer.*Agent"))
    page.keyboard.press("ArrowLeft")
    expect(at(page)).to_have_attribute("aria-expanded", "false")
    expect(tree(page).get_by_role("treeitem")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(at(page)).to_have_accessible_name(re.compile("chat.*Chat model"))
    expect(at(page)).to_have_attribute("aria-level", "2")
    pane = page.get_by_role("region", name="Span chat")
    expect(pane).to_contain_text("40 tokens in, 9 out")
    expect(pane.get_by_role("region", name="Inputs")).to_contain_text("SystemA page about: What is a weft?")
    expect(pane.get_by_role("region", name="Outputs")).to_contain_text("An answer to What is a weft?")
    expect(page).to_have_url(re.compile("span=(%22)?[0-9a-f]{16}"))
    page.keyboard.press("Enter")
    expect(pane).to_be_focused()
    page.keyboard.press("Escape")
    expect(tree(page)).to_be_focused()
    page.reload()
    expect(page.get_by_role("region", name="Span chat")).to_be_visible()
    expect_nothing_serious(page)


def test_an_exception_shows_where_it_was_raised(page: Page, traced: Traced) -> None:
    page.goto(f"/traces/{traced.torn}")
    expect(page.get_by_role("button", name="2 errors")).to_be_visible()
    page.keyboard.press("e")
    expect(at(page)).to_have_accessible_name(re.compile("tighten.*failed"))
    raised = page.get_by_role("region", name="ValueError")
    expect(raised).to_contain_text("the warp is torn")
    expect(raised).to_contain_text("traced_program.py")


def test_ten_thousand_spans_are_walked_and_searched(page: Page, traced: Traced) -> None:
    page.goto(f"/traces/{traced.large}")
    expect(page.get_by_role("link", name=f"{MANY:,} spans")).to_be_visible()
    tree(page).focus()
    page.keyboard.press("End")
    expect(at(page)).to_have_accessible_name(re.compile(r"call 100\.98"))
    assert tree(page).get_by_role("treeitem").count() < 100
    page.get_by_role("searchbox", name="Find a span").fill("call 57.42")
    page.keyboard.press("Enter")
    expect(at(page)).to_have_accessible_name(re.compile(r"call 57\.42"))
    expect(tree(page).get_by_role("treeitem")).to_have_count(3)


def test_what_is_broken_or_missing_is_said(page: Page, house: House, traced: Traced) -> None:
    page.goto(f"/traces/{traced.broken}")
    expect(page.get_by_role("heading", name="What it did could not be loaded")).to_be_visible()
    page.get_by_role("link", name="See what is known of it").click()
    expect(page.get_by_role("region", name="This trace")).to_contain_text(traced.broken)

    own = _span(1, 0, "left alone", 10**18, 10**9)
    partial = write_trace(house, traced.experiment, "partial", {"spans": [own, {"name": "no span"}]}, spans=4)
    page.goto(f"/traces/{partial}")
    for words in ("Only 1 of its 4 spans arrived", "1 entry could not be read", "1 span names a parent"):
        expect(page.get_by_text(words)).to_be_visible()
    page.goto("/traces/tr-00")
    expect(page.get_by_role("heading", name="The trace is not here")).to_be_visible()


def test_a_trace_is_tagged_and_leads_to_its_run_and_back(page: Page, traced: Traced) -> None:
    page.goto(f"/traces/{traced.answered}?tab=details")
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_role("textbox", name="Tag").fill("checked")
    page.get_by_role("textbox", name="Value").fill("yes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take the tag checked away")).to_be_visible()
    page.get_by_role("link", name="Feedback 1").click()
    expect(page.get_by_role("region", name="Feedback")).to_contain_text("It answers what was asked.")
    page.go_back()
    page.get_by_role("link", name=traced.run[:12]).click()
    page.get_by_role("navigation", name="Run").get_by_role("link", name="Traces").click()
    expect(rows(page)).to_have_count(3)
    page.goto(f"/traces/{traced.answered}?tab=details")
    expect(page.get_by_role("region", name="This trace")).to_be_visible()
    expect_nothing_serious(page)


def test_the_pages_fit_a_phone(open_window: OpenWindow, traced: Traced) -> None:
    page = open_window(viewport=PHONE, reduced_motion="reduce", has_touch=True)
    page.goto(f"/experiments/{traced.experiment}/traces")
    expect(rows(page).first).to_be_visible()
    page.goto(f"/traces/{traced.torn}")
    tree(page).get_by_role("treeitem").nth(1).tap()
    expect(page.get_by_role("dialog")).to_contain_text("the warp is torn")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_selected_traces_are_deleted_for_good(page: Page, house: House, traced: Traced) -> None:
    for index in range(A_PAGE_AND_ONE):
        write_trace(house, traced.experiment, f"bulk {index}", None, spans=0)
    page.goto(f"/experiments/{traced.experiment}/traces")
    search(page, "name LIKE 'bulk%'")
    expect(page.get_by_text("100+ traces")).to_be_visible()
    grid(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_role("button", name=f"Delete {A_PAGE_AND_ONE} traces").click()
    expect(page.get_by_role("heading", name="No trace fits this search")).to_be_visible()
    page.get_by_role("button", name="Show all traces").click()
    expect(rows(page).first).to_be_visible()

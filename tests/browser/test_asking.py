"""Auto-annotate: a model is asked with what somebody draws; its answer is accepted or refused by keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.browser.test_axe import expect_nothing_serious
from tests.learning.peers import Peer, peer

pytestmark = pytest.mark.browser

SPANS = """<View>
  <Labels name="label" toName="text"><Label value="ORG"/><Label value="PER"/></Labels>
  <Text name="text" value="$text"/>
</View>"""
POINTS = """<View>
  <Image name="image" value="$image"/>
  <KeyPointLabels name="dot" toName="image" smart="true"><Label value="Car"/></KeyPointLabels>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>"""
WATCHES = "Apple sells watches to Apple, and who grows an apple says so."


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """Without motion: axe would look at colours that are on their way."""
    return open_window(reduced_motion="reduce")


def matches(body: dict[str, Any]) -> tuple[int, Any]:
    """Every place of the words that somebody has just marked."""
    [task] = body["tasks"]
    marked = body["params"]["context"]["result"][0]
    words, text = marked["value"]["text"].lower(), task["data"]["text"].lower()
    found = [
        {
            **{name: marked[name] for name in ("from_name", "to_name", "type")},
            "id": f"m{start}",
            "value": {**marked["value"], "start": start, "end": start + len(words)},
            "score": 0.9,
        }
        for start in (place.start() for place in re.finditer(re.escape(words), text))
    ]
    return 200, {"results": [{"result": found, "score": 0.9}]}


def test_what_is_marked_finds_its_like_and_nobody_waits_for_it(house: House, page: Page) -> None:
    project = house.make_project("Watches", SPANS)
    first, second = house.import_tasks(project, [{"text": WATCHES}, {"text": WATCHES}])
    with peer(answers={"/predict": matches}) as there:
        connect(house, project, there)
        label = LabelPage(page)
        label.open(project, first)
        bar = switch_on(page)
        mark_first_word(page)
        expect(bar).to_contain_text("2 suggestions from Matcher")
        expect_nothing_serious(page)
        page.keyboard.press("Enter")
        expect(bar).to_have_attribute("data-phase", "ready")
        label.expect_regions(3)
        page.keyboard.press("Enter")
        label.wait_until_ready(second)
        spans = house.wait_for_annotation(first)["result"]
        assert [span["value"]["start"] for span in spans] == [
            0,
            WATCHES.index("Apple,"),
            WATCHES.index("apple says"),
        ]
        assert {span["value"]["labels"][0] for span in spans} == {"ORG"}

        there.answers["/predict"] = lambda _body: held_back(there)
        mark_first_word(page)
        expect(bar).to_have_attribute("data-phase", "asking")
        page.keyboard.press("Control+Shift+ArrowRight")
        page.keyboard.press("2")  # one goes on by hand; what is marked now is asked with instead
        label.expect_regions(2)
        page.keyboard.press("Escape")
        expect(bar).to_have_attribute("data-phase", "ready")

        there.answers["/predict"] = (500, {"detail": "out of memory"})
        page.keyboard.press("Control+Shift+ArrowRight")
        page.keyboard.press("1")
        expect(bar).to_contain_text("Matcher gave no answer.")
        there.answers["/predict"] = matches
        bar.get_by_role("button", name="Try again").click()
        expect(bar).not_to_have_attribute("data-phase", "failed")
        label.expect_saved()


def test_points_are_prompts_and_what_comes_of_them_is_a_region(house: House, page: Page) -> None:
    project = house.make_project("Cars", POINTS)
    (task,) = house.import_files(project, ("a.jpg", photograph(400, 300)))
    lorry = {"x": 10, "y": 10, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["Lorry"]}
    region = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": lorry, "score": 0.8}
    with peer(answers={"/predict": (200, {"results": [{"result": [region]}]})}) as there:
        connect(house, project, there)
        label = LabelPage(page)
        label.open(project, task)
        bar = switch_on(page)
        page.keyboard.press("k")
        label.click(label.spot(100, 100))
        expect(bar).to_contain_text("One has no label")
        page.keyboard.down("Alt")
        label.click(label.spot(300, 200))
        page.keyboard.up("Alt")
        expect(label.rows).to_have_count(3)
        expect(bar).to_have_attribute("data-phase", "answered")
        asked = there.last("/predict").body["params"]["context"]["result"]
        assert [point["is_positive"] for point in asked] == [True, False]
        page.keyboard.press("2")  # the box that the model could not name
        expect(label.rows.filter(has_text="Car")).to_have_count(3)
        page.keyboard.press("m")
        label.expect_regions(1)
        label.submit()
        (made,) = house.wait_for_annotation(task)["result"]
        assert (made["type"], made["value"]["rectanglelabels"]) == ("rectanglelabels", ["Car"])


def test_what_a_model_could_not_name_is_named_by_one_key_each(house: House, page: Page) -> None:
    """As predictions of a connection come whose unknown classes are kept without a label."""
    project = house.make_project("Lorries", POINTS)
    (task,) = house.import_files(project, ("a.jpg", photograph(400, 300)))
    with peer() as there:
        connect(house, project, there)
        value = {"x": 10, "y": 10, "width": 30, "height": 40, "rotation": 0}
        plain = {"from_name": "box", "to_name": "image", "type": "rectangle"}
        house.predict(
            task, [{**plain, "value": {**value, "x": x}} for x in (10, 50)], model_version=there.version
        )
        label = LabelPage(page)
        label.open(project, task)
        bar = page.get_by_test_id("suggestions")
        expect(bar).to_contain_text("2 suggestions from Matcher 1, without a label")
        page.keyboard.press("2")
        expect(bar).to_contain_text("1 suggestion")
        page.keyboard.press("2")
        expect(bar).to_have_count(0)
        label.submit()
        regions = house.wait_for_annotation(task)["result"]
        assert [region["value"].get("rectanglelabels") for region in regions] == [["Car"], ["Car"]]


def held_back(there: Peer) -> None:
    """No answer before the test is over."""
    there.gate.wait()


def connect(house: House, project: int, there: Peer) -> None:
    body = {"project": project, "url": there.url, "title": "Matcher", "is_interactive": True}
    house.ask("POST", "/api/ml/", json=body)


def switch_on(page: Page) -> Locator:
    expect(page.get_by_role("button", name="Auto-annotate", exact=True)).to_be_visible()
    page.keyboard.press("m")
    bar = page.get_by_test_id("asking")
    expect(bar).to_have_attribute("data-phase", "ready")
    return bar


def mark_first_word(page: Page) -> None:
    page.get_by_role("textbox", name="Text text").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("1")

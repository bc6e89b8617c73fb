"""Spans in texts with characters outside the basic plane, which JavaScript counts as two."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import no_page_load
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import Place

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Labels name="entity" toName="text"><Label value="Person"/><Label value="Place"/></Labels>
  <Text name="text" value="$text"/>
  <Choices name="tone" toName="text"><Choice value="glad"/><Choice value="sad"/></Choices>
</View>"""
TEXT = "😀👩‍🚀 Zoë Krämer flew to 𝔅erlin 🛰️ and met 李 𠮷野 there.\nShe liked Łódź more."
#: Spans as they are to be marked, with their labels.
SPANS = (("Zoë Krämer", "Person"), ("𝔅erlin 🛰️", "Place"), ("李 𠮷野", "Person"), ("Łódź", "Place"))


class TextPage(LabelPage):
    """The label page with a text on it."""

    @property
    def text(self) -> str:
        text = self.page.get_by_role("textbox", name="Text text").evaluate("text => text.textContent")
        assert isinstance(text, str)
        return text

    def edges(self, words: str) -> tuple[Place, Place]:
        """Screen places just inside of the first and the last character of words of the text."""
        box = self.page.get_by_role("textbox", name="Text text").evaluate(
            """(host, words) => {
              const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
              for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + words.length);
                const { left, right, top, height } = range.getBoundingClientRect();
                return { left, right, middle: top + height / 2 };
              }
              return null;
            }""",
            words,
        )
        assert box is not None, f"{words} is not on the page"
        return (box["left"] + 1, box["middle"]), (box["right"] - 1, box["middle"])

    def mark(self, words: str, label: str) -> None:
        """Takes the label up and drags over the words."""
        self.take_up(label)
        self.drag(*self.edges(words))


@pytest.fixture
def label(page: Page) -> TextPage:
    return TextPage(page)


def value_of(words: str, label: str) -> dict[str, Any]:
    """What stands in a result: offsets in code points, as Python counts."""
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "text": words, "labels": [label]}


def test_spans_are_counted_in_code_points_and_carry_their_text(house: House, label: TextPage) -> None:
    project_id = house.make_project("Tales", CONFIG)
    first, second = house.import_tasks(project_id, [{"text": TEXT}, {"text": "Nothing much."}])
    label.open(project_id, first)
    for words, name in SPANS:
        label.mark(words, name)
        label.page.keyboard.press("Escape")
    label.expect_regions(len(SPANS))
    label.choose("glad")
    with no_page_load(label.page):
        label.submit_and_wait_for(second)
    house.wait_for_annotation(first)

    (exported,) = house.ask("GET", f"/api/projects/{project_id}/export?exportType=JSON")
    *spans, answer = exported["annotations"][0]["result"]
    assert [span["value"] for span in spans] == [value_of(*span) for span in SPANS]
    assert answer["value"] == {"choices": ["glad"]}


def test_marked_spans_stand_where_they_were_after_a_reload(house: House, label: TextPage) -> None:
    project_id = house.make_project("Tales again", CONFIG)
    (task_id,) = house.import_tasks(project_id, [{"text": TEXT}])
    label.open(project_id, task_id)
    label.mark("𝔅erlin 🛰️", "Place")
    label.expect_saved()
    label.page.reload()
    label.wait_until_ready(task_id)
    label.expect_regions(1)
    (start, _) = label.edges("𝔅erlin 🛰️")
    label.page.mouse.click(*start)
    selected = label.page.get_by_test_id("selected")
    expect(selected).to_contain_text("𝔅erlin 🛰️")


def test_half_a_character_is_never_marked(house: House, label: TextPage) -> None:
    project_id = house.make_project("Halves", CONFIG)
    (task_id,) = house.import_tasks(project_id, [{"text": TEXT}])
    label.open(project_id, task_id)
    label.take_up("Person")
    label.page.get_by_role("textbox", name="Text text").focus()
    label.page.keyboard.press("Control+Home")
    label.page.keyboard.press("Shift+ArrowRight")
    label.page.keyboard.press("Enter")
    label.expect_regions(1)
    label.submit()
    (result,) = house.wait_for_annotation(task_id)["result"]
    assert result["value"] == value_of("😀", "Person")

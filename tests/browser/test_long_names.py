"""Names and messages without a blank, as long as they may be, on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.test_repos import log, make_repo

pytestmark = pytest.mark.browser

_WIDER = """() => [...document.querySelectorAll('main *')]
  .filter((each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX))
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => `${each.className}: ${each.scrollWidth} px`)"""


def test_long_names_do_not_widen_a_page_of_a_repo(house: House, open_window: OpenWindow) -> None:
    repo = make_repo(house, "r" + "x" * 60, {"a.txt": b"a"})
    head = log(house, repo)[0]["id"]
    house.ask("POST", f"/api/repos/{repo}/branches/", json={"name": "b" * 60, "at": "master"})
    tag = {"name": "t" * 60, "at": "master", "message": "m" * 200}
    house.ask("POST", f"/api/repos/{repo}/tags/", json=tag)
    page = open_window(viewport=PHONE)
    for path, seen in (
        (f"/repos/{repo}/branches", "t" * 60),
        (f"/repos/{repo}/commits", "t" * 60),
        (f"/lineage?node=commit:{head}", "Came of it"),
    ):
        page.goto(path)
        expect(page.locator("main").get_by_text(seen).first).to_be_attached()
        assert page.evaluate(_WIDER) == [], path

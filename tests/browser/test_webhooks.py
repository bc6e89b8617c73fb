"""Webhooks of a project: made by a form, tried, told of work, looked into and sent again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import ADA, House
from tests.launch import conftest as launched
from tests.webhooks.listening import listen

pytestmark = pytest.mark.browser

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels></View>"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that may call this machine for its users."""
    with pytest.MonkeyPatch.context() as patch:
        command = ["env", "TREADLE_OUTBOUND_ALLOW=127.0.0.1", *launched._COMMAND]
        patch.setattr(launched, "_COMMAND", command)
        running = House(tmp_path_factory.mktemp("house"), *ADA)
    yield running
    running.close()


def test_a_webhook_is_made_tried_followed_and_sent_again(house: House, page: Page) -> None:
    project_id = house.make_project("Told of", CONFIG)
    with listen() as listener:
        page.goto(f"/projects/{project_id}/settings")
        page.get_by_role("button", name="New webhook").click()
        page.get_by_label("Address").fill("http://10.0.0.1/hook")
        page.get_by_role("button", name="Create webhook").click()
        expect(page.get_by_role("alert").filter(has_text="TREADLE_OUTBOUND_ALLOW")).to_be_visible()
        page.get_by_label("Address").fill(listener.url)
        page.get_by_role("radio", name="Only this").check()
        page.get_by_role("checkbox", name="Task created").check()
        page.get_by_label("Headers").fill("X-Key: v")
        page.get_by_role("button", name="Create webhook").click()
        expect(page.get_by_text(re.compile("^whsec_"))).to_be_visible()
        page.get_by_role("button", name="I have kept it").click()
        page.get_by_role("button", name="More about 127.0.0.1").click()
        page.get_by_role("menuitem", name="Send a test").click()
        expect(page.get_by_text("took the test: it answered 200")).to_be_visible()
        assert listener.heard[-1].headers["X-Key"] == "v"
        listener.statuses = [500]
        task = {"project": project_id, "data": {"image": "/1.jpg"}}
        house.ask("POST", "/api/tasks/", json=task)
        page.get_by_role("button", name="Deliveries to 127.0.0.1").click()
        log = page.get_by_role("dialog")
        line = log.get_by_role("listitem").filter(has_text="Task created")
        expect(line).to_contain_text("answered 500")
        expect(line).to_contain_text("sent again later")
        expect(line.get_by_text("taken", exact=True)).to_be_visible()  # it was, some seconds later
        line.get_by_role("button", name="Show delivery").click()
        expect(line.get_by_role("region", name="What was sent")).to_contain_text('"image": "/1.jpg"')
        line.get_by_role("button", name="Send again").click()
        expect(log.get_by_role("listitem").filter(has_text="sent again by hand")).to_contain_text("taken")
    assert listener.actions == ["TEST", *["TASKS_CREATED"] * 3]

"""The page of jobs: what runs, what came of it, stopping, and doing it again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

CONFIG = '<View><Text name="text" value="$text"/></View>'
ASYNC = {"Prefer": "respond-async"}
MANY = 30_000


def finish(house: House, job_id: str) -> str:
    """The state that a job ends in."""

    def ended() -> str | None:
        state = str(house.ask("GET", f"/api/jobs/{job_id}/")["state"])
        return state if state in ("done", "failed", "cancelled") else None

    return wait_until(ended)


def start_import(house: House, project_id: int, tasks: list[dict[str, Any]]) -> str:
    asked = house.ask("POST", f"/api/projects/{project_id}/import", json=tasks, headers=ASYNC)
    return str(asked["job"])


def test_a_finished_job_opens_with_its_counts_and_its_log(house: House, page: Page) -> None:
    project_id = house.make_project("Counted", CONFIG)
    assert finish(house, start_import(house, project_id, [{"text": "a"}, {"text": "b"}])) == "done"
    page.goto("/jobs")
    row = page.get_by_role("row", name=re.compile("Import Counted"))
    expect(row).to_contain_text("2 tasks")
    row.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import: Counted")
    expect(dialog).to_contain_text("ada@example.com")
    dialog.get_by_role("link", name="See the tasks").click()
    expect(page.locator("[data-task]")).to_have_count(2)


def test_a_failed_job_says_why_in_its_row(house: House, page: Page) -> None:
    project_id = house.make_project("Refused", CONFIG)
    assert finish(house, start_import(house, project_id, [{"text": "a"}, {"words": "b"}])) == "failed"
    page.goto("/jobs")
    page.get_by_role("button", name="Failed").click()
    expect(page).to_have_url(re.compile("state=failed"))
    row = page.get_by_role("row", name=re.compile("Import Refused"))
    expect(row).to_contain_text("text")
    expect(page.get_by_role("row", name=re.compile("Done"))).to_have_count(0)


def test_a_stopped_export_is_done_again_and_its_file_can_be_had(house: House, page: Page) -> None:
    project_id = house.make_project("Long", CONFIG)
    house.ask("POST", f"/api/projects/{project_id}/import", json=[{"text": "a"}] * MANY)
    asked = f"/api/projects/{project_id}/export?exportType=JSON&download_all_tasks=true"
    job_id = house.ask("GET", asked, headers=ASYNC)["job"]
    house.ask("POST", f"/api/jobs/{job_id}/cancel/")
    assert finish(house, job_id) == "cancelled"
    page.goto("/jobs")
    row = page.get_by_role("row", name=re.compile("Export Long Stopped"))
    row.get_by_role("button", name="Do again: export").click()
    dialog = page.get_by_role("dialog", name="Export: Long")
    expect(dialog.get_by_role("link", name=re.compile(r"\.json$"))).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text("Done")


def test_stopping_a_job_that_ended_meanwhile_says_so(house: House, page: Page) -> None:
    project_id = house.make_project("Quick", CONFIG)
    assert finish(house, start_import(house, project_id, [{"text": "a"}])) == "done"
    page.route(re.compile(r"/api/jobs/\?.*page_size=50"), as_before_its_end, times=1)
    page.goto("/jobs")
    row = page.get_by_role("row", name=re.compile("Import Quick"))
    row.get_by_role("button", name="Stop: import").click()
    expect(page.locator(".toast.bad")).to_be_visible()
    expect(row).to_contain_text("Done")


def as_before_its_end(route: Route) -> None:
    """The list as it was while its newest job ran."""
    answer = route.fetch()
    body = answer.json()
    body["results"][0].update(state="running", may_cancel=True, finished_at=None)
    route.fulfill(response=answer, json=body)

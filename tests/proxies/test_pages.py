"""A browser behind proxies: signs in and labels, with no error and no request outside the sub-path."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.proxies.street import Street, Way
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

CONFIG = """<View><Text name="text" value="$text"/>
  <Choices name="mood" toName="text"><Choice value="glad"/><Choice value="sad"/></Choices></View>"""
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[[Way], Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Pages of one browser; an error in any, or a request outside its site, fails the test."""
    context: BrowserContext = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    context.on("weberror", lambda error: wrong.append(str(error.error)))

    def open_one(way: Way) -> Page:
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if is_of(way, asked.url) else wrong.append(asked.url))
        return page

    yield open_one
    context.close()
    assert wrong == []


def is_of(way: Way, url: str) -> bool:
    return url == way.site or url.startswith((f"{way.site}/", "data:", "blob:"))


@pytest.mark.parametrize(
    ("port", "prefix", "entrance"),
    [("tls", "/team/kept", "/"), ("plain", "/z", ""), ("hub", "/services/treadle", "/")],
)
def test_a_task_is_labelled_below_a_path(
    street: Street, open_page: OpenPage, port: str, prefix: str, entrance: str
) -> None:
    way = street.way(port, prefix)
    project_id, task_id = make_task(way)
    page = open_page(way)
    page.goto(f"{way.site}{entrance}")
    sign_in(page)
    page.goto(f"{way.site}/projects/{project_id}/label?task={task_id}")
    page.get_by_text("glad").first.click()
    page.keyboard.press("Control+Enter")
    with way.client(ADMIN_TOKEN) as client:
        saved = wait_until(lambda: client.get(f"/api/tasks/{task_id}/annotations/").json())
    expect(page.get_by_text("Submitted.")).to_be_attached()
    assert [one["result"][0]["value"]["choices"] for one in saved] == [["glad"]]


def test_one_browser_is_signed_in_at_two_servers_of_one_host(street: Street, open_page: OpenPage) -> None:
    """An ingress tells neither where it is: the pages do."""
    ways = (street.way("ingress", "/x"), street.way("ingress", "/z", street.servers.beside))
    pages = [open_page(way) for way in ways]
    for page, way in zip(pages, ways, strict=True):
        page.goto(f"{way.site}/user/login")
        sign_in(page)
    for page, way in zip(pages, ways, strict=True):
        page.goto(f"{way.site}/projects")
        expect(page.get_by_role("heading", name="Projects").first).to_be_visible()
    names = {(one.get("name"), one.get("path")) for one in pages[0].context.cookies()}
    assert {("sessionid", "/x"), ("sessionid", "/z")} <= names


def sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill(ADMIN_EMAIL)
    page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects").first).to_be_visible()


def make_task(way: Way) -> tuple[int, int]:
    with way.client(ADMIN_TOKEN) as client:
        wanted = {"title": "below a path", "label_config": CONFIG}
        project_id = client.post("/api/projects/", json=wanted).json()["id"]
        # So many that after the first there is one to show, and one to fetch before it is shown.
        texts = [{"text": f"A fine day {number}."} for number in range(3)]
        client.post(f"/api/projects/{project_id}/import", json=texts)
        tasks = client.get("/api/tasks/", params={"project": project_id}).json()["tasks"]
    return project_id, min(task["id"] for task in tasks)

"""The page of the administration, in a browser behind a proxy that takes no body over a megabyte."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_axe import expect_nothing_serious
from tests.doctor.conftest import Town
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD

pytestmark = pytest.mark.browser

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """Signed in through the proxy."""
    context = browser.new_context(ignore_https_errors=True, viewport=DESKTOP, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    opened.goto(f"{town.address('/small')}/user/login")
    opened.get_by_label("E-mail").fill(ADMIN_EMAIL)
    opened.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    opened.keyboard.press("Enter")
    opened.wait_for_url(re.compile("/small/projects$"))
    yield opened
    context.close()


def test_the_page_names_what_the_proxy_refuses_and_the_line_to_write(page: Page, town: Town) -> None:
    page.goto(f"{town.address('/small')}/admin/set-up?wait=0.1")
    way = page.get_by_role("region", name="The way from this browser")
    uploads = way.get_by_role("listitem").filter(has_text="Uploads")
    expect(uploads.get_by_role("img", name="Fault")).to_be_visible()
    expect(uploads).to_contain_text("client_max_body_size 0;")
    expect(way.get_by_role("listitem").filter(has_text="Streams")).to_contain_text("bit by bit")
    machine = page.get_by_role("region", name="The server’s machine")
    expect(machine.get_by_role("listitem").filter(has_text="Data folder")).to_contain_text("writable")
    count = page.get_by_role("button", name="1 fault")
    expect(count).to_be_visible()
    button = page.get_by_role("button", name="Check again")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    expect_nothing_serious(page)
    with page.expect_request("**/api/admin/doctor/arrival/"):
        page.keyboard.press("r")
    expect(uploads.get_by_role("img", name="Fault")).to_be_visible()
    expect(button).not_to_have_attribute("aria-disabled", "true")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    count.focus()
    page.keyboard.press("Enter")
    expect(uploads).to_be_focused()
    button.focus()
    with page.expect_request("**/api/admin/doctor/arrival/"):
        page.keyboard.press("Enter")


def test_others_than_administrators_do_not_see_it(page: Page, town: Town) -> None:
    town.server.sign_up("ann@example.com")
    page.context.clear_cookies()
    page.goto(f"{town.address('/small')}/user/login")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Password", exact=True).fill("eight or more")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/small/projects$"))
    page.goto(f"{town.address('/small')}/admin/set-up")
    expect(page.get_by_role("heading", name="These pages are for organisation admins")).to_be_visible()

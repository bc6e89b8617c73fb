"""A server for each module, and a fresh browser window for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.house import ADA, EMAIL, PASSWORD, House

#: For what a busy machine may take long over; a test waits for conditions, never for time.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

OpenWindow = Callable[..., Page]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose owner is Ada."""
    running = House(tmp_path_factory.mktemp("house"), *ADA)
    yield running
    running.close()


@pytest.fixture
def open_window(browser: Browser, house: House) -> Iterator[OpenWindow]:
    """Opens windows that share nothing; Ada is signed in unless ``signed_in`` is False.

    A script error in any of them fails the test.
    """
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def open_one(*, signed_in: bool = True, **options: Any) -> Page:
        context = browser.new_context(base_url=house.url, **{"viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        opened.append(context)
        if signed_in:
            sign_in(context)
        return context.new_page()

    yield open_one
    for context in opened:
        context.close()
    assert errors == []


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A desktop window with Ada signed in."""
    return open_window()


def sign_in(context: BrowserContext, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Through the form's address, for tests that are not about the form."""
    context.request.get("/user/login")
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    form: dict[str, str | float | bool] = {"email": email, "password": password}
    form["csrfmiddlewaretoken"] = cookies["csrftoken"]
    answer = context.request.post("/user/login", form=form, max_redirects=0)
    assert answer.status == 302, answer.text()


@contextmanager
def no_page_load(page: Page) -> Iterator[None]:
    """Fails when the page was loaded anew within the block."""
    page.evaluate("window.stillHere = true")
    yield
    assert page.evaluate("window.stillHere") is True

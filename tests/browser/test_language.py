"""Pages in another language than English, and under an installation's own name."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import EMAIL, PASSWORD, House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.browser.test_label_keyboard import draw_box_by_keyboard

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Person"/></RectangleLabels>
</View>"""


def catalogues_of(page: Page) -> list[str]:
    """What the page fetches of the catalogues from now on, as "ko/label"."""
    asked: list[str] = []

    def note(url: str) -> None:
        if "/locales/" in url:
            asked.append(url.rpartition("/locales/")[2].removesuffix(".js"))

    page.on("request", lambda request: note(request.url))
    return asked


def test_a_person_switches_to_korean_and_labels_by_keyboard(house: House, open_window: OpenWindow) -> None:
    project_id = house.make_project("Streets", CONFIG)
    first, second = house.import_files(
        project_id, *[(f"{i}.jpg", photograph(800, 600, seed=i)) for i in range(2)]
    )
    page = open_window()
    asked = catalogues_of(page)
    page.goto("/account")
    expect(page.get_by_role("heading", name="Language")).to_be_visible()
    assert asked == []
    page.get_by_label("Language of the pages").select_option("ko")
    expect(page.get_by_role("heading", name="언어")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert asked == ["ko/label", "ko/pages"]

    label = LabelPage(page)
    label.open(project_id, first)
    assert asked[2:] == ["ko/label"]
    expect(page.get_by_test_id("submit")).to_have_text("제출 Enter")
    draw_box_by_keyboard(label)
    expect(page.get_by_test_id("region-count")).to_have_text("1")
    expect(page.get_by_test_id("selected")).to_contain_text("선택됨")
    page.keyboard.press("Enter")
    label.wait_until_ready(second)
    assert house.wait_for_annotation(first)["result"][0]["value"]["rectanglelabels"] == ["Car"]

    # The choice is the person's, not the browser's: another one shows it once it knows who is there.
    other = open_window(signed_in=False, viewport=PHONE)
    other.goto("/user/login")
    expect(other.locator("html")).to_have_attribute("lang", "en")
    other.get_by_label("E-mail").fill(EMAIL)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="프로젝트")).to_be_visible()
    third = open_window()
    LabelPage(third).open(project_id, second)
    expect(third.get_by_test_id("submit")).to_contain_text("제출")
    house.ask("PUT", "/api/current-user/language", json={"language": None})


def test_an_installation_of_its_own_name_shows_it_before_the_sign_in(
    house: House, open_window: OpenWindow
) -> None:
    page = open_window()
    page.goto("/admin/appearance")
    page.get_by_label("Name", exact=True).fill("Field notes")
    page.get_by_label("Accent of the light theme", exact=True).fill("#f0c040")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("1.48:1")
    page.get_by_label("Accent of the light theme", exact=True).fill("#7a1fa2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".rail .brand")).to_have_text("Field notes")

    stranger = open_window(signed_in=False, locale="th-TH")
    stranger.goto("/user/login", wait_until="commit")
    stranger.wait_for_selector(".door", state="attached")
    expect(stranger.locator("html")).to_have_attribute("lang", "th")
    expect(stranger.get_by_text("Field notes", exact=True)).to_be_visible()
    expect(stranger).to_have_title("เข้าสู่ระบบ – Field notes")
    accent = stranger.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
    assert accent == "#7a1fa2"
    house.ask("PATCH", "/api/admin/appearance", json={"name": "", "accent_light": ""})

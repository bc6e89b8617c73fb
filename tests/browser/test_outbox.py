"""Nothing that a person labelled is lost or saved twice, whatever happens to network, session or server."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PATIENCE_MS, no_page_load
from tests.browser.house import PASSWORD, House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>"""
WIDTH, HEIGHT = 400, 300
KEPT = "kept"


@pytest.fixture
def label(page: Page) -> LabelPage:
    return LabelPage(page)


@pytest.fixture
def tasks(house: House) -> tuple[int, int, int]:
    """A new project and its two tasks."""
    project_id = house.make_project("Kept", CONFIG)
    pictures = [(f"{i}.jpg", photograph(WIDTH, HEIGHT, seed=i)) for i in range(2)]
    first, second = house.import_files(project_id, *pictures)
    return project_id, first, second


def open_and_look_ahead(label: LabelPage, project_id: int, task_id: int) -> None:
    """Opens a task, and waits until the next one is at hand."""
    with label.page.expect_response(lambda response: "peek=1" in response.url):
        label.open(project_id, task_id)


def draw_box(label: LabelPage, x: float = 100, y: float = 80) -> None:
    """One more box of 60 by 50 pixels."""
    before = label.rows.count()
    label.take_up("Car")
    label.draw(label.spot(x, y), label.spot(x + 60, y + 50))
    expect(label.rows).to_have_count(before + 1)
    label.page.keyboard.press("Escape")
    label.page.keyboard.press("Escape")


def expect_state(label: LabelPage, state: str, timeout_s: float = PATIENCE_MS / 1000) -> None:
    expect(label.save_state).to_have_attribute("data-state", state, timeout=timeout_s * 1000)


def is_save(route: Route) -> bool:
    return route.request.method in ("POST", "PATCH") and "open" not in route.request.url


def lose_saves(page: Page) -> None:
    """Pages still load, but no save gets through."""
    page.route("**/api/**", lambda route: route.abort() if is_save(route) else route.continue_())


def count_results(annotation: dict[str, Any]) -> int:
    return len(annotation["result"])


def test_a_cut_network_stops_nobody_and_all_is_saved_once_when_it_is_back(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, second = tasks
    open_and_look_ahead(label, project_id, first)
    draw_box(label)
    wait_until(lambda: house.drafts(first))
    label.page.context.set_offline(True)
    draw_box(label, 250, 200)
    expect_state(label, KEPT)
    expect(label.save_state).to_contain_text("Kept here until the network is back")
    label.submit_and_wait_for(second)
    draw_box(label)
    expect_state(label, KEPT)

    label.page.context.set_offline(False)
    expect_state(label, "saved")
    assert count_results(house.wait_for_annotation(first)) == 2
    assert house.drafts(first) == []
    (draft,) = house.drafts(second)
    assert count_results(draft) == 1


def test_work_that_did_not_reach_the_server_is_there_after_a_reload(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, second = tasks
    label.open(project_id, first)
    lose_saves(label.page)
    draw_box(label)
    draw_box(label, 250, 200)
    expect_state(label, KEPT)
    label.page.reload()
    label.wait_until_ready(first)
    label.expect_regions(2)
    expect(label.page.get_by_text("Your work from before is back")).to_be_visible()
    assert house.annotations(first) == []

    label.page.unroute_all()
    label.submit_and_wait_for(second)
    expect_state(label, "saved")
    assert count_results(house.wait_for_annotation(first)) == 2


def test_a_submit_is_sent_again_after_a_reload(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    label.open(project_id, first)
    lose_saves(label.page)
    draw_box(label)
    label.submit()
    expect_state(label, KEPT)
    label.page.unroute_all()
    label.page.goto(f"/projects/{project_id}/label?bench=1")
    assert count_results(house.wait_for_annotation(first)) == 1
    expect_state(label, "saved")


def test_a_submit_arrives_although_one_leaves_at_once(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    label.open(project_id, first)
    draw_box(label)
    with label.page.expect_request("**/annotations/**"):
        label.submit()
    label.page.goto("about:blank")
    assert count_results(house.wait_for_annotation(first)) == 1


def test_a_save_whose_answer_is_lost_is_not_saved_twice(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    keys: list[str] = []

    def save_and_lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        assert route.fetch().ok
        route.abort()

    label.open(project_id, first)
    draw_box(label)
    wait_until(lambda: house.drafts(first))
    label.page.route("**/annotations/**", save_and_lose_the_answer)
    label.submit()
    expect_state(label, KEPT)
    with label.page.expect_request("**/annotations/**") as again:
        label.page.unroute_all()
        expect_state(label, "saved")
    assert {*keys, again.value.headers["idempotency-key"]} == {keys[0]}
    assert count_results(house.wait_for_annotation(first)) == 1


def test_an_ended_session_is_signed_in_again_in_place(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, second = tasks
    open_and_look_ahead(label, project_id, first)
    label.page.context.clear_cookies(name="sessionid")
    with no_page_load(label.page):
        draw_box(label)
        form = label.page.get_by_test_id("sign-in")
        expect(form).to_be_visible()
        expect(form).to_contain_text("One save is kept here")
        label.page.keyboard.press("Escape")
        label.page.keyboard.press("Escape")
        form.get_by_label("Password").fill("not that one")
        form.get_by_role("button", name="Sign in").click()
        expect(form.get_by_role("alert")).to_be_visible()
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Sign in").click()
        expect(form).to_have_count(0)
        expect_state(label, "saved")
        (draft,) = wait_until(lambda: house.drafts(first))
        assert count_results(draft) == 1
        label.submit_and_wait_for(second)
    assert count_results(house.wait_for_annotation(first)) == 1


def test_a_server_that_is_killed_and_comes_back_has_everything_once(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    label.open(project_id, first)
    draw_box(label)
    wait_until(lambda: house.drafts(first))
    house.kill()
    draw_box(label, 250, 200)
    expect_state(label, KEPT)
    label.submit()
    house.restart()
    expect_state(label, "saved", timeout_s=90)  # the page asks again after 1 s, 2 s, 4 s …
    assert count_results(house.wait_for_annotation(first)) == 2
    assert house.drafts(first) == []


def test_a_task_deleted_meanwhile_says_so_and_keeps_the_work_until_it_is_let_go(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, second = tasks
    label.open(project_id, first)
    house.ask("DELETE", f"/api/tasks/{first}/")
    draw_box(label)
    dialog = label.page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Task {first} was deleted")
    with label.page.expect_download() as download:
        dialog.get_by_role("button", name="Download a copy").click()
    assert '"rectanglelabels"' in download.value.path().read_text()
    dialog.get_by_test_id("drop-held").click()
    label.wait_until_ready(second)
    expect_state(label, "saved")


def change_elsewhere(house: House, annotation_id: int) -> None:
    """Somebody else empties the annotation."""
    house.ask("PATCH", f"/api/annotations/{annotation_id}/", json={"result": []})


def open_and_change_both(house: House, label: LabelPage, project_id: int, task_id: int) -> None:
    """The person adds a box to an annotation that was changed elsewhere since it was opened."""
    with label.page.expect_response(lambda response: "/api/annotations/" in response.url):
        label.open(project_id, task_id)
    label.expect_regions(1)
    change_elsewhere(house, house.annotations(task_id)[0]["id"])
    draw_box(label, 250, 200)
    wait_until(lambda: house.drafts(task_id))
    label.submit()
    expect(label.page.get_by_role("dialog")).to_contain_text("was changed elsewhere too")
    expect_state(label, "conflict")


BOX = {
    "id": "there",
    "from_name": "box",
    "to_name": "image",
    "type": "rectanglelabels",
    "original_width": WIDTH,
    "original_height": HEIGHT,
    "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["Car"]},
}


def test_after_a_conflict_mine_can_be_kept(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    house.annotate(first, [BOX])
    open_and_change_both(house, label, project_id, first)
    label.page.get_by_test_id("keep-mine").click()
    expect_state(label, "saved")
    assert count_results(house.wait_for_annotation(first)) == 2


def test_after_a_conflict_the_other_can_be_taken(
    house: House, label: LabelPage, tasks: tuple[int, int, int]
) -> None:
    project_id, first, _ = tasks
    house.annotate(first, [BOX])
    open_and_change_both(house, label, project_id, first)
    label.page.get_by_test_id("keep-theirs").click()
    expect_state(label, "saved")
    assert count_results(house.wait_for_annotation(first)) == 0
    label.page.get_by_test_id("previous").click()
    label.wait_until_ready(first)
    label.expect_regions(0)

"""The pages around labelling: signing in, projects, tasks, settings, account."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import EMAIL, PASSWORD, House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="tone" toName="text"><Choice value="glad"/><Choice value="sad"/></Choices>
</View>"""
TEXTS = ("A sunny day.", "A grey day.", "Snow at last.", "Fog again.")


@pytest.fixture
def project(house: House) -> tuple[int, list[int]]:
    """Four texts: the first annotated, the second predicted."""
    project_id = house.make_project("Weather", CONFIG)
    tasks = house.import_tasks(project_id, [{"text": text} for text in TEXTS])
    house.annotate(tasks[0], [answer("glad")])
    house.predict(tasks[1], [answer("sad")], model_version="first", score=0.5)
    return project_id, tasks


def answer(choice: str) -> dict[str, Any]:
    value = {"choices": [choice]}
    return {"id": "a", "from_name": "tone", "to_name": "text", "type": "choices", "value": value}


def rows(page: Page) -> Locator:
    return page.locator("[data-task]")


def section(page: Page, title: str) -> Locator:
    """The card of a settings page with that heading."""
    return page.get_by_role("region", name=title, exact=True)


# At the door


def test_a_wrong_password_is_told_and_the_right_one_leads_on_to_where_one_wanted(
    house: House, project: tuple[int, list[int]], open_window: OpenWindow
) -> None:
    project_id, _ = project
    page = open_window(signed_in=False)
    page.goto(f"/projects/{project_id}/data")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("not that one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(rows(page)).to_have_count(4)


def test_signing_out_leads_to_the_door_and_closes_it(page: Page) -> None:
    page.goto("/projects")
    page.get_by_role("button", name=EMAIL).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_in_an_empty_workspace_each_page_says_the_next_thing_to_do(house: House, page: Page) -> None:
    workspace = house.ask("POST", "/api/workspaces", json={"name": "fresh", "title": "Fresh"})["id"]
    page.goto("/projects")
    page.get_by_role("button", name="Workspace").click()
    page.get_by_role("menuitem", name="Fresh").click()
    expect(page.get_by_role("heading", name="Start your first project")).to_be_visible()
    page.get_by_role("link", name="New project").click()
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    page.locator(".empty").get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Paste text").click()
    dialog.get_by_role("textbox").fill('[{"image": "https://example.com/a.jpg"}]')
    dialog.get_by_role("button", name="Use this text").click()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog).to_contain_text("1 task added")
    dialog.get_by_role("button", name="See the tasks").click()
    expect(rows(page)).to_have_count(1)
    listed = house.ask("GET", "/api/projects/", params={"workspace": workspace})
    assert [each["task_number"] for each in listed["results"]] == [1]


# Tasks


def test_a_filter_stands_in_the_address_and_the_back_button_takes_it_away(
    page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/data")
    expect(rows(page)).to_have_count(4)
    page.get_by_role("button", name="+ Filter").click()
    form = page.get_by_role("dialog", name="Add a filter")
    form.get_by_label("Column").select_option(label="text")
    form.get_by_label("Condition").select_option(label="contains")
    form.get_by_label("Value").fill("day: sunny; or not")
    form.get_by_role("button", name="Add filter").click()
    expect(page.get_by_role("heading", name="No task fits these filters")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(4)
    page.goto(f"/projects/{project_id}/data?where=data.text:contains:day")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_text("contains day")).to_be_visible()
    page.get_by_role("button", name="Remove the filter text contains day").click()
    expect(rows(page)).to_have_count(4)
    assert "where" not in unquote(page.url)


def test_a_view_can_be_saved_chosen_and_taken_away(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/data?where=data.text:contains:day&sort=-tasks:id")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Days")
    page.get_by_role("button", name="Save view").click()
    page.goto(f"/projects/{project_id}/data")
    page.get_by_role("group", name="Selections").get_by_role("button", name="Days").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="The view Days").click()
    page.get_by_role("menuitem", name="Delete this view").click()
    expect(page.get_by_role("group", name="Selections").get_by_role("button", name="Days")).to_have_count(0)
    assert house.ask("GET", "/api/dm/views/", params={"project": project_id}) == []


def test_deleting_selected_tasks_names_what_goes_with_them(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, tasks = project
    page.goto(f"/projects/{project_id}/data")
    for task_id in tasks[:2]:
        page.get_by_role("checkbox", name=f"Select task {task_id}", exact=True).click()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Delete 2 tasks?")
    expect(dialog).to_contain_text("1 annotation and 1 prediction")
    dialog.get_by_role("button", name="Delete 2 tasks").click()
    expect(rows(page)).to_have_count(2)
    assert house.task_ids(project_id) == tasks[2:]


def test_the_task_table_is_worked_by_keys(page: Page, project: tuple[int, list[int]]) -> None:
    project_id, tasks = project
    page.goto(f"/projects/{project_id}/data")
    expect(rows(page)).to_have_count(4)
    page.get_by_role("grid", name="Tasks").focus()
    for key in ("ArrowDown", "x", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/label\?task={tasks[0]}$"))


def test_an_import_with_a_bad_row_names_it_and_adds_nothing(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, tasks = project
    page.goto(f"/projects/{project_id}/data?open=import")
    dialog = page.get_by_role("dialog")
    bad: Any = {
        "name": "texts.json",
        "mimeType": "application/json",
        "buffer": json.dumps([{"text": "Good."}, {"words": "Bad."}]).encode(),
    }
    dialog.get_by_label("Files").set_input_files([bad])
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was added.")
    expect(dialog.get_by_role("alert")).to_contain_text("text")
    assert house.task_ids(project_id) == tasks


BOXES = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>"""


def yolo_archive() -> bytes:
    """One picture with a car and a boat, of which the config knows the car."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("classes.txt", "Car\nBoat\n")
        archive.writestr("images/a.jpg", photograph(200, 100))
        archive.writestr("labels/a.txt", "0 0.5 0.5 0.2 0.2\n1 0.2 0.2 0.1 0.1\n")
    return content.getvalue()


def test_a_dataset_comes_in_as_predictions_and_what_had_no_place_is_told(house: House, page: Page) -> None:
    project_id = house.make_project("Harbour", BOXES)
    page.goto(f"/projects/{project_id}/data?open=import")
    dialog = page.get_by_role("dialog")
    archive: Any = {"name": "cars.zip", "mimeType": "application/zip", "buffer": yolo_archive()}
    dialog.get_by_label("Files").set_input_files([archive])
    dialog.get_by_role("radio", name=re.compile("^predictions")).check()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog).to_contain_text("1 task added, with 1 prediction.")
    expect(dialog.get_by_role("region", name="What was left out")).to_contain_text("Boat")
    dialog.get_by_role("button", name="See the tasks").click()
    expect(rows(page)).to_have_count(1)


def test_a_second_format_is_exported_in_the_same_dialog_and_its_losses_are_told(
    page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/data?open=export")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="YOLO", exact=False).first).to_be_disabled()
    for title in ("JSON", "CSV"):
        dialog.get_by_role("radio", name=re.compile(f"^{title}")).first.check()
        with page.expect_download() as begun:
            dialog.get_by_role("button", name=f"Export {title}", exact=True).click()
        assert begun.value.suggested_filename.endswith(f".{title.lower()}")
    expect(dialog.get_by_role("link", name="Download again")).to_be_visible()


def test_a_snapshot_is_kept_converted_and_deleted(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/settings")
    page.get_by_role("button", name="New snapshot").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Before the fog")
    page.get_by_role("button", name="Keep a snapshot").click()
    page.get_by_role("button", name="Before the fog in another format").click()
    page.get_by_role("menuitem", name="CSV").click()
    expect(page.get_by_role("link", name="Download Before the fog as CSV")).to_be_visible()
    page.get_by_role("button", name="Delete Before the fog").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete snapshot").click()
    expect(page.get_by_role("button", name="Delete Before the fog")).to_have_count(0)
    assert house.ask("GET", f"/api/projects/{project_id}/exports/") == []


def test_a_project_is_copied_with_its_tasks(house: House, page: Page, project: tuple[int, list[int]]) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/settings")
    page.get_by_role("button", name="Copy project…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Weather again")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Copy project").click()
    expect(page.get_by_role("heading", name="Weather again")).to_be_visible()
    expect(rows(page)).to_have_count(4)


@pytest.mark.parametrize("act", ["Import into", "Export"])
def test_find_or_do_opens_what_it_names(page: Page, project: tuple[int, list[int]], act: str) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/data")
    expect(rows(page)).to_have_count(4)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find or do")).to_be_focused()
    page.keyboard.type(act)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"{act} Weather")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "open=" not in page.url


# Settings


def test_settings_of_a_project_are_kept(house: House, page: Page, project: tuple[int, list[int]]) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/settings")
    general = section(page, "General")
    general.get_by_label("Title").fill("Weather report")
    general.get_by_label("Instructions to annotators").fill("Fog is sad.")
    general.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Weather report")).to_be_visible()
    queue = section(page, "Who gets which task")
    queue.get_by_label("People per task").fill("2")
    expect(queue.get_by_role("button", name="Save")).to_be_enabled()
    with page.expect_response(lambda response: response.request.method == "PATCH"):
        queue.get_by_role("button", name="Save").click()
    expect(queue.get_by_role("button", name="Save")).to_be_disabled()
    kept = house.ask("GET", f"/api/projects/{project_id}/")
    assert (kept["title"], kept["expert_instruction"]) == ("Weather report", "Fog is sad.")
    assert kept["maximum_annotations"] == 2
    page.reload()
    expect(section(page, "General").get_by_label("Title")).to_have_value("Weather report")


def test_a_mistake_in_a_config_is_named_at_its_line_and_cannot_be_saved(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/settings")
    config = section(page, "What is labelled")
    config.get_by_role("textbox", name="Label config").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(CONFIG.replace("</Choices>", "</Choice>"))
    expect(config.get_by_role("listitem").filter(has_text="line 3")).to_be_visible()
    expect(config.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("textbox", name="Label config").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(CONFIG.replace("sad", "gloomy"))
    config.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The label config is saved.")).to_be_visible()
    assert "gloomy" in house.ask("GET", f"/api/projects/{project_id}/")["label_config"]


def test_a_project_is_deleted_only_after_its_name_was_typed(
    house: House, page: Page, project: tuple[int, list[int]]
) -> None:
    project_id, _ = project
    page.goto(f"/projects/{project_id}/settings")
    danger = section(page, "Delete this project")
    expect(danger).to_contain_text("4 tasks, 1 annotation, 1 prediction")
    danger.get_by_role("button", name="Delete project…").click()
    dialog = page.get_by_role("alertdialog")
    button = dialog.get_by_role("button", name="Delete project")
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill("Weather")
    button.click()
    expect(page.get_by_text("“Weather” is deleted.")).to_be_visible()
    assert house.api.get(f"/api/projects/{project_id}/").status_code == 404


def test_a_token_is_shown_once_works_and_is_revoked(house: House, page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name").fill("nightly script")
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_label("The token").input_value()
    page.get_by_role("button", name="I have kept it").click()
    assert status_with(house, secret) == 200
    page.reload()
    expect(page.get_by_text("nightly script")).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke nightly script").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke token").click()
    expect(page.get_by_role("button", name="Revoke nightly script")).to_have_count(0)
    assert status_with(house, secret) == 401


def status_with(house: House, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{house.url}/api/projects/", headers=headers, trust_env=False, timeout=20).status_code


def test_the_theme_that_was_chosen_is_there_before_anything_is_drawn(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Dark", exact=True).click()
    page.goto("/projects", wait_until="commit")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.goto("/account")
    page.get_by_role("button", name="Light", exact=True).click()
    expect(page.locator("html[data-theme=dark]")).to_have_count(0)


# The label page and what it cannot draw


def test_a_tag_that_the_page_cannot_draw_is_named_and_its_results_stay(house: House, page: Page) -> None:
    config = """<View>
  <Image name="image" value="$image"/>
  <BrushLabels name="mask" toName="image"><Label value="Road"/></BrushLabels>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>"""
    project_id = house.make_project("Masks", config)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(200, 100)))
    mask = {
        "id": "m",
        "from_name": "mask",
        "to_name": "image",
        "type": "brushlabels",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": [0, 1, 2, 3], "brushlabels": ["Road"]},
    }
    house.annotate(task_id, [mask])
    label = LabelPage(page)
    label.open(project_id, task_id)
    expect(page.get_by_test_id("notice")).to_contain_text("BrushLabels (line 3)")
    label.take_up("Car")
    label.draw(label.spot(20, 20), label.spot(90, 80))
    label.expect_regions(1)
    with page.expect_response(lambda response: response.request.method == "PATCH"):
        label.submit()
    kept, box = house.wait_for_annotation(task_id)["result"]
    assert kept == mask
    assert box["type"] == "rectanglelabels"


def test_a_damaged_picture_is_told_and_the_task_can_be_skipped(house: House, page: Page) -> None:
    project_id = house.make_project("Damaged", '<View><Image name="image" value="$image"/></View>')
    (task_id,) = house.import_tasks(project_id, [{"image": "/data/upload/1/none.jpg"}])
    page.goto(f"/projects/{project_id}/label?task={task_id}")
    expect(page.get_by_role("alert")).to_contain_text("The picture cannot be opened")
    page.get_by_test_id("skip").click()
    expect(page.get_by_test_id("done")).to_be_visible()

"""axe-core finds nothing serious on any page, in either theme, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.labelling import LabelPage
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
#: Beyond what axe looks at by itself: WCAG 2.2 asks for targets of 24 px.
_ALL = {"rules": {"target-size": {"enabled": True}}}
#: Of all rules only this one has to do with the theme.
_COLOURS = {"runOnly": ["color-contrast"]}
_LOOKS = (
    ("light", DESKTOP, _ALL),
    ("dark", DESKTOP, _COLOURS),
    ("dark", PHONE, _COLOURS),
    ("light", PHONE, _ALL),
)
_IS_SHOWN = "theme => (document.documentElement.dataset.theme ?? 'light') === theme"
_RUN = """async (options) => {
  await document.fonts.ready;
  await new Promise(requestAnimationFrame);
  const { violations } = await axe.run(document, options);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.flatMap((fault) =>
    fault.nodes.map(({ html, failureSummary }) => `${fault.id}: ${html} ${failureSummary}`));
}"""

PICTURE_CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Person"/></RectangleLabels>
  <Choices name="light" toName="image"><Choice value="day"/><Choice value="night"/></Choices>
</View>"""
TEXT_CONFIG = """<View>
  <Labels name="entity" toName="text"><Label value="Person"/><Label value="Place"/></Labels>
  <Text name="text" value="$text"/>
</View>"""


@dataclass(frozen=True)
class World:
    """What the pages show."""

    pictures: int
    picture_task: int
    annotated_task: int
    texts: int
    text_task: int
    empty: int
    empty_workspace: int
    house: House


@pytest.fixture(scope="module")
def world(house: House) -> World:
    pictures = house.make_project("Street", PICTURE_CONFIG, expert_instruction="Box every car.")
    tasks = house.import_files(pictures, *((f"{i}.jpg", photograph(400, 300, seed=i)) for i in range(3)))
    house.predict(tasks[0], [box("suggested", 20, "Car")], model_version="first", score=0.4)
    light = {"id": "light", "from_name": "light", "to_name": "image", "type": "choices"}
    house.annotate(tasks[2], [box("made", 60, "Person"), {**light, "value": {"choices": ["day"]}}])
    texts = house.make_project("Tales", TEXT_CONFIG)
    (text,) = house.import_tasks(texts, [{"text": "Zoë flew to Łódź. " * 30}])
    span = {"start": 0, "end": 3, "text": "Zoë", "labels": ["Person"]}
    house.annotate(
        text, [{"id": "s", "from_name": "entity", "to_name": "text", "type": "labels", "value": span}]
    )
    empty = house.make_project("Nothing yet", PICTURE_CONFIG)
    workspace = house.ask("POST", "/api/workspaces", json={"name": "quiet", "title": "Quiet"})["id"]
    house.ask("POST", "/api/workspaces/1/invitations", json={"role": "annotator", "email": "new@example.com"})
    house.ask("GET", f"/api/projects/{texts}/export?exportType=JSON")
    house.ask("DELETE", f"/api/projects/{house.make_project('Thrown away', PICTURE_CONFIG)}/")
    return World(pictures, tasks[0], tasks[2], texts, text, empty, workspace, house)


def box(region_id: str, x: float, label: str) -> dict[str, Any]:
    return {
        "id": region_id,
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 400,
        "original_height": 300,
        "value": {"x": x, "y": 20, "width": 20, "height": 30, "rotation": 0, "rectanglelabels": [label]},
    }


Scene = Callable[[Page, World], None]


def test_axe_is_awake(page: Page) -> None:
    """A page with a fault is found out, so that finding none means something."""
    page.goto("/projects")
    page.evaluate("document.body.append(document.createElement('button'))")
    assert any("button-name" in fault for fault in faults_of(page, "light", _ALL))


def faults_of(page: Page, theme: str, options: dict[str, Any]) -> list[str]:
    """What axe calls serious or critical, in a theme."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.wait_for_function(_IS_SHOWN, arg=theme)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    found = page.evaluate(_RUN, options)
    assert isinstance(found, list)
    return found


def expect_nothing_serious(page: Page) -> None:
    """In the page's present state, in both themes and both sizes."""
    found = []
    for theme, size, options in _LOOKS:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        found += [f"[{theme}, {size['width']} px] {fault}" for fault in faults_of(page, theme, options)]
    assert found == [], "\n\n".join(found)


# What stands on the screen


def projects(page: Page, world: World) -> None:
    page.goto("/projects")
    expect(page.get_by_role("heading", name="Street")).to_be_visible()


def no_projects(page: Page, world: World) -> None:
    page.goto("/projects")
    page.evaluate("id => localStorage.setItem('treadle.workspace', id)", str(world.empty_workspace))
    page.reload()
    expect(page.get_by_role("heading", name="Start your first project")).to_be_visible()


def palette(page: Page, world: World) -> None:
    projects(page, world)
    page.keyboard.press("Control+k")
    page.keyboard.type("str")
    expect(page.get_by_role("option", name="Street")).to_be_visible()


def keys(page: Page, world: World) -> None:
    projects(page, world)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def person_menu(page: Page, world: World) -> None:
    projects(page, world)
    page.get_by_role("button", name="ada@example.com").click()
    expect(page.get_by_role("menu")).to_be_visible()


def new_project(page: Page, world: World) -> None:
    page.goto("/projects/new")
    expect(page.get_by_role("radio").first).to_be_attached()


def new_project_with_files(page: Page, world: World) -> None:
    new_project(page, world)
    file: Any = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph(300, 200)}
    page.get_by_label("Files").set_input_files([file])
    page.get_by_text("Every shape in one picture").click()
    expect(page.get_by_role("application")).to_be_visible()


def new_project_with_a_mistake(page: Page, world: World) -> None:
    new_project(page, world)
    page.get_by_role("button", name="Own config").click()
    page.get_by_role("textbox", name="Label config").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('<View>\n  <Image name="image" value="$image">\n</View>')
    expect(page.get_by_text("line 3")).to_be_visible()


def tasks(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/data")
    expect(page.locator("[data-task]")).to_have_count(3)


def selected_tasks(page: Page, world: World) -> None:
    tasks(page, world)
    page.get_by_role("checkbox", name="Select all tasks").check()
    expect(page.get_by_role("region", name="Selected tasks")).to_be_visible()


def tasks_to_delete(page: Page, world: World) -> None:
    selected_tasks(page, world)
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()


def tasks_as_tiles(page: Page, world: World) -> None:
    tasks(page, world)
    page.get_by_role("button", name="Grid").click()
    expect(page.get_by_role("gridcell").first).to_be_visible()


def filtered_tasks(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/data?where=total_annotations:greater:0")
    expect(page.locator("[data-task]")).to_have_count(1)


def filter_form(page: Page, world: World) -> None:
    tasks(page, world)
    page.get_by_role("button", name="+ Filter").click()
    expect(page.get_by_role("dialog", name="Add a filter")).to_be_visible()


def changed_view(page: Page, world: World) -> None:
    data = {"title": "Cars", "filters": {"conjunction": "and", "items": []}}
    view = world.house.ask("POST", "/api/dm/views/", json={"project": world.pictures, "data": data})
    page.goto(f"/projects/{world.pictures}/data?view={view['id']}&where=id:greater:0;id:less:999999&match=or")
    expect(page.get_by_role("button", name="Save changes")).to_be_visible()


def view_menu(page: Page, world: World) -> None:
    changed_view(page, world)
    page.get_by_role("button", name="The view Cars").click()
    expect(page.get_by_role("menu")).to_be_visible()


def wrong_filter(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/data?where=file_upload:regex:(")
    expect(page.locator(".chip").get_by_role("alert")).to_be_visible()


def columns_of_tasks(page: Page, world: World) -> None:
    tasks(page, world)
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()


def task_beside(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/data?task={world.annotated_task}")
    page.get_by_role("button", name="History of the annotation").click()
    expect(page.get_by_role("list", name="Versions, newest first")).to_be_visible()


def assign_dialog(page: Page, world: World) -> None:
    selected_tasks(page, world)
    page.get_by_role("button", name="Assign…").click()
    expect(page.get_by_role("checkbox", name="ada@example.com")).to_be_visible()


def text_tasks(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.texts}/data")
    expect(page.locator("[data-task]")).to_have_count(1)


def no_tasks(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.empty}/data")
    expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()


def export_dialog(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/data?open=export")
    expect(page.get_by_role("radio", name="JSON").first).to_be_visible()


def import_dialog(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.empty}/data?open=import")
    expect(page.get_by_role("dialog").get_by_role("button", name="Choose files")).to_be_visible()


def settings(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/settings")
    expect(page.get_by_role("heading", name="Delete this project")).to_be_visible()
    expect(page.get_by_role("textbox", name="Label config")).to_be_visible()


def webhook_form(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/settings")
    page.get_by_role("button", name="New webhook").click()
    page.get_by_role("radio", name="Only this").check()
    expect(page.get_by_role("checkbox", name="Task created")).to_be_visible()


def members(page: Page, world: World) -> None:
    page.goto("/members")
    page.get_by_text("What each role may do").click()
    expect(page.get_by_role("combobox", name="Role of ada@example.com")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke the invitation for new@example.com")).to_be_visible()


def invitation(page: Page, world: World) -> None:
    page.goto("/members")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("radio").first).to_be_visible()


def project_members(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.pictures}/members")
    expect(page.get_by_role("combobox")).to_have_count(1)


def progress(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.texts}/progress")
    expect(page.get_by_role("img", name="Annotations submitted")).to_be_visible()


def jobs(page: Page, world: World) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("button", name="Export").first).to_be_visible()


def job(page: Page, world: World) -> None:
    jobs(page, world)
    page.get_by_role("button", name="Export").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Asked for")


def audit_log(page: Page, world: World) -> None:
    page.goto("/audit-log")
    expect(page.get_by_role("row").nth(2)).to_be_visible()


def deleted_projects(page: Page, world: World) -> None:
    page.goto("/deleted")
    expect(page.get_by_role("button", name="Restore Thrown away")).to_be_visible()


def new_snapshot(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.empty}/settings")
    page.get_by_role("button", name="New snapshot").click()
    expect(page.get_by_role("dialog").get_by_role("checkbox")).to_have_count(3)


def export_with_losses(page: Page, world: World) -> None:
    export_dialog(page, world)
    page.get_by_role("radio", name="Pascal VOC").check()
    page.get_by_role("dialog").get_by_role("button", name="Export").click()
    expect(page.get_by_role("dialog")).to_contain_text("did not fit this format")


def account(page: Page, world: World) -> None:
    page.goto("/account")
    expect(page.get_by_role("heading", name="Access tokens")).to_be_visible()


def new_token(page: Page, world: World) -> None:
    account(page, world)
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name").fill("script")


def lost(page: Page, world: World) -> None:
    page.goto("/projects/99999/data")
    expect(page.get_by_role("link", name="To the projects")).to_be_visible()


def label_picture(page: Page, world: World) -> None:
    label = LabelPage(page)
    label.open(world.pictures, world.picture_task)
    expect(page.get_by_test_id("suggestions")).to_be_visible()


def label_picture_selected(page: Page, world: World) -> None:
    label_picture(page, world)
    page.get_by_test_id("region-row").click()
    expect(page.get_by_test_id("selected")).to_be_visible()


def label_text(page: Page, world: World) -> None:
    LabelPage(page).open(world.texts, world.text_task)
    page.get_by_test_id("region-row").click()
    expect(page.get_by_test_id("selected")).to_be_visible()


def label_keys(page: Page, world: World) -> None:
    label_picture(page, world)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def label_palette(page: Page, world: World) -> None:
    label_picture(page, world)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()


def label_instructions(page: Page, world: World) -> None:
    label_picture(page, world)
    page.get_by_role("button", name="Instructions").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def label_history(page: Page, world: World) -> None:
    LabelPage(page).open(world.pictures, world.annotated_task)
    page.get_by_test_id("history").click()
    expect(page.get_by_role("list", name="Versions, newest first")).to_be_visible()


def label_signed_out(page: Page, world: World) -> None:
    label_picture(page, world)
    page.context.clear_cookies(name="sessionid")
    page.reload()
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def label_conflict(page: Page, world: World) -> None:
    house, label = world.house, LabelPage(page)
    project_id = house.make_project("Twice", PICTURE_CONFIG)
    (task_id,) = house.import_files(project_id, ("a.jpg", photograph(400, 300)))
    annotation_id = house.annotate(task_id, [box("made", 60, "Person")])
    with page.expect_response(lambda response: "/api/annotations/" in response.url):
        label.open(project_id, task_id)
    house.ask("PATCH", f"/api/annotations/{annotation_id}/", json={"result": []})
    label.choose("night")
    label.submit()
    expect(page.get_by_role("dialog")).to_contain_text("was changed elsewhere too")


def label_done(page: Page, world: World) -> None:
    page.goto(f"/projects/{world.empty}/label")
    expect(page.get_by_test_id("done")).to_be_visible()


SCENES: tuple[Scene, ...] = (
    projects,
    no_projects,
    palette,
    keys,
    person_menu,
    new_project,
    new_project_with_files,
    new_project_with_a_mistake,
    tasks,
    selected_tasks,
    tasks_to_delete,
    tasks_as_tiles,
    filtered_tasks,
    filter_form,
    changed_view,
    view_menu,
    wrong_filter,
    columns_of_tasks,
    task_beside,
    assign_dialog,
    text_tasks,
    no_tasks,
    export_dialog,
    import_dialog,
    export_with_losses,
    settings,
    webhook_form,
    new_snapshot,
    members,
    invitation,
    project_members,
    progress,
    jobs,
    job,
    audit_log,
    deleted_projects,
    account,
    new_token,
    lost,
    label_picture,
    label_picture_selected,
    label_text,
    label_keys,
    label_palette,
    label_instructions,
    label_history,
    label_signed_out,
    label_conflict,
    label_done,
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_axe_finds_nothing_serious(open_window: OpenWindow, world: World, scene: Scene) -> None:
    page = open_window(reduced_motion="reduce")
    scene(page, world)
    expect_nothing_serious(page)


@pytest.mark.parametrize(("path", "heading"), [("/user/login", "Sign in"), ("/user/signup", "Sign up")])
def test_axe_finds_nothing_serious_at_the_door(open_window: OpenWindow, path: str, heading: str) -> None:
    page = open_window(signed_in=False, reduced_motion="reduce")
    page.goto(path)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect_nothing_serious(page)


def test_axe_finds_nothing_serious_on_the_label_page_of_a_phone_with_its_sheet_open(
    open_window: OpenWindow, world: World
) -> None:
    page = open_window(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    label = LabelPage(page)
    label.open(world.pictures, world.picture_task)
    page.get_by_test_id("sheet").tap()
    expect(page.get_by_test_id("region-row")).to_be_visible()
    for theme in ("light", "dark"):
        assert faults_of(page, theme, _ALL) == []

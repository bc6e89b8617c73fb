"""Members, invitations, roles in a project, people of the organisation, and the audit log."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, sign_in
from tests.browser.house import House
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

SECRET = "correct horse battery"


def add_person(house: House, name: str, role: str | None = None, workspace: int = 1) -> int:
    """The id of somebody with an account, and with a role where one is named."""
    account = {"email": f"{name.lower()}@example.com", "password": SECRET, "first_name": name}
    user_id = house.ask("POST", "/api/users/", json=account)["id"]
    if role is not None:
        house.ask("POST", f"/api/workspaces/{workspace}/members", json={"user": user_id, "role": role})
    assert isinstance(user_id, int)
    return user_id


def role_of(house: House, user_id: int) -> str | None:
    members = house.ask("GET", "/api/workspaces/1/members")
    return next((each["role"] for each in members if each["user"]["id"] == user_id), None)


def test_a_role_is_changed_and_the_change_taken_back_by_a_key(house: House, page: Page) -> None:
    user_id = add_person(house, "Bea", "viewer")
    page.goto("/members")
    page.get_by_label("Role of Bea").select_option(label="Editor")
    expect(page.get_by_text("Bea is an editor now.")).to_be_visible()
    assert role_of(house, user_id) == "editor"
    page.get_by_role("heading", name="Members").click()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("The role of Bea is as before.")).to_be_visible()
    expect(page.get_by_label("Role of Bea")).to_have_value("viewer")
    assert role_of(house, user_id) == "viewer"


def test_a_removed_member_is_brought_back_from_the_message(house: House, page: Page) -> None:
    user_id = add_person(house, "Cleo", "annotator")
    page.goto("/members")
    page.get_by_role("button", name="Remove Cleo").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove from the workspace").click()
    expect(page.get_by_role("button", name="Remove Cleo")).to_have_count(0)
    assert role_of(house, user_id) is None
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Remove Cleo")).to_be_visible()
    assert role_of(house, user_id) == "annotator"


def test_who_is_signed_in_joins_by_a_link_that_works_once(
    house: House, page: Page, open_window: OpenWindow
) -> None:
    user_id = add_person(house, "Dora")
    page.goto("/members")
    page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("^Reviewer")).check()
    dialog.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("The link", exact=True).input_value()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row", name=re.compile("Whoever has the link Reviewer"))).to_be_visible()
    theirs = open_window(signed_in=False)
    sign_in(theirs.context, "dora@example.com", SECRET)
    theirs.goto(link)
    theirs.get_by_role("button", name="Join").click()
    expect(theirs.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    assert role_of(house, user_id) == "reviewer"
    theirs.goto(link)
    theirs.get_by_role("button", name="Join").click()
    expect(theirs.get_by_role("alert")).to_contain_text("Ask for a new link")


def test_a_renewed_invitation_ends_the_old_link_and_a_revoked_one_is_gone(house: House, page: Page) -> None:
    old = house.ask(
        "POST", "/api/workspaces/1/invitations", json={"role": "viewer", "email": "e@example.com"}
    )
    page.goto("/members")
    page.get_by_role("button", name="New link for e@example.com").click()
    link = page.get_by_label("The link", exact=True).input_value()
    assert "/user/signup?invitation=" in link
    assert old["token"] not in link
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Revoke the invitation for e@example.com").click()
    expect(page.get_by_role("button", name="Revoke the invitation for e@example.com")).to_have_count(0)
    waiting = [each["email"] for each in house.ask("GET", "/api/workspaces/1/invitations")]
    assert "e@example.com" not in waiting


def test_a_role_in_a_project_stands_beside_the_one_in_the_workspace(house: House, page: Page) -> None:
    add_person(house, "Fay", "annotator")
    project_id = house.make_project("Reviewed", '<View><Text name="t" value="$text"/></View>')
    page.goto(f"/projects/{project_id}/members")
    here = page.get_by_label("Role of Fay in this project")
    expect(page.get_by_role("row", name=re.compile("Fay"))).to_contain_text("Annotator")
    here.select_option(label="Reviewer")
    expect(page.get_by_text("Fay is a reviewer in this project now.")).to_be_visible()
    given = house.ask("GET", f"/api/projects/{project_id}/members")
    assert [(each["user"]["first_name"], each["role"]) for each in given] == [("Fay", "reviewer")]
    here.select_option("")
    expect(page.get_by_text("Fay has the role of the workspace here again.")).to_be_visible()
    assert house.ask("GET", f"/api/projects/{project_id}/members") == []


def test_somebody_who_manages_nothing_sees_the_members_and_changes_none(
    house: House, open_window: OpenWindow
) -> None:
    add_person(house, "Gil", "annotator")
    page = open_window(signed_in=False)
    sign_in(page.context, "gil@example.com", SECRET)
    page.goto("/members")
    expect(page.get_by_role("row", name=re.compile("gil@example.com"))).to_contain_text("Annotator")
    expect(page.get_by_role("combobox")).to_have_count(0)
    expect(page.get_by_role("button", name="Invite")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
    page.goto("/audit-log")
    expect(page.get_by_role("heading", name="The audit log is for managers")).to_be_visible()


def test_a_deactivated_account_is_gone_from_the_people(house: House, page: Page) -> None:
    add_person(house, "Hal")
    page.goto("/people")
    page.get_by_role("button", name="Deactivate Hal").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Deactivate account").click()
    expect(page.get_by_role("button", name="Deactivate Hal")).to_have_count(0)
    assert "hal@example.com" not in [each["email"] for each in house.ask("GET", "/api/users/")]


def test_the_audit_log_is_told_in_words_and_filtered_in_the_address(house: House, page: Page) -> None:
    add_person(house, "Ida", "editor")
    page.goto("/audit-log")
    expect(page.get_by_role("row", name=re.compile("ada@example.com made Ida an editor"))).to_be_visible()
    page.get_by_label("What", exact=True).select_option(label="Workspaces made")
    expect(page.get_by_role("row", name=re.compile("made the workspace main"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("made Ida"))).to_have_count(0)
    assert "action=workspace.created" in page.url
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("row", name=re.compile("made Ida an editor"))).to_be_visible()


def test_a_role_in_a_project_decides_what_its_pages_offer(house: House, open_window: OpenWindow) -> None:
    user_id = add_person(house, "Lou", "annotator")
    project_id = house.make_project("Lent", '<View><Text name="t" value="$text"/></View>')
    house.import_tasks(project_id, [{"text": "a"}])
    page = open_window(signed_in=False)
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    sign_in(page.context, "lou@example.com", SECRET)
    page.goto(f"/projects/{project_id}/settings")
    expect(page.get_by_text("You can look at these settings")).to_be_visible()
    expect(page.locator(".tabs").get_by_role("link", name="Settings")).to_have_count(0)
    house.ask("POST", f"/api/projects/{project_id}/members", json={"user": user_id, "role": "editor"})
    page.reload()
    expect(page.locator(".tabs").get_by_role("link", name="Settings")).to_be_visible()
    expect(page.get_by_role("textbox", name="Label config")).to_be_visible()
    assert refused == []


def test_ones_picture_stands_in_place_of_the_initials(house: House, page: Page) -> None:
    page.goto("/account")
    picture: Any = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photograph(300, 200)}
    page.get_by_label("Picture of you").set_input_files([picture])
    face = page.get_by_role("button", name="ada@example.com").locator("img")
    expect(face).to_have_js_property("complete", True)
    assert face.evaluate("image => image.naturalWidth") > 0
    page.get_by_role("button", name="Remove it").click()
    expect(face).to_have_count(0)

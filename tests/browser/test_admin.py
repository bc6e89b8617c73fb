"""Administration in a browser: service accounts, scoped tokens, people, workspaces and the log."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, sign_in
from tests.browser.house import House
from tests.browser.test_axe import expect_nothing_serious
from tests.browser.test_people import SECRET, add_person

pytestmark = pytest.mark.browser

PAGES = ("people", "workspaces", "tokens", "service-accounts", "audit")


def ask(house: House, token: str, method: str, path: str, **more: object) -> httpx.Response:
    """What a program with this token is answered."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.request(method, f"{house.url}{path}", headers=headers, trust_env=False, **more)  # type: ignore[arg-type]


def test_a_service_accounts_token_reads_until_it_is_revoked(house: House, page: Page) -> None:
    page.goto("/members")
    page.get_by_role("button", name="New service account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("nightly-training")
    dialog.get_by_label("What it is for").fill("Trains at two in the morning")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nightly-training is ready for its first token.")).to_be_visible()
    page.get_by_role("button", name="0 tokens of nightly-training").click()
    page.get_by_role("button", name="New token").click()
    dialog.get_by_label("Name").fill("cron")
    dialog.get_by_label("May").select_option(label="Only read")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Create token").click()
    token = page.get_by_label("The token").input_value()
    page.get_by_role("button", name="I have kept it").click()
    assert ask(house, token, "GET", "/api/projects/").status_code == 200
    refused = ask(house, token, "POST", "/api/projects/", json={"title": "No", "workspace": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "token-read-only")
    dialog.get_by_role("button", name="Revoke cron").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke token").click()
    expect(dialog.get_by_text("No tokens yet.")).to_be_visible()
    assert ask(house, token, "GET", "/api/projects/").status_code == 401
    page.goto("/audit-log")
    expect(page.get_by_role("row", name=re.compile("revoked a token “cron”"))).to_be_visible()
    row = page.get_by_role("row", name=re.compile("nightly-training was refused POST"))
    expect(row).to_be_visible()
    page.get_by_label("Outcome").select_option(label="Refused")
    expect(page.get_by_role("row", name=re.compile("revoked a token"))).to_have_count(0)
    assert "outcome=refused" in page.url
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("menuitem", name="As a table (CSV)").click()
    written = started.value.path().read_text("utf-8")
    assert written.startswith("id,at,actor_id,actor,action,outcome,")
    assert "nightly-training@ws-1.service.invalid" in written
    assert ",done," not in written


def test_a_token_of_ones_own_may_be_held_to_reading_one_workspace(house: House, page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("dashboard")
    dialog.get_by_label("May").select_option(label="Only read")
    dialog.get_by_label("Reaches").select_option(label="Only Main")
    expect(dialog).to_contain_text("It cannot change your account")
    dialog.get_by_role("button", name="Create token").click()
    token = page.get_by_label("The token").input_value()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("listitem").filter(has_text="dashboard")).to_contain_text(
        "only reads · only main"
    )
    assert ask(house, token, "GET", "/api/workspaces").json()[0]["name"] == "main"
    assert ask(house, token, "POST", "/api/tokens", json={"name": "more"}).status_code == 403
    page.goto("/admin/tokens")
    page.get_by_label("Search tokens").fill("dashboard")
    page.get_by_role("button", name=re.compile("^Revoke dashboard of")).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke token").click()
    expect(page.get_by_role("heading", name="No such tokens")).to_be_visible()
    assert ask(house, token, "GET", "/api/workspaces").status_code == 401


def test_a_disabled_service_account_is_refused_at_once_everywhere(house: House, page: Page) -> None:
    accounts = "/api/workspaces/1/service-accounts/"
    made = house.ask("POST", accounts, json={"name": "watcher", "role": "editor"})["id"]
    token = house.ask("POST", f"{accounts}{made}/tokens/", json={"name": "wall", "scope": "read"})["token"]
    log = ("POST", "/api/2.0/mlflow/experiments/create")
    assert ask(house, token, *log, json={"name": "no"}).status_code == 403
    page.goto("/admin/service-accounts")
    row = page.get_by_role("row", name=re.compile("watcher"))
    expect(row).to_contain_text("Editor")
    row.get_by_role("button", name="Disable watcher").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Disable service account").click()
    expect(row).to_contain_text("disabled")
    assert ask(house, token, "GET", "/api/projects/").status_code == 401
    assert ask(house, token, *log, json={"name": "no"}).status_code == 401
    row.get_by_role("button", name="Enable watcher").click()
    expect(row.get_by_role("button", name="0 tokens of watcher")).to_be_visible()
    assert ask(house, token, "GET", "/api/projects/").status_code == 401
    page.goto("/admin/audit")
    expect(page.get_by_role("row", name=re.compile("disabled the service account watcher"))).to_be_visible()
    refused = page.get_by_role("row", name=re.compile("watcher was refused POST"))
    expect(refused).to_contain_text(log[1])


def test_a_leaked_s3_key_of_a_colleague_is_found_and_revoked(
    house: House, page: Page, open_window: OpenWindow
) -> None:
    add_person(house, "Keyholder", "editor")
    theirs = open_window(signed_in=False)
    sign_in(theirs.context, "keyholder@example.com", SECRET)
    theirs.goto("/account")
    theirs.get_by_role("button", name="New S3 key").click()
    theirs.get_by_role("dialog").get_by_label("Name").fill("laptop")
    theirs.get_by_role("button", name="Create key").click()
    access_key_id = theirs.get_by_role("dialog").get_by_text(re.compile("^TDL")).inner_text()
    page.goto("/admin/tokens")
    page.get_by_label("Search tokens").fill(access_key_id)
    row = page.get_by_role("row", name=re.compile("laptop"))
    expect(row).to_contain_text("keyholder@example.com")
    row.get_by_role("button", name="Revoke laptop of keyholder@example.com").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("heading", name="No such tokens")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_text("No keys yet.")).to_be_visible()
    page.goto("/admin/audit")
    revoked = re.compile("revoked an S3 key “laptop” of Keyholder")
    expect(page.get_by_role("row", name=revoked)).to_be_visible()


def test_somebody_is_invited_sets_a_password_and_is_made_admin(
    house: House, page: Page, open_window: OpenWindow
) -> None:
    page.goto("/people")
    expect(page).to_have_url(re.compile("/admin/people$"))
    expect(page.get_by_role("row", name=re.compile("ada@example.com"))).to_be_visible()
    page.keyboard.press("i")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail address").fill("nora@example.com")
    dialog.get_by_label("First name").fill("Nora")
    dialog.get_by_label("Workspace").select_option(label="Main")
    dialog.get_by_label("Role there").select_option(label="Editor")
    dialog.get_by_role("button", name="Make the account").click()
    link = page.get_by_label("The link", exact=True).input_value()
    page.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile("Nora"))
    expect(row).to_contain_text("invited")
    theirs = open_window(signed_in=False)
    theirs.goto(link)
    theirs.get_by_label("Password", exact=True).fill("correct horse battery")
    theirs.get_by_role("button", name="Set the password").click()
    expect(theirs.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    theirs.goto("/admin/tokens")
    expect(theirs.get_by_role("heading", name="These pages are for organisation admins")).to_be_visible()
    page.get_by_role("button", name="More for Nora").click()
    page.get_by_role("menuitem", name="Make organisation admin").click()
    expect(row).to_contain_text("admin")
    page.get_by_role("button", name="More for ada@example.com").click()
    page.get_by_role("menuitem", name="No longer organisation admin").click()
    expect(page).to_have_url(re.compile("/projects$"))
    theirs.goto("/admin/people")
    theirs.get_by_role("button", name="More for Nora").click()
    theirs.get_by_role("menuitem", name="No longer organisation admin").click()
    expect(theirs.get_by_text("This is the last organisation admin.")).to_be_visible()
    theirs.get_by_role("button", name="More for ada@example.com").click()
    theirs.get_by_role("menuitem", name="Make organisation admin").click()
    expect(theirs.get_by_text("ada@example.com is an organisation admin now.")).to_be_visible()


def test_a_workspace_that_holds_something_is_not_deleted(house: House, page: Page) -> None:
    made = house.ask("POST", "/api/workspaces", json={"name": "short-lived", "title": "Short-lived"})["id"]
    house.ask("POST", "/api/repos/", json={"name": "images", "workspace": made})
    page.goto("/admin/workspaces")
    page.get_by_role("button", name="Delete Short-lived").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_role("textbox").fill("short-lived")
    dialog.get_by_role("button", name="Delete workspace").click()
    expect(dialog.get_by_role("alert")).to_contain_text("still holds 1 repos")


@pytest.mark.long
def test_nothing_on_these_pages_is_out_of_reach(house: House, open_window: OpenWindow) -> None:
    page = open_window(reduced_motion="reduce")
    add_person(house, "Hugo", "reviewer")
    account = {"name": "export-to-the-lake", "role": "viewer", "description": "Writes each night"}
    house.ask("POST", "/api/workspaces/1/service-accounts/", json=account)
    for name in PAGES:
        page.goto(f"/admin/{name}")
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        expect_nothing_serious(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

"""Repos as a person uses them: made, filled by a drop, compared, branched and merged."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pyarrow import table
from pyarrow.parquet import write_table

from tests.browser.conftest import PHONE, OpenWindow
from tests.browser.house import House
from tests.browser.pictures import photograph

pytestmark = pytest.mark.browser

WORKSPACE = 1

#: Drops files on an element as the browser does: {path: base64}.
_DROP = """(element, files) => {
  const transfer = new DataTransfer();
  for (const [name, content] of Object.entries(files)) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ['dragover', 'drop']) {
    element.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


def drop(on: Locator, files: dict[str, bytes]) -> None:
    on.evaluate(_DROP, {name: base64.b64encode(content).decode() for name, content in files.items()})


def make_repo(house: House, name: str, *commits: dict[str, bytes], branch: str = "master") -> int:
    """A repo with a commit of these files each."""
    repo_id = house.ask("POST", "/api/repos/", json={"name": name, "workspace": WORKSPACE})["id"]
    assert isinstance(repo_id, int)
    for files in commits:
        put(house, repo_id, files, branch=branch)
    return repo_id


def put(house: House, repo_id: int, files: dict[str, bytes], *, branch: str = "master") -> None:
    for path, content in files.items():
        query = {"branch": branch, "message": f"Put {path}"}
        house.ask("PUT", f"/api/repos/{repo_id}/files/{path}", content=content, params=query)


def log(house: House, repo_id: int, ref: str = "master") -> list[dict[str, Any]]:
    """The commits, newest first."""
    found = house.ask("GET", f"/api/repos/{repo_id}/commits/", params={"ref": ref})["results"]
    assert isinstance(found, list)
    return found


def test_a_repo_is_made_and_filled_by_a_drop_as_one_commit(house: House, page: Page) -> None:
    page.goto("/repos")
    page.get_by_role("button", name="New repo").click()
    page.get_by_label("Name").fill("my images")
    expect(page.get_by_text("A name has no blanks")).to_be_visible()
    page.get_by_label("Name").fill("dropped")
    page.get_by_role("button", name="Create repo").click()
    expect(page.get_by_role("heading", name="Drop the first files here")).to_be_visible()
    pictures = {f"{i}.jpg": photograph(200, 150, seed=i) for i in range(3)}
    drop(page.locator(".repo-page"), pictures)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("3 files", exact=True)).to_be_visible()
    dialog.get_by_label("What changed").fill("The first three")
    dialog.get_by_role("button", name="Commit 3 files").click()
    expect(page.get_by_role("link", name="2.jpg")).to_be_visible()
    repo_id = int(re.search(r"/repos/(\d+)", page.url).group(1))  # type: ignore[union-attr]
    (commit,) = log(house, repo_id)
    assert (commit["message"], commit["file_count"]) == ("The first three", 3)
    page.get_by_role("link", name="1.jpg").click()
    picture = page.get_by_role("complementary", name="1.jpg").get_by_role("img")
    expect(picture).to_have_js_property("naturalWidth", 200)
    page.get_by_role("link", name="Commits", exact=True).click()
    page.get_by_role("link", name="The first three").click()
    expect(page.get_by_text("3 added")).to_be_visible()


def test_files_are_previewed_moved_deleted_and_brought_back(house: House, page: Page) -> None:
    prices = b"item,price\n" + b'"Lamp, large",3\n' * 3
    files = {
        "notes/today.txt": b"One line\n",
        "prices.csv": prices,
        "a.json": b'{"a":[1]}',
        "rows.parquet": parquet({"bird": ["heron", "swan"], "size_cm": [98, 150]}),
        "x.parquet": b"PAR1\0",
    }
    repo_id = make_repo(house, "kinds", files)
    page.goto(f"/repos/{repo_id}?file=prices.csv")
    preview = page.get_by_role("complementary")
    expect(preview.get_by_role("cell", name="Lamp, large").first).to_be_visible()
    page.get_by_role("link", name="a.json").click()
    expect(preview.locator("pre")).to_have_text(re.compile(r'\{\s+"a": \[\s+1'))
    page.get_by_role("link", name="rows.parquet").click()
    expect(preview.get_by_role("cell", name="150")).to_be_visible()
    page.get_by_role("link", name="x.parquet").click()
    expect(preview.get_by_text("pandas, polars or DuckDB")).to_be_visible()
    page.get_by_role("button", name="More about prices.csv").click()
    page.get_by_role("menuitem", name="Rename or move").click()
    page.get_by_label("New path").fill("notes/prices.csv")
    page.get_by_role("button", name="Move", exact=True).click()
    page.get_by_role("link", name="notes/").click()
    expect(page.get_by_role("link", name="prices.csv")).to_be_visible()
    page.get_by_role("button", name="More about today.txt").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete file").click()
    expect(page.get_by_role("link", name="today.txt")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="today.txt")).to_be_visible()
    page.get_by_role("navigation", name="Folders").get_by_role("link", name="kinds").click()
    expect(page.get_by_role("link", name="a.json")).to_be_visible()


def parquet(columns: dict[str, list[Any]]) -> bytes:
    out = io.BytesIO()
    write_table(table(columns), out)
    return out.getvalue()


def test_a_file_is_found_by_a_part_of_its_path(house: House, page: Page) -> None:
    files = {"birds/heron.txt": b"grey", "birds/swan.txt": b"white", "cat.txt": b"black"}
    repo_id = make_repo(house, "found", files)
    page.goto(f"/repos/{repo_id}")
    expect(page.get_by_role("link", name="cat.txt")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("swa")
    expect(page.get_by_role("link", name="cat.txt")).to_have_count(0)
    page.get_by_role("link", name="birds/swan.txt").click()
    expect(page.get_by_role("complementary", name="swan.txt").get_by_text("white")).to_be_visible()


def test_a_commit_shows_what_changed_line_by_line_and_region_by_region(house: House, page: Page) -> None:
    repo_id = make_repo(house, "compared", {"moto.jpg": photograph(400, 300)})
    shown = f"/api/repos/{repo_id}/files/moto.jpg"
    put(house, repo_id, {"notes.txt": b"One\nTwo\nThree\n", "7.json": annotation(shown, 10)})
    before = log(house, repo_id)[0]["id"]
    commit = house.ask("POST", f"/api/repos/{repo_id}/commits/", json={"branch": "master"})["id"]
    for path, content in {"notes.txt": b"One\n2\nThree\n", "7.json": annotation(shown, 40)}.items():
        house.ask("PUT", f"/api/repos/{repo_id}/files/{path}", content=content, params={"commit": commit})
    house.ask("POST", f"/api/repos/{repo_id}/commits/{commit}/finish/", json={"message": "Both"})
    page.goto(f"/repos/{repo_id}/commits/{commit}")
    expect(page.get_by_role("link", name=before[:8])).to_be_visible()
    labels = page.get_by_role("region", name="7.json")
    expect(labels.get_by_text("1 region changed")).to_be_visible()
    expect(labels.locator("svg rect")).to_have_count(2)
    expect(labels.get_by_role("img", name="Task 7").last).to_have_js_property("naturalWidth", 400)
    lines = page.get_by_role("region", name="notes.txt")
    expect(lines.get_by_role("row").filter(has_text="Two")).to_have_class("removed")
    expect(lines.get_by_role("row").filter(has_text=re.compile(r"\+2"))).to_have_class("added")


def annotation(image: str, x: float) -> bytes:
    value = f'{{"x": {x}, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["Wheel"]}}'
    region = (
        '{"id": "r", "type": "rectanglelabels", "from_name": "box", "to_name": "image",'
        f' "original_width": 400, "original_height": 300, "value": {value}}}'
    )
    return f'{{"result": [{region}], "task": {{"id": 7, "data": {{"image": "{image}"}}}}}}'.encode()


def test_branches_merge_and_a_conflict_is_decided_path_by_path(house: House, page: Page) -> None:
    repo_id = make_repo(house, "merged", {"a.txt": b"one\n", "b.txt": b"one\n"})
    page.goto(f"/repos/{repo_id}/branches")
    page.get_by_role("button", name="New branch").click()
    page.get_by_label("Name").fill("strict")
    page.get_by_role("button", name="Create branch").click()
    expect(page.get_by_role("link", name="strict", exact=True)).to_be_visible()
    put(house, repo_id, {"a.txt": b"master\n", "b.txt": b"master\n"})
    put(house, repo_id, {"a.txt": b"strict\n", "b.txt": b"strict\n", "c.txt": b"new\n"}, branch="strict")
    page.get_by_role("button", name="Merge strict into another branch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(dialog.get_by_text("Both sides changed 2 files.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Merge with these choices")).to_be_disabled()
    dialog.get_by_role("group", name="a.txt").get_by_role("button", name="Take strict").click()
    dialog.get_by_role("group", name="b.txt").get_by_role("button", name="Keep master").click()
    dialog.get_by_role("button", name="Merge with these choices").click()
    expect(page.get_by_role("heading", name="Merge strict into master")).to_be_visible()
    read = {
        name: house.api.get(f"/api/repos/{repo_id}/files/{name}").text for name in ("a.txt", "b.txt", "c.txt")
    }
    assert read == {"a.txt": "strict\n", "b.txt": "master\n", "c.txt": "new\n"}


def test_a_branch_goes_back_and_a_tag_keeps_what_it_left(house: House, page: Page) -> None:
    repo_id = make_repo(house, "reset", {"a.txt": b"one\n"}, {"a.txt": b"two\n"})
    second, first = (commit["id"] for commit in log(house, repo_id))
    page.goto(f"/repos/{repo_id}/commits/{second}")
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Name").fill("kept")
    page.get_by_role("button", name="Create tag").click()
    expect(page.get_by_text("The tag kept is made.")).to_be_visible()
    page.get_by_role("link", name="Branches and tags").click()
    page.get_by_role("button", name="Move master to another commit").click()
    page.get_by_label("To", exact=True).fill(first[:10])
    page.get_by_role("button", name="Move the branch").click()
    expect(page.get_by_text(f"master stands at {first[:8]} now.")).to_be_visible()
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("button", name=re.compile("Branch master")).click()
    page.keyboard.type("kep")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("Tag kept"))).to_be_visible()
    assert [commit["id"] for commit in log(house, repo_id)] == [first]


def test_what_programs_staged_is_seen_and_committed(house: House, page: Page) -> None:
    repo_id = make_repo(house, "staged", {"a.txt": b"one\n"})
    for number in range(3):
        query = {"branch": "master", "stage": 1}
        house.ask("PUT", f"/api/repos/{repo_id}/files/{number}.txt", content=b"x", params=query)
    page.goto(f"/repos/{repo_id}")
    expect(page.get_by_text("3 files staged")).to_be_visible()
    page.get_by_role("button", name="Commit…").click()
    page.get_by_label("What changed").fill("From the camera")
    page.get_by_role("button", name="Commit", exact=True).click()
    expect(page.get_by_text("3 files staged")).to_have_count(0)
    assert log(house, repo_id)[0]["message"] == "From the camera"


def test_everything_of_a_repo_is_reached_by_the_keyboard_on_a_phone_too(
    house: House, open_window: OpenWindow
) -> None:
    repo_id = make_repo(house, "keys", {"a.txt": b"one\n", "b.txt": b"two\n"})
    page = open_window()
    page.goto("/repos")
    page.get_by_role("link", name="keys", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="keys")).to_be_visible()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="b.txt")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("dialog", name="Add files to keys")).to_be_visible()
    page.keyboard.press("Escape")
    phone = open_window(viewport=PHONE, has_touch=True)
    phone.goto(f"/repos/{repo_id}")
    phone.get_by_role("link", name="b.txt").tap()
    expect(phone.get_by_role("dialog", name="b.txt").get_by_text("two")).to_be_visible()


def test_a_repo_is_kept_in_order_from_its_menu(house: House, page: Page) -> None:
    repo_id = make_repo(house, "orderly", {"a.txt": b"one\n"}, {"a.txt": b"one\ntwo\n"})
    second, first = log(house, repo_id)
    page.goto(f"/repos/{repo_id}?file=a.txt")
    page.get_by_role("button", name="Who wrote it").click()
    lines = page.get_by_role("dialog").get_by_role("row")
    expect(lines.filter(has_text="one")).to_contain_text(first["id"][:8])
    expect(lines.filter(has_text="two")).to_contain_text(second["id"][:8])
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More about orderly").click()
    page.get_by_role("menuitem", name="How long commits are kept").click()
    page.get_by_role("radio", name="For some days").check()
    page.get_by_label("Days", exact=True).fill("30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert house.ask("GET", f"/api/repos/{repo_id}/retention/") == {"keep_days": 30, "keep_tags": True}
    page.get_by_role("button", name="More about orderly").click()
    page.get_by_role("menuitem", name="Check every file").click()
    page.get_by_role("button", name="See the job").click()
    expect(page.get_by_role("dialog").get_by_text("Every file is whole")).to_be_visible()


def test_a_deleted_repo_comes_back(house: House, page: Page) -> None:
    repo_id = make_repo(house, "gone", {"a.txt": b"one\n"})
    page.goto(f"/repos/{repo_id}")
    page.get_by_role("button", name="More about gone").click()
    page.get_by_role("menuitem", name="Delete repo").click()
    page.get_by_label("Type gone to confirm").fill("gone")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete repo").click()
    expect(page.get_by_role("link", name="gone", exact=True)).to_have_count(0)
    page.get_by_role("button", name="1 deleted").click()
    page.get_by_role("button", name="Bring gone back").click()
    expect(page.get_by_role("link", name="gone", exact=True)).to_be_visible()


def test_an_s3_key_is_shown_once(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="New S3 key").click()
    page.get_by_label("Name", exact=True).fill("Camera")
    page.get_by_role("button", name="Create key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("shown this once")).to_be_visible()
    expect(dialog.locator("code")).to_have_count(3)
    dialog.get_by_role("button", name="I have kept it").click()
    row = page.get_by_role("listitem").filter(has_text="Camera")
    expect(row).to_contain_text("never used")
    row.get_by_role("button", name="Delete the key Camera").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete key").click()
    expect(page.get_by_role("listitem").filter(has_text="Camera")).to_have_count(0)

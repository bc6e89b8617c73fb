"""Files of a repo over HTTP."""

from __future__ import annotations

import http.client
import io
from urllib.parse import quote

from PIL import Image

from tests.web.operations.world import picture_file
from tests.web.repos.conftest import Images


def test_a_file_comes_back_whole_in_stretches_and_only_when_it_changed(images: Images) -> None:
    content = bytes(range(256)) * 8000  # more than is kept in memory on the way
    put = images.put("a/big.bin?message=First", content)
    assert put.status_code == 201, put.text
    assert images.log() == ["First"]
    whole = images.get("files/a/big.bin")
    assert (whole.content, whole.headers["etag"]) == (content, put.headers["etag"])
    part = images.get("files/a/big.bin", Range="bytes=1000000-1000009")
    assert (part.status_code, part.content) == (206, content[1_000_000:1_000_010])
    assert part.headers["content-range"] == f"bytes 1000000-1000009/{len(content)}"
    assert images.get("files/a/big.bin", Range="bytes=-5").content == content[-5:]
    assert images.get("files/a/big.bin", Range="bytes=9999999-").status_code == 416
    other = images.get("files/a/big.bin", Range="bytes=0-0", **{"If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, len(content))
    unchanged = images.get("files/a/big.bin", **{"If-None-Match": whole.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = images.client.head(f"{images.path}/files/a/big.bin")
    assert (head.headers["content-length"], head.content) == (str(len(content)), b"")
    commit = put.json()["commit"]
    assert "immutable" in images.get(f"files/a/big.bin?ref={commit}").headers["cache-control"]
    assert "no-cache" in whole.headers["cache-control"]


def test_a_name_may_hold_what_addresses_quote(images: Images) -> None:
    names = ["100%.txt", "a#b.txt", "a+b&c=d.txt", "what?.txt", "x;y'z\".txt", "ü/ñ o.txt"]
    for name in names:
        assert images.put(quote(name), name.encode()).status_code == 201
        assert images.get(f"files/{quote(name)}").content == name.encode()
    assert images.paths() == names


def test_a_path_that_tricks_is_refused(images: Images) -> None:
    tricks = ["../a.txt", "a/../../b", "a//b", "%2E%2E/a", "a/./b", "a%00b", "x" * 5000, "\u0301" * 600]
    headers = {"Authorization": images.client.headers["authorization"]}
    for path in tricks:
        # A client that does not tidy what it is given.
        connection = http.client.HTTPConnection(images.client.base_url.host, images.client.base_url.port)
        target = f"{images.path}/files/{quote(path, safe='/%')}"
        connection.request("PUT", target, b"x", headers)
        assert connection.getresponse().status == 400, path
        connection.close()
    assert images.paths() == []


def test_the_same_again_is_no_other_commit_and_what_is_there_can_be_spared(images: Images) -> None:
    first = images.put("a.txt").json()
    assert images.put("a.txt").json() == first
    spared = images.put("a.txt", b"other", **{"If-None-Match": "*"})
    assert (spared.status_code, spared.json()["code"]) == (412, "file-exists")
    assert images.put("b.txt", b"other", **{"If-None-Match": "*"}).status_code == 201
    assert images.paths() == ["a.txt", "b.txt"]


def test_an_open_commit_is_seen_by_its_id_until_it_is_finished(images: Images) -> None:
    images.put("a.txt")
    opened = images.post("commits", {"branch": "master"}).json()
    assert opened["state"] == "open"
    images.put(f"b.txt?commit={opened['id']}")
    staged = images.put("c.txt?branch=master&stage=1").json()["commit"]
    assert images.get("branches/master/").json()["open_commit"] == staged != opened["id"]
    assert images.paths(opened["id"]) == ["a.txt", "b.txt"]
    assert images.paths() == ["a.txt"]
    assert images.client.delete(f"{images.path}/files/a.txt?commit={opened['id']}").status_code == 200
    done = images.post(f"commits/{opened['id']}/finish", {"message": "Both", "metadata": {"n": 1}})
    assert (done.status_code, done.json()["metadata"]) == (200, {"n": 1})
    images.post(f"commits/{staged}/finish", {"message": "Shared"})
    assert images.paths() == ["b.txt", "c.txt"]
    assert images.put(f"d.txt?commit={opened['id']}").json()["code"] == "commit-finished"
    abandoned = images.post("commits", {"branch": "master"}).json()["id"]
    assert images.client.delete(f"{images.path}/commits/{abandoned}/").status_code == 204
    assert images.get(f"files/?ref={abandoned}").status_code == 404


def test_a_listing_goes_level_by_level_and_page_by_page(images: Images) -> None:
    for path in ("a.txt", "b/1.png", "b/c/2.png", "d.png"):
        images.put(path)
    top = images.get("files/?delimiter=/").json()["results"]
    assert [each["path"] for each in top] == ["a.txt", "b/", "d.png"]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = images.get(f"files/?limit=1&delimiter=/&prefix=b/&after={after}").json()
        found += [each["path"] for each in page["results"]]
        after = page["next"]
    assert found == ["b/1.png", "b/c/"]
    assert [each["path"] for each in images.get("files/?glob=**/*.png").json()["results"]] == [
        "b/1.png",
        "b/c/2.png",
        "d.png",
    ]


def test_what_people_put_does_nothing_in_a_browser(images: Images) -> None:
    images.put("page.html", b"<script>alert(1)</script>", **{"Content-Type": "text/html; charset=utf-8"})
    page = images.get("files/page.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    saved = images.get("files/page.html?download=1").headers["content-disposition"]
    assert saved == "attachment; filename*=UTF-8''page.html"


def test_a_picture_has_a_small_copy_and_a_broken_one_says_so(images: Images) -> None:
    images.put("a.png", picture_file(800, 400))
    images.put("b.png", b"no picture")
    small = images.get("files/a.png?thumbnail=320")
    assert Image.open(io.BytesIO(small.content)).size == (320, 160)
    assert images.get("files/b.png?thumbnail=320").json()["code"] == "picture-broken"
    assert images.get("files/a.png?thumbnail=5000").status_code == 400


def test_files_are_copied_moved_and_deleted_as_one_commit(images: Images) -> None:
    for path in ("a.txt", "f/1.txt", "f/2.txt", "gone.txt"):
        images.put(path)
    done = images.post(
        "changes",
        {
            "message": "Tidy",
            "copy": [
                {"from": "f/", "to": "copy/"},
                {"from": "a.txt", "from_ref": "master~3", "to": "old.txt"},
            ],
            "move": [{"from": "a.txt", "to": "b.txt"}],
            "delete": ["gone.txt"],
        },
    )
    assert done.status_code == 201, done.text
    assert images.paths() == ["b.txt", "copy/1.txt", "copy/2.txt", "f/1.txt", "f/2.txt", "old.txt"]
    assert images.log()[0] == "Tidy"
    missing = images.post("changes", {"delete": ["f/1.txt", "none.txt"]})
    assert missing.status_code == 404
    assert "f/1.txt" in images.paths()
    assert images.post("changes", {}).status_code == 400


def test_a_folder_of_another_repo_is_copied_by_who_may_read_it(images: Images) -> None:
    large = bytes(range(256)) * 1_000
    images.put("f/large.bin", large)
    images.put("f/small.txt", b"small", **{"Content-Type": "image/x-own"})
    made = images.client.post("/api/repos/", json={"name": "labels"}).json()["id"]
    labels = Images(images.client, f"/api/repos/{made}")
    source = {"from_repo": int(images.path.rpartition("/")[2])}
    copied = labels.post("changes", {"copy": [{**source, "from": "f/", "to": "g"}]})
    assert copied.status_code == 201, copied.text
    assert labels.paths() == ["g/large.bin", "g/small.txt"]
    assert labels.get("files/g/large.bin").content == large
    assert labels.get("files/g/small.txt").headers["content-type"] == "image/x-own"
    for wrong in ({**source, "from": "none"}, {"from_repo": made + 1, "from": "f/"}):
        assert labels.post("changes", {"copy": [{**wrong, "to": "h"}]}).status_code == 404
    assert images.client.delete(images.path + "/").status_code in (200, 204)
    assert labels.post("changes", {"copy": [{**source, "from": "f/", "to": "h"}]}).status_code == 404


def test_an_address_is_fetched_by_the_server_through_its_gate(images: Images) -> None:
    own = str(images.client.base_url.join("/version"))
    assert images.post("changes", {"fetch": [{"url": own, "path": "f/"}]}).status_code == 201
    assert images.get("files/f/version").headers["content-type"] == "application/json"
    refused = images.post("changes", {"fetch": [{"url": "http://169.254.169.254/a", "path": "a.png"}]})
    assert (refused.status_code, refused.json()["code"]) == (403, "address-private")
    assert images.paths() == ["f/version"]


def test_one_level_of_history_is_diffed_and_a_branch_moved_under_you_is_told(images: Images) -> None:
    first = images.put("a.txt", b"1").json()["commit"]
    second = images.put("a.txt", b"2").json()["commit"]
    images.put("b.txt")
    (change,) = images.get(f"diff/?to={second}").json()["results"]
    assert (change["path"], change["change"]) == ("a.txt", "changed")
    told = images.get(f"diff/?from={first}&to=master").json()
    changes = [(each["path"], each["change"]) for each in told["results"]]
    assert changes == [("a.txt", "changed"), ("b.txt", "added")]
    move = {"head": first, "expected_head": second}
    moved = images.client.put(f"{images.path}/branches/master/", json=move)
    assert (moved.status_code, moved.json()["code"]) == (409, "branch-moved")


def test_a_merge_tells_every_conflict_and_takes_decisions(images: Images) -> None:
    images.put("a.txt", b"base")
    images.post("branches", {"name": "tidy", "at": "master"})
    images.put("a.txt?branch=tidy", b"theirs")
    images.put("a.txt", b"ours")
    before = images.log()
    refused = images.post("merges", {"from": "tidy", "into": "master"})
    assert (refused.status_code, refused.json()["code"]) == (409, "merge-conflicts")
    (conflict,) = refused.json()["details"]["conflicts"]
    assert conflict["path"] == "a.txt"
    assert len({conflict[side]["id"] for side in ("base", "ours", "theirs")}) == 3
    assert images.log() == before
    merged = images.post("merges", {"from": "tidy", "into": "master", "resolutions": {"a.txt": "theirs"}})
    assert len(merged.json()["parents"]) == 2
    assert images.get("files/a.txt").content == b"theirs"


def test_of_changes_that_fail_into_an_open_commit_the_answer_tells_what_stays(images: Images) -> None:
    images.put("a")
    asked = {"branch": "master", "copy": [{"from": "a", "to": "b"}], "delete": ["none"]}
    opened = images.post("commits", {"branch": "master"}).json()["id"]
    refused = images.post("changes", {**asked, "commit": opened})
    assert refused.status_code == 404
    assert "a copied to b" in refused.json()["detail"]
    assert images.paths(opened) == ["a", "b"]
    assert "copied" not in images.post("changes", asked).json()["detail"]
    assert images.paths() == ["a"]

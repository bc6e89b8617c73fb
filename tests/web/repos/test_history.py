"""What became of files, over HTTP."""

from __future__ import annotations

from tests.web.repos.conftest import Images


def test_the_log_of_a_path_and_the_lines_of_a_text_tell_their_commits(images: Images) -> None:
    first = images.put("a.txt?message=One", b"one\ntwo\n").json()["commit"]
    images.put("b.txt?message=Another")
    second = images.put("a.txt?message=Two", b"one\n2\n").json()["commit"]
    log = images.get("commits/?path=a.txt&limit=1").json()
    assert ([each["message"] for each in log["results"]], log["next"]) == (["Two"], second)
    older = images.get(f"commits/?path=a.txt&after={second}").json()["results"]
    assert [each["id"] for each in older] == [first]
    blame = images.get("blame/?path=a.txt").json()
    assert [(line["number"], line["text"], line["commit"]) for line in blame["results"]] == [
        (1, "one", first),
        (2, "2", second),
    ]
    assert {each["id"] for each in blame["commits"]} == {first, second}
    assert images.get("blame/?path=none").status_code == 404


def test_a_commit_is_done_again_and_taken_back(images: Images) -> None:
    images.put("a.txt")
    images.post("branches", {"name": "tidy", "at": "master"})
    picked = images.put("b.txt?branch=tidy&message=Better").json()["commit"]
    assert images.post("cherry-picks", {"commit": picked[:10], "onto": "master"}).status_code == 201
    assert images.paths() == ["a.txt", "b.txt"]
    again = images.post("cherry-picks", {"commit": picked, "onto": "master"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-change")
    assert images.post("reverts", {"commit": "master", "on": "master"}).json()["message"] == 'Revert "Better"'
    assert images.paths() == ["a.txt"]


def test_a_commit_tells_what_it_was_made_from(images: Images) -> None:
    source = images.put("a.txt").json()["commit"]
    made = images.client.post("/api/repos/", json={"name": "labels"}).json()
    labels = Images(images.client, f"/api/repos/{made['id']}")
    opened = labels.post("commits", {"branch": "master"}).json()["id"]
    labels.put(f"1.json?commit={opened}", b"{}")
    unknown = labels.post(f"commits/{opened}/finish", {"provenance": ["0" * 32]})
    assert unknown.status_code == 404
    done = labels.post(f"commits/{opened}/finish", {"message": "Labels", "provenance": [source]})
    assert done.json()["provenance"] == [
        {
            "commit": source,
            "repo": int(images.path.rpartition("/")[2]),
            "repo_name": "images",
            "branch": "master",
        }
    ]


def test_how_long_old_commits_are_kept_is_said_by_a_rule(images: Images) -> None:
    assert images.get("retention/").json() == {"keep_days": None, "keep_tags": True}
    path = f"{images.path}/retention/"
    assert images.client.put(path, json={"keep_days": 30, "keep_tags": False}).status_code == 200
    assert images.get("retention/").json() == {"keep_days": 30, "keep_tags": False}
    assert images.client.put(path, json={"keep_days": 0}).status_code == 400
    for change in ({"keep_tags": True}, {"keep_days": None}):  # two people, each with a rule of their own
        assert images.client.put(path, json=change).status_code == 200
    assert images.get("retention/").json() == {"keep_days": None, "keep_tags": True}

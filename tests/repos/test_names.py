"""Repos, branches, tags, and what people write to mean a commit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.access.people import add_workspace
from tests.repos.making import add_commit, add_repo, first_person
from treadle.access import DeletedRepoScope, Grant, RepoScope, WorkspaceScope, allow, allow_anywhere
from treadle.db import Database, Tx
from treadle.db.repo_tables import repo_commits, repos
from treadle.db.schema import events
from treadle.errors import Conflict, Invalid, NotFound
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, commits, refs, tags
from treadle.repos.refs import RefText
from treadle.repos.values import Commit


def messages(found: list[Commit]) -> list[str]:
    return [each.message for each in found]


def test_a_repo_is_found_by_its_name_in_its_workspace_alone(database: Database) -> None:
    with database.write() as tx:
        admin = first_person(tx)
        grant = add_repo(tx, admin)
        other = add_workspace(tx, admin, "other")
        with pytest.raises(Conflict, match="Choose another name"):
            add_repo(tx, admin)
        there = catalogue.create(tx, allow(tx, admin, Permission.REPO_WRITE, WorkspaceScope(other)), "images")
        assert [each.id for each in catalogue.find(tx, [1, other], "images")] == [grant.repo_id, there.id]
        assert [each.id for each in catalogue.find(tx, [other], "images")] == [there.id]
        assert catalogue.find(tx, [1, other], "absent") == []
        changed = catalogue.change(tx, grant, name="photos", description=" Of ships ")
        assert (changed.name, changed.description) == ("photos", "Of ships")
        listed = catalogue.list_all(tx, allow_anywhere(tx, admin, Permission.REPO_READ))
        assert [(each.workspace, each.name) for each in listed] == [("main", "photos"), ("other", "images")]


def test_what_a_repo_has_not_is_said_by_its_name(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        repo_id = catalogue.repo_id_of(grant)
        tags.create(tx, grant, "v1", add_commit(tx, grant, "one").id)
        with pytest.raises(NotFound, match="Repo images has no branch, tag or commit 'nope'"):
            refs.resolve(tx, repo_id, "nope")
        with pytest.raises(NotFound, match="Repo images has no branch 'nope'"):
            branches.get(tx, repo_id, "nope")
        with pytest.raises(Conflict, match="has a tag 'v1' already"):
            branches.create(tx, grant, "v1")


def test_a_repo_has_a_plain_name(database: Database) -> None:
    with database.write() as tx:
        admin = first_person(tx)
        for name in ("", "a.b", "a/b", "ä", "a" * 64, "a b", "a\n"):
            with pytest.raises(Invalid):
                add_repo(tx, admin, name)


def test_a_deleted_repo_comes_back_within_thirty_days_and_is_freed_after_them(database: Database) -> None:
    objects = MemoryObjects()
    with database.write() as tx:
        admin = first_person(tx)
        grant = add_repo(tx, admin)
        head = add_commit(tx, grant, "first", branch="master")
        tags.create(tx, grant, "v1", head.id)
        commits.shared_open(tx, grant, "master")
        catalogue.delete(tx, grant)
        add_repo(tx, admin)  # its name is free
        with pytest.raises(NotFound):
            allow(tx, admin, Permission.REPO_READ, RepoScope(catalogue.repo_id_of(grant)))
        deleted = DeletedRepoScope(catalogue.repo_id_of(grant))
        with pytest.raises(Conflict, match="Choose another name"):
            catalogue.restore(tx, allow(tx, admin, Permission.REPO_DELETE, deleted))
        listed = catalogue.list_deleted(tx, allow_anywhere(tx, admin, Permission.REPO_DELETE))
        assert [each.repo.id for each in listed] == [grant.repo_id]
        again = catalogue.find(tx, [1], "images")[0].id
        catalogue.change(tx, allow(tx, admin, Permission.REPO_WRITE, RepoScope(again)), name="photos")
        catalogue.restore(tx, allow(tx, admin, Permission.REPO_DELETE, deleted))
        assert refs.resolve(tx, catalogue.repo_id_of(grant), "v1") == head
        catalogue.delete(tx, grant)
        long_ago = {"deleted_at": tx.now - timedelta(days=31)}
        tx.execute(update(repos).where(repos.c.id == grant.repo_id).values(long_ago))
        with pytest.raises(Conflict):
            catalogue.restore(tx, allow(tx, admin, Permission.REPO_DELETE, deleted))
    objects.put(f"repos/{grant.repo_id}/packs/a", [b"a"])
    objects.put(f"repos/{grant.repo_id}0/packs/a", [b"of another repo"])
    assert catalogue.free_repos(database, objects) == 1
    assert [each.key for each in objects.list()] == [f"repos/{grant.repo_id}0/packs/a"]
    with database.read() as tx:
        assert tx.execute(select(repo_commits)).all() == []


def test_a_branch_moves_only_from_where_it_was_expected(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        first = add_commit(tx, grant, "first", branch="master")
        second = add_commit(tx, grant, "second", [first])
        moved = branches.reset(tx, grant, "master", to=second.id, expected_head=first.id)
        assert (moved.head, moved.version) == (second.id, 1)
        with pytest.raises(Conflict) as refused:
            branches.reset(tx, grant, "master", to=first.id, expected_head=first.id)
        assert (refused.value.code, refused.value.details) == ("branch-moved", {"head": second.id})
        assert branches.reset(tx, grant, "master", to=None, expected_head=second.id).head is None
        kinds = [kind for (kind,) in tx.execute(select(events.c.kind).order_by(events.c.id))]
        assert kinds == ["repo.created", "branch.moved", "branch.moved"]


def test_branches_and_tags_of_a_repo_share_their_names(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        head = add_commit(tx, grant, "first", branch="master")
        tags.create(tx, grant, "v1", head.id, message="the first")
        with pytest.raises(Conflict):
            branches.create(tx, grant, "v1")
        with pytest.raises(Conflict):
            tags.create(tx, grant, "master", head.id)
        with pytest.raises(Conflict):
            commits.start(tx, grant, "v1")
        for wrong in ("a.b", "HEAD", head.id, "", "a/b"):
            with pytest.raises(Invalid):
                branches.create(tx, grant, wrong)
        for wrong in (".a", "HEAD", head.id, "", "a/b"):
            with pytest.raises(Invalid):
                tags.create(tx, grant, wrong, head.id)
        tags.delete(tx, grant, "v1")
        branches.create(tx, grant, "v1", head.id)
        assert [(each.name, each.head) for each in branches.list_all(tx, catalogue.repo_id_of(grant))] == [
            ("master", head.id),
            ("v1", head.id),
        ]


def test_a_deleted_branch_leaves_its_commits(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        head = add_commit(tx, grant, "first", branch="master")
        opened = commits.shared_open(tx, grant, "master")
        branches.delete(tx, grant, "master")
        assert commits.get(tx, head.id) == head
        with pytest.raises(NotFound):
            commits.get(tx, opened.id)
        with pytest.raises(NotFound):
            branches.get(tx, catalogue.repo_id_of(grant), "master")


def test_an_open_commit_is_shared_by_a_branch_or_ones_own(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        own, shared = commits.start(tx, grant, "master"), commits.shared_open(tx, grant, "master")
        assert own.id != shared.id
        assert commits.shared_open(tx, grant, "master") == shared
        assert branches.get(tx, catalogue.repo_id_of(grant), "master").open_commit == shared.id
        head = add_commit(tx, grant, "first", branch="master")
        moved = commits.shared_open(tx, grant, "master")
        assert (moved.id, moved.parents) == (shared.id, (head.id,))  # while it is empty
        assert commits.start(tx, grant, "fresh").branch == "fresh"
        commits.abandon(tx, grant, own.id)
        with pytest.raises(NotFound):
            commits.get(tx, own.id)
        with pytest.raises(Conflict, match="finished"):
            commits.abandon(tx, grant, head.id)


def test_a_ref_is_read_into_its_parts() -> None:
    assert refs.parse("images") == RefText(None, "images", "master", None)
    assert refs.parse("team/images@v1.0:/a:b@c") == RefText("team", "images", "v1.0", "/a:b@c")
    assert refs.parse("images:/a").path == "/a"
    for wrong in ("", "@master", "a/b/c", "im.ages", "images@", "images@a/b"):
        with pytest.raises(Invalid):
            refs.parse(wrong)


def line_of_three(tx: Tx, grant: Grant) -> list[Commit]:
    first = add_commit(tx, grant, "first")
    second = add_commit(tx, grant, "second", [first])
    return [first, second, add_commit(tx, grant, "third", [second], branch="master")]


def test_a_ref_means_a_commit(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        first, second, third = line_of_three(tx, grant)
        tags.create(tx, grant, "v1.2", second.id)
        repo_id = catalogue.repo_id_of(grant)
        meant = {
            first.id: [
                "master^^",
                "master^2",
                "master~2",
                "master.1",
                f"{third.id}~2",
                "v1.2^",
                first.id[:8],
            ],
            second.id: ["master^", "master~", "v1.2", "master.2", "v1.2.2", f"master={second.id}"],
            third.id: ["master", "HEAD", "master=HEAD", third.id, "master.3", "HEAD^0"],
        }
        for key, texts in meant.items():
            for text in texts:
                assert refs.resolve(tx, repo_id, text).id == key, text
        for absent in ("master^3", "master.4", "master.0", "absent", "0" * 32, "v1", "absent^"):
            with pytest.raises(NotFound):
                refs.resolve(tx, repo_id, absent)
        for wrong in ("master^~", "master^1~1", "master^^2", "^"):
            with pytest.raises(Invalid):
                refs.resolve(tx, repo_id, wrong)
        other = add_repo(tx, grant.actor, "other")
        with pytest.raises(NotFound):
            refs.resolve(tx, catalogue.repo_id_of(other), first.id)


def test_a_log_goes_by_all_parents_and_on_after_a_page(database: Database) -> None:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
        *_, third = line_of_three(tx, grant)
        side = add_commit(tx, grant, "side", [third])
        main = add_commit(tx, grant, "main", [third])
        merged = add_commit(tx, grant, "merged", [main, side])
        expected = ["merged", "main", "side", "third", "second", "first"]
        assert messages(commits.log(tx, merged.id)) == expected
        page = commits.log(tx, merged.id, limit=2)
        assert messages(page + commits.log(tx, merged.id, after=page[-1].id)) == expected
        assert messages(commits.first_parents(tx, merged.id)) == [
            "merged",
            "main",
            "third",
            "second",
            "first",
        ]
        assert commits.get(tx, merged.id).parents == (main.id, side.id)


def test_provenance_is_walked_across_repos(database: Database) -> None:
    with database.write() as tx:
        admin = first_person(tx)
        images, labels = add_repo(tx, admin), add_repo(tx, admin, "labels")
        raw = add_commit(tx, images, "raw")
        clean = add_commit(tx, images, "clean", [raw], sources=[raw])
        labelled = add_commit(tx, labels, "labelled", sources=[clean])
        assert messages(commits.upstream(tx, labelled.id)) == ["clean", "raw"]
        assert messages(commits.downstream(tx, raw.id)) == ["clean", "labelled"]
        assert labelled.provenance == (clean.id,)

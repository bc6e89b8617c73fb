"""How long the commits of a repo stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from tests.repos.making import add_commit, add_repo, first_person
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.repo_tables import repo_commits
from treadle.db.schema import projects
from treadle.db.storage_tables import storage_items, storages
from treadle.errors import Invalid
from treadle.repos import branches, commits, retention, tags
from treadle.repos.retention import Rules
from treadle.repos.values import Commit


def age(tx: Tx, commit: Commit, days: int) -> None:
    moment = tx.now - timedelta(days=days)
    tx.execute(update(repo_commits).where(repo_commits.c.id == commit.row_id).values(finished_at=moment))


@pytest.fixture
def grant(database: Database) -> Grant:
    """The grant to write a repo."""
    with database.write() as tx:
        return add_repo(tx, first_person(tx))


def test_old_commits_go_and_their_children_stand_on_their_parents(database: Database, grant: Grant) -> None:
    with database.write() as tx:
        first = add_commit(tx, grant, "first")
        tagged = add_commit(tx, grant, "tagged", [first])
        tags.create(tx, grant, "v1", tagged.id)
        aside = add_commit(tx, grant, "aside", [tagged])
        source = add_commit(tx, grant, "source", [tagged])
        merged = add_commit(tx, grant, "merged", [source, aside])
        young = add_commit(tx, grant, "young", [merged], sources=[source])
        lost = add_commit(tx, grant, "lost", [young])
        head = add_commit(tx, grant, "head", [young], branch="master")
        opened = commits.start(tx, grant, "master")
        for commit in (first, tagged, aside, source, merged, lost, head):
            age(tx, commit, 11)
        assert retention.change(tx, grant, Rules(keep_days=10)) == retention.get(tx, first.repo_id)
    assert retention.drop_old(database, first.repo_id) == 4
    with database.read() as tx:
        assert [commits.find(tx, each.id) for each in (first, aside, merged, lost)] == [None] * 4
        assert commits.get(tx, tagged.id).parents == ()
        assert commits.get(tx, young.id).parents == (source.id, tagged.id)
        assert commits.get(tx, opened.id).parents == (head.id,)
    assert retention.drop_old(database, first.repo_id) == 0


def test_a_tag_need_not_keep_its_commit_and_without_rules_everything_stays(
    database: Database, grant: Grant
) -> None:
    with database.write() as tx:
        tagged = add_commit(tx, grant, "tagged")
        tags.create(tx, grant, "v1", tagged.id)
        on_branch = add_commit(tx, grant, "head", branch="master")
        for commit in (tagged, on_branch):
            age(tx, commit, 11)
    assert retention.drop_old(database, tagged.repo_id) == 0
    with database.write() as tx:
        retention.change(tx, grant, Rules(keep_days=10, keep_tags=False))
    assert retention.drop_old(database, tagged.repo_id) == 1
    with database.read() as tx:
        assert tags.list_all(tx, tagged.repo_id) == []
        assert branches.get(tx, tagged.repo_id, "master").head == on_branch.id


def test_what_a_storage_read_or_wrote_stays(database: Database, grant: Grant) -> None:
    with database.write() as tx:
        read, written, neither = (add_commit(tx, grant, name) for name in ("read", "written", "neither"))
        for commit in (read, written, neither):
            age(tx, commit, 11)
        at = {"created_at": tx.now}
        project = {"workspace_id": 1, "title": "Cats", "updated_at": tx.now, **at}
        project_id = tx.execute(insert(projects).returning(projects.c.id), project).scalar_one()
        target = {"project_id": project_id, "direction": "target", "kind": "repo", "head": written.id, **at}
        storage_id = tx.execute(insert(storages).returning(storages.c.id), target).scalar_one()
        item = {"storage_id": storage_id, "key": "a", "place": 0, "etag": "", "state": "new"}
        tx.execute(insert(storage_items), {**item, "commit_id": read.id})
        retention.change(tx, grant, Rules(keep_days=10))
    assert retention.drop_old(database, read.repo_id) == 1
    with database.read() as tx:
        assert commits.find(tx, neither.id) is None


def test_days_that_keep_nothing_are_refused(database: Database, grant: Grant) -> None:
    with database.write() as tx, pytest.raises(Invalid, match="1 to 36,500 days"):
        retention.change(tx, grant, Rules(keep_days=0))

"""Files that lie in a storage already are put into a repo without copying them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest
from sqlalchemy import insert, select, update

from tests.connectors.house import House
from tests.connectors.kinds.grounds import GROUNDS, Ground
from tests.objects.clouds import BUCKET
from treadle.connectors import referencing, storages
from treadle.connectors.referencing import (
    REFERENCE_JOB,
    OutsideReader,
    ReferenceOrder,
    Selection,
    find_at_once,
    find_storage,
    start_referencing,
)
from treadle.connectors.storages import Storage
from treadle.db.repo_tables import repo_commits
from treadle.db.schema import projects, workspaces
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, Unsupported
from treadle.jobs import JobParts, JobState, run_in_place
from treadle.repos import commits
from treadle.repos.checking import fsck
from treadle.repos.collecting import collect
from treadle.repos.snapshots import NewReference

CONTENT = b"a picture of many bytes"
OTHER = b"as long as it was, else."


@dataclass
class Outside:
    """A storage with two files, as a source of the house's project, and a repo."""

    house: House
    ground: Ground
    source: Storage
    repo_id: int
    keys: Sequence[str]

    def find(self, selection: Selection) -> list[NewReference]:
        return find_at_once(self.house.parts.settings, self.source, selection)

    def paths(self, selection: Selection) -> list[str]:
        return [each.path for each in self.find(selection)]

    def commit(self, selection: Selection) -> str:
        engine = self.house.parts.repos
        with self.house.database.write() as tx:
            grant = self.house.repo_grant(tx, self.repo_id)
            opened = commits.start(tx, grant, "master").id
        engine.reference(grant, opened, self.find(selection))
        return engine.finish(grant, opened, "Referred").id

    def read(self, commit_id: str, path: str, start: int = 0, end: int | None = None) -> bytes:
        return b"".join(self.house.parts.repos.at(self.repo_id, commit_id).read(path, start, end))

    def problems(self) -> list[tuple[str, str | None]]:
        find = OutsideReader(self.house.database, self.house.parts.settings).find
        found = fsck(self.house.parts, self.repo_id, find_reference=find)
        return [(each.kind, each.path) for each in found]


@pytest.fixture(params=["localfiles", "s3"])
def outside(request: pytest.FixtureRequest, house: House) -> Outside:
    """On a folder, and on a bucket."""
    ground = GROUNDS[request.param](request)
    keys = [ground.put(name, CONTENT) for name in ("a.jpg", "cats/b.jpg", "catsup.jpg")]
    allowed = {name: getattr(ground.settings, name) for name in ("local_files_roots", "outbound_allow")}
    settings = replace(house.parts.settings, **allowed)
    house.parts = JobParts(house.database, house.parts.objects, settings)
    house.parts.repos.read_reference = OutsideReader(house.database, settings)
    source = house.add_storage("source", ground.kind.name, **{**ground.form, "regex_filter": ".*a.*"})
    return Outside(house, ground, source, house.make_repo("images"), keys)


def start(outside: Outside, prefix: str | None = None) -> str:
    with outside.house.database.write() as tx:
        order = ReferenceOrder(outside.source.id, outside.repo_id, "master", "raw/", "All of it", prefix)
        return start_referencing(tx, outside.house.grant(tx), order).id


def test_a_reference_reads_what_lies_there_until_it_changes(outside: Outside) -> None:
    house, place = outside.house, outside.ground.open()
    commit = house.run(house.job(start(outside, "")))["commit"]
    paths = ["raw/a.jpg", "raw/cats/b.jpg", "raw/catsup.jpg"]
    assert house.files(outside.repo_id, commit) == dict.fromkeys(paths, CONTENT)
    assert outside.read(commit, "raw/a.jpg", 2, 9) == CONTENT[2:9]
    file = house.parts.repos.at(outside.repo_id, commit).stat("raw/a.jpg")
    assert (file.metadata["reference"], file.size_bytes) == (place.uri(outside.keys[0]), len(CONTENT))
    assert outside.problems() == []
    place.write(outside.keys[0], OTHER)
    for span in ((0, None), (2, 9)):
        with pytest.raises(Conflict, match=r"/raw/a\.jpg lies at .*changed under you"):
            outside.read(commit, "raw/a.jpg", *span)
    place.delete(outside.keys[2])
    with pytest.raises(Conflict, match="gone from there"):
        outside.read(commit, "raw/catsup.jpg")
    assert outside.problems() == [("reference-changed", "raw/a.jpg"), ("reference-missing", "raw/catsup.jpg")]
    assert outside.read(commit, "raw/cats/b.jpg") == CONTENT
    with house.database.write() as tx:
        storages.remove(tx, house.grant(tx), outside.source)
    with pytest.raises(Conflict, match="was removed"):
        outside.read(commit, "raw/cats/b.jpg")


def test_gc_and_copies_leave_what_is_referred_to(outside: Outside) -> None:
    engine = outside.house.parts.repos
    first = outside.commit(Selection(prefix=""))
    with outside.house.database.write() as tx:
        grant = outside.house.repo_grant(tx, outside.repo_id)
        opened = commits.start(tx, grant, "master").id
    assert engine.copy(grant, opened, "cats/", "dogs", source_commit=first) == 1
    engine.move(grant, opened, "a.jpg", "z.jpg")
    engine.delete(grant, opened, "catsup.jpg")
    assert outside.problems() == []  # what is staged is looked for, too
    copied = engine.finish(grant, opened, "Moved").id
    collect(engine, outside.repo_id, grace=timedelta(0), lifetime=timedelta(0))
    assert [outside.read(copied, path) for path in ("dogs/b.jpg", "z.jpg")] == [CONTENT, CONTENT]
    assert outside.read(first, "catsup.jpg") == CONTENT
    assert len(list(outside.ground.open().list())) == 3
    assert outside.problems() == []


def test_a_key_a_prefix_or_an_address_says_which_files(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, (first, inner, _) = outside.ground.open(), outside.keys
    folder = inner.rpartition("/")[0]
    assert outside.paths(Selection("x")) == ["x/a.jpg", "x/catsup.jpg"] or outside.ground.kind.name == "s3"
    assert outside.paths(Selection(prefix="")) == ["a.jpg", "cats/b.jpg", "catsup.jpg"]
    assert outside.paths(Selection("x/", prefix=folder)) == ["x/b.jpg"]
    assert outside.paths(Selection("x", prefix=f"{place.uri(folder)}/")) == ["x/b.jpg"]
    assert outside.paths(Selection("x.jpg", prefix=place.uri(first))) == ["x.jpg"]
    assert outside.paths(Selection(key=first)) == ["a.jpg"]
    with pytest.raises(NotFound, match="nothing to refer to at"):
        outside.paths(Selection(prefix="dogs"))
    with pytest.raises(NotFound):
        outside.paths(Selection(key="dogs"))
    with pytest.raises(Invalid, match="is not in source"):
        outside.paths(Selection(prefix="s3://elsewhere/a"))
    monkeypatch.setattr(referencing, "MOST_AT_ONCE", 2)
    with pytest.raises(Invalid, match="references/"):
        outside.paths(Selection(prefix=""))


def test_a_storage_of_another_workspace_is_not_there(outside: Outside) -> None:
    house = outside.house
    commit = outside.commit(Selection(prefix=""))
    with house.database.write() as tx:
        repo, people = house.repo_grant(tx, outside.repo_id), house.studio.people
        assert find_storage(tx, people["editor"], outside.source.id, repo) == outside.source
        with pytest.raises(Forbidden):
            find_storage(tx, people["annotator"], outside.source.id, repo)
        values = {"name": "other", "created_at": tx.now}
        other = tx.execute(insert(workspaces).returning(workspaces.c.id), values).scalar_one()
        tx.execute(update(projects).values(workspace_id=other))
        with pytest.raises(NotFound, match="no storage"):
            find_storage(tx, people["editor"], outside.source.id, repo)
        administrator = replace(people["editor"], is_admin=True)
        with pytest.raises(NotFound, match="no storage"):
            find_storage(tx, administrator, outside.source.id, repo)
    with pytest.raises(Conflict, match="was removed"):
        outside.read(commit, "a.jpg")


def test_a_key_that_is_refused_says_so(outside: Outside) -> None:
    commit = outside.commit(Selection(prefix=""))
    settings = replace(outside.house.parts.settings, local_files_roots="", outbound_allow="")
    outside.house.parts.repos.read_reference = OutsideReader(outside.house.database, settings)
    with pytest.raises(Unavailable, match=r"/a\.jpg lies at .*cannot be read with storage .*TREADLE_"):
        outside.read(commit, "a.jpg")


def test_an_object_is_read_by_its_version_where_there_is_one(
    house: House, request: pytest.FixtureRequest
) -> None:
    ground = GROUNDS["s3"](request)
    place = ground.open()
    client = boto3.client(
        "s3",
        endpoint_url=ground.form["s3_endpoint"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    status = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)
    try:
        key = ground.put("a.jpg", CONTENT)
        before = place.find(key)
        place.write(key, OTHER)
        assert before.version
        assert b"".join(place.read_item(before, 2)) == CONTENT[2:]
        assert place.find(key, before.version) == before
        assert place.find(key).etag != before.etag
    finally:
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


def test_a_job_that_fails_leaves_no_commit(outside: Outside) -> None:
    job = start(outside, "dogs")
    assert run_in_place(outside.house.parts, REFERENCE_JOB, job).state is JobState.FAILED
    assert outside.house.storage(outside.source).status == "failed"
    with outside.house.database.read() as tx:
        assert tx.execute(select(repo_commits.c.id)).all() == []


def test_what_lies_in_a_repo_is_not_referred_to(house: House) -> None:
    images = house.make_repo("images")
    source = house.add_storage("source", "repo", repo="images")
    with pytest.raises(Unsupported), house.database.write() as tx:
        start_referencing(tx, house.grant(tx), ReferenceOrder(source.id, images, "master", "", "no"))

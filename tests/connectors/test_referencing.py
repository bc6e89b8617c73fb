"""Files that lie in a storage already are put into a repo without copying them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.connectors.house import House
from treadle.connectors import storages
from treadle.connectors.referencing import (
    REFERENCE_JOB,
    OutsideReader,
    ReferenceOrder,
    start_referencing,
)
from treadle.db.repo_tables import repo_commits
from treadle.errors import Conflict, NotFound, Unsupported
from treadle.jobs import JobParts, JobState, run_in_place

CONTENT = b"a picture of many bytes"


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Path:
    """A folder that the house may read, with two files."""
    folder = tmp_path / "outside"
    (folder / "cats").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(CONTENT)
    (folder / "cats" / "b.jpg").write_bytes(CONTENT)
    settings = replace(house.parts.settings, local_files_roots=str(folder))
    house.parts = JobParts(house.database, house.parts.objects, settings)
    house.parts.repos.read_reference = OutsideReader(house.database, settings)
    return folder


def test_a_reference_reads_what_lies_there_until_it_changes(house: House, folder: Path) -> None:
    images = house.make_repo("images")
    source = house.add_storage("source", "localfiles", path=str(folder), recursive_scan=True)
    with house.database.write() as tx:
        order = ReferenceOrder(source.id, images, "master", "raw/", "From the folder")
        job = start_referencing(tx, house.grant(tx), order)
    commit = house.run(job)["commit"]
    assert house.files(images, commit) == {"raw/a.jpg": CONTENT, "raw/cats/b.jpg": CONTENT}
    snapshot = house.parts.repos.at(images, commit)
    assert b"".join(snapshot.read("raw/a.jpg", 2, 9)) == CONTENT[2:9]
    assert snapshot.stat("raw/a.jpg").metadata["reference"].endswith("a.jpg")
    (folder / "a.jpg").write_bytes(b"another")
    with pytest.raises(Conflict, match="changed since"):
        snapshot.read("raw/a.jpg")
    (folder / "a.jpg").unlink()
    with pytest.raises(NotFound, match="gone since"):
        snapshot.read("raw/a.jpg")
    with house.database.write() as tx:
        storages.remove(tx, house.grant(tx), source)
    with pytest.raises(NotFound, match="was removed"):
        snapshot.read("raw/cats/b.jpg")


def test_a_job_that_fails_leaves_no_commit(house: House, folder: Path) -> None:
    images = house.make_repo("images")
    source = house.add_storage("source", "localfiles", path=str(folder))
    with house.database.write() as tx:
        job = start_referencing(tx, house.grant(tx), ReferenceOrder(source.id, images, "master", "", "no"))
    folder.rename(folder.with_name("away"))
    assert run_in_place(house.parts, REFERENCE_JOB, job.id).state is JobState.FAILED
    assert house.storage(source).status == "failed"
    with house.database.read() as tx:
        assert tx.execute(select(repo_commits.c.id)).all() == []


def test_what_lies_in_a_repo_is_not_referred_to(house: House) -> None:
    images = house.make_repo("images")
    source = house.add_storage("source", "repo", repo="images")
    with pytest.raises(Unsupported), house.database.write() as tx:
        start_referencing(tx, house.grant(tx), ReferenceOrder(source.id, images, "master", "", "no"))

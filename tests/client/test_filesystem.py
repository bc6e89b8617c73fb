"""Repos as a file system of fsspec."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import fsspec
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest

from tests.serving import ADMIN_TOKEN, RunningServer
from treadle.client import RemoteRepo
from treadle.client.filesystem import TreadleFileSystem


def commits(repo: RemoteRepo) -> list[str]:
    return [commit.message for commit in repo.log()]


def test_a_url_alone_opens_what_a_server_keeps(studio: RunningServer, root: str) -> None:
    options = {"server": studio.url, "token": ADMIN_TOKEN}
    with fsspec.open(f"treadle://{root}/a/b.txt", "w", **options) as file:
        file.write("first\nsecond\n")
    with fsspec.open(f"treadle://{root}/a/b.txt", **options) as file:
        assert file.read() == b"first\nsecond\n"
    fs, path = fsspec.url_to_fs(f"treadle://{root}/a", **options)
    assert fs.ls(path, detail=False) == [f"{root}/a/b.txt"]
    assert pickle.loads(pickle.dumps(fs)).cat(f"{root}/a/b.txt") == b"first\nsecond\n"


def test_folders_are_what_paths_say(fs: TreadleFileSystem, root: str) -> None:
    fs.pipe({f"{root}/{path}": path.encode() for path in ("a.txt", "b/c.txt", "b/d/e.txt", "b-1.txt")})
    assert [(each["name"], each["type"]) for each in fs.ls(root)] == [
        (f"{root}/a.txt", "file"),
        (f"{root}/b-1.txt", "file"),
        (f"{root}/b", "directory"),
    ]
    assert fs.isdir(f"{root}/b")
    assert fs.isdir(root)
    assert fs.isfile(f"{root}/b/c.txt")
    assert not fs.exists(f"{root}/b/c")
    assert fs.find(f"{root}/b") == [f"{root}/b/c.txt", f"{root}/b/d/e.txt"]
    assert fs.glob(f"{root}/**/*.txt") == sorted(fs.find(root))
    assert fs.glob(f"{root}/b/*") == [f"{root}/b/c.txt", f"{root}/b/d"]
    assert [folders for _path, folders, _files in fs.walk(root)] == [["b"], ["d"], []]
    assert fs.du(root) == sum(len(path) for path in ("a.txt", "b/c.txt", "b/d/e.txt", "b-1.txt"))
    with pytest.raises(FileNotFoundError):
        fs.ls(f"{root}/nothing")
    with pytest.raises(FileNotFoundError):
        fs.open("no-such-repo@master/a.txt")


def test_stretches_are_read_and_what_is_open_stays_as_it_was(fs: TreadleFileSystem, root: str) -> None:
    content = bytes(range(256)) * 1000
    fs.pipe(f"{root}/a.bin", content)
    with fs.open(f"{root}/a.bin", block_size=10_000) as file:
        fs.pipe(f"{root}/a.bin", b"another")
        file.seek(100_000)
        assert file.read(10) == content[100_000:100_010]
        file.seek(-5, 2)
        assert file.read() == content[-5:]
    assert fs.cat(f"{root}/a.bin") == b"another"
    assert fs.cat_file(f"{root}/a.bin", 1, -1) == b"nothe"
    assert fs.cat_ranges([f"{root}/a.bin"] * 2, [0, 3], [2, 5]) == [b"an", b"th"]
    assert fs.read_block(f"{root}/a.bin", 2, 3) == b"oth"
    assert fs.tail(f"{root}/a.bin", 3) == b"her"


def test_each_file_is_a_commit_and_what_is_done_together_is_one(
    fs: TreadleFileSystem, repo: RemoteRepo, root: str, tmp_path: Path
) -> None:
    fs.pipe(f"{root}/a.txt", b"1")
    with fs.commit("Together"):
        fs.pipe(f"{root}/b.txt", b"2")
        with fs.open(f"{root}/c.txt", "wb") as file:
            file.write(b"3")
        fs.rm(f"{root}/a.txt")
        assert fs.cat(f"{root}/c.txt") == b"3"
        assert not fs.exists(f"{root}/a.txt")
        assert [each.path for each in repo.list()] == ["a.txt"]
    assert commits(repo) == ["Together", "Put a.txt"]
    with pytest.raises(KeyError), fs.transaction:
        fs.pipe(f"{root}/never.txt", b"4")
        raise KeyError
    assert fs.find(root) == [f"{root}/b.txt", f"{root}/c.txt"]
    (tmp_path / "in" / "x").mkdir(parents=True)
    (tmp_path / "in" / "x" / "1.txt").write_text("one")
    (tmp_path / "in" / "2.txt").write_text("two")
    fs.put(str(tmp_path / "in"), f"{root}/up", recursive=True)
    fs.cp(f"{root}/up", f"{root}/again", recursive=True)
    fs.mv(f"{root}/b.txt", f"{root}/up/b.txt")
    fs.rm(f"{root}/again/x", recursive=True)
    assert len(commits(repo)) == 6
    fs.get(f"{root}/up", str(tmp_path / "out"), recursive=True)
    assert (tmp_path / "out" / "x" / "1.txt").read_text() == "one"
    assert fs.find(f"{root}/again") == [f"{root}/again/2.txt"]


def test_what_is_there_is_not_made_anew_and_equal_bytes_are_told_equal(
    fs: TreadleFileSystem, root: str, studio: RunningServer
) -> None:
    fs.pipe({f"{root}/a.txt": b"same", f"{root}/b.txt": b"same", f"{root}/c.txt": b"other"})
    with pytest.raises(FileExistsError), fs.open(f"{root}/a.txt", "xb") as file:
        file.write(b"new")
    assert fs.checksum(f"{root}/a.txt") == fs.checksum(f"{root}/b.txt") != fs.checksum(f"{root}/c.txt")
    assert fs.modified(f"{root}/a.txt").tzinfo is not None
    with pytest.raises(ValueError, match="anew"):
        fs.open(f"{root}/a.txt", "ab")
    with pytest.raises(PermissionError):
        fsspec.open(f"treadle://{root}/a.txt", server=studio.url, token="nobody's").open()


def test_parquet_is_written_and_read_in_columns(fs: TreadleFileSystem, root: str) -> None:
    table = pyarrow.table({"id": list(range(50_000)), "name": [f"n{n}" for n in range(50_000)]})
    pyarrow.parquet.write_table(table, f"{root}/one.parquet", filesystem=fs)
    assert (
        pyarrow.parquet.read_table(f"{root}/one.parquet", columns=["name"], filesystem=fs).num_rows == 50_000
    )
    with fs.commit("A data set"):
        pyarrow.dataset.write_dataset(
            table.slice(0, 100),
            f"{root}/set",
            format="parquet",
            filesystem=fs,
            max_rows_per_file=50,
            max_rows_per_group=50,
        )
    found = pyarrow.dataset.dataset(f"{root}/set", format="parquet", filesystem=fs)
    assert (len(found.files), found.count_rows()) == (2, 100)


def test_what_fails_in_one_thread_takes_nothing_of_another_s(
    fs: TreadleFileSystem, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file = fs.put_file

    def put_slowly(lpath: str, rpath: str, **_options: object) -> None:
        put_file(lpath, rpath)
        other = threading.Thread(target=fs.pipe_file, args=(f"{root}/precious", b"of another"))
        other.start()
        other.join()
        raise OSError("the disk failed")

    (tmp_path / "one").write_bytes(b"1")
    monkeypatch.setattr(fs, "put_file", put_slowly)
    with pytest.raises(OSError, match="the disk failed"):
        fs.put(str(tmp_path / "one"), f"{root}/one")
    assert fs.cat(f"{root}/precious") == b"of another"
    assert not fs.exists(f"{root}/one")

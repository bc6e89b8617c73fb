"""Folders of a repo as archives over HTTP."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping

import httpx
import pytest

from tests.web.repos.conftest import Images
from treadle.web.tar_streams import TarReader

FILES = {
    "a.txt": b"a",
    "empty": b"",
    "f/big.bin": bytes(range(256)) * 40_000,
    "ü/" + "long" * 40 + "/ñ.txt": b"name",
}
Pack = Callable[[Mapping[str, bytes]], bytes]


def tar_of(files: Mapping[str, bytes], mode: str = "w", **entry: object) -> bytes:
    buffer = io.BytesIO()
    form = tarfile.GNU_FORMAT if mode == "w" else tarfile.PAX_FORMAT
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in entry.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def send(images: Images, content: bytes, query: str = "") -> httpx.Response:
    return images.client.post(f"{images.path}/archive/?{query}", content=content)


@pytest.mark.parametrize(
    "pack", [tar_of, lambda files: tar_of(files, "w:gz"), zip_of], ids=["tar", "gz", "zip"]
)
def test_an_archive_becomes_one_commit_and_comes_back_the_same(images: Images, pack: Pack) -> None:
    assert send(images, pack(FILES), "message=All&prefix=below").status_code == 201
    assert images.log() == ["All"]
    answer = images.get("archive/?prefix=below/")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        got = {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive}
    assert got == {f"below/{name}": content for name, content in FILES.items()}


def test_an_archive_replaces_a_folder_or_goes_into_an_open_commit(images: Images) -> None:
    for path in ("f/old.txt", "kept.txt"):
        images.put(path)
    send(images, tar_of({"new.txt": b"n"}), "prefix=f&replace=1")
    assert images.paths() == ["f/new.txt", "kept.txt"]
    opened = images.post("commits", {"branch": "master"}).json()["id"]
    assert send(images, zip_of({"z.txt": b"z"}), f"commit={opened}").json()["state"] == "open"
    assert images.paths() == ["f/new.txt", "kept.txt"]
    assert images.paths(opened) == ["f/new.txt", "kept.txt", "z.txt"]
    assert images.get("archive/?prefix=nothing/").status_code == 404


def large_header() -> bytes:
    """An extended header that says it has a gigabyte."""
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 1_000_000_000
    return entry.tobuf(tarfile.USTAR_FORMAT) + bytes(10_240)


def with_header(*records: bytes) -> bytes:
    """A file behind extended headers, one of each of these."""
    entry = tarfile.TarInfo("x")
    entry.type = tarfile.XHDTYPE
    headers = b""
    for each in records:
        entry.size = len(each)
        headers += entry.tobuf(tarfile.USTAR_FORMAT) + each + bytes(-len(each) % 512)
    return headers + tar_of({"a": b"a"})


def negative_size() -> bytes:
    """A file whose header says that it has fewer than no bytes."""
    entry = tarfile.TarInfo("x")
    entry.size = -1
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


def test_archives_that_mean_harm_or_broke_off_are_refused_and_leave_nothing(images: Images) -> None:
    harm = {
        "an escape": tar_of({"ok.txt": b"1", "../out.txt": b"2"}),
        "an absolute path": tar_of({"/etc/passwd": b"2"}),
        "a link": tar_of({"link": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "a device": tar_of({"null": b""}, type=tarfile.CHRTYPE),
        "a large header": large_header(),
        "a bomb": gzip.compress(tar_of({"zeros": bytes(110_000_000)}), 9),
        "no time": with_header(b"13 mtime=nan\n"),
        "no length": with_header(b"9" * 5_000 + b" x=1\n"),
        "a negative size": negative_size(),
        "ends between two files": tar_of({"a": b"a", "b": b"b"})[:1_024],
        "broken off": tar_of(FILES)[:5_000],
        "broken packing": gzip.compress(tar_of({"a": b"a" * 100_000}))[:-200],
        "no archive": b"nothing of the kind" * 100,
        "empty": b"",
        "an escape in a zip": zip_of({"../out.txt": b"2"}),
        "a bomb in a zip": zip_of({"zeros": bytes(110_000_000)}),
        "file and folder": tar_of({"a": b"1", "a/b": b"2"}),
    }
    for name, content in harm.items():
        answer = send(images, content)
        assert answer.status_code in (400, 409), f"{name}: {answer.text}"
    assert images.paths() == []
    assert images.log() == []


def test_an_archive_that_is_refused_leaves_nothing_in_an_open_commit(images: Images) -> None:
    opened = images.post("commits", {"branch": "master"}).json()["id"]
    many = tar_of({f"{number}.txt": b"1" for number in range(600)})
    assert send(images, many[:-20_000] + b"garbage" * 100, f"commit={opened}").status_code == 400
    assert images.paths(opened) == []


def test_many_extended_headers_hold_no_more_than_one() -> None:
    records = [b"60012 k%03d=%s\n" % (number, b"v" * 60_000) for number in range(100)]
    tracemalloc.start()
    try:
        reader = TarReader(io.BytesIO(with_header(*records)))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert [member.path for member in reader.members()] == ["a"]
        assert tracemalloc.get_traced_memory()[1] - before < 2_000_000
    finally:
        tracemalloc.stop()

"""Versions as tars: handed over, and taken back whole or not at all."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ml.serving.running import KEY, running
from tests.ml.serving.test_versions import publish
from treadle.errors import Invalid
from treadle.ml.archives import archive_of, take_archive
from treadle.ml.versions import Versions
from treadle.version_tars import check_archive, files_of

TOKEN = {"authorization": "Bearer s3cret"}


def tar_of(versions: Versions, name: str, path: Path) -> Path:
    archive = archive_of(versions, name)
    path.write_bytes(b"".join(archive.pieces))
    assert path.stat().st_size == archive.size_bytes
    return path


def test_a_lost_folder_comes_back_out_of_an_archive(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "models", "1.2")
    name = publish(versions, tmp_path)
    before, about = versions.read(name), versions.about(name)
    tar = tar_of(versions, name, tmp_path / "a.tar")
    shutil.rmtree(versions.folder)
    take_archive(versions, name, tar)
    take_archive(versions, name, tar)
    assert (versions.read(name), versions.about(name)) == (before, about)
    assert (before.folder / "below" / "labels.txt").read_text() == "a b"
    (before.folder / "best.pt").write_text("broken")
    take_archive(versions, name, tar)
    assert (before.folder / "best.pt").read_text() == "weights"
    assert [entry.name for entry in before.folder.parent.iterdir()] == [name]


def rewritten(tar: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes] | None]) -> None:
    out = io.BytesIO()
    with tarfile.open(tar) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            source = old.extractfile(member)
            assert source is not None
            changed = change(member, source.read())
            if changed is not None:
                member.name, content = changed
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    tar.write_bytes(out.getvalue())


@pytest.mark.parametrize(
    "change",
    [
        lambda member, content: (member.name, content.replace(b"weights", b"Weights")),
        lambda member, content: None if member.name == "best.pt" else (member.name, content),
        lambda member, content: (member.name.replace("best.pt", "../../best.pt"), content),
        lambda member, content: (member.name, content.replace(b'"best.pt"', b'"../../up"')),
        lambda member, content: ("other.json" if member.name == "version.json" else member.name, content),
        lambda member, content: (member.name, content.replace(b"T", b"U", 1)),
    ],
    ids=["other bytes", "a file less", "a way out", "a way out in the list", "no list", "another name"],
)
def test_an_archive_that_is_not_the_version_leaves_nothing(
    tmp_path: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes] | None]
) -> None:
    versions = Versions(tmp_path / "models", "1.2")
    name = publish(versions, tmp_path)
    tar = tar_of(versions, name, tmp_path / "a.tar")
    shutil.rmtree(versions.folder)
    rewritten(tar, change)
    with pytest.raises(Invalid):
        take_archive(versions, name, tar)
    assert [path for path in (tmp_path / "models").rglob("*") if path.is_file()] == []


def test_a_server_hands_a_version_over_and_takes_it_back_from_whom_it_knows(tmp_path: Path) -> None:
    with running(tmp_path, "--token", "s3cret") as served:
        served.client.headers.update(TOKEN)
        served.setup()
        name = served.job(served.train(), "completed")["version"]
        where = f"?project={KEY}&name={name}"
        tar = served.client.get(f"/versions/archive{where}").content
        kept = tmp_path / "models" / KEY / "versions" / name
        shutil.rmtree(kept)
        assert served.client.get(f"/versions/archive{where}").status_code == 404
        cut = served.client.post(f"/versions/import{where}", content=tar[: len(tar) // 2])
        assert cut.json()["code"] in ("archive-malformed", "archive-differs")
        assert not kept.exists()
        assert served.client.post(f"/versions/import{where}", content=tar).status_code == 201
        assert served.post("/promote", {"project": KEY, "model_version": name})["model_version"] == name


def test_a_server_that_lets_everybody_in_takes_no_version(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        answer = served.client.post(
            f"/versions/import?project={KEY}&name=20261122T025914Z-6bf018", content=b"x"
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "import-open")


def made_of(*members: tarfile.TarInfo) -> bytes:
    """A tar of these heads, each with its content of as many zeros."""
    return b"".join(
        each.tobuf(tarfile.GNU_FORMAT) + bytes(-(-min(max(each.size, 0), 512) // 512) * 512)
        for each in members
    ) + bytes(1024)


def head(name: str, **fields: object) -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(told, field, value)
    return told


def sparse() -> bytes:
    """512 bytes that say of themselves that they are a tebibyte."""
    block = bytearray(head("a", size=512, type=tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\0" + b"00000001000\0"
    block[483:495] = b"\x80" + (2**40).to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:512]))
    return bytes(block) + bytes(512 + 1024)


@pytest.mark.parametrize(
    "tar",
    [
        b"garbage" * 500,
        made_of(head("a", size=4096)),
        sparse(),
        made_of(head("a", size=1), head("a", size=1)),
        made_of(head("a", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        made_of(head("a", type=tarfile.XHDTYPE, size=2**33)),
        made_of(head("a", size=-512)),
    ],
    ids=["garbage", "cut", "sparse", "twice", "a link", "a head of gigabytes", "a size below nothing"],
)
def test_a_hostile_tar_is_refused_wherever_it_is_read(tmp_path: Path, tar: bytes) -> None:
    with pytest.raises(Invalid, match="archive"):
        for _path, content in files_of(iter([tar]), "a"):
            while content.read(2**20):
                pass


def test_what_is_kept_is_the_version_as_it_says(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "models", "1.2")
    name = publish(versions, tmp_path)
    tar = tar_of(versions, name, tmp_path / "a.tar").read_bytes()
    check_archive(iter([tar[:700], tar[700:]]), name)
    for wrong in (tar.replace(b"weights", b"Weights"), tar[:-1536]):
        with pytest.raises(Invalid):
            check_archive(iter([wrong]), name)

"""Contents by address: what is read is what was put, or it is told what is damaged."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.repos.store.repo import PREFIX, Repo
from treadle.errors import Unavailable, Unsupported
from treadle.objects import LocalObjects, MemoryObjects
from treadle.repos.chunks import CHUNK_BYTES, PIECE_BYTES
from treadle.repos.contents import Contents, Damaged, FileBytes
from treadle.repos.failpoints import FAILPOINTS, armed
from treadle.repos.kept_open import OpenFiles
from treadle.repos.packs import BLOCK_BYTES
from treadle.repos.writing import LARGE_BYTES

SPAN_BYTES = 4 * PIECE_BYTES
SIZES = (0, 1, 31, 5_000, BLOCK_BYTES, LARGE_BYTES - 1, LARGE_BYTES, SPAN_BYTES, SPAN_BYTES + 1)


def noise(size_bytes: int, seed: int = 0) -> bytes:
    """Bytes that no compression makes smaller."""
    return random.Random(seed).randbytes(size_bytes)


def pieces(content: bytes, size_bytes: int = 70_001) -> Iterator[bytes]:
    """The content in chunks, some of them empty."""
    for at in range(0, len(content), size_bytes):
        yield content[at : at + size_bytes]
        yield b""


def stored_keys(repo: Repo) -> list[str]:
    """The keys of all objects."""
    return [each.key for each in repo.objects.list()]


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_content_is_read_as_it_was_put(repo: Repo, size_bytes: int, tmp_path: Path) -> None:
    content = noise(size_bytes)
    stored = repo.put_stream(pieces(content), "md5", "sha256")
    (tmp_path / "file").write_bytes(content)
    assert repo.put_stream(FileBytes(tmp_path / "file")).id == stored.id == repo.put(content)
    assert stored.size_bytes == size_bytes
    assert stored.digests == {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha256")}
    repo.reopen()
    assert repo.contents.has(stored.id)
    assert repo.contents.read_whole(stored.id) == content
    for start, end in ((0, None), (1, size_bytes - 1), (size_bytes // 2, size_bytes + 9), (size_bytes, None)):
        assert b"".join(repo.contents.read(stored.id, start, end)) == content[start:end]


def test_ranges_of_a_file_of_several_chunks(repo: Repo) -> None:
    content = noise(CHUNK_BYTES + 3 * PIECE_BYTES + 17)
    id = repo.put_stream(pieces(content, 1_000_003)).id
    assert b"".join(repo.contents.read(id)) == content
    for start in (0, 1, PIECE_BYTES - 1, CHUNK_BYTES - 5, CHUNK_BYTES, len(content) - 3):
        for length in (1, 10, PIECE_BYTES, 5 * PIECE_BYTES):
            assert b"".join(repo.contents.read(id, start, start + length)) == content[start : start + length]


def test_what_is_there_is_not_stored_again(repo: Repo) -> None:
    content, small = noise(CHUNK_BYTES + 99), noise(900, 1)
    repo.put(content)
    repo.put(small)
    before = stored_keys(repo)
    repo.reopen()
    assert repo.put(content) == repo.put_stream([content]).id
    repo.put(small)
    assert stored_keys(repo) == before


def test_a_text_is_compressed_and_noise_is_not(repo: Repo) -> None:
    writer = repo.contents.writer()
    for number in range(400):
        writer.put(f'{{"label": "cat", "number": {number}}}'.encode() * 20)
    (written,) = writer.publish()
    assert written.object_count == 400
    assert written.size_bytes < 400 * 20 * 20
    incompressible = repo.contents.writer()
    incompressible.put(noise(100_000))
    assert incompressible.publish()[0].size_bytes < 100_500


def test_many_are_read_in_the_order_that_is_asked_for(repo: Repo) -> None:
    contents = [f"{number} {'x' * (number % 70)}".encode() for number in range(3_000)] + [noise(LARGE_BYTES)]
    writer = repo.contents.writer()
    ids = [writer.put(content) for content in contents]
    repo.publish(writer)
    order = list(range(len(ids)))
    random.Random(3).shuffle(order)
    repo.reopen()
    assert repo.contents.read_many([ids[at] for at in order]) == [contents[at] for at in order]


def test_a_writer_of_much_closes_pack_after_pack(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.writing.MAX_CONTENTS", 100)
    writer = repo.contents.writer()
    contents = [str(number).encode() for number in range(350)]
    ids = [writer.put(content) for content in contents + contents]
    written = writer.publish()
    assert [pack.object_count for pack in written] == [100, 100, 100, 50]
    repo.contents.use_packs([pack.name for pack in written])
    assert repo.contents.read_many(ids) == contents + contents


def test_packs_that_are_not_listed_do_not_count(repo: Repo) -> None:
    id = repo.put(b"one")
    repo.packs = []
    repo.reopen()
    assert not repo.contents.has(id)
    with pytest.raises(Damaged, match="gone"):
        repo.contents.read_whole(id)
    with pytest.raises(Damaged, match=r"nowhere\.index"):
        repo.contents.use_packs(["nowhere"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_told_and_never_read(data: st.DataObject) -> None:
    repo = Repo(MemoryObjects())
    contents = [b'{"a": 1}' * 50, noise(700), noise(40_000, 1), noise(CHUNK_BYTES // 16, 2)]
    ids = [repo.put(content) for content in contents]
    keys = [f"{PREFIX}/packs/{name}.{part}" for name in repo.packs for part in ("pack", "index")]
    key = data.draw(st.sampled_from([*keys, *(each.key for each in repo.contents.chunk_objects())]))
    damaged = bytearray(b"".join(repo.objects.read(key)))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    repo.objects.put(key, [bytes(damaged)])
    told = [error for name in repo.packs for error in repo.contents.check_pack(name)]
    try:
        repo.reopen()
    except Damaged:
        assert key.endswith(".index")
        return
    told += [error for id in ids if repo.contents.has(id) and (error := repo.contents.check_large(id))]
    assert told
    for id, content in zip(ids, contents, strict=True):
        with suppress(Damaged):
            assert b"".join(repo.contents.read(id)) == content


def test_a_damaged_content_is_named(local: Repo, tmp_path: Path) -> None:
    ids = {local.put(noise(9_000)), local.put(noise(9_000, 1))}
    pack = tmp_path / PREFIX / "packs" / f"{local.packs[0]}.pack"
    damaged = bytearray(pack.read_bytes())
    damaged[4_000] ^= 8
    pack.write_bytes(damaged)
    local.reopen()
    (error,) = [error for name in local.packs for error in local.contents.check_pack(name)]
    assert error.id in ids
    assert error.details == {"key": f"{PREFIX}/packs/{pack.name}", "id": error.id.hex()}
    with pytest.raises(Damaged, match=error.id.hex()):
        local.contents.read_whole(error.id)


def test_a_lost_chunk_is_named(repo: Repo) -> None:
    id = repo.put(noise(CHUNK_BYTES + 1))
    (first, _second) = repo.contents.chunks_of(id)
    assert sorted(repo.contents.chunks_of(id)) == [each.key for each in repo.contents.chunk_objects()]
    repo.contents.delete_objects([first])
    error = repo.contents.check_large(id)
    assert error is not None
    assert first in error.message


def test_packs_are_rewritten_with_what_is_kept(repo: Repo) -> None:
    contents = [noise(900, number) for number in range(200)]
    ids = [repo.put(content) for content in contents[:3]]
    writer = repo.contents.writer()
    ids += [writer.put(content) for content in contents[3:]]
    repo.publish(writer)
    keep = set(ids[::2])
    (written,) = repo.contents.rewrite(repo.packs, keep)
    assert set(repo.contents.pack_ids(written.name)) == keep
    assert written.object_count == 100
    repo.contents.use_packs([written.name])
    for name in repo.packs:
        repo.contents.delete_pack(name)
    assert repo.contents.read_many(ids[::2]) == contents[::2]
    assert not repo.contents.has(ids[1])
    assert {each.key.rpartition("/")[2] for each in repo.contents.pack_objects()} == {
        f"{written.name}.index",
        f"{written.name}.pack",
    }
    assert repo.contents.rewrite([written.name], set()) == []


def test_a_large_content_is_staged_without_a_pack(repo: Repo) -> None:
    content = noise(LARGE_BYTES // 2)
    stored = repo.contents.store_large(pieces(content))
    assert stored.document is not None
    assert list(repo.contents.pack_objects()) == []
    assert b"".join(repo.contents.read_document(stored.id, stored.document, 5, 99)) == content[5:99]
    writer = repo.contents.writer()
    writer.put_document(stored.id, stored.document)
    repo.publish(writer)
    assert repo.contents.read_whole(stored.id) == content


def test_a_reference_is_kept_and_not_followed(repo: Repo) -> None:
    writer = repo.contents.writer()
    id = writer.put_reference(b'{"url": "s3://bucket/key"}')
    assert writer.put(b'{"url": "s3://bucket/key"}') != id
    repo.publish(writer)
    assert repo.contents.document(id) == b'{"url": "s3://bucket/key"}'
    with pytest.raises(Unsupported, match="outside"):
        repo.contents.read(id)


def test_an_abandoned_writer_leaves_nothing(tmp_path: Path) -> None:
    repo = Repo(LocalObjects(tmp_path))
    writer = repo.contents.writer()
    writer.put(b"small")
    writer.put(noise(LARGE_BYTES))
    writer.abandon()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("step", ["put.chunk-written", "finish.half-pack"])
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_a_disk_that_refuses_is_told_and_nothing_is_listed(local: Repo, step: str, fault: str) -> None:
    writer = local.contents.writer()
    writer.put(b"small")
    writer.put(noise(LARGE_BYTES))
    with armed(f"{step}={fault}"), pytest.raises(Unavailable if fault == "ENOSPC" else OSError):
        writer.publish()
    writer.abandon()
    assert stored_keys(local) == []


def test_only_steps_that_exist_are_armed() -> None:
    with pytest.raises(ValueError, match=FAILPOINTS[0]), armed("put.nowhere=kill"):
        pass


def test_threads_read_while_packs_are_added(repo: Repo) -> None:
    contents = [noise(3_000, number) for number in range(40)]
    writer = repo.contents.writer()
    ids = [writer.put(content) for content in contents]
    repo.publish(writer)

    def read(seed: int) -> bool:
        order = random.Random(seed).sample(range(40), 40)
        if not seed % 4:
            repo.put(noise(50, 100 + seed))
        return repo.contents.read_many([ids[at] for at in order]) == [contents[at] for at in order]

    with ThreadPoolExecutor(1) as writing, ThreadPoolExecutor(4) as reading:
        writes = writing.map(repo.put, [noise(50, 1_000 + number) for number in range(5)])
        assert all(reading.map(lambda seed: read(2 * seed + 1), range(8)))
        assert len(list(writes)) == 5


def test_another_process_sees_what_was_published(tmp_path: Path) -> None:
    ours = Repo(LocalObjects(tmp_path))
    theirs = Contents(LocalObjects(tmp_path), PREFIX)
    id = ours.put(b"one")
    theirs.use_packs(ours.packs)
    assert theirs.read_whole(id) == b"one"


def test_a_thread_with_an_older_list_hides_nothing_from_who_reads(repo: Repo) -> None:
    old, new = repo.put(b"old"), repo.put(b"new")
    for names in (repo.packs[:1], repo.packs[1:], []):
        repo.contents.use_packs(names)
        assert repo.contents.read_many([old, new]) == [b"old", b"new"]
    assert not repo.contents.has(old)


def test_no_file_is_kept_open_of_a_large_pack_that_left_the_list(
    local: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.repos.shelf._SMALL_BYTES", 0)
    first = local.put(b"first")
    local.reopen()
    other = Contents(local.objects, PREFIX)
    other.use_packs(local.packs)
    assert other.read_whole(first) == b"first"
    assert open_packs(tmp_path) == local.packs
    other.use_packs([])
    assert other.read_whole(first) == b"first"
    assert open_packs(tmp_path) == []
    monkeypatch.setattr("treadle.repos.pack_lists._FORMER_S", 0)
    other.use_packs([])
    with pytest.raises(Damaged):
        other.read_whole(first)


def test_of_many_large_packs_a_few_are_open(
    local: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.repos.shelf._SMALL_BYTES", 0)
    monkeypatch.setattr("treadle.repos.pack_lists._RECENT_CONTENTS", 0)
    monkeypatch.setattr("treadle.repos.kept_open.INDEXES", OpenFiles(lambda: 5))
    monkeypatch.setattr("treadle.repos.kept_open.PACKS", OpenFiles(lambda: 3))
    contents = [noise(100, number) for number in range(20)]
    ids = [local.put(content) for content in contents]
    for seed in range(3):
        local.reopen()  # no block is remembered
        order = random.Random(seed).sample(range(20), 20)
        assert [local.contents.read_whole(ids[at]) for at in order] == [contents[at] for at in order]
        assert (len(open_packs(tmp_path)), len(open_packs(tmp_path, ".index"))) == (3, 5)
    for index in (tmp_path / PREFIX / "packs").glob("*.index"):
        index.unlink()
    with pytest.raises(Damaged):
        local.contents.read_many(ids)


def open_packs(folder: Path, suffix: str = ".pack") -> list[str]:
    """The names of the packs below ``folder`` whose files this process has open."""
    open_files = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            open_files.append(descriptor.readlink())
    return [path.stem for path in open_files if path.suffix == suffix and path.is_relative_to(folder)]


def test_contents_are_found_in_large_and_in_many_small_packs(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.repos.pack_lists._RECENT_CONTENTS", 10)
    monkeypatch.setattr("treadle.repos.pack_lists._ALL_RECENT_CONTENTS", 30)
    contents = [[noise(40, 100 * pack + number) for number in range(pack + 1)] for pack in range(20)]
    for each in contents:
        writer = repo.contents.writer()
        for content in each:
            writer.put(content)
        repo.publish(writer)
    everything = [content for each in contents for content in each]
    ids = [b"\1" + blake3(content).digest() for content in everything]
    assert repo.contents.read_many(ids) == everything
    repo.reopen()
    assert repo.contents.read_many(ids) == everything
    assert not repo.contents.has(b"\1" + blake3(b"absent").digest())


@pytest.mark.parametrize("size_bytes", [100, LARGE_BYTES])
def test_what_was_found_damaged_is_stored_anew_when_it_is_put_again(
    local: Repo, size_bytes: int, tmp_path: Path
) -> None:
    content = noise(size_bytes)
    id = local.put(content)
    end = "chunks/*/*" if size_bytes == LARGE_BYTES else "packs/*.pack"
    (lying,) = (tmp_path / PREFIX).glob(end)
    raw = bytearray(lying.read_bytes())
    raw[len(raw) // 3] ^= 1
    lying.write_bytes(raw)
    local.reopen()
    with pytest.raises(Damaged):
        local.contents.read_whole(id)
    for _again in range(2):
        local.put(content)
        assert local.contents.read_whole(id) == content
    assert len(local.packs) == (1 if size_bytes == LARGE_BYTES else 2), "anew, and that once"
    local.reopen()
    assert local.contents.read_whole(id) == content

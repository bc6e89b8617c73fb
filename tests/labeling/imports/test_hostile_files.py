"""Files that mean harm: each is a clear error, and nothing is left of it."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from tests.labeling.imports.importing import parts_of, picture, run_import, zipped
from tests.labeling.studio import Studio
from treadle.db.schema import file_uploads
from treadle.db.schema import tasks as task_table
from treadle.errors import Invalid
from treadle.labeling import uploads
from treadle.labeling.config import parse_config
from treadle.labeling.imports.archives import Archive
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.json_stream import JsonStream
from treadle.labeling.imports.quick_checks import row_decoders
from treadle.labeling.imports.rows import StagedTask

ROW = b'{"image": "/a.jpg"}'


def linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("a.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def grows() -> bytes:
    """Half a megabyte of archive, half a gigabyte of zeros."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w", force_zip64=True) as file,
    ):
        for _ in range(512):
            file.write(b"\0" * 1024**2)
    return buffer.getvalue()


def promising(size_bytes: int) -> bytes:
    """An archive whose list says that its one file is that long."""
    content = bytearray(zipped({"a.csv": b"image\n/a.jpg\n"}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", size_bytes)
    return bytes(content)


def lying() -> bytes:
    """An archive whose file is longer than it says."""
    content = bytearray(zipped({"a.csv": b"image\n" + b"/a.jpg\n" * 1000}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.rindex(mark)
        content[at + place : at + place + 4] = struct.pack("<I", 100)
    return bytes(content)


def crowded() -> bytes:
    """An archive that lists more files than it says."""
    listed = (b"PK\x01\x02" + b"\0" * 42) * 200_001
    return listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listed), 0, 0)


def encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": b"image\n/a.jpg\n"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.rindex(mark)
        content[at + place] |= 1
    return bytes(content)


def picture_bomb() -> bytes:
    """A PNG that says it is 60,000 pixels wide and high."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def wide_table() -> bytes:
    return b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000) + b"\n"


def deep(count: int) -> bytes:
    return b'[{"data": {"image": "/a", "x": ' + b"[" * count + b"]" * count + b"}}]"


def coco(**image: object) -> bytes:
    """One picture and nothing on it."""
    return json.dumps({"images": [{"id": 1, **image}], "annotations": [], "categories": []}).encode()


def many_keys(count: int) -> bytes:
    """What begins as COCO and goes on with keys that mean nothing."""
    keys = b"".join(b'"%d":1,' % n for n in range(count))
    return b'{"images": [], "annotations": [],' + keys + b'"x":1}'


VOC_HEAD = b"<annotation><filename>a.jpg</filename>"
LAUGHS = b'<!DOCTYPE a [<!ENTITY b "' + b"ha" * 100 + b'">]>'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", zipped({"../../etc/a.jpg": b"x"}), "leads out of its folder"),
        ("a.zip", zipped({"/etc/a.jpg": b"x"}), "leads out of its folder"),
        ("a.zip", zipped({"C:\\a.jpg": b"x"}), "leads out of its folder"),
        ("a.zip", linked(), "is a link"),
        ("a.zip", encrypted(), "is encrypted"),
        ("a.zip", grows(), "times its size"),
        ("a.zip", promising(2**32 - 2), "times its size"),
        ("a.zip", lying(), "a.csv in it is broken"),
        ("a.zip", zipped({"a.jpg": picture()})[:-30], "is no archive"),
        ("a.zip", b"PK\x05\x06" + b"\xff" * 18, "is no archive|has a list of files"),
        ("a.zip", crowded(), "lists 200001 files"),
        ("a.zip", b"no archive", "is no archive"),
        ("a.zip", zipped({}), "no task"),
        ("a.zip", zipped({"deeper.zip": zipped({"a.jpg": picture()})}), "no task"),
        ("a.zip", zipped({"a.png": picture_bomb()}), "megapixels"),
        ("a.zip", zipped({"good.jpg": picture(), "b.csv": b"image\n\xff\n"}), "is not UTF-8"),
        ("a.zip", zipped({"a.xml": LAUGHS + VOC_HEAD + b"&b;</annotation>"}), "DOCTYPE"),
        ("a.zip", zipped({"a.xml": VOC_HEAD + b"<x>" * 100}), "too deep"),
        ("a.zip", zipped({"classes.txt": b"Cat", "a.jpg": picture(), "a.txt": b"0 x"}), "line 1: '0 x'"),
        ("a.zip", zipped({"classes.txt": b"Cat", "a.jpg": picture(), "a.txt": b"0 1e999 1 1 1"}), "range"),
        # Each of these takes an hour where the time grows with the square of the length.
        ("a.zip", zipped({"a.xml": VOC_HEAD + b"\n" * 4_000_000 + b"</x>"}), "is no XML"),
        ("a.zip", zipped({"data.yaml": b"names: [\n" * 100_000, "a.txt": b""}), "names no class"),
        ("a.zip", zipped({"data.yaml": "names:\n  ²: Cat\n".encode(), "a.txt": b""}), "names no class"),
        ("a.csv", b"n\n" + b"1" * 2_000_000 + b"x\n", "line 2"),
        ("a.json", many_keys(1_000_000), "more than 1000 keys"),
        ("a.csv", wide_table(), "10000 columns; at most 1000"),
        ("a.csv", b"image\n" + b"x" * (16 * 1024**2), "line 2 has more than"),
        ("a.csv", "image\n/ä.jpg".encode("utf-16"), "is not UTF-8"),
        ("a.csv", b"image\n/a\0.jpg\n", "NUL"),
        ("a.csv", b"image,n\n\n/a.jpg,1\n\n\n/b.jpg\n", "line 6 has 1 fields"),
        ("a.csv", b'image,n\n"/a\n\n.jpg",1\n/b.jpg\n', "line 5 has 1 fields"),
        ("a.csv", b"image,image\n", "line 1: every column"),
        ("a.json", deep(10_000), "nested too deeply"),
        ("a.json", b"[" + ROW + b"," + b"[" * 10_000, "nested too deeply"),
        ("a.json", b"[" + ROW + b"," + ROW, "is no JSON"),
        ("a.json", b"[" + ROW + b"] trailing", "follows behind its end"),
        ("a.json", b'[{"image": "\xff"}]', "is no JSON"),
        ("a.json", b'[{"image": "/a", "n": 1e999}]', "is no JSON"),
        ("a.json", b'[{"image": "/a\\u0000"}]', "NUL"),
        ("a.json", '[{"image": "/a"}]'.encode("utf-16"), "is no JSON"),
        ("a.json", b'{"images": [{"id": 1}], "annotations": [{"image_id": []}]}', "counted from item 0"),
        ("a.json", coco(file_name="a\0.jpg"), "images hold the character NUL"),
        ("a.jsonl", ROW + b"\n" + ROW + b"\n{broken}\n", "line 3: JSON is malformed"),
        ("a.jsonl", ROW + b"," + ROW + b"\n", "is no JSON"),
        ("a.jsonl", ROW + b'\n\n{"nope": 1}\n', "line 3 of a.jsonl"),
        ("a.conll", b"one\n", "shows no Text"),
    ],
)
def test_a_hostile_file_is_told_and_leaves_nothing(
    studio: Studio, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    found = run_import(studio, tmp_path, {"good.jpg": picture(), name: content})
    assert any(word in found.error for word in words.split("|")), found.error
    with studio.database.read() as tx:
        assert tx.execute(task_table.select()).first() is None
        assert tx.execute(file_uploads.select()).first() is None
    assert list(parts_of(studio.database, tmp_path).objects.list()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_annotation_by_a_number_that_is_no_id_is_the_importers(studio: Studio, tmp_path: Path) -> None:
    done: list[Any] = [{"result": [], "completed_by": who} for who in (2**63, {"id": 10**30}, -1)]
    rows = json.dumps([{"data": {"image": "/a.jpg"}, "annotations": done}]).encode()
    (task,) = run_import(studio, tmp_path, {"a.json": rows}).tasks
    assert len(task["annotations"]) == 3


def test_rows_whose_keys_all_differ_tell_and_keep_few_of_them(studio: Studio, tmp_path: Path) -> None:
    rows = [{"image": "/a.jpg", f"{n}-" + "x" * 500: n} for n in range(3_000)]
    row_decoders.cache_clear()
    columns = run_import(studio, tmp_path, {"a.json": json.dumps(rows).encode()}).result["data_columns"]
    assert (len(columns), max(map(len, columns))) == (1_000, 200)
    assert row_decoders.cache_info().misses == 1  # for the first rows


def test_what_a_reader_made_holds_no_nul() -> None:
    made = StagedTask(data=Raw(b'{"image": "a\\u0000"}'), meta=Raw(b"{}"))
    with pytest.raises(Invalid, match="holds the character NUL"):
        Checker(parse_config("<View></View>"), Staged()).take_tasks([made], "a.conll")


def test_more_uploads_than_a_statement_has_parameters_are_looked_up(studio: Studio) -> None:
    many = list(range(1, 70_000))
    with studio.database.write() as tx:
        assert uploads.list_by_id(tx, many) == []
        assert uploads.list_used(tx, studio.project_id, many) == set()
        uploads.remove(tx, many)


def test_an_archive_is_not_read_beyond_what_it_may_unpack_to() -> None:
    archive = Archive(io.BytesIO(zipped({"a.txt": b"x" * 90, "b.txt": b"x" * 90})), "a.zip", 200)
    assert len(b"".join(archive.chunks("a.txt"))) == 90
    with pytest.raises(Exception, match="TREADLE_MAX_UNPACKED_BYTES"):
        Archive(io.BytesIO(zipped({"a.txt": b"x" * 300})), "a.zip", 200)
    with pytest.raises(Exception, match="more than the server takes"):
        for _ in range(3):  # the same one again and again
            b"".join(archive.chunks("b.txt"))


def test_windows_hold_the_same_items_as_the_whole() -> None:
    """Wherever a window ends: inside a text that looks like a joint, or a nested list."""
    rows = [
        {"id": n, "data": {"image": "},{", "x": [{"id": n}, {"id": "a"}] * (n % 5)}, "y": '"}, {"id": '}
        for n in range(3_000)
    ]
    for text in (json.dumps(rows), json.dumps(rows, indent=1), json.dumps(rows, separators=(",", ":"))):
        pieces = iter([text[at : at + 997].encode() for at in range(0, len(text), 997)])
        windows = list(JsonStream(pieces, "x").take_items())
        assert [row for window in windows for row in json.loads(window.text)] == rows
        assert sum(len(window.items) for window in windows) == len(rows)


_STAGE = """
import resource, sys
from treadle.labeling.config import parse_config
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.staging import stage_json
row = b'{"data": {"image": "/pictures/0000001.jpg", "text": "' + b"x" * 150 + b'"}}'
piece = b",".join([row] * 1000)
def chunks():
    yield b"["
    for n in range(400):
        yield (b"," if n else b"") + piece
    yield b"]"
config = parse_config('<View><Image name="i" value="$image"/></View>')
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
checker = Checker(config, Staged())
count = sum(block.count for block in stage_json(chunks(), checker, "x"))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(count, grown // 1024)
"""


def test_a_large_list_takes_little_memory() -> None:
    told = subprocess.run([sys.executable, "-c", _STAGE], capture_output=True, text=True, check=True).stdout
    count, grown_mib = map(int, told.split())
    assert count == 400_000  # 86 MB
    assert grown_mib < 40

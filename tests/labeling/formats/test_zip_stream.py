"""The archive writer, read back by the standard library."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.labeling.formats.feeding import MADE_AT
from treadle.labeling.formats.zip_stream import ZipWriter


class FrontToBack(io.RawIOBase):
    """A stream such as a socket: it takes bytes and neither seeks nor tells where it is."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.written += content
        return len(content)


def test_entries_come_back_as_they_were() -> None:
    entries = {"a.txt": b"", "labels/é😀.txt": b"x" * 10_000, "b/c.bin": bytes(range(256)) * 100}
    out = FrontToBack()
    with ZipWriter(out, MADE_AT) as archive:  # type: ignore[arg-type]
        for name, content in entries.items():
            archive.add(name, content)
        archive.add_file("big.json", io.BytesIO(b"abc" * 2_000_000))
    with zipfile.ZipFile(io.BytesIO(bytes(out.written))) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in entries} == entries
        assert opened.read("big.json") == b"abc" * 2_000_000
        assert opened.infolist()[0].date_time == (2026, 11, 21, 12, 30, 2)
        assert opened.infolist()[0].external_attr >> 16 == 0o100644


def test_more_entries_than_the_old_format_could_count() -> None:
    out = io.BytesIO()
    with ZipWriter(out, MADE_AT) as archive:
        for i in range(70_000):
            archive.add(f"{i}.txt", b"")
    with zipfile.ZipFile(out) as opened:
        assert len(opened.namelist()) == 70_000
        assert opened.read("69999.txt") == b""


def test_an_empty_archive_is_an_archive() -> None:
    out = io.BytesIO()
    with ZipWriter(out, datetime(1970, 1, 1, tzinfo=timezone.utc)):
        pass
    assert zipfile.ZipFile(out).namelist() == []


def test_an_archive_that_failed_half_way_is_no_archive() -> None:
    out = io.BytesIO()
    with pytest.raises(RuntimeError), ZipWriter(out, MADE_AT) as archive:
        archive.add("a.txt", b"a")
        raise RuntimeError
    assert not zipfile.is_zipfile(out)

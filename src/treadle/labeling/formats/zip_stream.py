"""Writes a ZIP archive front to back, in constant memory whatever the number of entries.

The standard library keeps about a kilobyte for each entry until the end; a data set has one for each
picture.  Here the directory of the archive waits on disk.  Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.4.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import IO, BinaryIO

_CHUNK_BYTES = 1024 * 1024
_IN_MEMORY_BYTES = 4 * 1024 * 1024
_LIMIT_32 = 0xFFFFFFFF
_LIMIT_16 = 0xFFFF
_UTF8_NAMES = 0x0800
_STORED, _DEFLATED = 0, 8
#: The rows of one picture: setting up to pack them takes longer than writing them all.
_WORTH_PACKING_BYTES = 512
_VERSION = 45  # what ZIP64 needs
_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16


class ZipWriter:
    """One archive being written.  A context manager: leaving it without an error completes the archive."""

    def __init__(self, out: BinaryIO, made_at: datetime) -> None:
        self._out = out
        self._offset = 0
        self._entries = 0
        self._directory = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 (closed by __exit__)
        self._date = ((max(made_at.year, 1980) - 1980) << 9) | (made_at.month << 5) | made_at.day
        self._time = (made_at.hour << 11) | (made_at.minute << 5) | (made_at.second // 2)

    def __enter__(self) -> ZipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._directory.close()

    def add(self, name: str, content: bytes) -> None:
        """One entry from bytes in memory."""
        if len(content) < _WORTH_PACKING_BYTES:
            self._start_entry(name, zlib.crc32(content), len(content), len(content), method=_STORED)
            self._emit(content)
            return
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        self._start_entry(name, zlib.crc32(content), len(packed), len(content))
        self._emit(packed)

    def add_file(self, name: str, content: IO[bytes]) -> None:
        """One entry from a file, read from where it stands to its end."""
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        crc = size = 0
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as packed:
            while chunk := content.read(_CHUNK_BYTES):
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
                packed.write(packer.compress(chunk))
            packed.write(packer.flush())
            self._start_entry(name, crc, packed.tell(), size)
            self._offset += packed.tell()
            packed.seek(0)
            shutil.copyfileobj(packed, self._out, _CHUNK_BYTES)

    def add_chunks(self, name: str, content: Iterable[bytes]) -> None:
        """One entry as it stands, not packed: pictures are packed in themselves."""
        crc = 0
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as waiting:
            for chunk in content:
                crc = zlib.crc32(chunk, crc)
                waiting.write(chunk)
            size = waiting.tell()
            self._start_entry(name, crc, size, size, method=_STORED)
            self._offset += size
            waiting.seek(0)
            shutil.copyfileobj(waiting, self._out, _CHUNK_BYTES)

    def _start_entry(self, name: str, crc: int, packed: int, size: int, method: int = _DEFLATED) -> None:
        encoded = name.encode()
        head = struct.pack("<HHHHHI", _VERSION, _UTF8_NAMES, method, self._time, self._date, crc)
        # Sizes and place stand in the ZIP64 field always: one way to write, whatever the size.
        sizes = struct.pack("<II", _LIMIT_32, _LIMIT_32)
        local_extra = struct.pack("<HHQQ", 1, 16, size, packed)
        extra = struct.pack("<HHQQQ", 1, 24, size, packed, self._offset)
        self._directory.write(
            struct.pack("<IH", 0x02014B50, _UNIX | _VERSION)
            + head
            + sizes
            + struct.pack("<HHHHHII", len(encoded), len(extra), 0, 0, 0, _REGULAR_FILE, _LIMIT_32)
            + encoded
            + extra
        )
        lengths = struct.pack("<HH", len(encoded), len(local_extra))
        self._emit(struct.pack("<I", 0x04034B50) + head + sizes + lengths + encoded + local_extra)
        self._entries += 1

    def _emit(self, content: bytes) -> None:
        self._out.write(content)
        self._offset += len(content)

    def _finish(self) -> None:
        start, size = self._offset, self._directory.tell()
        self._directory.seek(0)
        shutil.copyfileobj(self._directory, self._out, _CHUNK_BYTES)
        counts = struct.pack("<QQQQ", self._entries, self._entries, size, start)
        self._out.write(struct.pack("<IQHHII", 0x06064B50, 44, _UNIX | _VERSION, _VERSION, 0, 0) + counts)
        self._out.write(struct.pack("<IIQI", 0x07064B50, 0, start + size, 1))
        entries = min(self._entries, _LIMIT_16)
        totals = min(size, _LIMIT_32), min(start, _LIMIT_32)
        self._out.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, *totals, 0))

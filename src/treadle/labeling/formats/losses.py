"""What a format could not carry: counted by reason, and told one by one in a report.

A report lies on disk, so that an export that loses half needs no more memory than one that loses nothing.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from types import TracebackType
from typing import IO, TypeAlias

import msgspec

#: Losses that a report tells one by one.
MOST_LISTED = 1_000_000
_IN_MEMORY_BYTES = 1024 * 1024
_CHUNK_BYTES = 256 * 1024


class Reason(str, Enum):
    """Why something was left out, or is less than it was: sentences for whoever reads the report."""

    SKIPPED = "The annotation was skipped, and this format holds submitted ones alone."
    NOT_ANNOTATED = "Nobody annotated the task, and here it would read as one that holds nothing."
    MALFORMED = "The stored result is malformed and cannot be read."
    NO_LABEL = "The region has no label, and this format tells every region by its label."
    NOT_ON_PICTURE = "The region is on no picture of the task, and this format holds pictures alone."
    NOT_ON_TEXT = "The region is on no text of the task, and this format holds texts alone."
    MASK = "The region is a painted mask, which has no outline that this format could hold."
    OTHER_KIND = "The region is no shape that this format can hold."
    NO_AREA = "The region is an open line or a curve, and this format holds areas alone."
    POINT = "The region is a point, and this format holds areas alone."
    POINT_WITHOUT_BOX = "The point belongs to no box, and this format holds the points of boxes alone."
    UNKNOWN_POINT = "The point is none of the points that the project's config puts in an order."
    NO_SIZE = "The size of the picture is not known, so that percent cannot become pixels."
    OUTSIDE = "The region lies outside of the picture."
    CUT = "The box reaches beyond the picture: its corners were moved to the edge, as trainers want it."
    TURNED = "The box is turned: the upright box around it was written, without its angle."
    BOX_AROUND = "The region is no box: the upright box around it was written, without its outline."
    TURNED_BOX_AROUND = "The region is no box: the smallest box around it was written, without its outline."
    ANSWER = (
        "The answer (a choice, a text, a rating or a number) is no region, and this format holds no others."
    )
    RELATION = "The relation between two regions was left out: this format holds none."
    UNKNOWN_CONTROL = "The project's config has no control of that name any more, and so no column for it."
    NO_TEXT = "The text is not in the task's data (it is an address, or absent), so that it has no words."
    NO_WORD = "The region holds no whole character of a word, and this format labels words."
    OVERLAP = "The region overlaps an earlier one, and this format holds one label for each word."
    FURTHER_LABEL = "The region has several labels, and this format holds the first of them alone."
    PICTURE_ELSEWHERE = (
        "The picture lies at an outside address, which an export does not fetch. Its labels are there."
    )
    PICTURE_MISSING = "The picture is not among the files of this project. Its labels are there."
    PICTURE_NOT_TOLD = (
        "The commit of these labels does not tell which picture the task showed, and what is there now may "
        "be another: it was left out. Its labels are there."
    )


#: Notes one loss of an annotation, with the id of the region where it has one.
Lose: TypeAlias = Callable[[Reason, "str | None"], None]


class LossReport:
    """A report being written.  A context manager, since it holds a file."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._noted = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 (see __exit__)

    def __enter__(self) -> LossReport:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def total(self) -> int:
        """How many losses there are."""
        return self._noted

    def add(
        self, reason: Reason, task_id: int, annotation_id: int | None = None, region_id: str | None = None
    ) -> None:
        """Note one loss.  Beyond a million they are counted alone: a report must not fill the disk."""
        self.counts[reason.value] += 1
        self._noted += 1
        if self._noted > MOST_LISTED:
            return
        self._file.write(b",\n" if self._noted > 1 else b"[\n")
        entry = {"task": task_id, "annotation": annotation_id, "region": region_id, "reason": reason.value}
        self._file.write(msgspec.json.encode(entry))

    def of(self, task_id: int, annotation_id: int | None) -> Lose:
        """What notes the losses of one annotation."""

        def lose(reason: Reason, region_id: str | None = None) -> None:
            self.add(reason, task_id, annotation_id, region_id)

        return lose

    def chunks(self) -> Iterator[bytes]:
        """The report as a JSON list, one loss on each line."""
        if not self.counts:
            yield b"[]\n"
            return
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK_BYTES):
            yield chunk
        yield b"\n]\n"

"""What goes into an export and what is told about it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeAlias

from msgspec import Struct

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.losses import LossReport, Reason


class ExportAnnotation(Struct, frozen=True):
    """One annotation, as stored text: nothing is parsed that a format does not look into."""

    annotation_id: int
    #: The whole annotation as the API shows it: one JSON object.
    json: bytes
    #: Its result alone: one JSON array.
    result_json: bytes
    completed_by: int | None
    was_cancelled: bool
    ground_truth: bool
    #: As the API writes times: ``2026-11-21T12:49:39.871035Z``.
    created_at: str
    updated_at: str
    lead_time_s: float | None


class ExportTask(Struct, frozen=True):
    """One task with all its annotations, the oldest first."""

    task_id: int
    inner_id: int
    #: The task's data: one JSON object.
    data_json: bytes
    #: The task's other members (``drafts``, ``predictions``, ``meta``, times, counters …): one JSON object
    #: without ``id``, ``annotations`` and ``data``.
    rest_json: bytes
    annotations: tuple[ExportAnnotation, ...]
    #: Width and height after EXIF orientation, where the server measured the picture itself.
    picture_size_px: tuple[int, int] | None = None

    @property
    def size_bytes(self) -> int:
        """About how much text it is."""
        text = len(self.data_json) + len(self.rest_json)
        return text + sum([len(annotation.json) for annotation in self.annotations])

    @property
    def counted_annotations(self) -> tuple[ExportAnnotation, ...]:
        """Those that say something about the data: skipped ones do not.  Ground truth first."""
        kept = [annotation for annotation in self.annotations if not annotation.was_cancelled]
        return tuple(sorted(kept, key=lambda annotation: not annotation.ground_truth))


@dataclass(slots=True)
class ExportCounts:
    """What an export holds."""

    tasks: int = 0
    annotations: int = 0


#: The bytes of the picture that stands at an address in the data of the task of that id, or why they cannot
#: be had. Asked for in the order of tasks.
OpenPicture: TypeAlias = Callable[[str, int], "Iterator[bytes] | Reason"]


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where an export goes, and what it takes besides the tasks."""

    out: BinaryIO
    #: What a format says about its own time.
    made_at: datetime
    #: Takes what the format cannot express.
    losses: LossReport
    open_picture: OpenPicture


#: Writes all tasks to an outlet.
Write: TypeAlias = Callable[[Iterable[ExportTask], LabelConfig, Outlet], ExportCounts]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One way to take labels away."""

    name: str
    title: str
    description: str
    tags: tuple[str, ...]
    extension: str
    content_type: str
    #: Whether labels made with a config can be written in this format.
    fits: Callable[[LabelConfig], bool]
    write: Write


def fits_all(_config: LabelConfig) -> bool:
    """For formats that can hold anything."""
    return True


def annotated_only(tasks: Iterable[ExportTask]) -> Iterable[ExportTask]:
    """The tasks that somebody submitted or skipped: what an export holds unless all tasks are asked for."""
    return (task for task in tasks if task.annotations)

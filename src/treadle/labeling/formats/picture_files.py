"""The pictures of a data set: names that are safe and unique, and their bytes where those are wanted."""

from __future__ import annotations

from types import TracebackType

from treadle.labeling.formats.file_names import TakenNames, split_name
from treadle.labeling.formats.losses import Reason
from treadle.labeling.formats.records import Outlet
from treadle.labeling.formats.regions import Picture
from treadle.labeling.formats.zip_stream import ZipWriter


class PictureFiles:
    """Pictures on their way into an archive, under ``images/``.  A context manager: names wait on disk."""

    def __init__(self, outlet: Outlet, archive: ZipWriter, *, with_pictures: bool) -> None:
        self._outlet = outlet
        self._archive = archive
        self._with_pictures = with_pictures
        self._names = TakenNames()

    def __enter__(self) -> PictureFiles:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._names.close()

    def name(self, picture: Picture, task_id: int) -> tuple[str, str]:
        """A stem that no other picture has, and the ending."""
        stem, ending = split_name(picture.address, f"task-{task_id}")
        return self._names.take(stem, task_id), ending

    def further(self, stem: str, annotation_id: int) -> str:
        """The stem for what another annotation says about the same picture."""
        return self._names.take(f"{stem}-annotation-{annotation_id}", annotation_id)

    def add(self, picture: Picture, stem: str, ending: str, task_id: int) -> str:
        """Put the picture into the archive where pictures are wanted; its path there, in any case."""
        path = f"images/{stem}{ending}"
        if self._with_pictures:
            found = self._outlet.open_picture(picture.address, task_id)
            if isinstance(found, Reason):
                self._outlet.losses.add(found, task_id)
            else:
                self._archive.add_chunks(path, found)
        return path

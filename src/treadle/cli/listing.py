"""What `treadle ls` finds."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.client.names import Place
from treadle.client.repos import RemoteRepo
from treadle.client.values import Entry, File
from treadle.errors import NotFound


def list_entries(repo: RemoteRepo, place: Place, *, is_recursive: bool) -> Iterator[Entry]:
    """What a place names: a file, what is in a folder, or with ``is_recursive`` all below it.

    Raises NotFound("file-not-found").
    """
    ref, path = place.ref_or_head, place.path
    if place.is_glob:
        yield from repo.list(ref, glob=path)
        return
    if path and not path.endswith("/"):
        first = next(repo.list(ref, path, page_size=1), None)
        if isinstance(first, File) and first.path == path:
            yield first
            return
        path += "/"
    entries = repo.list(ref, path, delimiter="" if is_recursive else "/")
    first = next(entries, None)
    if first is None and path:
        raise NotFound("file-not-found", f"There is nothing at {place}.")
    yield from (each for each in (first,) if each is not None)
    yield from entries


def tell_staged(repo: RemoteRepo, place: Place) -> str:
    """That more lies on a branch than its head has, and how it is committed; "" where nothing does."""
    if place.is_commit or place.is_glob:
        return ""
    try:
        branch = repo.branch(place.ref_or_head)
    except NotFound:  # a tag, or what stands before a name
        return ""
    opened, since = branch.open_commit or "", branch.name if branch.head else ""
    if not opened or next(repo.diff(opened, since, page_size=1), None) is None:
        return ""
    name, staged = f"{place.repo_name}@{branch.name}", f"{place.repo_name}@{opened}"
    look = f"treadle diff {name} {staged}" if since else f"treadle ls {staged}"
    return f"More is staged there ({look}). To commit it: treadle commit finish {name}"

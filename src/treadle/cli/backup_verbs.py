"""Backups and what becomes of them, from a terminal on the machine of the data."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from treadle.backups.making import make_backup
from treadle.backups.manifest import KEY, Manifest
from treadle.backups.restoring import check_backup, restore_backup
from treadle.cli.printing import Printer, ProgressBar, shown_size
from treadle.launch.lock import take_lock
from treadle.settings import Settings

_WAIT_S = 5.0


def back_up(settings: Settings, arguments: Namespace) -> int:
    """Make a backup while the server runs, or not."""
    os.umask(0o077)
    target, printer = Path(arguments.target), Printer(arguments.json)
    bar = ProgressBar("Backing up")
    made = make_backup(settings, target, copies_objects=not arguments.list_objects, told=bar.add)
    bar.end()
    printer.tell(f"Backed up to {target}: {_describe(made)}.", made)
    if any(file.name == KEY for file in made.files):
        printer.remark(
            "It holds the key of this installation: whoever has it can sign in as anybody, and read the "
            "passwords of storages. Keep it where the server's own data may be kept."
        )
    if not made.objects.are_copied:
        printer.remark("Its objects are listed, not copied: keep the bucket as it is.")
    _warn_of_missing(printer, made)
    return 0


def restore(settings: Settings, arguments: Namespace) -> int:
    """Bring a backup back to an empty place, or look whether that could be done."""
    os.umask(0o077)
    source, printer = Path(arguments.source), Printer(arguments.json)
    bar = ProgressBar("Checking" if arguments.check else "Restoring")
    if arguments.check:
        found = check_backup(source, bar.add)
        bar.end()
        printer.tell(f"{source} is whole: {_describe(found)}.", found)
        return 0
    lock = take_lock(settings.data_dir, _WAIT_S)
    try:
        restored = restore_backup(settings, source, bar.add)
    finally:
        lock.release()
    bar.end()
    printer.tell(f"Restored to {settings.data_dir}: {_describe(restored)}.", restored)
    _warn_of_missing(printer, restored)
    return 0


def _describe(manifest: Manifest) -> str:
    counts = ", ".join(
        f"{manifest.counts.get(name, 0):,} {name}" for name in ("projects", "tasks", "annotations", "repos")
    )
    sums = manifest.objects
    size = shown_size(sums.content_bytes + sum(file.size_bytes for file in manifest.files))
    moment = manifest.taken_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"as of {moment}, {counts}, {sums.count:,} objects; {size}, of Treadle {manifest.treadle}"


def _warn_of_missing(printer: Printer, manifest: Manifest) -> None:
    if manifest.missing:
        first = ", ".join(manifest.missing[:3])
        printer.remark(
            f"{len(manifest.missing)} objects that the database names were not there when it was made, "
            f"lost before: {first}{', …' if len(manifest.missing) > 3 else ''}."
        )

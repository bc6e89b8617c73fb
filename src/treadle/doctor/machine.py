"""What a server stands on: its data folder, the room there, shared memory."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from treadle.access.signing_key import FILE_NAME as KEY_FILE
from treadle.doctor.checks import Check, Fix, Place, well
from treadle.doctor.fixes import setting

__all__ = ["Runner", "check_journal", "check_key", "check_room", "check_shared_memory", "check_volume"]

_PLACE: Place = "machine"
_MB = 1024**2
#: Below the first a save may find none; below the second an import does.
_LEAST_FREE_BYTES, _GOOD_FREE_BYTES = 64 * _MB, 1024 * _MB
#: What a container has unless it is told, and what readers of pictures want.
_USUAL_MEMORY_BYTES, _GOOD_MEMORY_BYTES = 64 * _MB, 1024 * _MB
_MOST_LOOKED_AT = 500
_CAP_DAC_OVERRIDE = 1 << 1
_TRIAL_BYTES = 256 * 1024
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Where several machines do not see one another's memory, which a write-ahead log is shared by.
_NETWORK_KINDS = ("nfs", "cifs", "smb", "9p", "lustre", "ceph", "gluster", "fuse.", "beegfs", "gpfs", "afs")


@dataclass(frozen=True)
class Runner:
    """The user that the server runs as.

    groups: that of the process, then further ones.  overrides: it has the capability that no mode holds up.
    """

    uid: int
    groups: tuple[int, ...]
    overrides: bool = False

    @classmethod
    def of_this_process(cls) -> Runner:
        """Whoever looks."""
        return cls(os.geteuid(), (os.getegid(), *os.getgroups()))

    @classmethod
    def of_process(cls, pid: int) -> Runner | None:
        """Whoever runs that process of this machine; None where that cannot be told."""
        try:
            lines = Path("/proc", str(pid), "status").read_text().splitlines()
        except OSError:
            return None
        said = {name: text.split() for name, _, text in (line.partition(":") for line in lines)}
        if len(said.get("Uid", ())) < 2:
            return None
        groups = [*said.get("Gid", [])[1:2], *said.get("Groups", [])]
        overrides = bool(int("".join(said.get("CapEff", ())) or "0", 16) & _CAP_DAC_OVERRIDE)
        return cls(int(said["Uid"][1]), tuple(int(text) for text in groups), overrides)

    @classmethod
    def of_folder(cls, data_dir: Path) -> Runner | None:
        """Whoever owns it; None where it is not there, or may not be seen."""
        try:
            found = data_dir.stat()
        except OSError:
            return None
        return cls(found.st_uid, (found.st_gid,))

    def may(self, found: os.stat_result, wanted: int) -> bool:
        """Whether all of ``wanted`` (4 read, 2 write, 1 enter) is theirs, by owner, group and mode."""
        if self.uid == 0 or self.overrides:
            return True
        if found.st_uid == self.uid:
            shift = 6
        else:
            shift = 3 if found.st_gid in self.groups else 0
        return (found.st_mode >> shift) & wanted == wanted


def check_volume(data_dir: Path, runner: Runner) -> Check:
    """Whether the server's user may write in its folder, and to what lies there."""
    if not os.path.exists(data_dir):  # which is no error where a folder above lets nobody in
        return _check_parent(data_dir, runner)
    if not data_dir.is_dir():
        return _fault("Data folder", "volume-missing", f"{data_dir} is a file.", _NO_FOLDER, _elsewhere())
    is_ours = runner.uid == os.geteuid()
    for path, found in _looked_at(data_dir):
        wanted = 7 if stat.S_ISDIR(found.st_mode) else 6
        if runner.may(found, wanted) or (is_ours and os.access(path, wanted)):
            continue
        if is_ours or not _has_list(path):
            return _not_theirs(data_dir, path, found, runner)
    if is_ours:
        problem = _try_to_write(data_dir, 1)
        if problem is not None and problem.errno not in _NO_ROOM:
            return _unwritable(data_dir, problem)
    return well(_PLACE, "Data folder", f"{data_dir} and what lies there are writable for user {runner.uid}.")


def _has_list(path: Path) -> bool:
    """Whether it has a list of further users (an ACL), which may let in whom its mode does not."""
    try:
        return "system.posix_acl_access" in os.listxattr(path, follow_symlinks=False)
    except OSError:
        return False


_NO_FOLDER = "Nothing can be kept: the server does not start."
_NOT_WRITABLE = "Saves, uploads and sign-ins fail, or the server does not start."


def _looked_at(data_dir: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The folder, what lies in it, and the folders in its folders; links are others'."""
    yield data_dir, data_dir.stat()
    folders: list[Path] = []
    for path, found in _entries(data_dir):
        if stat.S_ISDIR(found.st_mode):
            folders.append(path)
        if stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode):
            yield path, found
    for folder in folders:
        yield from ((path, found) for path, found in _entries(folder) if stat.S_ISDIR(found.st_mode))


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        paths = list(islice(folder.iterdir(), _MOST_LOOKED_AT))
    except OSError:  # whose it is was told by its own line
        return
    for path in paths:
        with suppress(FileNotFoundError):  # a server works there
            yield path, path.lstat()


def _check_parent(data_dir: Path, runner: Runner) -> Check:
    parent = _nearest(data_dir)
    found = parent.stat()
    if runner.may(found, 3):
        return well(_PLACE, "Data folder", f"{data_dir} is not there yet; the first start makes it.")
    return _not_theirs(data_dir, parent, found, runner)


def _nearest(path: Path) -> Path:
    """The folder itself, or the first above it that can be seen."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if os.path.isdir(each))


def _not_theirs(data_dir: Path, path: Path, found: os.stat_result, runner: Runner) -> Check:
    seen = (
        f"{path} belongs to user {found.st_uid}, group {found.st_gid}, with mode "
        f"{stat.S_IMODE(found.st_mode):o}; the server runs as user {runner.uid}."
    )
    folder = shlex.quote(str(data_dir))
    make = "" if os.path.exists(data_dir) else f"mkdir -p {folder}\n"
    group = runner.groups[0] if runner.groups else runner.uid
    fixes = [
        Fix("On the machine of the folder, as root", f"{make}chown -R {runner.uid}:{group} {folder}"),
        # A pod that may be no root has no group 0 of its own choice either.
        Fix("Kubernetes, securityContext of the pod", f"fsGroup: {group or runner.uid}"),
    ]
    if found.st_uid:
        fixes.append(Fix("docker run", f"--user {found.st_uid}:{found.st_gid}"))
    return _fault("Data folder", "volume-not-ours", seen, _NOT_WRITABLE, tuple(fixes))


def _unwritable(data_dir: Path, problem: OSError) -> Check:
    seen = f"Nothing can be written to {data_dir}: {problem.strerror}."
    if problem.errno == errno.EROFS:
        mount = shlex.quote(_mount_of(data_dir)[0])
        again = Fix("On the machine, as root", f"mount -o remount,rw {mount}")
        return _fault("Data folder", "volume-read-only", seen, _NOT_WRITABLE, (again, *_elsewhere()))
    return _fault("Data folder", "volume-not-ours", seen, _NOT_WRITABLE, _elsewhere())


def _elsewhere() -> tuple[Fix, ...]:
    return (setting("TREADLE_DATA_DIR=/another/folder"),)


def check_room(data_dir: Path) -> Check:
    """Whether there is room for files, and for their names."""
    place = _nearest(data_dir)
    usage, found = shutil.disk_usage(place), os.statvfs(place)
    problem = _try_to_write(place, _TRIAL_BYTES)
    seen = f"{_size(usage.free)} of {_size(usage.total)} are free where {data_dir} lies."
    fixes = (
        Fix(
            "On the machine: what takes the room",
            f"du -xh --max-depth=2 {shlex.quote(str(place))} | sort -h | tail",
        ),
        Fix(
            "Treadle: what was deleted and is still kept",
            "treadle admin workspace purge NAME --older-than 30",
        ),
        setting("TREADLE_DATA_DIR=/a/folder/on/a/larger/disk"),
    )
    if problem is not None and problem.errno in _NO_ROOM:
        told = f"{seen} A file of {_size(_TRIAL_BYTES)} found no room: {problem.strerror}."
        return _fault("Disk", "disk-full", told, "Saves and uploads are refused.", fixes)
    if found.f_files and found.f_favail < 100:
        told = f"{seen} No more files can be made there: {found.f_favail} of {found.f_files} are left."
        return _fault("Disk", "disk-full", told, "Saves and uploads are refused.", fixes)
    if usage.free < _LEAST_FREE_BYTES:
        return _fault("Disk", "disk-full", seen, "Saves and uploads are refused, now or soon.", fixes)
    if usage.free < _GOOD_FREE_BYTES:
        return _warning("Disk", "disk-nearly-full", seen, "Imports and models will find no room.", fixes)
    return well(_PLACE, "Disk", seen)


def check_shared_memory(folder: Path = Path("/dev/shm")) -> Check:
    """Whether trainings find the memory by which their processes hand pictures on."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        seen = f"There is no {folder} ({error.strerror})."
        return _fault("Shared memory", "shared-memory-missing", seen, _NO_MEMORY, _memory_fixes())
    size_bytes = found.f_blocks * found.f_frsize
    seen = f"{folder} has {_size(size_bytes)}."
    if size_bytes < _USUAL_MEMORY_BYTES:
        return _fault("Shared memory", "shared-memory-small", seen, _NO_MEMORY, _memory_fixes())
    if size_bytes < _GOOD_MEMORY_BYTES and find_spec("torch") is not None:
        wrong = "Trainings on this machine that read pictures with several processes end with Bus error."
        return _warning("Shared memory", "shared-memory-small", seen, wrong, _memory_fixes())
    return well(_PLACE, "Shared memory", seen)


_NO_MEMORY = (
    "Trainings on this machine end with Bus error, and PostgreSQL beside it refuses larger questions."
)


def _memory_fixes() -> tuple[Fix, ...]:
    return (
        Fix("compose.yaml, of the service", "shm_size: 2gb"),
        Fix("docker run", "--shm-size=2g"),
        Fix(
            "Kubernetes, of the pod, mounted at /dev/shm",
            "volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}]",
        ),
        Fix("A machine, as root", "mount -o remount,size=2g /dev/shm"),
    )


def check_journal(data_dir: Path, journal_mode: str) -> Check | None:
    """Whether SQLite's journal fits the file system; None where it is on no network."""
    place, kind = _mount_of(data_dir)
    if not kind.startswith(_NETWORK_KINDS) or journal_mode.upper() != "WAL":
        return None
    seen = f"{data_dir} lies on {kind} ({place}), and SQLite keeps a write-ahead log there."
    wrong = "A log is shared by memory, which machines of a network do not share: the database can be broken."
    fixes = (setting("TREADLE_JOURNAL_MODE=DELETE"), setting("TREADLE_DATABASE_URL=postgresql://…"))
    return _fault("Database file", "journal-on-network", seen, wrong, fixes)


def check_key(data_dir: Path) -> Check | None:
    """Whether others of the machine can read the key that signs tokens; None where there is none yet."""
    path = data_dir / KEY_FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if not mode & 0o077:
        return well(_PLACE, "Key", f"{path} is its owner's alone.")
    wrong = "Whoever reads it can sign in as anybody."
    fixes = (Fix("On the machine", f"chmod 600 {shlex.quote(str(path))}"),)
    return _warning("Key", "key-readable", f"{path} has mode {mode:o}.", wrong, fixes)


def _mount_of(path: Path) -> tuple[str, str]:
    """Where the file system is mounted that holds a path, and its kind; "" where that cannot be told."""
    wanted, found = str(path.absolute()), ("", "")
    try:
        lines: Sequence[str] = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        place = line.split()[4].replace("\\040", " ")
        is_above = wanted == place or wanted.startswith(f"{place.rstrip('/')}/")
        if is_above and len(place) >= len(found[0]):
            found = (place, line.partition(" - ")[2].split()[0])
    return found


def _try_to_write(folder: Path, size_bytes: int) -> OSError | None:
    """Why a file of that size cannot be written; it is gone afterwards."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * size_bytes)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def _fault(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place=_PLACE, name=name, state="fault", code=code, seen=seen, wrong=wrong, fixes=fixes)


def _warning(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place=_PLACE, name=name, state="warning", code=code, seen=seen, wrong=wrong, fixes=fixes)


def _size(size_bytes: int) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size_bytes < 1024:
            return f"{size_bytes:,} {unit}"
        size_bytes //= 1024
    return f"{size_bytes:,} TB"

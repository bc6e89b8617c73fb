"""A directory as the root of a process: its own mounts, processes and user, as containers have it.

Needs root and unshare, setpriv and nsenter of util-linux: `are_possible` says whether this machine has them.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from tests.waiting import wait_until

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_DEVICES = ("null", "zero", "full", "random", "urandom")
_APART = ("--mount", "--pid", "--ipc", "--uts", "--propagation", "private")
_UNSHARE = ("unshare", *_APART, "--fork", "--kill-child")
_CAPABLE = ("--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs")


@dataclass(frozen=True)
class Mount:
    """What lies at ``path``: the folder or file ``source``; where there is none, so much memory."""

    path: str
    source: Path | None = None
    size: str = "64m"


@dataclass(frozen=True)
class Room:
    """How a process sees its machine."""

    root: Path
    user: str = "0:0"
    mounts: Sequence[Mount] = field(default=())
    #: Nothing but the mounts can be written to, and no right of root's is left.
    is_locked: bool = False

    def command(self, words: Sequence[str], folder: str) -> list[str]:
        """What starts ``words`` in it, in ``folder``."""
        user, _, group = self.user.partition(":")
        who = ["setpriv", "--reuid", user, "--regid", group or "0", "--clear-groups"]
        who += _CAPABLE if self.is_locked else ()
        inner = shlex.join([*who, "sh", "-c", f'cd {shlex.quote(folder)} && exec "$@"', "sh", *words])
        steps = [*self._mounting(), f"exec chroot {shlex.quote(str(self.root))} {inner}"]
        return [*_UNSHARE, "sh", "-ec", "\n".join(steps)]

    def _mounting(self) -> list[str]:
        root = shlex.quote(str(self.root))
        steps = [f"mount --bind {root} {root}", f"mount -t proc proc {root}/proc"]
        steps.append(f"mount -t tmpfs -o mode=755,size=64k tmpfs {root}/dev")
        for place in (f"/dev/{name}" for name in _DEVICES):
            steps += [f"touch {root}{place}", f"mount --bind {place} {root}{place}"]
        steps.append(f"mkdir {root}/dev/shm; ln -s /proc/self/fd {root}/dev/fd")
        for mount in (Mount("/dev/shm"), *self.mounts):
            place = f"{root}{shlex.quote(mount.path)}"
            if mount.source is None:
                steps.append(f"mount -t tmpfs -o mode=1777,size={mount.size} tmpfs {place}")
            else:
                steps.append(f"mount --bind {shlex.quote(str(mount.source))} {place}")
        if self.is_locked:
            steps += [f"mount -o remount,ro {root}/dev", f"mount -o remount,bind,ro {root}"]
        return steps

    def inside(self, process: subprocess.Popen[bytes], words: Sequence[str]) -> list[str]:
        """What starts ``words`` beside a process of the room."""
        user, _, group = self.user.partition(":")
        who = ["setpriv", "--reuid", user, "--regid", group or "0", "--clear-groups", *_CAPABLE]
        return [
            "nsenter",
            f"--target={first_in(process)}",
            "--mount",
            "--pid",
            "--root",
            "--wd",
            *who,
            *words,
        ]


def first_in(process: subprocess.Popen[bytes]) -> int:
    """The process with the number 1 in a room, by its number outside."""

    def found() -> int | None:
        told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(told[0]) if told else None

    return wait_until(found)


def run(room: Room, words: Sequence[str], variables: Mapping[str, str], folder: str = "/") -> str:
    """Run a command to its end; what it said. Fails where it does."""
    command = room.command(words, folder)
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def in_network_of_its_own(act: Callable[[], T]) -> T:
    """What ``act`` returns, done in a thread that sees a loopback of its own: every port is free there."""

    def enter() -> T:
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return act()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(enter).result()


@cache
def are_possible() -> bool:
    """Whether there can be rooms on this machine."""
    programs = (*_UNSHARE[:1], "setpriv", "nsenter", "ip", "dpkg-query")
    if os.geteuid() != 0 or not all(shutil.which(each) for each in programs):
        return False
    tried = [*_UNSHARE, "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0

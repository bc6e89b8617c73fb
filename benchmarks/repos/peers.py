"""What the peers do with the same files: git, DVC and Oxen, each by the fastest of its own commands.

Each keeps its files in a working copy, which is made and changed beside what is measured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.repos.measuring import Cost, run
from benchmarks.repos.workload import LISTED, Sizes, changed, path_of, read, size_of, write_changes

Figures = dict[str, float]
_VENVS = Path(__file__).resolve().parent.parent.parent / ".bench"
VERSIONS = {"dvc": "dvc==3.67.1", "oxen": "oxenai==0.65.1"}
_GIT = "git -c gc.auto=0 -c user.name=bench -c user.email=bench@example.com"
_DVC_READ = """
import sys
from dvc.api import DVCFileSystem
files = DVCFileSystem(".", rev="HEAD")
print(sum(len(files.cat_file("/" + path.strip())) for path in sys.stdin))
"""
_OXEN_BEGIN = """
from oxen import Repo, user
user.config_user("bench", "bench@example.com")
Repo(".").init()
"""
_OXEN_COMMIT = """
import sys
from oxen import Repo
repo = Repo(".")
for path in sys.argv[1:]:
    repo.add(path)
repo.commit("files")
"""


@dataclass(frozen=True)
class Peer:
    """An engine: where it keeps its own below the working copy, and its verbs.

    commit: what is new below a folder, or the paths that are known to have changed.
    look: seconds of CPU to compare, list and read, as far as it can by itself.
    """

    kept: str
    begin: Callable[[Path], object]
    commit: Callable[[Path, list[str]], Cost]
    look: Callable[[Path, Sizes], Figures]

    def measure(self, small: Path, large: Path, place: Path, sizes: Sizes) -> Figures:
        """Its figures, of copies of the files that lie in ``place`` meanwhile."""
        with _working_copy(small, place / "small") as copy:
            figures = self._measure_small(copy, sizes)
        with _working_copy(large, place / "large") as copy:
            return figures | self._measure_large(copy)

    def _measure_small(self, copy: Path, sizes: Sizes) -> Figures:
        self.begin(copy)
        first = self.commit(copy, ["annotations"])
        disk = size_of(copy / self.kept)
        write_changes(copy, sizes, 1)
        second = self.commit(copy, [path_of(number) for number in changed(sizes, sizes.files)])
        figures = {
            "commit": first.cpu_s,
            "memory": first.peak_mb,
            "disk": disk / 1e6,
            "changed": second.cpu_s,
        }
        return figures | self.look(copy, sizes)

    def _measure_large(self, copy: Path) -> Figures:
        self.begin(copy)
        first = self.commit(copy, ["images"])
        before = size_of(copy / self.kept)
        shutil.copytree(copy / "images", copy / "copy")
        second = self.commit(copy, ["copy"])
        added = size_of(copy / self.kept) - before
        return {"large": first.cpu_s, "copy": second.cpu_s, "copy_disk": added / 1e6}


def _git_begin(copy: Path) -> None:
    _shell("git init -q .", copy)


def _git_commit(copy: Path, paths: list[str]) -> Cost:
    listed = _lines(copy, paths)
    return _shell(f"{_GIT} add --pathspec-from-file={listed} && {_GIT} commit -qm files", copy)


def _git_look(copy: Path, sizes: Sizes) -> Figures:
    wanted = _lines(copy, [f"HEAD:{path}" for path in read(sizes, sizes.files)])
    return {
        "diff": _shell(f"{_GIT} diff --name-status HEAD~1 HEAD", copy).cpu_s,
        "list": _shell(f"{_GIT} ls-tree HEAD {LISTED}", copy).cpu_s,
        "read": run(["git", "cat-file", "--batch"], copy, given=wanted).cpu_s,
    }


def _dvc_begin(copy: Path) -> None:
    _shell(f"git init -q . && dvc init -q && {_GIT} commit -qm begin", copy)


def _dvc_commit(copy: Path, paths: list[str]) -> Cost:
    folder = paths[0].partition("/")[0]  # it knows folders only
    return _shell(f"dvc add -q {folder} && {_GIT} add -A && {_GIT} commit -qm files", copy)


def _dvc_look(copy: Path, sizes: Sizes) -> Figures:
    wanted = _lines(copy, read(sizes, sizes.files))
    return {
        "diff": _shell("dvc diff --json HEAD~1 HEAD", copy).cpu_s,
        "list": _shell(f"dvc list . {LISTED} --rev HEAD", copy).cpu_s,
        "read": run([_python("dvc"), "-c", _DVC_READ], copy, given=wanted).cpu_s,
    }


def _oxen_begin(copy: Path) -> None:
    run([_python("oxen"), "-c", _OXEN_BEGIN], copy)


def _oxen_commit(copy: Path, paths: list[str]) -> Cost:
    return run([_python("oxen"), "-c", _OXEN_COMMIT, *paths], copy)


def _oxen_look(_copy: Path, _sizes: Sizes) -> Figures:
    return {}  # a commit's files come into the working copy, or from a server


PEERS: Mapping[str, Peer] = {
    "git": Peer(".git", _git_begin, _git_commit, _git_look),
    "DVC": Peer(".dvc", _dvc_begin, _dvc_commit, _dvc_look),
    "Oxen": Peer(".oxen", _oxen_begin, _oxen_commit, _oxen_look),
}


@contextmanager
def at_home_in(folder: Path) -> Iterator[None]:
    """Meanwhile the peers are found, tell nobody, and keep what they note of a person in a folder."""
    paths = [str(_installed(name)) for name in VERSIONS]
    new = {
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "DVC_NO_ANALYTICS": "1",
        "PATH": os.pathsep.join([os.environ["PATH"], *paths]),
    }
    old = dict(os.environ)
    os.environ.update(new)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


@contextmanager
def _working_copy(source: Path, place: Path) -> Iterator[Path]:
    shutil.copytree(source, place)
    os.sync()
    try:
        yield place
    finally:
        shutil.rmtree(place)


def _shell(line: str, folder: Path) -> Cost:
    return run(["sh", "-c", line], folder)


def _lines(copy: Path, lines: list[str]) -> Path:
    listed = copy.with_name("listed")
    listed.write_text("".join(f"{line}\n" for line in lines))
    return listed


def _python(name: str) -> Path:
    return _installed(name) / "python"


def _installed(name: str) -> Path:
    """The folder of a peer's commands, in a virtual environment made at the first call."""
    venv = _VENVS / name
    done = venv / ".complete"
    if not done.exists():
        print(f"Installing {VERSIONS[name]} beside …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", VERSIONS[name]], check=True)
        done.touch()
    return venv / "bin"

"""The images of deploy/Dockerfile without an engine: every step of a stage, in a root directory of its own.

What ``FROM python:…`` brings is put together of the Debian of this machine and of its Python of that version.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cloudera.platform import python_of
from tests.deploy.reading import ROOT, Instruction, is_let_in, stages
from tests.deploy.rooms import Mount, Room, run

#: What the base image has beside what every Debian has: the libraries that Python is linked with.
_BESIDE = """
apt ca-certificates gpgv libbz2-1.0 libcom-err2 libcrypt1 libdb5.3 libexpat1 libffi8 libgcc-s1
libgdbm6 libgssapi-krb5-2 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 liblzma5 libncursesw6
libnsl2 libreadline8 libsqlite3-0 libssl3 libstdc++6 libtinfo6 libtirpc-common libtirpc3 libuuid1
netbase tzdata zlib1g
"""
_LINKS = ("bin", "sbin", "lib", "lib64")
_LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|info|lintian)/")
_PATHS = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
#: How this machine reaches its indexes, as an engine passes a proxy and a mirror on.
_INDEXES = re.compile(r"(PIP|npm_config|NPM_CONFIG|SSL|NODE_EXTRA|HTTPS?|https?|NO|no)_")
_SETTINGS = (Path("/etc/resolv.conf"), Path("/etc/npmrc"), Path("/etc/pip.conf"), Path("/root/.npmrc"))


@dataclass
class Image:
    """A root directory, and what its stage said."""

    root: Path
    user: str = "0:0"
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATHS})


@dataclass
class Builder:
    """Builds stages below ``folder``, each once."""

    folder: Path
    #: Stages to take others in place of, such as one without torch.
    instead: Mapping[str, str] = field(default_factory=dict)
    _built: dict[str, Image] = field(default_factory=dict)

    def build(self, name: str) -> Image:
        """The image of a stage."""
        name = self.instead.get(name, name)
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> Image:
        stage = stages()[name]
        root = self.folder / name
        if stage.base in stages():
            before = self.build(stage.base)
            subprocess.run(["cp", "-a", str(before.root), str(root)], check=True)
            image = Image(root, before.user, before.folder, dict(before.environment))
        else:
            image = Image(root)
            make_base(root, stage.base)
        arguments: dict[str, str] = {}
        for one in stage.instructions:
            self._take(image, one, arguments)
        return image

    def _take(self, image: Image, one: Instruction, arguments: dict[str, str]) -> None:
        """Do what an instruction says; those that only tell do nothing."""
        if one.word == "ENV":
            for pair in shlex.split(one.text):
                name, _, value = pair.partition("=")
                image.environment[name] = value.replace("$PATH", image.environment["PATH"])
        elif one.word == "ARG":
            name, _, value = one.text.partition("=")
            arguments[name] = value.strip('"')
        elif one.word == "WORKDIR":
            image.folder = one.text
            (image.root / one.text[1:]).mkdir(parents=True, exist_ok=True)
        elif one.word == "USER":
            image.user = one.text
        elif one.word == "COPY":
            self._copy(image, one)
        elif one.word == "RUN":
            run_step(image, one.text, arguments)

    def _copy(self, image: Image, one: Instruction) -> None:
        *sources, target = one.arguments
        to = image.root / os.path.normpath(os.path.join(image.folder, target)).lstrip("/")
        stage = one.flags.get("from")
        for source in sources:
            if stage:
                copy_tree(self.build(stage).root / source.lstrip("/"), to)
            else:
                copy_context(source, to, is_folder=target.endswith("/"))


def copy_tree(source: Path, to: Path) -> None:
    """A folder's content, or a file."""
    (to if source.is_dir() else to.parent).mkdir(parents=True, exist_ok=True)
    what = f"{source}/." if source.is_dir() else str(source)
    subprocess.run(["cp", "-a", what, str(to)], check=True)


def copy_context(source: str, to: Path, *, is_folder: bool) -> None:
    """What of the repository .dockerignore lets in, as a clone has it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", source],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(is_let_in, filter(None, listed.stdout.split("\0"))):
        if (ROOT / source).is_dir():
            place = to / Path(name).relative_to(source)
        else:
            place = to / Path(name).name if is_folder else to
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place)


def run_step(image: Image, text: str, arguments: Mapping[str, str]) -> None:
    """A RUN, as the user of the stage, with the network of this machine."""
    variables = {name: said for name, said in os.environ.items() if _INDEXES.match(name)}
    variables |= {**image.environment, **{name: said for name, said in arguments.items() if said}}
    variables.setdefault("HOME", "/root")
    mounts = [Mount(str(path), path) for path in _SETTINGS if path.exists()]
    for mount in mounts:
        place = image.root / mount.path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    run(Room(image.root, image.user, mounts), ["/bin/sh", "-c", text], variables, image.folder)
    for mount in mounts:
        (image.root / mount.path[1:]).unlink()


def make_base(root: Path, name: str) -> None:
    """A Debian that is slim, with a Python in /usr/local."""
    for link in _LINKS:
        (root / "usr" / link).mkdir(parents=True)
        (root / link).symlink_to(f"usr/{link}")
    for folder in ("proc", "dev", "tmp", "root", "run", "etc", "var/tmp", "usr/local/bin", "usr/local/lib"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("tmp", "var/tmp"):
        (root / folder).chmod(0o1777)
    for path in files_of_packages():
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(place):
            shutil.copy2(path, place, follow_symlinks=False)
    # Made by scripts of the packages, out of these.
    for each in ("passwd", "group"):
        shutil.copy(root / "usr/share/base-passwd" / f"{each}.master", root / "etc" / each)
    shutil.copy(root / "usr/share/libc-bin/nsswitch.conf", root / "etc/nsswitch.conf")
    shutil.copytree(
        "/etc/ssl/certs", root / "etc/ssl/certs", dirs_exist_ok=True, ignore_dangling_symlinks=True
    )
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    put_python(root, ".".join(name.removeprefix("python:").split(".")[:2]))
    run(Room(root), ["/sbin/ldconfig"], {"PATH": _PATHS})


def files_of_packages() -> list[str]:
    """The files of what every Debian has, of what the base image has beside, and of what these need."""
    asked = ["dpkg-query", "-W", "-f", "${Package}\t${Essential} ${Priority}\t${Pre-Depends}, ${Depends}\n"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split("\t") for line in told]
    needed = {name: re.findall(r"(?:^|, )([a-z0-9][a-z0-9.+-]*)", wants) for name, _kind, wants in rows}
    found: set[str] = set()
    waiting = [name for name, kind, _wants in rows if kind.startswith("yes") or kind.endswith("required")]
    waiting += [name for name in _BESIDE.split() if name in needed]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each for each in needed[name] if each in needed]
    listed = subprocess.run(["dpkg-query", "-L", *sorted(found)], capture_output=True, text=True, check=True)
    files = {path for path in listed.stdout.splitlines() if path[:1] == "/" and not _LEFT_OUT.match(path)}
    return sorted(path for path in files if os.path.islink(path) or os.path.isfile(path))


def put_python(root: Path, version: str) -> None:
    """This machine's Python of that version, with pip and nothing else that was installed into it."""
    told = [python_of(version), "-c", "import sys; print(sys.base_prefix)"]
    prefix = Path(subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip())
    library = f"lib/python{version}"

    def ignored(folder: str, names: list[str]) -> set[str]:
        if folder.endswith("site-packages"):
            return {name for name in names if not name.startswith("pip")}
        return {"test", "tests", "idlelib", "tkinter", f"config-{version}-x86_64-linux-gnu"} & set(names)

    shutil.copytree(prefix / library, root / "usr/local" / library, symlinks=True, ignore=ignored)
    for path in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(path, root / "usr/local/lib", follow_symlinks=False)
    shutil.copy2((prefix / "bin" / f"python{version}").resolve(), root / f"usr/local/bin/python{version}")
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to(f"python{version}")

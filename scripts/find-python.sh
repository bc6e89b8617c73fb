#!/bin/sh
# Prints a Python 3.10 to 3.13 that can make virtual environments, or says what to install.
#   find-python.sh            $PYTHON where it is set; else python3, python3.13, … python3.10
#   find-python.sh 3.10       that version only; prints nothing and exits 1 where there is none
set -u

# "3.11 /path/to/python3.11 yes": version, real path, and whether it makes virtual environments.
describe() {
    "$1" - 2>/dev/null <<'PYTHON'
import sys
try:
    import ensurepip, venv
    able = "yes"
except ImportError:
    able = "no"
print("%d.%d" % sys.version_info[:2], sys.executable, able)
PYTHON
}

# A version manager hides those that are not switched on behind commands that fail: ask it for them.
candidates() {
    for version in "$@"; do
        describe "python$version"
        command -v pyenv >/dev/null || continue
        for hidden in $(pyenv whence "python$version" 2>/dev/null); do
            PYENV_VERSION=$hidden describe "python$version"
        done
    done
}

if [ $# -eq 1 ]; then
    wanted=$1 found=$(candidates "$1")
elif [ -n "${PYTHON:-}" ]; then
    wanted='3\.1[0-3]' found=$(describe "$PYTHON")
else
    wanted='3\.1[0-3]' found=$(candidates 3 3.13 3.12 3.11 3.10)
fi

path=$(echo "$found" | grep "^$wanted .* yes$" | head -n 1 | cut -d ' ' -f 2)
if [ -n "$path" ]; then
    echo "$path"
    exit 0
fi
[ $# -eq 0 ] || exit 1

bare=$(echo "$found" | grep "^$wanted .* no$" | head -n 1 | cut -d ' ' -f 1)
if [ -n "$bare" ]; then
    echo "Python $bare is here, but it cannot make virtual environments (no ensurepip)." >&2
    echo "Install the package python$bare-venv, for example: apt install python$bare-venv" >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.10, 3.11, 3.12 or 3.13 that runs." >&2
else
    echo "Treadle needs Python 3.10, 3.11, 3.12 or 3.13, and none of them is on the PATH." >&2
    echo "Install one with its venv module, for example: apt install python3 python3-venv" >&2
fi
echo "Or name one: make setup PYTHON=/path/to/python3.12" >&2
exit 1

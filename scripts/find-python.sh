#!/bin/sh
# Prints a Python 3.10 to 3.13 that can make virtual environments, or says what to install.
#   find-python.sh            the first that fits: $PYTHON, then python3, then python3.13 … python3.10
#   find-python.sh 3.10       that version only; prints nothing and exits 1 where there is none
set -u

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

if [ $# -eq 1 ]; then
    for candidate in "python$1" python3; do
        if [ "$(version_of "$candidate")" = "$1" ] && makes_venvs "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            exit 0
        fi
    done
    exit 1
fi

without_venv=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10; do
    case "$(version_of "$candidate")" in
        3.10 | 3.11 | 3.12 | 3.13) ;;
        *) continue ;;
    esac
    if makes_venvs "$candidate"; then
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
    without_venv=${without_venv:-$(version_of "$candidate")}
done

if [ -n "$without_venv" ]; then
    echo "Python $without_venv is here, but it cannot make virtual environments (no ensurepip)." >&2
    echo "Install the package python$without_venv-venv, for example: apt install python$without_venv-venv" >&2
    echo "Or name another Python: make setup PYTHON=/path/to/python3.12" >&2
else
    echo "Treadle needs Python 3.10, 3.11, 3.12 or 3.13, and none of them is on the PATH." >&2
    echo "Install one with its venv module (for example: apt install python3 python3-venv)," >&2
    echo "or name one: make setup PYTHON=/path/to/python3.12" >&2
fi
exit 1

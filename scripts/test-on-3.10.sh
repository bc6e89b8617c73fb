#!/bin/sh
# Runs the core tests (no browser, SQLite) on Python 3.10, where it is installed beside another one.
set -eu

if .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))'; then
    exit 0 # the whole suite runs on it
fi
python=$(scripts/find-python.sh 3.10) || {
    echo "Python 3.10 is not installed: its tests are left out."
    exit 0
}
scripts/once.sh .venv310/.complete requirements pyproject.toml -- scripts/make-venv.sh .venv310 "$python"
echo "Core tests on $("$python" --version)"
# The 10,000 hand-outs and the kills take minutes, and are no matter of the Python.
TREADLE_TEST_DATABASES=sqlite .venv310/bin/python -m pytest -q -p no:cacheprovider \
    -n "${JOBS:-2}" --dist loadfile -m "not browser and not long" --ignore=tests/browser --ignore=tests/faults/test_kills.py \
    --deselect tests/labeling/test_queue.py::test_twenty_annotators_never_hold_one_task_together "$@"

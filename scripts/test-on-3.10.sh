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
# Left out is what no Python does otherwise: generated matrices and histories, kills, and most of what starts servers.
matter_of_no_python="
    tests/browser tests/faults tests/sdk tests/peers tests/proxies tests/cloudera tests/deploy/test_loop.py tests/doctor/test_ways.py
    tests/laws tests/backups/test_whole.py tests/cli/test_repos.py tests/connectors/test_served.py
    tests/gateways/test_clients.py tests/launch/test_scale_out.py tests/security/test_api_fuzz.py tests/web/test_tracking.py
    tests/tracking/door/test_client.py tests/tracking/door/test_guards.py tests/tracking/door/test_route_table.py
    tests/tracking/process/test_served.py
    tests/launch/test_serve.py tests/launch/test_housekeeping.py tests/launch/test_local_socket.py
    tests/web/operations/test_role_matrix.py tests/web/operations/test_bad_input.py
    tests/tracking/door/test_matrix.py tests/tracking/door/test_artifacts.py tests/tracking/door/test_promotions.py
    tests/tracking/process/test_supervision.py tests/tracking/process/test_stock_client.py
    tests/repos/test_histories.py tests/repos/history/test_merge_histories.py tests/repos/test_crowds.py
    tests/repos/test_kills.py tests/repos/history/test_kills.py tests/repos/store/test_kills.py
    tests/connectors/test_kills.py tests/jobs/test_resume.py
    tests/learning/test_trainings.py tests/learning/test_rules_served.py tests/learning/test_registrar.py
    tests/learning/test_prelabel_served.py tests/learning/test_prelabel_kills.py tests/learning/test_builtin.py
    tests/ml/builtin/test_conformance.py tests/ml/serving/test_life.py tests/ml/serving/test_training.py"
set --
for path in $matter_of_no_python; do
    set -- "$@" "--ignore=$path"
done
TREADLE_TEST_DATABASES=sqlite nice -n 19 .venv310/bin/python -m pytest -q -p no:cacheprovider \
    -n "${JOBS:-3}" --dist loadfile -m "not browser and not long" "$@" \
    --deselect tests/labeling/test_queue.py::test_twenty_annotators_never_hold_one_task_together

#!/bin/sh
# Writes requirements/*.txt anew: one file for Python 3.10 to 3.13, with hashes and without any address.
# `lock.sh --upgrade` takes the newest versions; without it only what pyproject.toml asks for changes.
# The extra mlflow-ui is left out: half a gigabyte that no test needs.
set -eu

compile() {
    uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-annotate "$@"
}
extras="--extra server --extra postgres --extra parquet --extra redis --extra tracking --extra ml --extra samples --extra dev"
# shellcheck disable=SC2086 # words are meant
compile "$@" $extras pyproject.toml -o requirements/lock.txt
echo uv | compile "$@" - -o requirements/uv.txt
# A subset of the first, with the same versions: what launch.py installs, and what it builds with.
product="--extra server --extra postgres --extra parquet --extra tracking --extra ml --extra learn --extra samples"
# shellcheck disable=SC2086 # words are meant
compile $product --constraints requirements/lock.txt pyproject.toml -o requirements/runtime.txt
printf 'hatchling\nnodejs-wheel\n' | compile --constraints requirements/lock.txt - -o requirements/build.txt

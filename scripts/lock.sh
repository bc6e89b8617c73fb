#!/bin/sh
# Writes requirements/*.txt anew: one file for Python 3.10 to 3.13, with hashes and without any address.
# `lock.sh --upgrade` takes the newest versions; without it only what pyproject.toml asks for changes.
set -eu

compile() {
    uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-annotate "$@"
}
compile "$@" --all-extras pyproject.toml -o requirements/lock.txt
echo uv | compile "$@" - -o requirements/uv.txt

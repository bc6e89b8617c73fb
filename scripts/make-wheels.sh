#!/bin/sh
# Fills FOLDER with a wheel of Treadle, front end inside, and with the wheel of every package that it needs,
# for each VERSION of Python on x86-64 Linux: launch.py installs from there without any network.
#   make-wheels.sh FOLDER VERSION...
set -eu

folder=$1
shift
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

uv build --quiet --no-build-isolation --python .venv/bin/python --wheel --out-dir "$made/wheels"

# pip reads the conditions of a lock as of the Python that it runs on: each version gets a list without any.
platforms=$(for minor in 5 12 17 24 26 27 28; do printf -- '--platform manylinux_2_%s_x86_64 ' $minor; done)
platforms="$platforms --platform manylinux1_x86_64 --platform manylinux2010_x86_64 --platform manylinux2014_x86_64"
for version in "$@"; do
    echo "Packages for Python $version"
    uv pip compile --quiet --no-deps --python-version "$version" --python-platform x86_64-manylinux_2_28 \
        --generate-hashes --no-header --no-annotate requirements/runtime.txt -o "$made/$version.txt"
    # shellcheck disable=SC2086 # words are meant
    python -m pip download -qq --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --implementation cp --python-version "$version" $platforms -d "$made/wheels" -r "$made/$version.txt"
done

rm -f "$made"/wheels/.gitignore
rm -rf "$folder"
mv "$made/wheels" "$folder"

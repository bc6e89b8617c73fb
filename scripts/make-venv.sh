#!/bin/sh
# Makes the virtual environment FOLDER with what the lock names, and Treadle itself, editable.
#   make-venv.sh FOLDER [PYTHON]
set -eu

folder=$1

if ! "$folder/bin/python" -c '' 2>/dev/null; then
    python=${2:-$(scripts/find-python.sh)}
    echo "Making $folder with $("$python" --version)"
    "$python" -m venv --clear "$folder"
fi
"$folder/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/uv.txt

# uv does not read pip's configuration: a mirror or a certificate that is set there holds here too.
index=$("$folder/bin/python" -m pip config get global.index-url 2>/dev/null || true)
certificate=$("$folder/bin/python" -m pip config get global.cert 2>/dev/null || true)
[ -z "${PIP_INDEX_URL:-$index}" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$index}}"
[ -z "${PIP_CERT:-$certificate}" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-${PIP_CERT:-$certificate}}"

install() { "$folder/bin/uv" pip install --quiet --python "$folder/bin/python" "$@"; }

echo "Installing what requirements/lock.txt names into $folder"
install --require-hashes -r requirements/lock.txt
install --no-deps --no-build-isolation -e .

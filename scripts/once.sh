#!/bin/sh
# Runs a command only when its inputs have changed since it last ended well.
#   once.sh STAMP PATH... -- COMMAND...
# STAMP keeps a hash of the command and of every file at or under the PATHs. Put it inside what the
# command makes, so that deleting the one deletes the other.
set -eu

stamp=$1
shift
inputs=
while [ "$1" != -- ]; do
    inputs="$inputs $1"
    shift
done
shift

# shellcheck disable=SC2086  # the paths are the Makefile's own and hold no blanks
now=$({
    printf '%s\n' "$PWD" "$*"
    find $inputs \( -name node_modules -o -name __pycache__ -o -name '*.tsbuildinfo' \) -prune \
        -o -type f -print | LC_ALL=C sort | xargs sha256sum
} | sha256sum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
    exit 0
fi
rm -f "$stamp"
"$@"
mkdir -p "$(dirname "$stamp")"
printf '%s\n' "$now" >"$stamp"

#!/bin/sh
# Writes requirements.txt, -dev.txt, -bench.txt and -mutants.txt from the .in files: exact versions with hashes, for Python
# 3.11 to 3.13 on Linux and macOS. `scripts/lock.sh PYTHON [--upgrade]`; without --upgrade known versions stay.
set -eu
cd "$(dirname "$0")/.."
python=$1
shift
"$python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
for name in requirements requirements-dev requirements-bench requirements-mutants; do
    "$python" -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@" "$name.in" --output-file "$name.txt"
    {
        echo "# Exact versions and hashes for Python 3.11 to 3.13. Generated from $name.in by \`make lock\`: do not edit."
        cat "$name.txt"
    } >"$name.tmp"
    mv "$name.tmp" "$name.txt"
    echo "$name.txt: $(grep -c == "$name.txt") packages"
done

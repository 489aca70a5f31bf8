#!/bin/sh
# What `make test` checks, fast things first; ends with pytest's own summary.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff check -q .
$bin/ruff format -q --check .
$bin/mypy --no-error-summary
contracts=$($bin/lint-imports --no-cache) || { echo "$contracts"; exit 1; }
# Half of the tests a core: a test that needs the machine for itself would be a wrong test.
exec $bin/python -m pytest -n 2 --dist worksteal "$@"

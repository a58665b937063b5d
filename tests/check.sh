#!/bin/sh
# The gate: format, lint, import contracts, types, all tests; with `cover`, the lines that they miss.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1
run="python -m pytest"

ruff format --check .
ruff check .
lint-imports
pyright
if [ "${1-}" = cover ]; then
  run="coverage run -m pytest"
  coverage erase
fi
# what the recorder promises is about real time, so nothing runs beside its tests
$run --numprocesses 2 --dist loadfile --ignore tests/recorder --durations 20
$run tests/recorder --durations 5
if [ "${1-}" = cover ]; then
  coverage combine --quiet
  coverage report
fi

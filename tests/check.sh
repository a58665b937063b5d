#!/bin/sh
# The gate: format, lint, import contracts, types, all tests, coverage.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1

ruff format --check .
ruff check .
lint-imports
pyright
coverage erase
# what the recorder promises is about real time, so nothing runs beside its tests
coverage run -m pytest --numprocesses 2 --dist loadfile --ignore tests/recorder --durations 20
coverage run -m pytest tests/recorder --durations 5
coverage combine --quiet
coverage report

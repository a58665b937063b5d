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
coverage run -m pytest "$@"
coverage combine --quiet
coverage report

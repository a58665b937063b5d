.PHONY: help setup demo test cover fast soak format bench

help:  ## show what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup:  ## .venv, packages, a Chromium, X tools
	@sh tests/setup.sh

demo: setup  ## the whole job once: record, learn, take over on a click, watch a shift, report
	@.venv/bin/understudy demo

test: setup  ## the gate: format, lint, types, import contracts, all tests
	@sh tests/check.sh

cover: setup  ## the same, and the lines that no test reaches; takes a quarter longer
	@sh tests/check.sh cover

fast: setup  ## only the tests that take no longer than two seconds each
	@.venv/bin/pytest -m "not slow"

soak: setup  ## all tests with their big repeat counts; takes an hour or so
	@UNDERSTUDY_SOAK=1 .venv/bin/pytest --timeout 3600

format: setup  ## put the code into its form
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bench: setup  ## measure every part next to its peers
	@.venv/bin/understudy bench recorder --json bench/recorder.json
	@.venv/bin/understudy bench env --json bench/env.json
	@.venv/bin/understudy bench policy --json bench/policy.json
	@.venv/bin/understudy bench forward --json bench/forward.json
	@.venv/bin/understudy bench foreman --json bench/foreman.json
	@.venv/bin/understudy bench tui --json bench/tui.json
	@.venv/bin/understudy bench engines --json bench/engines.json

# `make test` does everything on a Debian 12 with Python 3.11 or newer: makes .venv, installs what the lock file
# names, runs the tests. Tests that need the lab are skipped where it cannot run.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUNS := $(VENV)/.runs
PYTEST_ARGS ?=
DEMO_ARGS ?=
SOAK_ARGS ?= --seeds 10
DAYS_ARGS ?= --days 7
SWITCH_ARGS ?= --switches 200

.PHONY: help demo test soak soak-hours soak-days soak-switches lint types format lock bench walkthrough clean lab-bootstrap lab-up lab-down lab-test python-check

help:
	@echo 'make demo           look at it: the dashboard over a simulated fleet'
	@echo 'make test           the tests (the first run installs what they need into $(VENV))'
	@echo 'make soak-hours     hours of simulated faults in virtual time, under a minute of CPU each: is it true?'
	@echo 'make soak-days      a week of them on 1,000 legs, without a wire, half an hour of CPU: does it grow?'
	@echo 'make soak-switches  as root, in the lab: two operators switch one group against each other, 200 times'
	@echo 'make soak           all three'
	@echo 'make lint types     ruff; mypy --strict'
	@echo 'make format         let ruff format everything'
	@echo 'make lab-bootstrap  as root, once: what the lab of network namespaces needs'
	@echo 'make lab-up lab-test lab-down'
	@echo 'make bench          measure'
	@echo 'make walkthrough    play the incident of docs/walkthrough.md again, and make its pictures anew'
	@echo 'make lock           raise the lock files to the newest allowed versions'

# A newcomer waits for what runs, not for what tests; where that is installed already, it will do.
demo: $(if $(wildcard $(READY)),$(READY),$(RUNS))
	@$(BIN)/python -m trunktui demo $(DEMO_ARGS)

# Three processes on two cores: the lab's tests and the demo's mostly wait, the others mostly compute.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

soak: soak-hours soak-days soak-switches

soak-hours: $(READY)
	$(BIN)/python -m tests.simulated $(SOAK_ARGS)

soak-days: $(READY)
	$(BIN)/python -m tests.simulated.week_main $(DAYS_ARGS)

soak-switches: $(READY)
	$(BIN)/python -m tests.lab.switch_race $(SWITCH_ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m tests.bench

walkthrough: $(READY)
	$(BIN)/python -m tests.demo.walkthrough

lab-bootstrap:
	tests/lab/bootstrap.sh

lab-up:
	tests/lab/up.sh

lab-down:
	tests/lab/down.sh

lab-test: $(READY)
	TRUNKTUI_LAB=required $(BIN)/python -m pytest tests/lab $(PYTEST_ARGS)

# Options that would put an index, a folder or a machine's settings into the lock files are off.
COMPILE := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
	--annotation-style=line --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(READY)
	$(BIN)/python -m pip install --quiet 'pip-tools>=7.5,<8'
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

python-check:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'make: $(PYTHON) is missing; install it with: sudo apt-get install -y python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'make: $(PYTHON) is older than 3.11; name a newer one with: make PYTHON=python3.11 test' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'make: the venv module is missing; install it with: sudo apt-get install -y python3-venv' >&2; exit 1; }

$(RUNS): requirements.lock | python-check
	@echo 'make: installing what the demo needs into $(VENV), once; this takes about half a minute'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(READY): requirements-dev.lock pyproject.toml | python-check
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

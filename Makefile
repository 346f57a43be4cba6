# Everything a contributor runs. `make` alone lists the targets.
#
# Needs: GNU make, git and Python 3.11 or newer. Everything else goes into .venv, in exactly the
# versions of the lock files, and is installed again only when those change.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
# A name of the interpreter, or its path: `make test PYTHON=python3.13 VENV=.venv313`.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; \
  done)
# The tool that writes the lock files; kept out of .venv, for nothing else needs it.
UV_VERSION := 0.13.9

PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
LOCK := uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock" $(LOCK_OPTIONS)

# -- Setting up ------------------------------------------------------------------------------

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "ccstate needs Python 3.11 or newer, and finds none as python3." >&2; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it:" >&2; \
	  echo "    make demo PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than Python 3.11, which ccstate needs: make … PYTHON=python3.11" >&2; \
	  exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) …" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python lacks its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }

# A lock file is complete, so nothing is resolved (--no-deps): pip 23 would take a newer coverage for
# pytest-cov's coverage[toml], which has no hash, and stop. `pip check` says that nothing is missing.
INSTALL_LOCKED = $(PIP) install --no-deps --require-hashes --requirement
INSTALL_CCSTATE = $(PIP) install --no-deps --no-build-isolation --editable . && { $(PIP) check || { \
  echo "Something of an earlier lock file is left in $(VENV): make clean, and again." >&2; exit 1; }; }

$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing ccstate …" >&2
	@$(INSTALL_LOCKED) requirements.lock
	@$(INSTALL_CCSTATE)
	@touch $@

# requirements-dev.lock holds everything of requirements.lock, in the same versions.
$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing ccstate and what its tests need …" >&2
	@$(INSTALL_LOCKED) requirements-dev.lock
	@$(INSTALL_CCSTATE)
	@touch $(VENV)/runtime.stamp $@

$(VENV)-lock/bin/uv: Makefile
	@$(PYTHON) -m venv $(VENV)-lock
	@echo "*" > $(VENV)-lock/.gitignore
	@$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# -- Targets ---------------------------------------------------------------------------------

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/runtime.stamp ## See ccstate work, from an empty machine, in a few minutes
	@PATH="$(abspath $(BIN)):$$PATH" demo/run.sh

.PHONY: install
install: $(VENV)/runtime.stamp ## Install ccstate into .venv, in the versions of its lock

.PHONY: test
test: $(VENV)/dev.stamp ## Run every check: style, types, layers, tests with coverage
	@PATH="$(abspath $(BIN)):$$PATH" .ci/checks all

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp ## Run the tests that start no program: a minute or so
	@HYPOTHESIS_PROFILE=fast $(BIN)/pytest --quiet --numprocesses auto -m "not starts and not thorough"

.PHONY: lint
lint: $(VENV)/dev.stamp ## Run the quick checks: style, types, layers
	@PATH="$(abspath $(BIN)):$$PATH" .ci/checks lint

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code, and mend what can be mended
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .

.PHONY: schema
schema: $(VENV)/runtime.stamp ## Write schema/ and docs/kinds.md anew from the kinds
	@$(BIN)/ccstate schema --write schema
	@$(BIN)/python docs/generate.py

.PHONY: golden
golden: $(VENV)/dev.stamp ## Write tests/golden/ anew; read the difference before you commit it
	@env -u CI $(BIN)/pytest --quiet --update-golden
	@git --no-pager diff --stat -- tests/golden

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure ccstate at scale, and its rivals
	@PATH="$(abspath $(BIN)):$$PATH" benchmarks/run.sh

.PHONY: lab
lab: $(VENV)/dev.stamp ## Start a real Asterisk with phones, on this machine only
	@$(BIN)/python -m ccstate_lab up

.PHONY: lab-stop
lab-stop: $(VENV)/dev.stamp ## Stop it
	@$(BIN)/python -m ccstate_lab down

.PHONY: lock
lock: $(VENV)-lock/bin/uv ## Lock dependencies (newest: make lock LOCK_OPTIONS=--upgrade)
	@$(VENV)-lock/bin/$(LOCK) --group build --extra asterisk --extra exporter --extra worker --extra xlsx -o requirements.lock pyproject.toml
	@$(VENV)-lock/bin/$(LOCK) --group build --group dev --extra asterisk --extra bench --extra exporter --extra worker --extra xlsx \
	  --constraint requirements.lock -o requirements-dev.lock pyproject.toml

.PHONY: clean
clean: ## Remove everything that can be made again
	@rm -rf $(VENV) $(VENV)-lock .demo build dist .coverage .coverage.* .hypothesis \
	  .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

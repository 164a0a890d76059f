# Short names for plain commands. `make demo` and `make test` set everything up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
JOBS ?= 4
# Tests start hundreds of processes, each of which would compile the whole program again.
export PYTHONDONTWRITEBYTECODE =

# Real processes miss real deadlines where others take the machine: up to five that failed are tried once more with nobody
# beside them, and what they printed the first time stays above. What fails alone, fails.
FAILED = .pytest_cache/v/cache/lastfailed
ALONE = { test $$(grep -c ::test_ $(FAILED)) -le 5 && echo "Once more, alone:" && cat $(FAILED) && \
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none --maxfail 1 $(ARGS); }

.PHONY: demo test proofs screenshots catalogues setup dev check lint fix docs bench lock clean

demo: setup  ## ring twelve calls through the whole bridge
	@$(BIN)/ringbridge demo $(shell test -t 0 || echo --exit) $(ARGS)

test: dev  ## the whole suite, in JOBS processes: most of it waits for something
	@echo "Running the tests …"
	@$(BIN)/python -m pytest --cache-clear --numprocesses $(JOBS) --dist load --maxschedchunk 2 --ignore tests/faults $(ARGS) || $(ALONE)
	@test -z "$$CI" || $(BIN)/python -m pytest --cache-clear --numprocesses 5 --dist load --maxschedchunk 2 tests/faults $(ARGS) || $(ALONE)

proofs: dev  ## every fault proof, one after the other, with what each prints: a quarter of an hour
	@$(BIN)/python -m pytest -s tests/faults $(ARGS)

screenshots: dev  ## a picture of every page, wide and phone-sized, light and dark, empty and full; needs Chromium
	@SCREENSHOTS=$${SCREENSHOTS:-dist/screenshots} $(BIN)/python -m pytest tests/browser/test_every_page.py $(ARGS)

setup: $(VENV)/.runtime  ## the environment and the ringbridge command

dev: $(VENV)/.dev  ## the same, with the tools that tests and checks need

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and $(PYTHON) was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11"; exit 1; }
	@echo "Making a Python environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies (under a minute on most lines) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the locked test tools …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

check: lint test  ## everything that CI checks, but for the fault proofs

lint: dev  ## format, lint, types, import contracts, generated pages
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m bridge.reference --check

fix: dev  ## format, and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: dev  ## write the generated parts of docs/connectors
	@$(BIN)/python -m bridge.reference

catalogues: dev  ## take new texts of the pages into bridge/web/catalogues/*.po, for somebody to translate
	@$(BIN)/pybabel -q extract -F bridge/web/catalogues/extract.cfg --no-location --sort-output --omit-header -k _ -o dist/pages.pot .
	@for one in bridge/web/catalogues/*.po; do $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --no-wrap \
		--omit-header -l $$(basename $$one .po) -i dist/pages.pot -o $$one; done

bench: dev  ## measure; see docs/benchmarks.md
	@$(BIN)/python -m bench $(ARGS)

lock:  ## renew both lock files; needs uv
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --extra apprise --extra postgres --group build pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --extra apprise --extra postgres --group build --group dev --constraint requirements.lock \
		pyproject.toml --output-file requirements-dev.lock

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

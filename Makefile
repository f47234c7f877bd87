# make run    the app on http://localhost:8501
# make test   lint, types, unit tests, browser tests, of Python and of JavaScript
# make docs   the pages of the API, from the docstrings, into build/api/
# Each installs what they need into .venv first; make PYTHON=python3.12 chooses the interpreter.

PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test docs python javascript
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/streamlit run app.py --server.port $(PORT)

# worksteal: a worker that is done takes over what another has not begun. Browser tests come last. Bytecode is kept
# wherever it usually is not: each worker would rewrite the assertions of all tests.
test: .venv/installed-dev
	$(MAKE) --no-print-directory --jobs 2 --output-sync python javascript
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --durations 10

# Formats, types and the front end's arithmetic: each of the two leaves a core idle.
python: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

javascript: .venv/installed-dev
	$(BIN)/deno fmt --check --quiet
	$(BIN)/deno lint --quiet
	$(BIN)/deno check --quiet aevb/web tests/web
	$(BIN)/deno test --quiet --no-remote tests/web

# Every module but the app's. They are named one by one: pdoc looks into no package that says what it exports.
docs: .venv/installed-dev
	$(BIN)/pdoc --math --docformat google --output-directory build/api aevb \
		$$(find aevb -name '[a-z]*.py' -not -path 'aevb/ui/*' | sed 's|/|.|g; s|\.py$$||')

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.txt -r requirements-dev.txt
	@touch $@

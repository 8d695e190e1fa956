# make demo   sets up and runs the main job: condense amazon1, evaluate the result
# make test   sets up and runs every check: lint, types, import rules, docs, tests
# make docs   builds the documentation's site into site/, strictly
# make setup  only sets up; all of them keep and reuse .venv

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO := runs/demo/amazon1.h5

.PHONY: setup demo test lint docs quick slow clean
.DELETE_ON_ERROR:

setup: .venv/runtime-ready

.venv/runtime-ready: constraints.txt pyproject.toml
	@echo "Installing into .venv (a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@# torch first and by name: a range could admit a build with gigabytes of GPU libraries.
	@$(PIP) torch==2.13.0
	@$(PIP) --editable .
	@touch $@

.venv/dev-ready: .venv/runtime-ready
	@echo "Installing the development tools into .venv ..."
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/python cli.py condense --config configs/demo.toml --out $(DEMO)
	$(BIN)/python cli.py inspect $(DEMO)
	$(BIN)/python cli.py evaluate --condensed $(DEMO) --models mlp:input_dropout=0.1,dropout=0.2 sgc --seeds 1 --epochs 100 --out runs/demo

test: lint docs quick slow

lint: .venv/dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: .venv/dev-ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# One thread a process: more would only wait for each other, and for whatever else the machine does.
quick: .venv/dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow"

slow: .venv/dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slow

clean:
	rm -rf .venv runs build site *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache

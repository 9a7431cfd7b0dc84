# `make run` and `make test` do all the set-up by themselves; `make check` adds the linters.
PYTHON ?= python3
PHOTOS ?= ./photos
# Not every shell expands PHOTOS=~/Pictures.
FOLDER = $(if $(filter ~/%,$(PHOTOS)),$(HOME)/$(subst ~/,,$(PHOTOS)),$(PHOTOS))
VENV := .venv
BIN := $(VENV)/bin
# In the order of the folders: what starts daemons comes first, and no long file is left to the end.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
# As pip does with what it installs: each start would compile anew where Python is told to write none.
COMPILE := $(BIN)/python -m compileall -q tagd

.PHONY: run test slow lint check format bench clean

run: $(VENV)/.installed
	mkdir -p "$(FOLDER)"
	exec $(BIN)/tagd run "$(FOLDER)"

test: $(VENV)/.installed-test
	$(PYTEST) -m "not slow"

slow: $(VENV)/.installed-test
	$(PYTEST) -m slow

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test slow

format: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# PHOTOS is a folder of your own; without it photos are made from scikit-image's samples.
bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.bench $(if $(filter-out file default,$(origin PHOTOS)),--photos "$(FOLDER)")

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	$(COMPILE)
	touch $@

$(VENV)/.installed-test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test]'
	$(COMPILE)
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

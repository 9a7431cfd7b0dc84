# `make run` and `make test` do all the set-up by themselves; `make check` adds the linters.
PYTHON ?= python3
PHOTOS ?= ./photos
# Not every shell expands PHOTOS=~/Pictures.
FOLDER = $(if $(filter ~/%,$(PHOTOS)),$(HOME)/$(subst ~/,,$(PHOTOS)),$(PHOTOS))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
# In the order of the folders: what starts daemons comes first, and no long file is left to the end.
# Four on two cores: half of the time tests wait for what they have started.
PYTEST := $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder
# As pip does with what it installs: each start would compile anew where Python is told to write none.
COMPILE := $(BIN)/python -m compileall -q tagd

# Before minutes of downloading: what comes, what it takes, and how to have less. Asks nothing.
TORCH := $(wildcard $(VENV)/lib/python3*/site-packages/torch)
# Only for these does PyPI's PyTorch bring NVIDIA's libraries along.
WITH_GPU := $(if $(TORCH),,$(filter x86_64,$(shell uname -m)))
NEEDED_MB := $(if $(WITH_GPU),7000,2000)
AGAIN = make $(MAKECMDGOALS) $(MAKEOVERRIDES)
define ANNOUNCE
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
  echo "tagd needs Python 3.11 or newer, and this is $$($(PYTHON) --version)."; \
  echo "Where there is a newer one: $(AGAIN) PYTHON=python3.12"; exit 1; }
@free=$$(df -Pm . | awk 'NR == 2 { print $$4 }'); [ "$$free" -ge $(NEEDED_MB) ] || { \
  echo "Installing needs about $(NEEDED_MB) MB, and the disk of $(CURDIR) has $$free MB free."; \
  $(SMALLER) exit 1; }
@echo "Downloading about $(if $(WITH_GPU),2.5,0.5) GB, once;" \
  "it takes $(if $(WITH_GPU),6,1.5) GB in $(CURDIR)/$(VENV)."; $(SMALLER)
endef
define SMALLER
$(if $(WITH_GPU),echo "Most of it is for NVIDIA GPUs. Without one 1.5 GB will do; press Ctrl-C and type:"; \
  echo "  $(PYTHON) -m venv $(VENV)"; \
  echo "  $(BIN)/pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu"; \
  echo "  $(AGAIN)";)
endef

.PHONY: run test slow lint check format bench clean

run: $(VENV)/.installed
	@mkdir -p "$(FOLDER)"
	@exec $(BIN)/tagd run "$(FOLDER)"

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
	$(ANNOUNCE)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable '.[raw]'
	$(COMPILE)
	touch $@

$(VENV)/.installed-test: pyproject.toml
	$(ANNOUNCE)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable '.[test]'
	$(COMPILE)
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

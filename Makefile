PYTHON ?= python3
ifneq ($(origin PYTHON),file) # a requested interpreter gets its own environment
ASKED := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' || echo unknown)
VENV ?= .venv-$(ASKED)
endif
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal
NO_REGISTRY := { echo "A package registry must be reachable to install these."; exit 2; }
# the tests start hundreds of processes: each would compile the package again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lowest newest clients format docs house mutants pins environment clean

demo: $(VENV)/.installed ## open the console on the demo site
	@$(BIN)/twin-tui

test: $(VENV)/.dev ## everything that must pass: format, lint, types, import contracts, tests
	@$(MAKE) --no-print-directory check VENV=$(VENV)

check: ## the same, in the environment at hand
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

lowest: VENV := .venv-lowest
lowest: ## the tests with the lowest version of each dependency that pyproject.toml allows
	@$(MAKE) --no-print-directory environment VENV=$(VENV)
	@$(BIN)/python .ci/lowest.py > $(VENV)/constraints.txt
	@$(PIP) --editable '.[dev]' --constraint $(VENV)/constraints.txt || $(NO_REGISTRY)
	$(PYTEST)

newest: VENV := .venv-newest
newest: ## the tests with the newest version of each dependency, whatever is pinned
	@$(MAKE) --no-print-directory environment VENV=$(VENV)
	@$(PIP) --upgrade --upgrade-strategy eager --editable '.[dev]' || $(NO_REGISTRY)
	$(PYTEST)

clients: VENV := .venv-clients
clients: ## programs of others as clients, and beside packages that pin what the twin needs too
	@$(MAKE) --no-print-directory environment VENV=$(VENV)
	@$(PIP) --editable '.[dev]' --requirement tests/clients/requirements.txt || $(NO_REGISTRY)
	@for file in tests/clients/environments/*.txt; do \
		own=$(VENV)/own/$$(basename $$file .txt); \
		{ [ -x $$own/bin/python ] || $(BIN)/python -m venv $$own; } && \
		$$own/bin/python -m pip install --quiet --disable-pip-version-check --requirement $$file || $(NO_REGISTRY); \
	done
	@mkdir -p $(VENV)/node && cp tests/clients/node/package.json $(VENV)/node
	@! command -v npm > /dev/null || \
		npm install --silent --no-fund --no-audit --no-package-lock --prefix $(VENV)/node || $(NO_REGISTRY)
	$(PYTEST) tests/clients tests/protocols tests/e2e tests/docs

docs: ## rewrite the pages that are made from declarations
	$(BIN)/python -m docs.make_devices
	$(BIN)/python -m docs.make_grid
	$(BIN)/python -m docs.make_commands
	$(BIN)/python -m docs.make_console
	$(BIN)/python -m docs.make_schemas
	$(BIN)/python -m docs.make_maps

house: ## print the figures of the import graph: rooms, floors, arrows, circles
	@$(BIN)/python -m benchmarks.house

mutants: $(VENV)/.dev ## plant faults in a sample of lines and list those that no test notices: takes hours
	nice -n 10 $(BIN)/python -m benchmarks.mutants $(MUTANTS)

format: ## rewrite to the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pins: ## pin the newest versions that fit each other for `make test` (needs uv)
	uv pip compile --quiet --universal --upgrade --extra dev --python-version 3.11 --no-annotate \
		--custom-compile-command 'make pins' --output-file .ci/constraints.txt pyproject.toml

clean:
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Twin TUI needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1)."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment could be made. On Debian and Raspberry Pi OS: sudo apt install python3-venv"; exit 2; }

environment: $(VENV)/pyvenv.cfg
	@$(BIN)/python --version > /dev/null || \
		{ echo "The Python of $(VENV) is gone: remove $(VENV), then try again."; exit 2; }
	@$(BIN)/python -c 'import sys; has = "%d.%d" % sys.version_info[:2]; sys.exit(("$(ASKED)" or has) != has)' || \
		{ echo "$(VENV) has $$($(BIN)/python --version), not $(ASKED): remove it, or name another VENV=folder."; exit 2; }
	@echo "$$($(BIN)/python --version) in $(VENV)"

$(VENV)/.installed: $(VENV)/pyvenv.cfg pyproject.toml | environment
	@echo "Installing Twin TUI into $(VENV) ..."
	@$(PIP) --editable '.[all]' || $(NO_REGISTRY)
	@touch $@

$(VENV)/.dev: $(VENV)/pyvenv.cfg pyproject.toml .ci/constraints.txt | environment
	@echo "Installing Twin TUI and its test tools into $(VENV) ..."
	@$(PIP) --editable '.[dev]' --constraint .ci/constraints.txt || $(NO_REGISTRY)
	@touch $@ $(VENV)/.installed

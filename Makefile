PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check format docs house mutants clean

demo: $(VENV)/.installed ## open the console on the demo site
	@$(BIN)/twin-tui

test: $(VENV)/.dev ## everything that must pass: format, lint, types, import contracts, tests
	@$(MAKE) --no-print-directory check

check: ## the same, in the environment at hand
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist worksteal

docs: ## rewrite the pages that are made from declarations
	$(BIN)/python -m docs.make_devices
	$(BIN)/python -m docs.make_commands
	$(BIN)/python -m docs.make_console

house: ## print the figures of the import graph: rooms, floors, arrows, circles
	@$(BIN)/python -m benchmarks.house

mutants: $(VENV)/.dev ## plant faults in a sample of lines and list those that no test notices: takes hours
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	nice -n 10 $(BIN)/python -m benchmarks.mutants $(MUTANTS)

format: ## rewrite to the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Twin TUI needs Python 3.11 or newer; this is $$($(PYTHON) --version)."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment could be made. On Debian and Raspberry Pi OS: sudo apt install python3-venv"; exit 2; }

$(VENV)/.installed: $(BIN)/python pyproject.toml
	@echo "Installing Twin TUI into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	@echo "Installing Twin TUI and its test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

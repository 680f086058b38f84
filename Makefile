PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check format bench picture lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run ## Install and run: for real with TWITTER_CONSUMER_SECRET (environment or .env), else the demo
	@if [ -n "$$TWITTER_CONSUMER_SECRET" ] || grep -qsE "^ *(export +)?TWITTER_CONSUMER_SECRET *= *[\"']?[^\"' #]" .env; \
	then exec $(BIN)/python -m webhook_app serve; \
	else echo "No TWITTER_CONSUMER_SECRET: this is the demo, against the built-in sandbox."; \
	exec $(BIN)/python -m webhook_app demo $(if $(PORT),--port $(PORT)); fi

test: $(VENV)/test ## Install and run the tests
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

check: $(VENV)/test ## Lint, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test ## Format and sort
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/test ## Measure, and print a table (needs wrk)
	$(BIN)/python -m benchmarks $(ARGS)

picture: $(VENV)/test ## Take the README's picture of the page from the demo (five minutes; needs Chromium)
	$(BIN)/python -m tests.browser.picture docs/page.webp

lock: $(VENV)/test ## Compile requirements.txt and requirements-dev.txt from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean: ## Remove what make has installed
	rm -rf $(VENV)

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "readmark needs Python 3.11 or newer; make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run: requirements.txt | $(VENV)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/test: requirements-dev.txt | $(VENV)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

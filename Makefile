# The project's commands. `make` alone lists them. Everything else is `creditbooks --help`.

PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint golden bench clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## the whole chain on the demo book: data, books, checks, page, summary
	@$(BIN)/creditbooks demo

test: $(STAMP) ## every test, the README's commands and the whole-chain runs included
	$(BIN)/pytest -n auto --dist loadfile

quick: $(STAMP) ## the tests without the slow whole-chain runs
	$(BIN)/pytest -m "not slow"

lint: $(STAMP) ## formatting, style, types, spelling, SQL and the dbt project's structure
	.ci/run lint

golden: $(STAMP) ## outside cases through the public commands, a line per case; CASES=file for others
	@$(BIN)/python -m tests.golden $(CASES)

bench: $(STAMP) ## time load, build and check on a million simulated events
	@$(BIN)/python -m tests.bench

clean: ## remove what the commands wrote here (never .venv, never a named database)
	rm -rf out dbt_project/target dbt_project/logs logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# Re-runs are instant: packages are installed again only when their list changes.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "creditbooks needs Python 3.11 or newer, and $(PYTHON) is not one." >&2; \
	  echo "Name another one: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12" >&2; \
	  exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# Everything is installed inside the checkout: .venv for Airflow and the tools,
# .millrace for state and for the environments of the job images.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
STAMP := $(VENV)/.installed
REQUIREMENTS := requirements.txt local/requirements.txt tests/requirements.txt
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock" $(REQUIREMENTS)

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: install ## Install, start the stack and run the abalone pipeline (DAG=... for another one)
	@$(BIN)/millrace run $(or $(DAG),abalone) $(ARGS)

.PHONY: up
up: install ## Install and start the stack
	@$(BIN)/millrace up

.PHONY: down
down: ## Stop the stack, keep its state
	@if [ -x $(BIN)/millrace ]; then $(BIN)/millrace down; fi

.PHONY: browser
browser: ## Install Debian's Chromium, without which the browser tests are skipped (needs root)
	@command -v chromium >/dev/null || { apt-get update -qq \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

# Those under a whole Airflow come after the others, two at a time: chaos waits while others compute. All others
# wait more than they compute, so four of them share two cores. What fails has one more try alone; both verdicts
# stay in the log.
WHOLE := tests/browser tests/chaos tests/e2e
PARTS := $(addprefix --ignore=,$(WHOLE))
ONCE_MORE = status=$$?; \
	if [ $$status -eq 1 ]; then echo "Once more, one by one:"; $(BIN)/pytest --last-failed $(1); status=$$?; fi
.PHONY: test
test: install ## Run the tests (ARGS=tests/plugins for some of them)
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@$(BIN)/pytest --numprocesses 4 $(PARTS); $(call ONCE_MORE,$(PARTS)); parts=$$status; \
	$(BIN)/pytest --numprocesses 2 $(WHOLE); $(call ONCE_MORE,$(WHOLE)); [ $$parts -eq 0 ] && exit $$status || exit $$parts
endif

.PHONY: test-all
test-all: install ## Run the tests and the slow ones
	@$(BIN)/pytest -m "" $(ARGS)

# Where what ships to a job lies beside what it was written with.
SHIPPED := $(subst $() ,:,$(addprefix include/,$(addprefix jobs/,shared datasets amp speech pages experiments vision census xgoals boosters) functions/pit_features functions/flatten_events))
.PHONY: check
check: install ## Lint, types, direction of imports, lock, Airflow's version
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@set -e; for folder in include/functions/*/ include/jobs/*/ include/samples/amp/ include/samples/xgoals/; do MYPYPATH=$$folder:$(SHIPPED) $(BIN)/mypy $$folder*.py; done
	@$(BIN)/cfn-lint include/infrastructure/*.yaml
	@$(BIN)/pytest -q tests/test_imports.py tests/test_installation.py
	@$(MAKE) lock-is-current

CHAOS_RESULTS := .millrace/chaos.jsonl
CHAOS := tests/chaos tests/local/aws/elastic/test_interruptions.py
.PHONY: chaos
chaos: install ## Hurt Airflow, AWS and elastic trainings in every way twenty times; writes docs/chaos.md
	@mkdir -p $(dir $(CHAOS_RESULTS)) && rm -f $(CHAOS_RESULTS)
	@CHAOS_ROUNDS=$${CHAOS_ROUNDS:-20} CHAOS_RESULTS=$(CHAOS_RESULTS) $(BIN)/pytest -m "" $(CHAOS) $(ARGS); \
	status=$$?; $(BIN)/python -m tests.chaos.report $(CHAOS_RESULTS) > docs/chaos.md && exit $$status

.PHONY: test-compose
test-compose: install ## Run docker-compose.yaml for real, with the local AWS (Docker, or root on Debian)
	@$(BIN)/python -m tests.compose $(ARGS) || { status=$$?; [ $$status -eq 77 ] || exit $$status; }

.PHONY: dist
dist: install ## Write dist/mwaa and dist/astro, as Amazon MWAA and Astronomer take the project
	@$(BIN)/python -m local.dist $(ARGS)

.PHONY: teardown
teardown: install ## Take an environment on AWS away, with its buckets; asks first (ARGS="--stack-name NAME")
	@$(BIN)/python -m local.teardown $(ARGS)

.PHONY: bench
bench: install ## Run every benchmark, each prints a table
	@for file in $$(grep -l '^if __name__ == "__main__":' bench/*.py); do \
		name=$${file##*/}; $(BIN)/python -m bench.$${name%.py} || exit 1; done

.PHONY: install
install: $(STAMP) ## Install what is needed into .venv
	@:

.PHONY: lock
lock: $(BIN)/uv ## Compile requirements.lock anew (ARGS=--upgrade for newer versions)
	@$(COMPILE) --output-file requirements.lock $(ARGS)

.PHONY: lock-is-current
lock-is-current:
	@set -e; compiled=$$(mktemp); trap 'rm -f "$$compiled"' EXIT; cp requirements.lock "$$compiled"; \
	$(COMPILE) --output-file "$$compiled" >/dev/null; \
	diff -u requirements.lock "$$compiled" \
	|| { echo "requirements.lock does not match $(REQUIREMENTS): run \`make lock\` and commit it." >&2; exit 1; }

.PHONY: clean
clean: ## Stop the stack and remove what was installed and all local state
	@$(MAKE) down
	@rm -rf $(VENV) .millrace

$(BIN)/uv:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "There is no '$(PYTHON)' on PATH: install Python 3.11.4 or newer, or name one, as in 'make run PYTHON=/usr/bin/python3.11'." >&2; exit 2; }
	@$(PYTHON) local/prerequisites.py
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Bytecode is compiled here once, so that the first start of Airflow's processes is not slowed by it.
$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing requirements.lock into $(VENV)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

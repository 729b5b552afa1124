# Each target is two or three plain commands; the README lists them for use without make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SCALE ?= $(shell sed -n 's/^scale: *\([a-z]*\).*/\1/p' config/config.yaml)
BIN := .venv/bin
REPORT := results/$(SCALE)/report/report.html
SNAKEMAKE := $(BIN)/snakemake --config scale=$(SCALE)
.DEFAULT_GOAL := help
.PHONY: help setup figures test test-slurm lint lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/installed ## create .venv with the pinned packages and this one

.venv/installed: envs/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement envs/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

figures: setup ## run the whole DAG (SCALE=smoke, laptop or paper) and write its report
	$(SNAKEMAKE)
	@if [ -e $(REPORT) ] && [ -z "$$(find results/$(SCALE) -name '*.prov.json' -newer $(REPORT) -print -quit)" ]; \
	then echo "The report is up to date."; \
	else $(SNAKEMAKE) --report $(REPORT); fi
	@echo "Report: $(REPORT)"
	@echo "Claims: results/$(SCALE)/report/claims.html"

lint: setup ## ruff, mypy, import contracts, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

test: lint ## all checks, unit and property tests, and the smoke DAG
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slurm: setup ## the DAG on a real SLURM cluster on this machine (installed with apt, as root)
	$(BIN)/python -m pytest -n 3 --dist loadfile tests/slurm

lock: ## write envs/requirements.txt anew from pyproject.toml (newest allowed versions)
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade setuptools '.[dev]'
	sed -n '/^#/p' envs/requirements.txt > .venv-lock/head
	.venv-lock/bin/python -m pip freeze --all --exclude lemmata --exclude pip \
	| sed 's/+cpu$$//' | sort -f | cat .venv-lock/head - > .venv-lock/new
	mv .venv-lock/new envs/requirements.txt && rm -rf .venv-lock

clean: ## remove .venv and caches (never results)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The verbs of this repository. `make` prints them.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup run test lint types imports docs lock bench clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## what run needs: .venv with pinned dependencies, nats-server
	@sh deploy/setup.sh run

run: setup ## start the platform with a sample year; Ctrl-C stops it
	@$(BIN)/tiendo up

test: ## everything that must be green before a change lands
	@sh deploy/setup.sh test
	@sh deploy/check.sh

lint: ## style
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: ## mypy, strict
	$(BIN)/mypy

imports: ## the import rules of the house
	$(BIN)/lint-imports

docs: ## write the generated documents
	$(BIN)/python -m deploy.generate_docs

lock: ## compile requirements*.lock from pyproject.toml (needs uv)
	uv pip compile -q --generate-hashes --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --generate-hashes --no-annotate --no-header --extra dev pyproject.toml -o requirements-dev.lock

bench: ## figures, each as a ratio to a floor measured in the same run
	$(BIN)/python -m bench

clean: ## forget the sample: removes .data (not .venv)
	rm -rf .data

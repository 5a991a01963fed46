# The commands of this project: the same on a laptop and in CI. `make` alone lists them.
# Setting up what is missing is part of each; the second time it takes no time.

.DEFAULT_GOAL := help
.PHONY: help demo demo-call test check bench soak screenshots new-dialect lock clean

PYTHON ?=
export PYTHON
ARGS ?=

bin := .venv/bin
parallel := --numprocesses auto --maxprocesses 4 --dist worksteal

help:
	@awk -F ' ## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/.run ## Serve a demo contact centre at port 8080, with sample calls to try; ^C ends it. RINGBOOK_PORT=0 picks a free port.
	@RINGBOOK_DATA="$${RINGBOOK_DATA:-$(CURDIR)/.demo}" exec $(bin)/ringbook demo

demo-call: .venv/.run ## Telephone calls through Kamailio, with and without a caller's name. It needs kamailio and sipp.
	@$(bin)/python scripts/demo_call.py

test: .venv/.dev ## Run the tests. ARGS="-k phone" picks some.
	$(bin)/pytest $(parallel) $(ARGS)

check: .venv/.dev ## Everything that gates a commit: format, lint, types, import contracts, tests.
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/pytest $(parallel) $(ARGS)

bench: .venv/.bench ## Measure look-up, writes and import, as ratios to the ceiling and to the usual stack.
	$(bin)/python -m bench $(ARGS)

soak: .venv/.bench ## What takes too long for the tests: a million rows killed ten times, 100,000 contacts out and in. ARGS="--rows N --contacts N" for fewer.
	$(bin)/python -m bench.soak $(ARGS)

screenshots: .venv/.dev ## Every page of the console as a picture, in build/screenshots. It needs chromium.
	@$(bin)/python scripts/screenshots.py $(ARGS)

new-dialect: .venv/.dev ## Begin a dialect: make new-dialect NAME=acme writes its folder and tests that say what comes next.
	@$(bin)/python scripts/new_dialect.py $(NAME)

lock: ## Pin all dependencies anew, with their hashes. It needs uv; ARGS="--upgrade" takes newer versions.
	PATH="$$PATH:$(bin)" scripts/lock $(ARGS)

clean: ## Remove what the commands above have made: .venv, caches, the demo's records.
	rm -rf .venv .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

# Who has the larger set has the smaller ones too.

.venv/.run: requirements.lock pyproject.toml
	@sh scripts/venv $<
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml
	@sh scripts/venv $<
	@touch .venv/.run $@

.venv/.bench: requirements-bench.lock pyproject.toml
	@sh scripts/venv $<
	@touch .venv/.run .venv/.dev $@

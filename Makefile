# The commands of daily work. `make demo` and `make test` are all that a newcomer needs.
# Everything runs in .venv, which is made on the first use and again when the dependencies change.

# More than processors: a quarter of the tests' time is waiting.
WORKERS ?= 3
PYTEST_ARGS ?=
BENCH_ARGS ?=
LOCK_ARGS ?=

BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench docs reference lock clean

help:
	@echo "make demo    the main job on a real phage genome, in a temporary home"
	@echo "make test    all tests that this machine can run          (PYTEST_ARGS='-k seek')"
	@echo "make lint    ruff, mypy --strict, import-linter"
	@echo "make format  ruff format and ruff's own repairs"
	@echo "make bench   measurements beside their yardsticks         (BENCH_ARGS='seek --smoke')"
	@echo "make docs    documentation into site/"
	@echo "make reference  the generated pages of docs/reference"
	@echo "make lock    constraints.txt from pyproject.toml          (LOCK_ARGS=--upgrade)"
	@echo "make clean   removes what the other targets made, but .venv"

$(READY): pyproject.toml constraints.txt .ci/environment
	.ci/environment
	@touch $@

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: $(READY)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

reference: $(READY)
	$(BIN)/python -m docs.gen

docs: reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Without the environment where it can be: that of an earlier lock may not be makeable any more.
lock:
	UV=$$(command -v uv) || { $(MAKE) --no-print-directory $(READY) && UV=$(BIN)/uv; } && \
	$$UV pip compile pyproject.toml --universal --python-version 3.11 --all-extras \
	    --group build --group test --group lint --group docs \
	    --no-header --no-annotate --quiet $(LOCK_ARGS) --output-file constraints.txt

clean:
	rm -rf site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

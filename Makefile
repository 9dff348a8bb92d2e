# make run    a server on http://localhost:8000, with its own Postgres, data in ./data
# make demo   two servers on this machine that federate with each other
# make test   all tests, on a throwaway Postgres          make test ARGS="tests/api -k favourite"
# make check  format, lint, types, import contracts
#
# Another Python: make PYTHON=python3.12 run

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
TYPED := $(wildcard fedi federation storage tests scripts bench)

# Compiling every module anew costs each start half a second, and the tests start many.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo test check compiled format lint types contracts lock python run-environment dev-environment

run: run-environment
	@$(BIN)/python -m fedi serve

demo: run-environment
	@$(BIN)/python scripts/demo.py

test: dev-environment
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: lint types contracts

# Once for all test processes, which otherwise each compile the tests for themselves: half a minute in a fresh clone.
compiled: dev-environment
	@$(BIN)/python -m pytest --collect-only -q >/dev/null || true  # the tests themselves say what is wrong

format: dev-environment
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: dev-environment
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: dev-environment
	@$(BIN)/mypy --strict $(TYPED)

contracts: dev-environment
	@$(BIN)/lint-imports

# Needs uv (https://docs.astral.sh/uv/). The locks hold for every platform; `make lock` keeps versions that still fit.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock:
	$(LOCK) -o requirements/server.txt
	$(LOCK) --extra embedded -o requirements/run.txt
	$(LOCK) --extra embedded --extra dev -o requirements/dev.txt

run-environment: python
	@$(PYTHON) scripts/bootstrap.py run

dev-environment: python
	@$(PYTHON) scripts/bootstrap.py dev

python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Fedi needs Python 3.11 or newer, and there is no $(PYTHON)."; \
		echo "  Debian, Ubuntu: sudo apt install python3 python3-venv"; \
		echo "  Fedora:         sudo dnf install python3"; \
		echo "  macOS:          brew install python"; \
		exit 1; }

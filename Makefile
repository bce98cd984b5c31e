# Two commands do all the set-up: `make demo` and `make test`. Needs Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TWO = -n 2 --dist loadfile # processes; what a file sets up is made once

.PHONY: demo test check slow benchmark clean

demo: $(READY)
	$(BIN)/lagrange demo

test: $(READY)
	$(BIN)/python -m pytest -m "not slow" $(TWO)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_layers.py tests/test_sizes.py
	$(BIN)/python -m pytest -m "not slow" $(TWO)

slow: $(READY)
	$(BIN)/python -m pytest -m slow

benchmark: $(READY)
	$(BIN)/python -m benchmarks.engine

# torch first and alone: a range that another package asks for could take a build many times larger
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache

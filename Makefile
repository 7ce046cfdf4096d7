# make demo   the whole job on sample data, in one folder
# make test   lint, types, import floors, all tests
# make lock   pin every dependency again, with hashes

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ALONE := tests/sandbox/test_contract.py  # its generated tests share ids, and of each id xdist would run one

.PHONY: demo test lint unit soak lock clean

demo: $(STAMP)
	$(BIN)/kntc demo

test: lint unit

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder \
		--ignore=$(ALONE)
	$(BIN)/python -m pytest $(ALONE)

soak: $(STAMP)
	KNTC_SOAK=1 $(BIN)/python -m pytest tests/machine tests/crash tests/simulation tests/stages/test_outage_day.py \
		tests/stages/test_poison_run.py tests/stages/test_mapping_scale.py

# --require-hashes takes nothing that the lock does not know; the project itself comes last, without dependencies.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev \
		--python-version 3.11 pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) kntc-demo

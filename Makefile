# Each goal does all of its own set-up: Python 3.11 or later and the package registry are enough.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
SOURCES := dicomtx tests examples benchmarks

.PHONY: demo test test-long torture check bench fuzz lock clean

demo: $(READY)  ## real images to several syntaxes, and the table of what came of it
	$(BIN)/python examples/demo.py

test: $(READY)  ## the everyday tests
	$(BIN)/pytest -n auto -m "not long"

test-long: $(READY)  ## every test file to every syntax
	$(BIN)/pytest -n auto -m long

ROUNDS ?= 200

torture: $(READY)  ## kills ROUNDS runs of each kind, and lets each system call of a run fail once
	ROUNDS=$(ROUNDS) $(BIN)/pytest -n auto -m long tests/torture

check: $(READY)  ## lint, types, the generated part of README.md, a light start-up
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m dicomtx.cli.reference --check README.md
	$(BIN)/pytest tests/test_start_up.py

bench: $(READY)  ## whole-process times against gdcmconv and DCMTK, into benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.bench

SECONDS ?= 60
FUZZ := .venv/fuzz

fuzz: $(READY)  ## new inputs for reader, decoders and commands, SECONDS=60 each; what is found is in .venv/fuzz
	$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/pip install --quiet atheris
	$(BIN)/python -m tests.fuzz.seeds $(FUZZ)/seeds
	mkdir -p $(FUZZ)/reader $(FUZZ)/decoders
	for target in reader decoders; do \
	  $(BIN)/python -m tests.fuzz.fuzz_$$target -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 \
	    -max_len=65536 -artifact_prefix=$(FUZZ)/$$target- $(FUZZ)/$$target $(FUZZ)/seeds || exit; \
	done
	$(BIN)/python -m tests.fuzz.commands $(SECONDS) $(FUZZ)/commands

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dicomtx needs Python 3.11 or later; say which: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

lock:  ## what a clean environment gets today
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --editable '.[dev]'
	.venv-lock/bin/pip freeze --exclude-editable | grep '==' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv demo-output

# Each goal sets up what it needs. Python 3.11 or later and a package registry are enough.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
SOURCES := dicomtx tests examples benchmarks scripts

.PHONY: demo test test-long test-cold torture check generated bench bench-peers fuzz lock clean

demo: $(READY)  ## convert real images to several syntaxes and show the results
	$(BIN)/python examples/demo.py

test: $(READY)  ## run the everyday tests, with a warm server for the commands in them
	$(BIN)/pytest -n auto -m "not long" --warm

test-long: $(READY)  ## convert every test file to every syntax, run the examples of the documentation, and the command's tests without a warm server
	$(BIN)/pytest -n auto -m long --ignore=tests/torture
	$(MAKE) test-cold

test-cold: $(READY)  ## run the command's everyday tests without a warm server
	$(BIN)/pytest -n auto -m "not long" tests/cli

ROUNDS ?= 200

torture: $(READY)  ## kill ROUNDS runs of each kind, and make system calls fail: ROUNDS of each kind, from 200 on all
	ROUNDS=$(ROUNDS) $(BIN)/pytest -n auto -m long tests/torture

check: $(READY)  ## check formatting, lint, types, the generated files, and start-up
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m scripts.api_options --check dicomtx/settings/options.py
	$(BIN)/python -m scripts.cli_reference --check docs/cli.md
	$(BIN)/python -m scripts.faces_page --check docs/faces.md
	$(BIN)/python -m scripts.share --check share
	$(BIN)/pytest tests/test_start_up.py

generated: $(READY)  ## write the files that are generated from the settings and the commands
	$(BIN)/python -m scripts.api_options --write dicomtx/settings/options.py
	$(BIN)/python -m scripts.cli_reference --write docs/cli.md
	$(BIN)/python -m scripts.faces_page --write docs/faces.md
	$(BIN)/python -m scripts.share --write share

PEERS := .venv/peers

bench: $(READY) bench-peers  ## measure against gdcmconv and DCMTK, and write benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.bench

bench-peers: $(READY)  ## install more peers of the benchmarks, away from the environment of dicomtx
	-test -d $(PEERS)/python/jpeg_ls || $(BIN)/pip install --quiet --no-deps --target $(PEERS)/python pyjpegls==1.5.1
	-test -d $(PEERS)/node_modules/dcmjs-codecs || ! command -v npm > /dev/null \
	  || npm install --silent --no-audit --no-fund --prefix $(PEERS) dcmjs-codecs@0.0.8

SECONDS ?= 60
FUZZ := .venv/fuzz

fuzz: $(READY)  ## fuzz readers, decoders and commands for SECONDS each; findings are in .venv/fuzz
	$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/pip install --quiet atheris
	$(BIN)/python -m tests.fuzz.seeds $(FUZZ)/seeds
	mkdir -p $(FUZZ)/reader $(FUZZ)/decoders
	for target in reader decoders; do \
	  $(BIN)/python -m tests.fuzz.fuzz_$$target -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 \
	    -max_len=65536 -artifact_prefix=$(FUZZ)/$$target- $(FUZZ)/$$target $(FUZZ)/seeds || exit; \
	done
	$(BIN)/python -m tests.fuzz.commands $(SECONDS) $(FUZZ)/commands

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dicomtx needs Python 3.11 or later. Try: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

lock:  ## write requirements.lock from a clean environment
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --editable '.[dev]'
	.venv-lock/bin/pip freeze --exclude-editable | grep '==' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv demo-output

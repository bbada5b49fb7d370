# make demo, make test: the two commands of the README; each sets itself up.
PYTHON ?= python3
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake

.PHONY: setup demo demo-radiology serve test fuzz check schemas bench bench-page bench-radiology bench-scale record-costs hs2p install-profile lock clean

setup: .venv/ready

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Grossing needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@PYTHONPATH=scripts $(PYTHON) -c 'import os, sys; from grossing.support import interpreter; sys.exit(interpreter.refusal(os.path.abspath(".venv/bin/python")))'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --prefer-binary -r requirements.lock
	@touch $@

demo: setup
	$(BIN)/python tests/data/make_cohort.py demo
	$(SNAKEMAKE) --profile profiles/local --directory demo --config cohort=cohort.csv
	@echo "Outputs: demo/results (what each file holds: docs/outputs.md)"
	@echo "Report:  open demo/results/cohort/report/index.html in a browser"

# A small cohort of made CTs: verdicts, masks, candidates, cubes.
demo-radiology: setup
	$(BIN)/python tests/data/make_ct.py demo-radiology
	$(SNAKEMAKE) radiology --profile profiles/local --directory demo-radiology --configfile config/radiology.yaml --config studies=studies.csv
	@echo "Outputs: demo-radiology/results (what each file holds: docs/radiology.md)"
	@echo "Report:  open demo-radiology/results/cohort/studies_report/index.html in a browser"

# The report with tiles straight out of the zips, on this machine only.
RESULTS ?= demo/results
PORT ?= 8765
serve: setup
	$(BIN)/python scripts/serve_report.py "$(RESULTS)" --port $(PORT)

test: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Damaged slides through the workflow, what wrong tiles pass: docs/benchmarks.md. About 20 minutes.
fuzz: setup
	$(BIN)/python tests/fuzz/cohort.py fuzz --variants 360

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	@mkdir -p build/lint
	$(SNAKEMAKE) --lint --directory build/lint --config cohort=$(CURDIR)/tests/data/lint.csv

# Arrow schemas, lists of codes and tables of the docs, from workflow/schemas; the rooms of the library.
schemas: setup
	$(BIN)/python workflow/schemas/generate.py
	$(BIN)/python docs/make_rooms.py docs/development.md

# All tables of docs/benchmarks.md about CPU and memory, in one run; peers in environments of their own.
bench: setup benchmarks/.hs2p/ready benchmarks/.fastslide/ready
	$(BIN)/python benchmarks/bench.py

# The tables of the last `make bench` into the page.
bench-page: setup
	$(BIN)/python benchmarks/bench.py --report --page docs/benchmarks.md

# Costs that a plan begins with: docs/plan.md. About 5 minutes of CPU time.
record-costs: setup
	$(BIN)/python benchmarks/record_costs.py --make benchmarks/work/costs

bench-scale: setup
	$(BIN)/python benchmarks/scale.py

# A CT of 512 x 512 x 600 through the jobs, beside SimpleITK alone. About 5 minutes.
bench-radiology: setup
	$(BIN)/python benchmarks/radiology.py benchmarks/work/radiology

# hs2p in an environment of its own, for `make bench` and the test of its export.
hs2p: benchmarks/.hs2p/ready

benchmarks/.%/ready: benchmarks/%.lock
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# `snakemake --profile slurm`: the profile's folder in the place where Snakemake looks for profiles.
# PROFILE=lsf, sge or pbs for other schedulers.
PROFILE ?= slurm
install-profile: setup
	@set -e; folder=$$($(BIN)/python -c 'from snakemake.common import get_appdirs; print(get_appdirs().user_config_dir)'); \
	if [ -e "$$folder/$(PROFILE)" ] && [ ! -L "$$folder/$(PROFILE)" ]; then \
	  echo "$$folder/$(PROFILE) is not from here: move it away, or use --profile $(CURDIR)/profiles/$(PROFILE)" >&2; exit 1; fi; \
	mkdir -p "$$folder"; ln -sfn "$(CURDIR)/profiles/$(PROFILE)" "$$folder/$(PROFILE)"; \
	echo "$$folder/$(PROFILE) -> $(CURDIR)/profiles/$(PROFILE)"

lock:
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock requirements.in

clean:
	rm -rf build demo demo-radiology fuzz .venv .pytest_cache .mypy_cache .ruff_cache benchmarks/.hs2p benchmarks/.fastslide benchmarks/slides benchmarks/work

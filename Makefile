# `make run` and `make test` do their own set-up; nothing else has to be installed but Python 3.11, git and make.
PYTHON ?= python3.11
VENV   := .venv/bin/python
STAMP  := .venv/.installed

.PHONY: run test long coverage reliability lint clean

run: $(STAMP)  ## the whole method on the embedded default
	$(VENV) -m kedro run

test: lint  ## every check and every test
	OMP_NUM_THREADS=1 $(VENV) -m pytest -q -n 2 --dist loadgroup

long: $(STAMP)  ## the tests that `make test` has no time for
	OMP_NUM_THREADS=1 $(VENV) -m pytest -q -n 2 --dist loadgroup -m long

coverage: $(STAMP)  ## the tests once more, counting lines, which takes half as long again
	OMP_NUM_THREADS=1 $(VENV) -m pytest -q -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

reliability: $(STAMP)  ## kill, damage and try everything (docs/crash_safety.md), and write docs/reliability.md
	OMP_NUM_THREADS=1 $(VENV) -m pytest -q -n 2 --dist loadgroup -m "not benchmark and not long" -p tests.reliability \
		--reliability docs/reliability.md

lint: $(STAMP)  ## the checks that run nothing
	$(VENV) -m ruff check
	$(VENV) -m ruff format --check
	$(VENV) -m mypy
	.venv/bin/lint-imports

clean:  ## forget what runs have made; the environment and data/01_raw stay
	find data -mindepth 2 -maxdepth 2 ! -path 'data/01_raw/*' ! -name .gitkeep -exec rm -rf {} +
	rm -rf .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# A virtual environment cannot be moved: `.made-in` notices, and a fresh one is made.
$(STAMP): pyproject.toml requirements.lock
	@[ "$$(cat .venv/.made-in 2>/dev/null)" = "$(CURDIR)" ] && $(VENV) -c pass 2>/dev/null \
		|| { $(PYTHON) -m venv --clear .venv && printf '%s' "$(CURDIR)" > .venv/.made-in; }
	$(VENV) -m pip install --disable-pip-version-check -e ".[dev]" -c requirements.lock
	@touch $@

